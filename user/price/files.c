/* SPDX-License-Identifier: Apache-2.0 */
/* Where cards come from: the program itself, files, folders. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/util.h"
#include "price/builtin.h"
#include "price/card.h"

static int load_file(struct price_book *b, const char *path)
{
	__cleanup_fclose FILE *f = fopen(path, "re");
	__cleanup_free char *text = malloc(CARD_BYTES_MAX + 1);

	if (!f || !text) {
		int err = f ? ENOMEM : errno;

		log_error("rate card %s: cannot be opened: %s", path, strerror(err));
		return -err;
	}

	size_t n = fread(text, 1, CARD_BYTES_MAX + 1, f);

	if (ferror(f)) {
		log_error("rate card %s: cannot be read: %s", path, strerror(EIO));
		return -EIO;
	}
	if (n > CARD_BYTES_MAX) {
		log_error("rate card %s: larger than %u bytes", path, CARD_BYTES_MAX);
		return -EFBIG;
	}
	return card_load(b, path, text, n, false);
}

static int is_card_file(const struct dirent *e)
{
	return e->d_name[0] != '.' && str_ends(str_of(e->d_name), STR(".json"));
}

/* In the order of names, so that later ones win the same way everywhere. */
static int load_folder(struct price_book *b, const char *path)
{
	struct dirent **list = NULL;
	int n = scandir(path, &list, is_card_file, alphasort), err = 0;

	if (n < 0 || n > CARD_FILES_MAX) {
		err = n < 0 ? -errno : -EFBIG;
		log_error("rate cards %s: %s", path, n < 0 ? strerror(-err) : "too many files");
	}
	for (int i = 0; i < n; i++) {
		char file[4096];

		if (!err && snprintf(file, sizeof(file), "%s/%s", path, list[i]->d_name)
		    >= (int)sizeof(file))
			err = -ENAMETOOLONG;
		if (!err)
			err = load_file(b, file);
		free(list[i]);
	}
	free(list);
	return err;
}

static int load_path(struct price_book *b, const char *path)
{
	struct stat st;

	if (stat(path, &st)) {
		int err = errno;

		log_error("rate card %s: %s", path, strerror(err));
		return -err;
	}
	return S_ISDIR(st.st_mode) ? load_folder(b, path) : load_file(b, path);
}

static int load_all(struct price_book *b, const char *const paths[], size_t path_cnt)
{
	for (const struct builtin_card *c = builtin_cards; c->name; c++) {
		char name[128];

		snprintf(name, sizeof(name), "builtin/%s", c->name);

		int err = card_load(b, name, c->text, c->size, true);

		if (err)
			return err;
	}
	for (size_t i = 0; i < path_cnt; i++) {
		int err = load_path(b, paths[i]);

		if (err)
			return err;
	}
	return book_finish(b);
}

int price_book_load(const char *const paths[], size_t path_cnt, struct price_book **ret)
{
	struct price_book *b = book_new();

	if (!b) {
		log_error("rate cards: out of memory");
		return -ENOMEM;
	}

	int err = load_all(b, paths, path_cnt);

	if (err) {
		price_book_free(b);
		return err;
	}
	*ret = b;
	return 0;
}
