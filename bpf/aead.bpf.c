/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TLS records at the cipher: rustls on aws-lc (EVP_AEAD_CTX_seal, _open) or on ring (the functions
 * of its algorithm records). Plaintext is in seal's input at its entry and in open's output at its
 * return. The arguments prove themselves: the additional data of a TLS 1.3 record is its header,
 * 17 03 03 and the record's length; that of a 1.2 record ends in its type, version and length.
 * Anything else (QUIC, tokens) is not ours.
 *
 * A key knows nothing of its connection, and each direction has one of its own: a *half*, told
 * apart by process, key object and direction. Key objects are reused, also with swapped roles; the
 * part of the nonce that stays the same for a key's life tells a new key. Halves are bound to
 * sockets by their ciphertext (aead_socket.bpf.c), and user space joins the two of a socket.
 *
 * Checked: aws-lc-rs of rustls 0.23.40 and 0.23.46, ring 0.17.14.
 */
#include "aead.bpf.h"

#define TYPE_ALERT 0x15
#define TYPE_HANDSHAKE 0x16
#define TYPE_DATA 0x17
#define TAG_BYTES 16
#define RECORD_MAX (16384 + 256)
#define AD_13_BYTES 5
#define AD_12_BYTES 13

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct conn_key);
	__type(value, struct aead_half);
} aead_halves SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct aead_thread);
} aead_threads SEC(".maps");

/* An operation as its library was asked for it. */
struct op {
	u64 key;
	u64 nonce;
	u64 data;		/* plaintext: seal's input, or where open will put it */
	u64 data_len;		/* with the inner type of TLS 1.3 */
	u64 out;		/* seal: where the ciphertext will be */
	u64 out_len;		/* open: where the length of data will stand, or 0: known */
	u64 record_end;		/* open: behind the tag */
	u64 ad;
	u64 ad_len;
};

static const struct aead_thread no_thread;
static const struct aead_half no_half;

__hidden struct aead_thread *aead_thread_get(bool is_made)
{
	u64 id = bpf_get_current_pid_tgid();
	struct aead_thread *t = bpf_map_lookup_elem(&aead_threads, &id);

	if (t || !is_made)
		return t;
	bpf_map_update_elem(&aead_threads, &id, &no_thread, BPF_ANY);
	return bpf_map_lookup_elem(&aead_threads, &id);
}

__hidden struct aead_half *aead_half_find(u64 conn)
{
	struct conn_key key = { .conn = conn, .tgid = current_tgid() };

	return bpf_map_lookup_elem(&aead_halves, &key);
}

/* --- records -------------------------------------------------------------------------------- */

/*
 * Is this a TLS record? Fills what the header says. The length in it must be what the operation
 * has: with that, registers that hold something else do not pass.
 */
static __noinline int record_check(const struct op *o, struct aead_call *c)
{
	u8 ad[AD_12_BYTES] = {};
	u32 len;

	if (o->data_len > RECORD_MAX)
		return -1;
	if (o->ad_len == AD_13_BYTES) {
		if (bpf_probe_read_user(ad, AD_13_BYTES, (const void *)o->ad))
			return -1;
		len = ad[3] << 8 | ad[4];
		if (ad[0] != TYPE_DATA || ad[1] != 3 || ad[2] != 3 || !o->data_len ||
		    len != o->data_len + TAG_BYTES)
			return -1;
		c->type = 0;
		c->header_len = HEADER_BYTES;
		c->record_len = len;
		return 0;
	}
	if (o->ad_len != AD_12_BYTES || bpf_probe_read_user(ad, AD_12_BYTES, (const void *)o->ad))
		return -1;
	len = ad[11] << 8 | ad[12];
	if (ad[8] < 0x14 || ad[8] > TYPE_DATA || ad[9] != 3 || ad[10] != 3 || len != o->data_len)
		return -1;
	c->type = ad[8];
	/* GCM's records begin with eight bytes of nonce, ChaCha20's do not: seen when it is sent */
	c->header_len = HEADER_BYTES + 8;
	c->record_len = len + TAG_BYTES + 8;
	return 0;
}

/*
 * The two functions below are global on purpose, as in core.bpf.c: they are verified once instead
 * of once per call and state. So they take numbers only.
 */
int record_strip(u64 data, u64 len);
int record_take(u64 conn, u64 data, u64 len, u32 how);

