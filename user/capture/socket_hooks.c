/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's BTF lists functions that it will not let us enter, so a program that does nothing is
 * loaded and attached to find out.
 */
#include "capture/socket_hooks.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include "base/log.h"
#include "base/util.h"
#include "tolltap.skel.h"

#define KPROBE_PMU "/sys/bus/event_source/devices/kprobe/type"
#define HOOKS_MAX 8

static bool has_function(const struct btf *btf, const char *name)
{
	return btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;
}

static bool has_tracepoint(const struct btf *btf, const char *name)
{
	return btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF) > 0;
}

static u32 count_args(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, id) : NULL;

	t = t ? btf__type_by_id(btf, t->type) : NULL;
	return t ? btf_vlen(t) : 0;
}

/* Loads `return 0` on the entry of a function and attaches it for a moment. */
static bool takes_fentry(const struct btf *btf, const char *name)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY);
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);

	if (id <= 0)
		return false;
	opts.attach_btf_id = (u32)id;
	__cleanup_close int prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, "tolltap_check", "GPL",
						 code, ARRAY_LEN(code), &opts);
	if (prog < 0)
		return false;
	__cleanup_close int link = bpf_raw_tracepoint_open(NULL, prog);

	return link >= 0;
}

void socket_hooks_probe(const struct btf *btf, bool wants_kprobes, struct socket_features *ret)
{
	struct socket_features f = {
		.recv_args = count_args(btf, "tcp_recvmsg"),
		.has_udp6 = has_function(btf, "udpv6_sendmsg"),
		.has_send_tracepoint = has_tracepoint(btf, "btf_trace_tcp_sendmsg_locked"),
		.has_lengths = has_tracepoint(btf, "btf_trace_sock_recv_length"),
	};
	/* a signature that was never seen is left alone */
	bool is_known = f.recv_args >= 4 && f.recv_args <= 6 &&
			count_args(btf, "tcp_sendmsg") == 3;
	bool has_kprobes = !access(KPROBE_PMU, R_OK);

	if (is_known && !(wants_kprobes && has_kprobes) && takes_fentry(btf, "tcp_sendmsg") &&
	    takes_fentry(btf, "tcp_recvmsg"))
		f.form = FORM_FENTRY;
	else if (is_known && has_kprobes)
		f.form = FORM_KPROBE;
	*ret = f;
}

const char *socket_hooks_name(const struct socket_features *f)
{
	if (f->form == FORM_FENTRY)
		return "fentry";
	if (f->form == FORM_KPROBE)
		return "kprobes";
	return f->has_send_tracepoint ? "tracepoint tcp_sendmsg_locked" : "none";
}

/* --- programs ------------------------------------------------------------------------------- */

struct hooks {
	struct bpf_program *prog[HOOKS_MAX];
	struct bpf_link **link[HOOKS_MAX];
	size_t cnt;
};

static void add(struct hooks *h, struct bpf_program *prog, struct bpf_link **link)
{
	h->prog[h->cnt] = prog;
	h->link[h->cnt++] = link;
}

#define ADD(hooks, skel, name) add(hooks, (skel)->progs.name, &(skel)->links.name)

/* Returns first: an operation whose entry is seen must have its return seen. */
static void add_fentry(struct hooks *h, struct tolltap_bpf *s, bool has_udp6, bool is_plain)
{
	ADD(h, s, socket_fexit_send);
	ADD(h, s, socket_fentry_send);
	ADD(h, s, socket_fentry_udp);
	if (has_udp6)
		ADD(h, s, socket_fentry_udp6);
	if (!is_plain)
		return;
	ADD(h, s, socket_fexit_read);
	ADD(h, s, socket_fentry_read);
}

static void add_kprobes(struct hooks *h, struct tolltap_bpf *s, bool has_udp6, bool is_plain)
{
	ADD(h, s, socket_kretprobe_send);
	ADD(h, s, socket_kprobe_send);
	ADD(h, s, socket_kprobe_udp);
	if (has_udp6)
		ADD(h, s, socket_kprobe_udp6);
	if (!is_plain)
		return;
	ADD(h, s, socket_kretprobe_read);
	ADD(h, s, socket_kprobe_read);
}

static struct hooks choose(struct tolltap_bpf *s, const struct socket_features *f, bool is_plain)
{
	struct hooks h = { 0 };

	if (f->form == FORM_FENTRY)
		add_fentry(&h, s, f->has_udp6, is_plain);
	else if (f->form == FORM_KPROBE)
		add_kprobes(&h, s, f->has_udp6, is_plain);
	else if (f->has_send_tracepoint)
		ADD(&h, s, socket_tracepoint_send);
	if (f->has_lengths)
		ADD(&h, s, on_datagram_received);
	if (f->has_lengths && f->form == FORM_NONE)
		ADD(&h, s, on_datagram_sent);
	return h;
}

void socket_hooks_configure(struct tolltap_bpf *s, const struct socket_features *f, bool is_plain)
{
	struct hooks h = choose(s, f, is_plain);

	for (size_t i = 0; i < h.cnt; i++)
		bpf_program__set_autoload(h.prog[i], true);
	s->rodata->cfg_recv_args = f->recv_args;
	s->rodata->cfg_sees_sends = f->form != FORM_NONE || f->has_send_tracepoint;
	s->rodata->cfg_follows_plain = f->form != FORM_NONE && is_plain;
}

void socket_hooks_attach(struct tolltap_bpf *s, const struct socket_features *f, bool is_plain)
{
	struct hooks h = choose(s, f, is_plain);

	for (size_t i = 0; i < h.cnt; i++) {
		*h.link[i] = bpf_program__attach(h.prog[i]);
		if (!*h.link[i])
			log_debug("%s is not attached: %s", bpf_program__name(h.prog[i]),
				  strerror(errno));
	}
}
