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