/* TLS 1.3: data, its type, any number of zeros. Length of data and type; 0: only zeros. */
__noinline int record_strip(u64 data, u64 len)
{
	u64 word = 0;
	u8 byte = 0;

	for (u32 i = 0; i < RECORD_MAX / 8 && len >= 8; i++) {
		if (bpf_probe_read_user(&word, 8, (const void *)(data + len - 8)))
			return 0;
		if (word)
			break;
		len -= 8;
	}
	for (u32 i = 0; i < 8 && len; i++) {
		bpf_probe_read_user(&byte, 1, (const void *)(data + len - 1));
		if (byte)
			break;
		len--;
	}
	return len;
}

/* --- halves --------------------------------------------------------------------------------- */

/* The half of a key; of a new key at an old address it is a new one. */
static __noinline struct aead_half *half_get(u64 conn, u64 nonce, u8 form)
{
	struct conn_key key = { .conn = conn, .tgid = current_tgid() };
	struct aead_half *h = bpf_map_lookup_elem(&aead_halves, &key);
	u32 iv = 0;

	if (bpf_probe_read_user(&iv, sizeof(iv), (const void *)nonce))
		return 0;
	if (h && h->iv == iv)
		return h;
	if (h)
		conn_over(conn, form, STACK_AEAD, false);
	bpf_map_update_elem(&aead_halves, &key, &no_half, BPF_ANY);
	h = bpf_map_lookup_elem(&aead_halves, &key);
	if (h)
		h->iv = iv;
	return h;
}

__hidden void aead_tell(u64 conn, struct aead_half *h)
{
	struct pair_event *p;
	void *ring;

	if (!h->socket || !h->is_used || h->is_told)
		return;
	ring = ring_current();
	p = ring ? bpf_ringbuf_reserve(ring, sizeof(*p), 0) : 0;
	if (!p) {
		/* the next record tells */
		count(KC_RING_FULL_EVENTS, 1);
		return;
	}
	p->ev.size = sizeof(*p);
	p->ev.kind = EVENT_PAIR;
	p->ev.flags = aead_socket_is_born(h->sk) ? CHUNK_F_BORN : 0;
	p->ev.ts_ns = bpf_ktime_get_boot_ns();
	p->ev.tgid = current_tgid();
	p->ev.tid = bpf_get_current_pid_tgid();
	p->ev.start_ns = 0;
	p->conn = conn;
	p->generation = conn_generation(conn);
	p->fd = h->fd;
	p->socket = h->socket;
	bpf_ringbuf_submit(p, BPF_RB_NO_WAKEUP);
	h->is_told = 1;
}

/* The handshake of a connection from its beginning, not a session ticket or new keys later on. */
static __always_inline bool is_first_handshake(u64 data)
{
	u8 message = 0;

	bpf_probe_read_user(&message, 1, (const void *)data);
	/* extensions, certificate, finished */
	return message == 8 || message == 11 || message == 20;
}

static __always_inline bool is_close(u64 data, u64 len)
{
	u8 alert[2] = { 1, 1 };

	return len == 2 && !bpf_probe_read_user(alert, 2, (const void *)data) && !alert[1];
}

#define HOW(type, dir, form) ((type) | (dir) << 8 | (form) << 16)

/* A record whose plaintext stands at data. Its type is 0 where it stands inside. */
__noinline int record_take(u64 conn, u64 data, u64 len, u32 how)
{
	struct aead_half *h = aead_half_find(conn);
	u8 type = how, dir = how >> 8, form = how >> 16;

	if (!h)
		return 0;
	if (!type) {
		len = record_strip(data, len);
		if (!len || bpf_probe_read_user(&type, 1, (const void *)(data + --len)))
			return 0;
	}
	if (type == TYPE_DATA && len) {
		struct call_args a = { .conn = conn, .buf = data, .num = len, .dir = dir };
		struct call_ret r = { .dir = dir, .form = form, .stack = STACK_AEAD };

		emit_now(&a, len, &r);
		h->is_used = 1;
		aead_tell(conn, h);
	} else if (type == TYPE_HANDSHAKE && is_first_handshake(data)) {
		h->saw_handshake = 1;
		if (h->socket)
			aead_socket_note_handshake(h->sk);
	} else if (type == TYPE_ALERT && is_close(data, len)) {
		conn_over(conn, form, STACK_AEAD, false);
	}
	return 0;
}

/* --- calls ---------------------------------------------------------------------------------- */

/* The half's key in c->conn; 0: not a record of ours, or below a call that is seen itself. */
static __noinline struct aead_half *op_begin(const struct op *o, struct aead_call *c, u8 dir,
					     u8 form)
{
	if (calls_cover(c->sp)) {
		count(KC_NESTED, 1);
		return 0;
	}
	if (record_check(o, c)) {
		count(KC_AEAD_FOREIGN, 1);
		return 0;
	}
	/* a key object is aligned: one bit is free to tell the roles apart */
	c->conn = (o->key & ~1ull) | dir;
	c->data = o->data;
	c->data_len = o->data_len;
	c->out = o->out;
	c->out_len = o->out_len;
	return half_get(c->conn, o->nonce, form);
}

