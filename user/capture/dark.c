/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of names and of classes; the first row that fits wins. */
#include "capture/dark.h"

#include "base/str.h"

static const struct {
	const char *prefix;	/* of the file's name */
	u32 hint;
} file_rows[] = {
	{ "libjvm.so", DARK_HAS_JVM },
	{ "libgnutls.so", DARK_HAS_GNUTLS },
	{ "libnss3.so", DARK_HAS_NSS },
	{ "libssl3.so", DARK_HAS_NSS },
	{ "beam.smp", DARK_HAS_ERLANG },
	{ "libmbedtls.so", DARK_HAS_OTHER_LIBRARY },
	{ "libwolfssl.so", DARK_HAS_OTHER_LIBRARY },
};

static const struct {
	u32 hint;
	struct dark_class class;
} class_rows[] = {
	{ DARK_HAS_REMAPPED,
	  { "huge_pages",
	    "it has copied its code into huge pages, where no probe can be: start it without"
	    " --use-largepages" } },
	{ DARK_HAS_WAITING,
	  { "lpstub",
	    "its probes wait until it has started up: it may copy its code over itself" } },
	{ DARK_HAS_JVM, { "jsse", "Java's own TLS (JSSE) is compiled at run time, out of reach" } },
	{ DARK_HAS_NSS, { "nss", "NSS is not read" } },
	{ DARK_HAS_GNUTLS, { "gnutls", "this GnuTLS could not be probed" } },
	{ DARK_HAS_ERLANG, { "erlang", "Erlang's own TLS is not read" } },
	{ DARK_HAS_OTHER_LIBRARY, { "other_library", "mbed TLS and wolfSSL are not read" } },
	{ DARK_HAS_REFUSED, { "unreadable", "a file that it maps could not be looked at" } },
	{ DARK_HAS_PROBED,
	  { "other_stack", "not by a TLS library that has probes: another one carried it" } },
	{ 0, { "unknown_stack", "no TLS library that tolltap can read is mapped" } },
};

u32 dark_hint_of_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct str name = str_of(slash ? slash + 1 : path);

	for (size_t i = 0; i < ARRAY_LEN(file_rows); i++)
		if (str_starts(name, str_of(file_rows[i].prefix)))
			return file_rows[i].hint;
	return 0;
}

const struct dark_class *dark_class_of(u32 hints)
{
	size_t i = 0;

	while (class_rows[i].hint && !(class_rows[i].hint & hints))
		i++;
	return &class_rows[i].class;
}

const struct dark_class *dark_class_quic(void)
{
	static const struct dark_class quic = { "quic", "QUIC (HTTP/3) is not read" };

	return &quic;
}

const struct dark_class *dark_class_plain(void)
{
	static const struct dark_class plain = {
		"plain_http", "plain HTTP is not followed: --no-plain, or a kernel without fentry"
			      " and kprobes",
	};

	return &plain;
}

const struct dark_class *dark_class_other_stack(void)
{
	return dark_class_of(DARK_HAS_PROBED);
}
