/* SPDX-License-Identifier: Apache-2.0 */
/* Asks every locator what it finds in a file. */
#include "capture/target.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "capture/locate.h"

/* Names before guesses from code, and what is rare in a file and cheap to see before the rest. */
static int (*const locators[])(struct elf_file *e, struct target *t) = {
	locate_openssl_symbols,
	locate_gnutls,
	locate_go,
	locate_by_anchors,
	locate_ringcrypto,
};

/*
 * One file may hold several libraries, and which of them a program uses depends on its settings:
 * all hits count.
 */
static int classify(struct elf_file *e, struct target *t, const char **ret_why)
{
	int ret = -ENOENT;

	*ret_why = "";

	for (size_t i = 0; i < ARRAY_LEN(locators); i++) {
		size_t cnt = t->probe_cnt;
		int err = locators[i](e, t);

		if (err)
			t->probe_cnt = cnt;
		if (err && err != -ENOENT && ret == -ENOENT) {
			ret = err;
			*ret_why = err == -E2BIG ? "it is past a limit" : elf_why(e);
		}
	}
	if (!t->probe_cnt)
		return ret;
	for (size_t i = 0; i < t->probe_cnt; i++) {
		/* at the very end of a file: it will have no copies */
		if (elf_read(e, t->probe[i].offset, t->probe[i].code, TARGET_CODE_BYTES))
			memset(t->probe[i].code, 0, TARGET_CODE_BYTES);
	}
	t->build_id_len = elf_build_id(e, t->build_id);
	t->has_lpstub = elf_has_section(e, "lpstub");
	return 0;
}

static void name_file(int fd, struct target *t)
{
	char link[32];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, t->path, sizeof(t->path) - 1);
	t->path[n > 0 ? n : 0] = '\0';
}

int target_classify_why(int fd, struct target *ret, const char **ret_why)
{
	struct target target = { 0 };
	struct elf_file *e = NULL;
	const char *why = "";
	struct stat st;

	*ret_why = "it cannot be looked at";
	if (fstat(fd, &st))
		return -errno;
	target.dev = st.st_dev;
	target.ino = st.st_ino;
	name_file(fd, &target);

	int err = elf_open(fd, &e, &why);

	if (!err)
		err = classify(e, &target, &why);
	if (!err)
		*ret = target;
	else if (err != -ENOENT)
		log_debug("%s is not examined: %s", target.path, why);
	*ret_why = why;
	elf_free(e);
	return err;
}

int target_classify(int fd, struct target *ret)
{
	const char *why;

	return target_classify_why(fd, ret, &why);
}

static bool has_same_code(struct elf_file *e, const struct target *known)
{
	u8 id[ELF_BUILD_ID_MAX], code[TARGET_CODE_BYTES];
	size_t len = elf_build_id(e, id);

	if (!len || len != known->build_id_len || memcmp(id, known->build_id, len))
		return false;
	/* a build-id is only a claim */
	for (size_t i = 0; i < known->probe_cnt; i++) {
		const struct target_probe *p = &known->probe[i];

		if (elf_read(e, p->offset, code, sizeof(code)) ||
		    memcmp(code, p->code, sizeof(code)))
			return false;
	}
	return true;
}

bool target_is_same_build(int fd, const struct target *known, struct target *ret)
{
	struct elf_file *e;
	const char *why;
	struct stat st;

	if (fstat(fd, &st) || elf_open(fd, &e, &why))
		return false;
	bool is_same = has_same_code(e, known);

	elf_free(e);
	if (!is_same)
		return false;
	*ret = *known;
	ret->dev = st.st_dev;
	ret->ino = st.st_ino;
	name_file(fd, ret);
	return true;
}

static bool carries_data(enum probe_fn fn)
{
	switch (fn) {
	case PROBE_SSL_PEEK:
	case PROBE_SSL_PEEK_EX:
	case PROBE_SSL_NEW:
	case PROBE_SSL_FREE:
	case PROBE_SSL_CLEAR:
	case PROBE_GNUTLS_UNCORK:
	case PROBE_GNUTLS_INIT:
	case PROBE_GNUTLS_DEINIT:
	case PROBE_GO_CLOSE:
	case PROBE_GO_HANDSHAKE:
		return false;
	default:
		return true;
	}
}

enum site_class target_worst_class(const struct target *t)
{
	enum site_class worst = SITE_UNKNOWN;

	for (size_t i = 0; i < t->probe_cnt; i++) {
		if (carries_data(t->probe[i].fn) && t->probe[i].class > worst)
			worst = t->probe[i].class;
	}
	return worst;
}