/* 1: the return is wanted, because the ciphertext will tell the socket. */
static __always_inline int seal_enter(const struct op *o, u64 sp, u8 form)
{
	struct aead_call c = { .sp = sp };
	struct aead_half *h = op_begin(o, &c, CHUNK_WRITE, form);

	if (!h)
		return 0;
	bool is_bound = h->socket != 0;

	record_take(c.conn, c.data, c.data_len, HOW(c.type, CHUNK_WRITE, form));
	if (is_bound)
		return 0;
	struct aead_thread *t = aead_thread_get(true);
	if (!t)
		return 0;
	t->seal = c;
	return 1;
}

static __always_inline void seal_leave(u64 sp)
{
	struct aead_thread *t = aead_thread_get(false);

	if (!t || !t->seal.conn || t->seal.sp != sp)
		return;
	u64 conn = t->seal.conn;

	t->seal.conn = 0;
	/* several records may go out together: the first stands where the send begins */
	if (t->sealed == conn || t->seal.data_len < SAMPLE_BYTES ||
	    bpf_probe_read_user(t->sealed_sample, SAMPLE_BYTES, (const void *)t->seal.out))
		return;
	t->sealed = conn;
	t->sealed_len = t->seal.record_len;
	t->sealed_at = t->seal.header_len;
}

static __always_inline int open_enter(const struct op *o, u64 sp, u8 form)
{
	struct aead_call c = { .sp = sp };
	struct aead_half *h = op_begin(o, &c, CHUNK_READ, form);
	struct aead_thread *t;

	if (!h)
		return 0;
	t = aead_thread_get(true);
	if (!t) {
		count(KC_INFLIGHT_FULL, 1);
		return 0;
	}
	if (!h->socket)
		aead_bind_received(h, t, o->record_end);
	/* what comes later need not be of this connection */
	t->sk = 0;
	t->open = c;
	return 1;
}

static __always_inline void open_leave(u64 sp, bool is_ok, u8 form)
{
	struct aead_thread *t = aead_thread_get(false);

	if (!t || !t->open.conn || t->open.sp != sp)
		return;
	struct aead_call c = t->open;

	t->open.conn = 0;
	if (!is_ok)
		return;
	if (c.out_len && bpf_probe_read_user(&c.data_len, sizeof(c.data_len),
					     (const void *)c.out_len)) {
		count(KC_FAULT_EVENTS, 1);
		return;
	}
	if (c.data_len <= RECORD_MAX)
		record_take(c.conn, c.data, c.data_len, HOW(c.type, CHUNK_READ, form));
}

/* --- who is asked how ----------------------------------------------------------------------- */

static __always_inline u64 stack_arg(const struct pt_regs *ctx, u32 n)
{
	u64 value = 0;

#if defined(__TARGET_ARCH_x86)
	n++;			/* the return address */
#endif
	bpf_probe_read_user(&value, sizeof(value), (const void *)(PT_REGS_SP(ctx) + 8 * n));
	return value;
}

#if defined(__TARGET_ARCH_x86)
#define REG_6(ctx) ((ctx)->r9)
#define REG_7(ctx) stack_arg(ctx, 0)
#define REG_8(ctx) stack_arg(ctx, 1)
#define REG_9(ctx) stack_arg(ctx, 2)
#define REG_10(ctx) stack_arg(ctx, 3)
#define SRET 1			/* a result in memory takes the first register */
#else
#define REG_6(ctx) (((const struct user_pt_regs *)(ctx))->regs[5])
#define REG_7(ctx) (((const struct user_pt_regs *)(ctx))->regs[6])
#define REG_8(ctx) (((const struct user_pt_regs *)(ctx))->regs[7])
#define REG_9(ctx) stack_arg(ctx, 0)
#define REG_10(ctx) stack_arg(ctx, 1)
#define SRET 0
#endif

/* int (ctx, out, *out_len, max_out_len, nonce, nonce_len, in, in_len, ad, ad_len) */
static __always_inline void op_of_awslc(const struct pt_regs *ctx, bool is_seal, struct op *o)
{
	u64 in = REG_7(ctx), in_len = REG_8(ctx);

	o->key = PT_REGS_PARM1(ctx);
	o->nonce = PT_REGS_PARM5(ctx);
	o->ad = REG_9(ctx);
	o->ad_len = REG_10(ctx);
	o->out = PT_REGS_PARM2(ctx);
	if (is_seal) {
		o->data = in;
		o->data_len = in_len;
	} else {
		o->data = o->out;
		o->data_len = in_len - TAG_BYTES;
		o->out_len = PT_REGS_PARM3(ctx);
		o->record_end = in + in_len;
	}
}

