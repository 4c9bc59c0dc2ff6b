/* SPDX-License-Identifier: Apache-2.0 */
/* Protobuf refuses a string that is not UTF-8: one bad byte would lose a whole batch. */
#include "sink/otlp_text.h"

#include <curl/curl.h>
#include <time.h>

#include "base/clock.h"

/* Length of the UTF-8 sequence at p, 0 when it is none (overlong, surrogate, cut, NUL). */
static size_t otlp_utf8_len(const unsigned char *p, size_t n)
{
	static const u32 least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len;
	u32 code;

	if (p[0] < 0x80)
		return p[0] ? 1 : 0;
	len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || len > n)
		return 0;
	code = p[0] & (0x7f >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return len;
}

char *otlp_text(struct arena *a, struct str s)
{
	static const struct str replacement = STR("\xef\xbf\xbd");
	char *out = arena_alloc(a, s.n * replacement.n + 1);
	size_t used = 0;

	for (size_t i = 0; out && i < s.n;) {
		size_t len = otlp_utf8_len((const unsigned char *)s.p + i, s.n - i);
		struct str part = len ? str_cut(s, i, len) : replacement;

		memcpy(out + used, part.p, part.n);
		used += part.n;
		i += len ? len : 1;
	}
	return out;
}

u64 otlp_retry_after(struct str value, u64 wall_ns)
{
	char text[64];
	u64 seconds;

	value = str_trim(value);
	if (!str_to_u64(value, &seconds)) {
		if (seconds > OTLP_RETRY_AFTER_MAX_MS / 1000)
			return OTLP_RETRY_AFTER_MAX_MS;
		return seconds * 1000;
	}
	if (value.n >= sizeof(text))
		return 0;
	str_to_c(value, text, sizeof(text));

	time_t at = curl_getdate(text, NULL);
	u64 at_ms = at > 0 ? (u64)at * 1000 : 0;
	u64 now_ms = wall_ns / NS_PER_MS;

	if (at_ms <= now_ms)
		return 0;
	return at_ms - now_ms < OTLP_RETRY_AFTER_MAX_MS ? at_ms - now_ms : OTLP_RETRY_AFTER_MAX_MS;
}
