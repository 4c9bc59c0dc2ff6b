/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GnuTLS by its names: a shared libgnutls, or a program that carries and lists its own.
 */
#include "capture/locate.h"

#include <errno.h>

#include "base/util.h"

enum name {
	N_SEND,
	N_SEND2,
	N_RECV,
	N_RECV_SEQ,
	N_UNCORK,
	N_INIT,
	N_DEINIT,
	N_MAX,
};

static const struct {
	const char *name;
	enum probe_fn fn;
} table[N_MAX] = {
	[N_SEND] = { "gnutls_record_send", PROBE_GNUTLS_SEND },
	[N_SEND2] = { "gnutls_record_send2", PROBE_GNUTLS_SEND2 },
	[N_RECV] = { "gnutls_record_recv", PROBE_GNUTLS_RECV },
	[N_RECV_SEQ] = { "gnutls_record_recv_seq", PROBE_GNUTLS_RECV },
	[N_UNCORK] = { "gnutls_record_uncork", PROBE_GNUTLS_UNCORK },
	[N_INIT] = { "gnutls_init", PROBE_GNUTLS_INIT },
	[N_DEINIT] = { "gnutls_deinit", PROBE_GNUTLS_DEINIT },
};

static bool is_usable(const struct elf_symbol *s)
{
	/* two copies under one name: which of them runs cannot be told */
	return s->is_found && !s->is_ambiguous;
}

static int find_symbols(struct elf_file *e, struct elf_symbol found[N_MAX])
{
	const char *name[N_MAX];

	for (size_t i = 0; i < N_MAX; i++)
		name[i] = table[i].name;
	int err = elf_find_symbols(e, ELF_DYNSYM, name, N_MAX, found);

	if (!err && !found[N_SEND].is_found)
		err = elf_find_symbols(e, ELF_SYMTAB, name, N_MAX, found);
	if (err)
		return err;
	return is_usable(&found[N_SEND]) && is_usable(&found[N_RECV]) ? 0 : -ENOENT;
}

int locate_gnutls(struct elf_file *e, struct target *t)
{
	struct elf_symbol found[N_MAX];
	int err = find_symbols(e, found);

	if (err)
		return err;
	for (size_t i = 0; i < N_MAX; i++) {
		struct locate_function f = {
			.fn = table[i].fn,
			.stack = STACK_GNUTLS,
			.vaddr = found[i].value,
			.size = found[i].size,
		};

		if (is_usable(&found[i]) && !locate_add_function(e, t, &f) && i <= N_RECV)
			return elf_refuse(e, -EINVAL, "a function of GnuTLS that cannot be probed");
	}
	return 0;
}