/*
 * (key, *nonce, aad, aad_len, in_out, in_out_len) and, for open, where in in_out the ciphertext
 * begins. Without the tag, which stands behind it in what was received.
 */
static __always_inline void op_of_ring(const struct pt_regs *ctx, bool is_seal, struct op *o)
{
	u64 in_out, len, skipped;

	if (SRET) {
		o->key = PT_REGS_PARM2(ctx);
		o->nonce = PT_REGS_PARM3(ctx);
		o->ad = PT_REGS_PARM4(ctx);
		o->ad_len = PT_REGS_PARM5(ctx);
		in_out = REG_6(ctx);
		len = REG_7(ctx);
		skipped = is_seal ? 0 : REG_8(ctx);
	} else {
		o->key = PT_REGS_PARM1(ctx);
		o->nonce = PT_REGS_PARM2(ctx);
		o->ad = PT_REGS_PARM3(ctx);
		o->ad_len = PT_REGS_PARM4(ctx);
		in_out = PT_REGS_PARM5(ctx);
		len = REG_6(ctx);
		skipped = is_seal ? 0 : REG_7(ctx);
	}
	o->data = in_out;
	o->data_len = len - skipped;
	o->out = in_out;
	o->record_end = in_out + len + TAG_BYTES;
}

static __always_inline bool fn_is_seal(u32 fn)
{
	return fn == PROBE_AEAD_SEAL || fn == PROBE_RING_SEAL;
}

/* 1: the return is wanted. */
static __always_inline int aead_enter(struct pt_regs *ctx, u32 cookie, u8 form)
{
	u32 fn = cookie & COOKIE_FN_MASK;
	struct op o = {};

	if (!scope_enter())
		return 0;
	switch (fn) {
	case PROBE_AEAD_SEAL:
	case PROBE_AEAD_OPEN:
		op_of_awslc(ctx, fn == PROBE_AEAD_SEAL, &o);
		break;
	case PROBE_RING_SEAL:
	case PROBE_RING_OPEN:
		op_of_ring(ctx, fn == PROBE_RING_SEAL, &o);
		break;
	default:
		return 0;
	}
	if (fn_is_seal(fn))
		return seal_enter(&o, PT_REGS_SP(ctx), form);
	return open_enter(&o, PT_REGS_SP(ctx), form);
}

static __always_inline int aead_leave(struct pt_regs *ctx, u32 cookie, u8 form)
{
	u32 fn = cookie & COOKIE_FN_MASK;

	if (fn_is_seal(fn))
		seal_leave(entry_sp(ctx));
	else
		/* ring gives the tag to its caller, who compares it: a forged record is no loss */
		open_leave(entry_sp(ctx), fn != PROBE_AEAD_OPEN || PT_REGS_RC(ctx) == 1, form);
	return 0;
}

SEC("?kprobe")
int aead_session(struct pt_regs *ctx)
{
	u32 cookie = bpf_get_attach_cookie(ctx);

	if (bpf_get_func_ip(ctx) == PT_REGS_IP(ctx))
		return aead_enter(ctx, cookie, FORM_SESSION) ? 0 : 1;
	return aead_leave(ctx, cookie, FORM_SESSION);
}

SEC("?kprobe")
int aead_multi_enter(struct pt_regs *ctx)
{
	aead_enter(ctx, bpf_get_attach_cookie(ctx), FORM_MULTI);
	return 0;
}

SEC("?kprobe")
int aead_multi_leave(struct pt_regs *ctx)
{
	return aead_leave(ctx, bpf_get_attach_cookie(ctx), FORM_MULTI);
}

#define PERF_LEGS(name, fn)                                                                        \
	SEC("?kprobe")                                                                              \
	int aead_perf_##name(struct pt_regs *ctx)                                                  \
	{                                                                                          \
		aead_enter(ctx, fn, FORM_PERF);                                                    \
		return 0;                                                                          \
	}                                                                                          \
	SEC("?kprobe")                                                                              \
	int aead_perf_leave_##name(struct pt_regs *ctx)                                            \
	{                                                                                          \
		return aead_leave(ctx, fn, FORM_PERF);                                             \
	}

PERF_LEGS(seal, PROBE_AEAD_SEAL)
PERF_LEGS(open, PROBE_AEAD_OPEN)
PERF_LEGS(ring_seal, PROBE_RING_SEAL)
PERF_LEGS(ring_open, PROBE_RING_OPEN)
