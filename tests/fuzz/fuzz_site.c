/* SPDX-License-Identifier: Apache-2.0 */
/* covers: user/capture/site.c user/capture/x86.c */
/* Code that is none: a site lies inside it, on an instruction that the kernel emulates. */
#include <stdlib.h>

#include "capture/site.h"
#include "capture/x86.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check_site(const u8 *code, size_t n, const struct site *site)
{
	struct x86_insn in;

	if (site->delta >= n)
		abort();
	if (site->class == SITE_STEPPED) {
		if (site->delta)
			abort();
		return;
	}
	if (x86_decode(code + site->delta, n - site->delta, &in))
		abort();
	if (site->class == SITE_EMULATED ? !x86_is_emulated(&in)
					 : !x86_is_nop5(&in, code + site->delta))
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct site_callee callee;
	struct x86_insn in;
	struct site site;
	s64 slot;

	if (size < 2)
		return 0;
	/* a copy of its own, so that a byte too many is caught */
	enum probe_fn fn = 1 + data[0] % (PROBE_FN_MAX - 1);
	size_t n = size - 1;
	u8 *code = malloc(n);

	if (!code)
		return 0;
	for (size_t i = 0; i < n; i++)
		code[i] = data[i + 1];
	if (!site_choose(code, n, fn, &site)) {
		check_site(code, n, &site);
		site_class_name(site.class);
	}
	if (!site_find_callee(code, n, fn, &callee) &&
	    callee.fn != PROBE_SSL_READ_INTERNAL && callee.fn != PROBE_SSL_WRITE_INTERNAL &&
	    callee.fn != PROBE_SSL_WRITE_INTERNAL2)
		abort();
	site_find_slot(code, n, &slot);
	for (size_t at = 0; at < n; at++) {
		if (x86_decode(code + at, n - at, &in))
			continue;
		if (!in.len || in.len > 15 || in.len > n - at || x86_writes(&in) >> X86_REG_MAX)
			abort();
	}
	free(code);
	return 0;
}
