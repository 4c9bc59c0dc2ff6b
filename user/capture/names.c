/* SPDX-License-Identifier: Apache-2.0 */
/* Tables only. */
#include "capture/names.h"

const char *capture_form_name(enum attach_form form)
{
	switch (form) {
	case FORM_SESSION:
		return "uprobe.session";
	case FORM_MULTI:
		return "uprobe_multi";
	case FORM_PERF:
		return "perf uprobe";
	case FORM_FENTRY:
		return "fentry";
	case FORM_KPROBE:
		return "kprobe";
	default:
		return "none";
	}
}

const char *capture_stack_name(enum chunk_stack stack)
{
	static const char *const names[] = {
		[STACK_OPENSSL] = "OpenSSL", [STACK_BORINGSSL] = "BoringSSL",
		[STACK_GO] = "Go",	     [STACK_AEAD] = "rustls",
		[STACK_GNUTLS] = "GnuTLS",   [STACK_SOCKET] = "socket",
	};

	return stack < ARRAY_LEN(names) && names[stack] ? names[stack] : "unknown";
}

const char *capture_fn_name(enum probe_fn fn)
{
	static const char *const names[PROBE_FN_MAX] = {
		[PROBE_SSL_READ] = "SSL_read",
		[PROBE_SSL_WRITE] = "SSL_write",
		[PROBE_SSL_READ_EX] = "SSL_read_ex",
		[PROBE_SSL_WRITE_EX] = "SSL_write_ex",
		[PROBE_SSL_WRITE_EX2] = "SSL_write_ex2",
		[PROBE_SSL_READ_INTERNAL] = "ssl_read_internal",
		[PROBE_SSL_WRITE_INTERNAL] = "ssl_write_internal",
		[PROBE_SSL_WRITE_INTERNAL2] = "ssl_write_internal",
		[PROBE_SSL_PEEK] = "SSL_peek",
		[PROBE_SSL_PEEK_EX] = "SSL_peek_ex",
		[PROBE_SSL_NEW] = "SSL_new",
		[PROBE_SSL_FREE] = "SSL_free",
		[PROBE_SSL_CLEAR] = "SSL_clear",
		[PROBE_AEAD_SEAL] = "EVP_AEAD_CTX_seal",
		[PROBE_AEAD_OPEN] = "EVP_AEAD_CTX_open",
		[PROBE_RING_SEAL] = "ring seal",
		[PROBE_RING_OPEN] = "ring open",
		[PROBE_GNUTLS_SEND] = "gnutls_record_send",
		[PROBE_GNUTLS_SEND2] = "gnutls_record_send2",
		[PROBE_GNUTLS_RECV] = "gnutls_record_recv",
		[PROBE_GNUTLS_UNCORK] = "gnutls_record_uncork",
		[PROBE_GNUTLS_INIT] = "gnutls_init",
		[PROBE_GNUTLS_DEINIT] = "gnutls_deinit",
		[PROBE_GO_WRITE] = "(*Conn).Write",
		[PROBE_GO_READ] = "(*Conn).Read",
		[PROBE_GO_WRITE_RET] = "(*Conn).Write returns",
		[PROBE_GO_READ_RET] = "(*Conn).Read returns",
		[PROBE_GO_CLOSE] = "(*Conn).Close",
		[PROBE_GO_HANDSHAKE] = "(*Conn) handshake",
	};

	return fn < PROBE_FN_MAX && names[fn] ? names[fn] : "none";
}
