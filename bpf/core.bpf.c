/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls between their entry and return, connections, the copy into the ring and its counters.
 *
 * Runs from 5.8 on: bounded loops, no bpf_loop, no atomics that fetch, task storage only where
 * user space found it (5.12). Nothing here parses plaintext, except four bytes of a suspended
 * connection.
 */
#include "common.bpf.h"

#include "calls.bpf.h"
#include "maps.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* One op is copied whole up to HEAD + TAIL; of a larger one the middle is left out on purpose. */
#define OP_HEAD_BYTES (512u << 10)
#define OP_TAIL_BYTES (256u << 10)
#define PIECE_BYTES (16u << 10)
/* parts of one message to a socket: a head, a body, a few chunks */
#define PARTS_MAX 64
/* flags that an op's records share, whatever else each of them is */
#define CHUNK_F_OF_CONN (CHUNK_F_BORN | CHUNK_F_FIRST | CHUNK_F_INHERITED)

/* Set before load; the verifier removes what they switch off. */
const volatile u32 cfg_ring_cnt = 1;
const volatile u64 cfg_wake_shift = 18;		/* wake the reader each 1 << shift bytes */
const volatile bool cfg_task_storage = false;

__hidden int count(u32 id, u64 n)
{
	u64 *c = bpf_map_lookup_elem(&counters, &id);

	/* per CPU, but a probe may be preempted by another one */
	if (c)
		__sync_fetch_and_add(c, n);
	return 0;
}

/* --- the ring ------------------------------------------------------------------------------- */

__hidden void *ring_current(void)
{
	u32 i = bpf_get_smp_processor_id() % cfg_ring_cnt;

	return bpf_map_lookup_elem(&rings, &i);
}

/*
 * A wake-up costs more than copying 32 KiB: one per 1 << cfg_wake_shift bytes, at the record that
 * crosses the line. A race between two producers misses a line; the reader's timer is there for
 * that.
 */
static __always_inline u64 wake_flag(void *ring, u64 size)
{
	u64 avail = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA);

	if (avail >> cfg_wake_shift != (avail - size) >> cfg_wake_shift)
		return BPF_RB_FORCE_WAKEUP;
	return BPF_RB_NO_WAKEUP;
}

static const struct thread_calls no_calls;

static __noinline struct thread_calls *calls_get(bool is_made)
{
	if (cfg_task_storage)
		return bpf_task_storage_get(&calls_task, bpf_get_current_task_btf(), 0,
					    is_made ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);

	u64 id = bpf_get_current_pid_tgid();
	struct thread_calls *t = bpf_map_lookup_elem(&calls_hash, &id);

	if (t || !is_made)
		return t;
	if (bpf_map_update_elem(&calls_hash, &id, &no_calls, BPF_ANY))
		return 0;
	return bpf_map_lookup_elem(&calls_hash, &id);
}

/*
 * The functions below are global on purpose: the verifier of 5.10 and 6.1 walks a static one anew
 * for every call and every state, which the copy loop multiplies past its limit; a global one is
 * verified once. 5.10 gives those only numbers, so what they share stands in the thread's entry.
 */
int emit_full_piece(void);
int emit_last_piece(u64 len);
int emit_hole(u64 len, u32 flags);
int emit_whole(u64 len);
int emit_parts(u64 len);

/* A reserve needs a constant size, so each class is its own piece of code. */
static __always_inline int emit_class(struct emit *e, u64 len, const u32 class)
{
	void *ring = ring_current();
	if (!ring)
		return -1;
	struct chunk *c = bpf_ringbuf_reserve(ring, sizeof(*c) + class, 0);
	if (!c)
		return -1;

	*c = e->head;
	/* the compiler knows len <= class from its callers, the verifier does not */
	asm volatile("" : "+r"(len));
	if (len > class)
		len = class;
	if (bpf_probe_read_user(c->data, len, (const void *)e->addr)) {
		c->data_len = 0;
		c->ev.size = sizeof(*c);
		c->ev.flags |= CHUNK_F_HOLE_FAULT;
		e->fault_cnt++;
		e->fault_bytes += len;
	} else {
		e->sent_bytes += len;
	}
	bpf_ringbuf_submit(c, wake_flag(ring, sizeof(*c) + class));
	return 0;
}

