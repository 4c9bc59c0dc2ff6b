/* SPDX-License-Identifier: Apache-2.0 */
/* The tables behind programs.h: a new TLS stack is a row in the first and some in the second. */
#include "capture/programs.h"

#include <stddef.h>

#include "base/util.h"
#include "tolltap.skel.h"

#define P(name) offsetof(struct tolltap_bpf, progs.name)

/* A program by its place in the skeleton; 0: there is none. */
struct stack {
	enum probe_fn first;
	enum probe_fn last;
	size_t session;
	size_t multi_enter;
	size_t multi_leave;
};

static const struct stack stacks[] = {
	{ PROBE_SSL_READ, PROBE_SSL_CLEAR, P(ssl_session), P(ssl_multi_enter), P(ssl_multi_leave) },
	{ PROBE_GNUTLS_SEND, PROBE_GNUTLS_SEND2, P(gnutls_session), P(gnutls_multi_enter),
	  P(gnutls_multi_leave) },
	{ PROBE_GO_WRITE, PROBE_GO_READ_RET, 0, P(go_multi), 0 },
	{ PROBE_GO_CLOSE, PROBE_GO_HANDSHAKE, 0, P(go_multi), 0 },
	{ PROBE_AEAD_SEAL, PROBE_RING_OPEN, P(aead_session), P(aead_multi_enter),
	  P(aead_multi_leave) },
};

struct legs {
	size_t enter;
	size_t leave;
};

/* Which legs a function has stands here for the other forms as well. */
static const struct legs perf[PROBE_FN_MAX] = {
	[PROBE_SSL_READ] = { P(ssl_perf_read), P(ssl_perf_leave_read) },
	[PROBE_SSL_READ_EX] = { P(ssl_perf_read_ex), P(ssl_perf_leave_read) },
	[PROBE_SSL_READ_INTERNAL] = { P(ssl_perf_read_internal), P(ssl_perf_leave_read) },
	[PROBE_SSL_PEEK] = { P(ssl_perf_peek), P(ssl_perf_leave_read) },
	[PROBE_SSL_PEEK_EX] = { P(ssl_perf_peek), P(ssl_perf_leave_read) },
	[PROBE_SSL_WRITE] = { P(ssl_perf_write), P(ssl_perf_leave_write) },
	[PROBE_SSL_WRITE_EX] = { P(ssl_perf_write_ex), P(ssl_perf_leave_write) },
	[PROBE_SSL_WRITE_EX2] = { P(ssl_perf_write_ex2), P(ssl_perf_leave_write) },
	[PROBE_SSL_WRITE_INTERNAL] = { P(ssl_perf_write_internal), P(ssl_perf_leave_write) },
	[PROBE_SSL_WRITE_INTERNAL2] = { P(ssl_perf_write_internal2), P(ssl_perf_leave_write) },
	[PROBE_SSL_NEW] = { 0, P(ssl_perf_leave_new) },
	[PROBE_SSL_FREE] = { P(ssl_perf_free), 0 },
	[PROBE_SSL_CLEAR] = { P(ssl_perf_clear), 0 },
	[PROBE_GNUTLS_SEND] = { P(gnutls_perf_send), P(gnutls_perf_leave_write) },
	[PROBE_GNUTLS_SEND2] = { P(gnutls_perf_send2), P(gnutls_perf_leave_write) },
	[PROBE_GNUTLS_RECV] = { P(gnutls_perf_recv), P(gnutls_perf_leave_read) },
	[PROBE_GNUTLS_UNCORK] = { P(gnutls_perf_uncork), P(gnutls_perf_leave_write) },
	[PROBE_GNUTLS_INIT] = { P(gnutls_perf_init), P(gnutls_perf_leave_init) },
	[PROBE_GNUTLS_DEINIT] = { P(gnutls_perf_deinit), 0 },
	[PROBE_GO_WRITE] = { P(go_perf_write), 0 },
	[PROBE_GO_READ] = { P(go_perf_read), 0 },
	[PROBE_GO_WRITE_RET] = { P(go_perf_write_ret), 0 },
	[PROBE_GO_READ_RET] = { P(go_perf_read_ret), 0 },
	[PROBE_GO_CLOSE] = { P(go_perf_close), 0 },
	[PROBE_GO_HANDSHAKE] = { P(go_perf_handshake), 0 },
	[PROBE_AEAD_SEAL] = { P(aead_perf_seal), P(aead_perf_leave_seal) },
	[PROBE_AEAD_OPEN] = { P(aead_perf_open), P(aead_perf_leave_open) },
	[PROBE_RING_SEAL] = { P(aead_perf_ring_seal), P(aead_perf_leave_ring_seal) },
	[PROBE_RING_OPEN] = { P(aead_perf_ring_open), P(aead_perf_leave_ring_open) },
};

static const struct stack *stack_of(enum probe_fn fn)
{
	for (size_t i = 0; i < ARRAY_LEN(stacks); i++) {
		if (fn >= stacks[i].first && fn <= stacks[i].last)
			return &stacks[i];
	}
	return NULL;
}

static size_t place(enum attach_form *form, enum probe_fn fn, bool is_return)
{
	const struct stack *s = stack_of(fn);

	if (!s)
		return 0;
	size_t leg = is_return ? perf[fn].leave : perf[fn].enter;

	if (*form == FORM_SESSION && !s->session)
		*form = FORM_MULTI;
	switch (*form) {
	case FORM_SESSION:
		return is_return ? 0 : s->session;
	case FORM_MULTI:
		return !leg ? 0 : is_return ? s->multi_leave : s->multi_enter;
	default:
		return leg;
	}
}

bool programs_find(const struct tolltap_bpf *skel, enum attach_form form, enum probe_fn fn,
		   bool is_return, struct program *ret)
{
	size_t at = fn < PROBE_FN_MAX ? place(&form, fn, is_return) : 0;

	if (!at)
		return false;
	*ret = (struct program){
		.prog = *(struct bpf_program *const *)((const char *)skel + at),
		.form = form,
	};
	return true;
}
