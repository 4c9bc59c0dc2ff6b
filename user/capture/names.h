/* SPDX-License-Identifier: Apache-2.0 */
/* Names of what crosses the ring, for people. Private to the room. */
#ifndef TOLLTAP_CAPTURE_NAMES_H
#define TOLLTAP_CAPTURE_NAMES_H

#include "base/types.h"
#include "bpf/event.h"

const char *capture_form_name(enum attach_form form);		/* "uprobe_multi" */
const char *capture_stack_name(enum chunk_stack stack);		/* "BoringSSL" */
const char *capture_fn_name(enum probe_fn fn);			/* "SSL_read" */

#endif