static __always_inline void piece_begin(struct emit *e, u64 len, u32 flags)
{
	e->head.true_len = len;
	e->head.data_len = len;
	e->head.ev.size = sizeof(struct chunk) + len;
	e->head.ev.flags = (e->head.ev.flags & CHUNK_F_OF_CONN) | flags;
}

/* Without room the piece becomes a hole in the positions. */
static __always_inline void piece_end(struct emit *e, u64 len, int err)
{
	if (err) {
		e->lost_cnt++;
		e->lost_bytes += len;
	} else {
		/* a lost first record leaves the mark to the next one */
		e->head.ev.flags &= ~CHUNK_F_FIRST;
	}
	e->head.position += len;
	e->addr += len;
}

__noinline int emit_full_piece(void)
{
	struct thread_calls *t = calls_get(false);
	if (!t)
		return 0;
	piece_begin(&t->emit, PIECE_BYTES, 0);
	piece_end(&t->emit, PIECE_BYTES, emit_class(&t->emit, PIECE_BYTES, PIECE_BYTES));
	return 0;
}

/* Emits the last len <= PIECE_BYTES bytes of an op. */
__noinline int emit_last_piece(u64 len)
{
	struct thread_calls *t = calls_get(false);
	int err;

	if (!t)
		return 0;
	piece_begin(&t->emit, len, CHUNK_F_OP_END);
	if (len <= 256)
		err = emit_class(&t->emit, len, 256);
	else if (len <= 1024)
		err = emit_class(&t->emit, len, 1024);
	else if (len <= 4096)
		err = emit_class(&t->emit, len, 4096);
	else
		err = emit_class(&t->emit, len, PIECE_BYTES);
	piece_end(&t->emit, len, err);
	return 0;
}

/* A record without data: len bytes left out on purpose. */
__noinline int emit_hole(u64 len, u32 flags)
{
	struct thread_calls *t = calls_get(false);
	void *ring = ring_current();
	struct chunk *c;

	if (!t || !ring)
		return 0;
	count(KC_POLICY_BYTES, len);
	c = bpf_ringbuf_reserve(ring, sizeof(*c), 0);
	if (!c) {
		count(KC_RING_FULL_EVENTS, 1);
	} else {
		*c = t->emit.head;
		c->true_len = len;
		c->data_len = 0;
		c->ev.size = sizeof(*c);
		c->ev.flags = (t->emit.head.ev.flags & CHUNK_F_OF_CONN) | flags;
		bpf_ringbuf_submit(c, wake_flag(ring, sizeof(*c)));
	}
	t->emit.head.position += len;
	t->emit.addr += len;
	return 0;
}

/* Emits an op: whole, or its head and tail with a hole of known length between them. */
__noinline int emit_whole(u64 len)
{
	struct thread_calls *t;

	for (u32 i = 0; i < (OP_HEAD_BYTES + OP_TAIL_BYTES) / PIECE_BYTES; i++) {
		if (i == OP_HEAD_BYTES / PIECE_BYTES && len > OP_TAIL_BYTES) {
			emit_hole(len - OP_TAIL_BYTES, CHUNK_F_HOLE_POLICY);
			len = OP_TAIL_BYTES;
		}
		if (len <= PIECE_BYTES)
			break;
		emit_full_piece();
		len -= PIECE_BYTES;
	}
	emit_last_piece(len);
	t = calls_get(false);
	if (!t)
		return 0;
	count(KC_BYTES_SENT, t->emit.sent_bytes);
	if (t->emit.lost_cnt) {
		count(KC_RING_FULL_EVENTS, t->emit.lost_cnt);
		count(KC_RING_FULL_BYTES, t->emit.lost_bytes);
	}
	if (t->emit.fault_cnt) {
		count(KC_FAULT_EVENTS, t->emit.fault_cnt);
		count(KC_FAULT_BYTES, t->emit.fault_bytes);
	}
	return 0;
}

