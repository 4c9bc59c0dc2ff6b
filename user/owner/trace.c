/* SPDX-License-Identifier: Apache-2.0 */
/*
 * traceparent is parsed strictly (W3C Trace Context 3.2): a value that is not exactly right starts
 * a new trace, because half an id would hang the call under somebody else's span.
 *
 *     00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
 */
#include "owner/trace.h"

#include <openssl/evp.h>
#include <stdio.h>

#define TRACE_PARENT_LEN 55
#define TRACE_STATE_MAX 512	/* what the specification asks everybody to carry */
#define TRACE_ID_BYTES 16
#define TRACE_SPAN_BYTES 8
#define TRACE_FLAG_SAMPLED 1

static int trace_nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* -1: not lower-case hex. */
static int trace_byte(struct str s, size_t at)
{
	int high = trace_nibble(s.p[at]);
	int low = trace_nibble(s.p[at + 1]);

	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static bool trace_is_id(struct str s)
{
	int all = 0;

	for (size_t i = 0; i < s.n; i += 2) {
		int byte = trace_byte(s, i);

		if (byte < 0)
			return false;
		all |= byte;
	}
	return all != 0;
}

static bool trace_parse_parent(struct str header, struct trace_link *ret)
{
	struct str s = str_trim(header);

	if (s.n < TRACE_PARENT_LEN || s.p[2] != '-' || s.p[35] != '-' || s.p[52] != '-')
		return false;

	int version = trace_byte(s, 0);
	int flags = trace_byte(s, 53);
	struct str trace_id = str_cut(s, 3, 32);
	struct str parent_id = str_cut(s, 36, 16);

	if (version < 0 || version == 0xff || flags < 0)
		return false;
	/* later versions may append; version 00 may not */
	if (s.n > TRACE_PARENT_LEN && (version == 0 || s.p[TRACE_PARENT_LEN] != '-'))
		return false;
	if (!trace_is_id(trace_id) || !trace_is_id(parent_id))
		return false;
	str_to_c(trace_id, ret->trace_id, sizeof(ret->trace_id));
	str_to_c(parent_id, ret->parent_span_id, sizeof(ret->parent_span_id));
	ret->flags = (u8)flags;
	return true;
}

static void trace_hash_str(EVP_MD_CTX *ctx, struct str s)
{
	u64 n = s.n;

	/* the length first: ("ab", "c") is not ("a", "bc") */
	EVP_DigestUpdate(ctx, &n, sizeof(n));
	if (n)
		EVP_DigestUpdate(ctx, s.p, n);
}

static void trace_digest(struct str purpose, const struct trace_seed *seed, struct str trace_id,
			 u8 ret[EVP_MAX_MD_SIZE])
{
	const u64 numbers[] = {seed->pid, seed->process_start_ns, seed->conn, seed->generation,
			       seed->request_start_ns};
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	memset(ret, 0, EVP_MAX_MD_SIZE);
	if (!ctx)
		return;
	EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
	trace_hash_str(ctx, purpose);
	trace_hash_str(ctx, str_of(seed->boot_id));
	EVP_DigestUpdate(ctx, numbers, sizeof(numbers));
	trace_hash_str(ctx, seed->provider);
	trace_hash_str(ctx, seed->response_id);
	trace_hash_str(ctx, trace_id);
	EVP_DigestFinal_ex(ctx, ret, NULL);
	EVP_MD_CTX_free(ctx);
}

static void trace_make_id(struct str purpose, const struct trace_seed *seed, struct str trace_id,
			  size_t bytes, char *ret_hex)
{
	u8 digest[EVP_MAX_MD_SIZE];
	u8 all = 0;

	trace_digest(purpose, seed, trace_id, digest);
	for (size_t i = 0; i < bytes; i++)
		all |= digest[i];
	if (!all)
		digest[bytes - 1] = 1;	/* an id of zeros means "none" */
	for (size_t i = 0; i < bytes; i++)
		snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
}

void trace_link_make(struct str traceparent, struct str tracestate, const struct trace_seed *seed,
		     struct trace_link *ret)
{
	*ret = (struct trace_link){.flags = TRACE_FLAG_SAMPLED};
	if (trace_parse_parent(traceparent, ret)) {
		if (tracestate.n <= TRACE_STATE_MAX)
			ret->state = tracestate;
	} else {
		trace_make_id(STR("trace"), seed, STR_NONE, TRACE_ID_BYTES, ret->trace_id);
	}
	trace_make_id(STR("span"), seed, str_of(ret->trace_id), TRACE_SPAN_BYTES, ret->span_id);
}
