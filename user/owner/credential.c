/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The secret's file appears whole or not at all: it is written under a temporary name (O_EXCL,
 * 0600) and linked into place, so that two programs starting together agree on one secret.
 */
#include "owner/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/util.h"

static int credential_random(u8 *p, size_t n)
{
	ssize_t got = getrandom(p, n, 0);

	return got == (ssize_t)n ? 0 : got < 0 ? -errno : -EIO;
}

static int credential_read(const char *path, struct credential_secret *ret)
{
	__cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct credential_secret secret = {0};
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size < CREDENTIAL_SECRET_MIN || st.st_size > CREDENTIAL_SECRET_MAX)
		return -EBADMSG;
	if (st.st_mode & (S_IROTH | S_IWOTH))
		return -EPERM;

	ssize_t n = read(fd, secret.bytes, sizeof(secret.bytes));

	if (n < 0)
		return -errno;
	if (n < CREDENTIAL_SECRET_MIN)
		return -EBADMSG;
	secret.n = (size_t)n;
	*ret = secret;
	return 0;
}

static int credential_make_folders(const char *path)
{
	char folder[PATH_MAX];

	if (strlen(path) >= sizeof(folder))
		return -ENAMETOOLONG;
	str_to_c(str_of(path), folder, sizeof(folder));
	for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0700) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

static int credential_write(const char *path, const u8 *bytes, size_t n)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	__cleanup_close int fd = open(path, flags, 0600);

	if (fd < 0)
		return -errno;
	/* a umask can only take bits away; that would leave a secret nobody can read again */
	if (fchmod(fd, 0600))
		return -errno;

	ssize_t done = write(fd, bytes, n);

	if (done != (ssize_t)n)
		return done < 0 ? -errno : -ENOSPC;
	return fsync(fd) ? -errno : 0;
}

static int credential_create(const char *path)
{
	u8 bytes[CREDENTIAL_SECRET_MIN];
	char temporary[PATH_MAX];
	u64 nonce;
	int err = credential_make_folders(path);

	if (err)
		return err;
	err = credential_random(bytes, sizeof(bytes));
	if (!err)
		err = credential_random((u8 *)&nonce, sizeof(nonce));
	if (err)
		return err;
	if (snprintf(temporary, sizeof(temporary), "%s.%016llx", path, (unsigned long long)nonce) >=
	    (int)sizeof(temporary))
		return -ENAMETOOLONG;
	err = credential_write(temporary, bytes, sizeof(bytes));
	/* somebody else's secret, come first, is as good as ours */
	if (!err && link(temporary, path) && errno != EEXIST)
		err = -errno;
	unlink(temporary);
	return err;
}

static const char *credential_reason(int err)
{
	switch (err) {
	case -EBADMSG:
		return "it is not 32 to 1024 bytes long";
	case -EINVAL:
		return "it is not a regular file";
	case -EPERM:
		return "everybody may read or write it";
	default:
		return strerror(-err);
	}
}

int credential_secret_load(const char *path, struct credential_secret *ret)
{
	struct credential_secret secret = {.n = CREDENTIAL_SECRET_MIN, .is_ephemeral = true};
	int err;

	if (path) {
		err = credential_read(path, ret);
		if (err == -ENOENT) {
			err = credential_create(path);
			if (!err)
				err = credential_read(path, ret);
		}
		if (!err)
			return 0;
		log_warn("secret %s: %s; API keys get names that hold for this run only: "
			 "make it readable, or remove it to have a new one", path,
			 credential_reason(err));
	}
	err = credential_random(secret.bytes, secret.n);
	if (!err)
		*ret = secret;
	return err;
}

void credential_hash(const struct credential_secret *secret, struct str key,
		     char ret_hex[CREDENTIAL_HEX_LEN + 1])
{
	u8 digest[EVP_MAX_MD_SIZE] = {0};
	unsigned int n = 0;

	ret_hex[0] = '\0';
	if (!HMAC(EVP_sha256(), secret->bytes, (int)secret->n,
		  (const u8 *)(key.p ? key.p : ""), key.n, digest, &n))
		return;
	for (int i = 0; i < CREDENTIAL_HEX_LEN / 2; i++)
		snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
}