/* Emits the parts of a scatter list up to len bytes; of one with too many the rest is a hole. */
__noinline int emit_parts(u64 len)
{
	for (u32 i = 0; i < PARTS_MAX && len; i++) {
		struct thread_calls *t = calls_get(false);
		struct iovec part = {};

		if (!t || i >= t->emit.iov_cnt)
			return 0;
		bpf_probe_read_kernel(&part, sizeof(part),
				      (const void *)(t->emit.iov + i * sizeof(part)));
		if (!i) {
			part.iov_base += t->emit.iov_offset;
			part.iov_len -= t->emit.iov_offset;
		}
		u64 n = part.iov_len < len ? part.iov_len : len;

		if (!n)
			continue;
		t->emit.addr = (u64)part.iov_base;
		/* the counts are of one part */
		t->emit.sent_bytes = t->emit.lost_bytes = t->emit.lost_cnt = 0;
		t->emit.fault_bytes = t->emit.fault_cnt = 0;
		emit_whole(n);
		len -= n;
	}
	if (len)
		emit_hole(len, CHUNK_F_HOLE_POLICY);
	return 0;
}

/* --- connections ---------------------------------------------------------------------------- */

/* Bigger than any earlier one of this process; two threads may get the same for two connections. */
static __always_inline u32 next_generation(struct scope *s)
{
	__sync_fetch_and_add(&s->generation, 1);
	return *(volatile u32 *)&s->generation;
}

static __noinline struct conn *conn_make(const struct conn_key *key, struct scope *s, u32 is_born)
{
	struct conn_key inherited = { .conn = key->conn, .tgid = s->parent };
	struct conn c = {};

	if (!is_born && s->parent)
		c.is_inherited = bpf_map_lookup_elem(&conns, &inherited) != 0;

	c.generation = next_generation(s);
	c.image = s->image;
	c.is_born = is_born;
	if (bpf_map_update_elem(&conns, key, &c, BPF_ANY)) {
		count(KC_CONN_FULL, 1);
		return 0;
	}
	return bpf_map_lookup_elem(&conns, key);
}

/* Fills everything of the head that is the same for all pieces of an op. */
static __always_inline void head_init(struct chunk *h, const struct scope *s, const struct conn *c)
{
	u64 id = bpf_get_current_pid_tgid();

	h->ev.size = sizeof(*h);
	h->ev.kind = EVENT_CHUNK;
	/* no branches: each would have the verifier walk all that follows once more */
	h->ev.flags = (c->is_born & 1) * CHUNK_F_BORN | (~c->is_used & 1) * CHUNK_F_FIRST |
		      (c->is_inherited & 1) * CHUNK_F_INHERITED;
	h->ev.ts_ns = bpf_ktime_get_boot_ns();
	h->ev.tgid = id >> 32;
	h->ev.tid = id;
	h->ev.start_ns = s->start_ns;
	h->cgroup_id = s->cgroup_id;
	h->cgroup_v1_id = s->cgroup_v1_id;
	h->generation = c->generation;
	h->pad = 0;
}

/* The end of a generation that emitted something. */
static __noinline int emit_close(const struct conn_key *key, struct scope *s, struct conn *c,
				 u32 form, u32 stack)
{
	struct chunk *h;
	void *ring = ring_current();

	if (!ring)
		return 0;
	h = bpf_ringbuf_reserve(ring, sizeof(*h), 0);
	if (!h) {
		count(KC_RING_FULL_EVENTS, 1);
		return 0;
	}
	head_init(h, s, c);
	h->ev.kind = EVENT_CLOSE;
	h->ev.flags &= CHUNK_F_BORN;
	/* a socket's last state comes in anybody's context */
	h->ev.tgid = key->tgid;
	h->conn = key->conn;
	h->dir = CHUNK_READ;
	h->stack = stack;
	h->form = form;
	h->position = c->position[CHUNK_READ];
	h->true_len = 0;
	h->data_len = 0;
	bpf_ringbuf_submit(h, wake_flag(ring, sizeof(*h)));
	return 0;
}

