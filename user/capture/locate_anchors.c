/* SPDX-License-Identifier: Apache-2.0 */
/* The libraries that are found by anchors: the file is read once for all of them. */
#include "capture/locate.h"

#include <errno.h>

#include "capture/anchors.h"
#include "capture/awslc.h"
#include "capture/boringssl.h"
#include "capture/openssl3.h"

static bool add(struct elf_file *e, struct target *t, enum chunk_stack stack, enum probe_fn fn,
		u64 vaddr)
{
	struct locate_function f = {
		.fn = fn,
		.stack = stack,
		.vaddr = vaddr,
		.is_located = true,
	};

	return locate_add_function(e, t, &f);
}

static int add_boringssl(struct elf_file *e, struct anchors *a, struct target *t)
{
	struct boringssl b;
	int err = boringssl_find(e, a, &b);

	if (err)
		return err;
	if (!add(e, t, STACK_BORINGSSL, PROBE_SSL_READ, b.read) ||
	    !add(e, t, STACK_BORINGSSL, PROBE_SSL_WRITE, b.write))
		return -ENOENT;
	if (b.peek && !add(e, t, STACK_BORINGSSL, PROBE_SSL_PEEK, b.peek))
		return -ENOENT;
	if (b.new)
		add(e, t, STACK_BORINGSSL, PROBE_SSL_NEW, b.new);
	return 0;
}

static int add_openssl3(struct elf_file *e, struct anchors *a, struct target *t)
{
	struct openssl3 o;
	int err = openssl3_find(e, a, &o);

	if (err)
		return err;
	for (size_t i = 0; i < o.cnt; i++) {
		bool is_added = add(e, t, STACK_OPENSSL, o.function[i].fn, o.function[i].vaddr);

		if (!is_added && o.function[i].fn != PROBE_SSL_NEW)
			return -ENOENT;
	}
	return 0;
}

static int add_awslc(struct elf_file *e, struct anchors *a, struct target *t)
{
	struct awslc w;
	int err = awslc_find(e, a, &w);

	if (err)
		return err;
	if (!add(e, t, STACK_AEAD, PROBE_AEAD_SEAL, w.seal) ||
	    !add(e, t, STACK_AEAD, PROBE_AEAD_OPEN, w.open))
		return -ENOENT;
	return 0;
}

/* All that one of them has added, or nothing; the first failure that is one is kept. */
static void try(struct elf_file *e, struct anchors *a, struct target *t,
		int (*fn)(struct elf_file *e, struct anchors *a, struct target *t), int *err)
{
	size_t cnt = t->probe_cnt;
	int one = fn(e, a, t);

	if (one)
		t->probe_cnt = cnt;
	if (one && one != -ENOENT && !*err)
		*err = one;
}

int locate_by_anchors(struct elf_file *e, struct target *t)
{
	/* one library has one set of names: there is no second one without */
	const bool is_named = locate_has(t, STACK_OPENSSL) || locate_has(t, STACK_BORINGSSL);
	const size_t before = t->probe_cnt;
	struct anchors *a;

	/* Go has a TLS of its own, and up to 100 MB of constants that need not be read */
	if (elf_has_section(e, ".gopclntab") || elf_has_section(e, ".data.rel.ro.gopclntab"))
		return -ENOENT;
	int err = anchors_new(e, &a);

	if (err)
		return err;
	if (!is_named) {
		try(e, a, t, add_boringssl, &err);
		try(e, a, t, add_openssl3, &err);
	}
	try(e, a, t, add_awslc, &err);
	if (anchors_error(a))
		err = anchors_error(a);
	anchors_free(a);
	if (t->probe_cnt > before)
		return 0;
	return err ? err : -ENOENT;
}
