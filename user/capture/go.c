/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Go's crypto/tls. A goroutine's stack moves while a call is under way, so that a return address
 * put there by the kernel would kill the program: each return instruction of the two functions gets
 * a probe of its own instead. They are found by decoding the function from its first byte to its
 * last; a byte that looks like one means nothing.
 */
#include "capture/locate.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/util.h"
#include "capture/gopclntab.h"
#include "capture/x86.h"

#define ARM64_RET 0xd65f03c0u

enum name {
	N_WRITE,
	N_READ,
	N_CLOSE,
	N_CLIENT,
	N_SERVER,
	N_MAX,
};

static const struct {
	const char *name;
	enum probe_fn enter;
	enum probe_fn leave;	/* PROBE_NONE: its end is of no interest */
} table[N_MAX] = {
	[N_WRITE] = { "crypto/tls.(*Conn).Write", PROBE_GO_WRITE, PROBE_GO_WRITE_RET },
	[N_READ] = { "crypto/tls.(*Conn).Read", PROBE_GO_READ, PROBE_GO_READ_RET },
	[N_CLOSE] = { "crypto/tls.(*Conn).Close", PROBE_GO_CLOSE, PROBE_NONE },
	/* run once for each connection, before its first byte */
	[N_CLIENT] = { "crypto/tls.(*Conn).clientHandshake", PROBE_GO_HANDSHAKE, PROBE_NONE },
	[N_SERVER] = { "crypto/tls.(*Conn).serverHandshake", PROBE_GO_HANDSHAKE, PROBE_NONE },
};

struct code {
	u64 vaddr;
	size_t n;
	u8 p[GO_FUNCTION_BYTES_MAX];
};

/* Length of the instruction at p; 0: not known. */
static size_t measure(u16 machine, const u8 *p, size_t n, bool *ret_is_return)
{
	struct x86_insn in;
	u32 word;

	if (machine == EM_X86_64) {
		if (x86_decode_all(p, n, &in))
			return 0;
		*ret_is_return = x86_is_ret(&in);
		return in.len;
	}
	if (n < sizeof(word))
		return 0;
	memcpy(&word, p, sizeof(word));
	*ret_is_return = word == ARM64_RET;
	return sizeof(word);
}

static int add_returns(struct elf_file *e, struct target *t, const struct code *c,
		       enum probe_fn fn)
{
	size_t len, cnt = 0;

	for (size_t at = 0; at < c->n; at += len) {
		bool is_return = false;
		struct locate_function f = {
			.fn = fn, .stack = STACK_GO, .vaddr = c->vaddr + at,
		};

		len = measure(elf_machine(e), &c->p[at], c->n - at, &is_return);
		if (!len)
			return elf_refuse(e, -EINVAL, "an unknown instruction in a Go function");
		if (!is_return)
			continue;
		if (!locate_add_instruction(e, t, &f))
			return elf_refuse(e, -E2BIG, "too many returns in a Go function");
		cnt++;
	}
	return cnt ? 0 : elf_refuse(e, -EINVAL, "a Go function without a return");
}

static int add_function(struct elf_file *e, struct target *t, const struct go_function *g,
			enum name name, struct code *c)
{
	struct locate_function f = {
		.fn = table[name].enter,
		.stack = STACK_GO,
		.vaddr = g->start,
		.size = g->end - g->start,
	};

	if (!locate_add_function(e, t, &f))
		return elf_refuse(e, -EINVAL, "a Go function that cannot be probed");
	if (table[name].leave == PROBE_NONE)
		return 0;
	int n = elf_read_text(e, f.vaddr, c->p, (size_t)f.size);

	if (n < 0)
		return n;
	if ((u64)n != f.size)
		return elf_refuse(e, -EINVAL, "a Go function outside of its segment");
	c->vaddr = f.vaddr;
	c->n = (size_t)n;
	return add_returns(e, t, c, table[name].leave);
}

static bool is_usable(const struct go_function *g)
{
	return g->is_found && !g->is_ambiguous;
}

int locate_go(struct elf_file *e, struct target *t)
{
	struct go_function found[N_MAX];
	const char *name[N_MAX];

	for (size_t i = 0; i < N_MAX; i++)
		name[i] = table[i].name;
	int err = go_find_functions(e, name, N_MAX, found);

	if (err)
		return err;
	if (!is_usable(&found[N_WRITE]) || !is_usable(&found[N_READ]))
		return -ENOENT;
	struct code *c = malloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	for (size_t i = 0; i < N_MAX && !err; i++) {
		if (is_usable(&found[i]))
			err = add_function(e, t, &found[i], i, c);
	}
	free(c);
	return err;
}