static __always_inline struct scope *conn_end(const struct conn_key *key, u8 form, u8 stack)
{
	struct scope *s = scope_find(key->tgid);
	struct conn *c = bpf_map_lookup_elem(&conns, key);

	if (s && c && c->is_used && c->image == s->image)
		emit_close(key, s, c, form, stack);
	bpf_map_delete_elem(&verdicts, key);
	bpf_map_delete_elem(&conns, key);
	return s;
}

__hidden void conn_over(u64 conn, u8 form, u8 stack, bool is_reborn)
{
	struct conn_key key = { .conn = conn, .tgid = current_tgid() };
	struct scope *s = conn_end(&key, form, stack);

	if (s && is_reborn)
		conn_make(&key, s, 1);
}

__hidden void conn_over_of(u32 tgid, u64 conn, u8 form, u8 stack)
{
	struct conn_key key = { .conn = conn, .tgid = tgid };

	conn_end(&key, form, stack);
}

/* --- calls ---------------------------------------------------------------------------------- */

__hidden void calls_forget_thread(void)
{
	u64 id = bpf_get_current_pid_tgid();

	/* task storage dies with its task */
	if (!cfg_task_storage)
		bpf_map_delete_elem(&calls_hash, &id);
}

/* In the hash an entry lives only while its thread is inside a call. */
static __always_inline void calls_put(struct thread_calls *t)
{
	u64 id = bpf_get_current_pid_tgid();

	if (!cfg_task_storage && !t->dir[CHUNK_READ].args.fn && !t->dir[CHUNK_WRITE].args.fn &&
	    !t->socket.fn)
		bpf_map_delete_elem(&calls_hash, &id);
}

__hidden bool conn_is_ignored(u64 conn)
{
	struct conn_key key = { .conn = conn, .tgid = current_tgid() };
	struct conn_verdict *v = bpf_map_lookup_elem(&verdicts, &key);
	if (!v || v->state != VERDICT_IGNORED)
		return false;

	struct scope *s = scope_find(key.tgid);
	struct conn *c = bpf_map_lookup_elem(&conns, &key);

	return s && c && c->generation == v->generation && c->image == s->image;
}

__hidden int call_begin(struct call *live, const struct call_args *args)
{
	u64 now_ns = bpf_ktime_get_boot_ns();

	if (live->args.fn) {
		if (call_is_told_twice(&live->args, args)) {
			live->args.links |= args->links;
			return 1;
		}
		if (call_is_nested(live, args, now_ns)) {
			count(KC_NESTED, 1);
			return 0;
		}
		count(KC_STALE, 1);
	}
	live->args = *args;
	live->entered_ns = now_ns;
	return 1;
}

__hidden int call_enter(const struct call_args *args)
{
	if (!args->is_guard && conn_is_ignored(args->conn))
		return 0;

	struct thread_calls *t = calls_get(true);

	if (!t) {
		count(KC_INFLIGHT_FULL, 1);
		return 0;
	}
	return call_begin(&t->dir[args->dir & 1], args);
}

/* How many bytes the call moved. */
static __always_inline u64 call_result(const struct call_args *a, const struct call_ret *ret)
{
	u64 len = 0;

	if ((s32)ret->rc <= 0)
		return 0;
	if (!a->out) {
		len = (u32)ret->rc;
	} else if (bpf_probe_read_user(&len, sizeof(len), (const void *)a->out)) {
		count(KC_FAULT_EVENTS, 1);
		len = -1;
	}
	if (len <= a->num)
		return len;
	doubt_emit(ret->stack);
	return 0;
}

