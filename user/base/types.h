/* SPDX-License-Identifier: Apache-2.0 */
/* Short names of the fixed-width integers, so that bpf/event.h reads the same on both sides. */
#ifndef TOLLTAP_TYPES_H
#define TOLLTAP_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;
typedef __int128 s128;

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
