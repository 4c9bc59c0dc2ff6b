/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the next byte that matters in JSON text, many bytes at a time.
 *
 * The one place in base/ that knows about vector instructions: SSE2 where the compiler promises it
 * (every x86-64), else eight bytes per step in a plain word. Both read only inside [p, end).
 */
#ifndef TOLLTAP_SCAN_H
#define TOLLTAP_SCAN_H

#include <string.h>

#include "base/types.h"

#if defined(__SSE2__) && !defined(TOLLTAP_SCAN_PLAIN)
#include <emmintrin.h>
#define SCAN_STEP 16

static inline u32 scan_mask_string(const char *p)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
	__m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));

	return (u32)_mm_movemask_epi8(_mm_or_si128(quote, slash));
}

/* '[' | 0x20 is '{' and ']' | 0x20 is '}'; nothing else maps there. */
static inline u32 scan_mask_skip(const char *p)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i low = _mm_or_si128(v, _mm_set1_epi8(0x20));
	__m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
	__m128i open = _mm_cmpeq_epi8(low, _mm_set1_epi8('{'));
	__m128i shut = _mm_cmpeq_epi8(low, _mm_set1_epi8('}'));

	return (u32)_mm_movemask_epi8(_mm_or_si128(quote, _mm_or_si128(open, shut)));
}

static inline size_t scan_first(u32 mask)
{
	return (size_t)__builtin_ctz(mask);
}

typedef u32 scan_mask;
#else
#define SCAN_STEP 8
#define SCAN_ONES 0x0101010101010101ull

/* A bit in each byte of v that equals c (never missed; exact up to and including the first). */
static inline u64 scan_eq(u64 v, char c)
{
	u64 x = v ^ SCAN_ONES * (u8)c;

	return (x - SCAN_ONES) & ~x & SCAN_ONES << 7;
}

/* The word's first byte in its lowest bits, whatever the machine's order. */
static inline u64 scan_load(const char *p)
{
	u64 v;

	memcpy(&v, p, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

static inline u64 scan_mask_string(const char *p)
{
	u64 v = scan_load(p);

	return scan_eq(v, '"') | scan_eq(v, '\\');
}

static inline u64 scan_mask_skip(const char *p)
{
	u64 v = scan_load(p), low = v | SCAN_ONES << 5;

	return scan_eq(v, '"') | scan_eq(low, '{') | scan_eq(low, '}');
}

static inline size_t scan_first(u64 mask)
{
	return (size_t)__builtin_ctzll(mask) / 8;
}

typedef u64 scan_mask;
#endif

/* First '"' or '\\', or end. */
static inline const char *scan_string(const char *p, const char *end)
{
	for (; end - p >= SCAN_STEP; p += SCAN_STEP) {
		scan_mask mask = scan_mask_string(p);

		if (mask)
			return p + scan_first(mask);
	}
	while (p < end && *p != '"' && *p != '\\')
		p++;
	return p;
}

/* First quote or bracket of either kind, or end. */
static inline const char *scan_skip(const char *p, const char *end)
{
	for (; end - p >= SCAN_STEP; p += SCAN_STEP) {
		scan_mask mask = scan_mask_skip(p);

		if (mask)
			return p + scan_first(mask);
	}
	while (p < end && *p != '"' && (*p | 0x20) != '{' && (*p | 0x20) != '}')
		p++;
	return p;
}

#endif