/* Every LLM call of this wire begins with it. */
static __always_inline bool is_post(u64 buf)
{
	const u32 post = 'P' | 'O' << 8 | 'S' << 16 | (u32)'T' << 24;	/* little-endian */
	u32 word = 0;

	return !bpf_probe_read_user(&word, sizeof(word), (const void *)buf) && word == post;
}

/*
 * A suspended connection is not forgotten: on a kept-alive one the next request may be a chat. A
 * POST ends the suspension here and now, because its answer may be read before user space has seen
 * it; for the same reason a suspension that was decided without knowing of the POST never begins.
 */
static __always_inline u32 verdict_of(const struct conn_key *key, const struct conn *c)
{
	struct conn_verdict *v = bpf_map_lookup_elem(&verdicts, key);

	if (!v || v->generation != c->generation)
		return VERDICT_UNKNOWN;
	if (v->state != VERDICT_SUSPENDED || c->posted <= v->written)
		return v->state;
	bpf_map_delete_elem(&verdicts, key);
	return VERDICT_UNKNOWN;
}

/* Tells of the bytes that a suspension kept back, so that they are a known hole and no loss. */
static __noinline int emit_skipped(const struct emit *e, struct conn *c, u32 dir)
{
	u64 *skipped = dir == CHUNK_READ ? &c->skipped[CHUNK_READ] : &c->skipped[CHUNK_WRITE];
	u64 position = dir == CHUNK_READ ? c->position[CHUNK_READ] : c->position[CHUNK_WRITE];
	void *ring = ring_current();
	struct chunk *h;

	if (!*skipped || !ring)
		return 0;
	h = bpf_ringbuf_reserve(ring, sizeof(*h), 0);
	if (!h) {
		count(KC_RING_FULL_EVENTS, 1);
		return 0;
	}
	*h = e->head;
	h->dir = dir;
	h->position = position - *skipped;
	h->true_len = *skipped > (u32)-1 ? (u32)-1 : *skipped;
	h->data_len = 0;
	h->ev.flags |= CHUNK_F_HOLE_POLICY;
	*skipped = 0;
	bpf_ringbuf_submit(h, wake_flag(ring, sizeof(*h)));
	return 0;
}

static __noinline int emit_call(struct emit *e, const struct call_args *a, u64 len,
				const struct call_ret *ret)
{
	struct conn_key key = { .conn = a->conn, .tgid = current_tgid() };
	struct scope *s = scope_find(key.tgid);
	if (!s)
		return 0;
	struct conn *c = bpf_map_lookup_elem(&conns, &key);
	if (!c || c->image != s->image)
		c = conn_make(&key, s, 0);
	if (!c)
		return 0;
	scope_refresh(s);
	if (!s->is_identified && !process_emit(EVENT_PROCESS))
		s->is_identified = 1;
	if (ret->stack != STACK_SOCKET)
		coverage_note_plaintext(key.tgid, a->dir, len);
	count(KC_BYTES_SEEN, len);

	if (a->dir == CHUNK_WRITE && is_post(a->buf))
		c->posted = c->position[CHUNK_WRITE] + 1;
	u32 state = verdict_of(&key, c);

	*e = (struct emit){
		.addr = a->buf,
		.iov = a->iov,
		.iov_cnt = a->iov_cnt,
		.iov_offset = a->iov_offset,
	};
	head_init(&e->head, s, c);
	e->head.conn = a->conn;
	e->head.dir = a->dir;
	e->head.stack = ret->stack;
	e->head.form = ret->form;
	e->head.position = c->position[a->dir & 1];
	if (state == VERDICT_IGNORED || state == VERDICT_SUSPENDED) {
		count(KC_BYTES_IGNORED, len);
		e->head.position += len;
		c->skipped[a->dir & 1] += len;
	} else {
		emit_skipped(e, c, CHUNK_WRITE);
		emit_skipped(e, c, CHUNK_READ);
		if (a->iov)
			emit_parts(len);
		else
			emit_whole(len);
	}
	c->is_used = 1;
	c->position[a->dir & 1] = e->head.position;
	return 0;
}

