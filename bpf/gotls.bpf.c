/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Go's crypto/tls: (*Conn).Write and Read, checked with Go 1.21, 1.24 and 1.26. A call belongs to a
 * goroutine, not to a thread: it may return on another one, on a stack that was moved meanwhile. So
 * there is no return probe; each return instruction has a probe of its own. What the register
 * calling convention (amd64 since 1.17, arm64 since 1.18) has where:
 *
 *	entry		*Conn, buffer, length		rax rbx rcx	x0 x1 x2
 *	return		bytes moved, however it ended	rax		x0
 *	always		the goroutine			r14		x28
 *
 * How deep in its stack a goroutine is stays the same when the stack is moved, so the depth stands
 * for the stack pointer of other libraries. Before the stack is made larger, the entry may be told
 * a second time for the same call.
 *
 * An address is used again for another connection: Close ends the first, its own handshake begins
 * the second.
 */
#include "common.bpf.h"

#define MAPS_ARE_CORES
#include "maps.bpf.h"

#define G_STACK_HI 8		/* of struct g: where its stack begins; it grows downwards */

/* Begins as struct conn_key does: user space forgets those of ended processes. */
struct go_call_key {
	u64 g;
	u32 tgid;
	u32 image_dir;		/* counts exec; an old image's goroutines are gone */
};

/*
 * A call may outlast its connection: the answer is read and the connection closed while the write
 * of the request has not returned. So the call remembers where it began.
 */
struct conn_mark {
	u64 position;
	u32 generation;		/* 0: the connection was not known */
	u8 is_born;
	u8 is_used;
	u8 pad[2];
};

struct go_call {
	struct call call;
	struct conn_mark mark;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	/* goroutines inside a call at one time: one that waits for each open connection */
	__uint(max_entries, 32768);
	__type(key, struct go_call_key);
	__type(value, struct go_call);
} calls_go SEC(".maps");

static const struct go_call no_call;

#if defined(__TARGET_ARCH_x86)
#define GO_ARG1(ctx) ((ctx)->ax)
#define GO_ARG2(ctx) ((ctx)->bx)
#define GO_ARG3(ctx) ((ctx)->cx)
#define GO_RESULT(ctx) ((ctx)->ax)
#define GO_G(ctx) ((ctx)->r14)
#else
#define GO_REGS(ctx) ((const struct user_pt_regs *)(ctx))
#define GO_ARG1(ctx) (GO_REGS(ctx)->regs[0])
#define GO_ARG2(ctx) (GO_REGS(ctx)->regs[1])
#define GO_ARG3(ctx) (GO_REGS(ctx)->regs[2])
#define GO_RESULT(ctx) (GO_REGS(ctx)->regs[0])
#define GO_G(ctx) (GO_REGS(ctx)->regs[28])
#endif

/* Smaller is deeper, as with a stack pointer. 0: there is no such goroutine. */
static __always_inline u64 go_depth(const struct pt_regs *ctx)
{
	u64 hi = 0;

	bpf_probe_read_user(&hi, sizeof(hi), (const void *)(GO_G(ctx) + G_STACK_HI));
	return hi ? PT_REGS_SP(ctx) - hi : 0;
}

static __always_inline struct go_call_key go_key(const struct pt_regs *ctx, const struct scope *s,
						 u8 dir)
{
	return (struct go_call_key){
		.g = GO_G(ctx),
		.tgid = current_tgid(),
		.image_dir = s->image << 1 | dir,
	};
}

static __noinline void conn_mark(u64 conn, u8 dir, struct conn_mark *ret)
{
	struct conn_key key = { .conn = conn, .tgid = current_tgid() };
	struct conn *c = bpf_map_lookup_elem(&conns, &key);

	*ret = (struct conn_mark){};
	if (!c)
		return;
	ret->position = c->position[dir & 1];
	ret->generation = c->generation;
	ret->is_born = c->is_born;
	ret->is_used = c->is_used;
}

/* The connection again, as it was at the mark. False: it is not gone, or was not known. */
static __noinline bool conn_revive(u64 conn, u8 dir, const struct conn_mark *mark)
{
	struct conn_key key = { .conn = conn, .tgid = current_tgid() };
	struct scope *s = scope_find(key.tgid);
	struct conn c = {
		.generation = mark->generation,
		.is_born = mark->is_born,
		.is_used = mark->is_used,
	};

	if (!s || !mark->generation || bpf_map_lookup_elem(&conns, &key))
		return false;
	c.image = s->image;
	c.position[dir & 1] = mark->position;
	return !bpf_map_update_elem(&conns, &key, &c, BPF_NOEXIST);
}

