/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What aead.bpf.c (records at the cipher) and aead_socket.bpf.c (which socket they belong to)
 * share.
 */
#ifndef TOLLTAP_AEAD_BPF_H
#define TOLLTAP_AEAD_BPF_H

#include "common.bpf.h"

#define HEADER_BYTES 5
#define SAMPLE_BYTES 16

/* One direction of a connection: a key object and who uses it. */
struct aead_half {
	u64 socket;		/* inode it is bound to, or 0 */
	u64 sk;			/* the kernel's object of that */
	s32 fd;
	u32 iv;			/* of the nonce: the same for all records of a key */
	u8 saw_handshake;	/* of the connection, from its beginning */
	u8 is_told;		/* user space knows the socket */
	u8 is_used;		/* application data was emitted */
	u8 pad[5];
};

/* A call between entry and return. */
struct aead_call {
	u64 conn;		/* 0: none */
	u64 sp;
	u64 data;
	u64 data_len;
	u64 out;
	u64 out_len;
	u8 type;		/* of the record; 0: inside, TLS 1.3 */
	u8 header_len;		/* what stands before the ciphertext */
	u16 record_len;		/* as its header says */
	u32 pad;
};

/* What a thread did last. */
struct aead_thread {
	struct aead_call seal;
	struct aead_call open;
	/* the first record that it sealed and that was not seen on its way out */
	u64 sealed;		/* conn, or 0 */
	u16 sealed_len;
	u8 sealed_at;		/* of the sample, from the record's start */
	u8 pad[5];
	u8 sealed_sample[SAMPLE_BYTES];
	/* what it received last, and the last bytes of that */
	u64 sk;			/* 0: nothing */
	u64 socket;
	u64 buf;
	u64 len;
	s32 fd;
	u32 tgid;
	u8 tail[SAMPLE_BYTES];
};

/* aead.bpf.c */
struct aead_thread *aead_thread_get(bool is_made);
struct aead_half *aead_half_find(u64 conn);
/* Tells user space to which socket a half that emitted something is bound; once. */
void aead_tell(u64 conn, struct aead_half *h);

/* aead_socket.bpf.c */
/* Is the record that ends there among what this thread received last? Then the half is bound. */
void aead_bind_received(struct aead_half *h, struct aead_thread *t, u64 record_end);
/* Was the connection of that socket seen from its handshake on? */
bool aead_socket_is_born(u64 sk);
void aead_socket_note_handshake(u64 sk);

#endif