/* t: of the thread that returns, for what an op carries from piece to piece. */
static __always_inline bool end_call(struct thread_calls *t, struct call *live,
				     const struct call_ret *ret, u64 *ret_len)
{
	/* the return of an inner call, or of one that began before its probe stood */
	if (!live->args.fn || live->args.sp != ret->sp)
		return false;

	struct call_args args = live->args;

	live->args.fn = 0;
	*ret_len = args.is_guard ? 0 : call_result(&args, ret);
	if (*ret_len)
		emit_call(&t->emit, &args, *ret_len, ret);
	return true;
}

__hidden bool call_end(struct call *live, const struct call_ret *ret)
{
	struct thread_calls *t = calls_get(true);

	if (!t) {
		count(KC_INFLIGHT_FULL, 1);
		return false;
	}
	u64 len;
	bool is_over = end_call(t, live, ret, &len);

	calls_put(t);
	return is_over;
}

__hidden void call_leave(const struct call_ret *ret)
{
	struct thread_calls *t = calls_get(false);
	if (!t)
		return;
	struct call *c = ret->dir == CHUNK_READ ? &t->dir[CHUNK_READ] : &t->dir[CHUNK_WRITE];
	u64 len;

	if (!end_call(t, c, ret, &len))
		return;
	/* the arguments stand until the next call */
	if (len && ret->dir == CHUNK_WRITE)
		t->written = c->args.has_sent ? WRITTEN_SENT : WRITTEN_WAITS;
	calls_put(t);
}

__hidden void emit_now(const struct call_args *args, u64 len, const struct call_ret *ret)
{
	struct thread_calls *t = calls_get(true);

	if (!t) {
		count(KC_INFLIGHT_FULL, 1);
		return;
	}
	emit_call(&t->emit, args, len, ret);
	if (args->dir == CHUNK_WRITE)
		t->written = WRITTEN_WAITS;
	calls_put(t);
}

__hidden int calls_cover(u64 sp)
{
	struct thread_calls *t = calls_get(false);

	return t && ((t->dir[CHUNK_READ].args.fn && t->dir[CHUNK_READ].args.sp > sp) ||
		     (t->dir[CHUNK_WRITE].args.fn && t->dir[CHUNK_WRITE].args.sp > sp));
}

__hidden u32 conn_generation(u64 conn)
{
	struct conn_key key = { .conn = conn, .tgid = current_tgid() };
	struct conn *c = bpf_map_lookup_elem(&conns, &key);

	return c ? c->generation : 0;
}

/* --- sockets -------------------------------------------------------------------------------- */

__hidden struct call_args *socket_call(bool is_made)
{
	struct thread_calls *t = calls_get(is_made);

	return t ? &t->socket : 0;
}

__hidden void socket_call_over(u64 len, u8 form)
{
	struct thread_calls *t = calls_get(false);
	if (!t)
		return;
	struct call_args args = t->socket;
	struct call_ret ret = { .dir = args.dir, .form = form, .stack = STACK_SOCKET };

	t->socket.fn = 0;
	if (len)
		emit_call(&t->emit, &args, len, &ret);
	calls_put(t);
}

__hidden int call_explains_send(void)
{
	struct thread_calls *t = calls_get(false);
	int is_waiting;

	if (!t)
		return 0;
	if (t->dir[CHUNK_WRITE].args.fn) {
		t->dir[CHUNK_WRITE].args.has_sent = 1;
		return 1;
	}
	is_waiting = t->written == WRITTEN_WAITS;
	t->written = WRITTEN_SENT;
	return is_waiting || t->dir[CHUNK_READ].args.fn;
}