static __noinline struct go_call *go_call_make(const struct go_call_key *key)
{
	struct go_call *c = bpf_map_lookup_elem(&calls_go, key);

	if (c)
		return c;
	if (bpf_map_update_elem(&calls_go, key, &no_call, BPF_ANY)) {
		count(KC_INFLIGHT_FULL, 1);
		return 0;
	}
	return bpf_map_lookup_elem(&calls_go, key);
}

static __always_inline void go_enter(struct pt_regs *ctx, const struct scope *s, u32 cookie)
{
	u8 dir = (cookie & COOKIE_FN_MASK) == PROBE_GO_WRITE ? CHUNK_WRITE : CHUNK_READ;
	struct go_call_key key = go_key(ctx, s, dir);
	struct call_args a = {
		.conn = GO_ARG1(ctx),
		.buf = GO_ARG2(ctx),
		.num = GO_ARG3(ctx),
		.sp = go_depth(ctx),
		.fn = cookie & COOKIE_FN_MASK,
		.dir = dir,
		.links = cookie & COOKIE_WIDE ? LINK_WIDE : LINK_OWN,
	};

	if (!a.sp || conn_is_ignored(a.conn))
		return;
	struct go_call *c = go_call_make(&key);

	if (!c)
		return;
	/* told again after its stack was made larger */
	if (c->call.args.fn == a.fn && c->call.args.sp == a.sp && c->call.args.conn == a.conn)
		c->call.args.fn = 0;
	if (call_begin(&c->call, &a))
		conn_mark(a.conn, dir, &c->mark);
}

static __always_inline void go_leave(struct pt_regs *ctx, const struct scope *s, u32 cookie,
				     u8 form)
{
	u8 dir = (cookie & COOKIE_FN_MASK) == PROBE_GO_WRITE_RET ? CHUNK_WRITE : CHUNK_READ;
	struct go_call_key key = go_key(ctx, s, dir);
	struct call_ret r = {
		.sp = go_depth(ctx),
		.rc = GO_RESULT(ctx),
		.dir = dir,
		.form = form,
		.stack = STACK_GO,
	};
	struct go_call *c = bpf_map_lookup_elem(&calls_go, &key);

	if (!c || !c->call.args.fn || c->call.args.sp != r.sp)
		return;

	u64 conn = c->call.args.conn;
	bool is_revived = r.rc && conn_revive(conn, dir, &c->mark);

	if (call_end(&c->call, &r))
		bpf_map_delete_elem(&calls_go, &key);
	if (is_revived)
		conn_over(conn, form, STACK_GO, false);
}

/*
 * A connection's own handshake begins its life. A renegotiation runs the same function, inside of a
 * Read of a connection that is in use.
 */
static __always_inline void go_handshake(struct pt_regs *ctx, const struct scope *s, u8 form)
{
	struct go_call_key key = go_key(ctx, s, CHUNK_READ);
	struct go_call *c = bpf_map_lookup_elem(&calls_go, &key);
	u64 conn = GO_ARG1(ctx);
	struct conn_mark mark;

	conn_mark(conn, CHUNK_READ, &mark);
	if (c && c->call.args.fn && c->call.args.conn == conn && mark.is_used)
		return;
	conn_over(conn, form, STACK_GO, true);
}

static __always_inline int go_probe(struct pt_regs *ctx, u32 cookie, u8 form)
{
	const struct scope *s = scope_enter();

	if (!s)
		return 0;
	switch (cookie & COOKIE_FN_MASK) {
	case PROBE_GO_WRITE:
	case PROBE_GO_READ:
		go_enter(ctx, s, cookie);
		break;
	case PROBE_GO_WRITE_RET:
	case PROBE_GO_READ_RET:
		go_leave(ctx, s, cookie, form);
		break;
	case PROBE_GO_CLOSE:
		conn_over(GO_ARG1(ctx), form, STACK_GO, false);
		break;
	case PROBE_GO_HANDSHAKE:
		go_handshake(ctx, s, form);
		break;
	}
	return 0;
}

/* Also where other libraries have uprobe.session: that form could place a return probe. */
SEC("?kprobe")
int go_multi(struct pt_regs *ctx)
{
	return go_probe(ctx, bpf_get_attach_cookie(ctx), FORM_MULTI);
}

#define PERF(name, fn)                                                                             \
	SEC("?kprobe")                                                                             \
	int go_perf_##name(struct pt_regs *ctx)                                                    \
	{                                                                                          \
		return go_probe(ctx, fn, FORM_PERF);                                               \
	}

PERF(write, PROBE_GO_WRITE)
PERF(read, PROBE_GO_READ)
PERF(write_ret, PROBE_GO_WRITE_RET)
PERF(read_ret, PROBE_GO_READ_RET)
PERF(close, PROBE_GO_CLOSE)
PERF(handshake, PROBE_GO_HANDSHAKE)
