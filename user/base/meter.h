/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vocabulary of what is billed: disjoint, additive meters (docs/RECORD.md). A call holds
 * counts, a rate card holds prices, a charge holds money, all under the same names.
 *
 * METER(id, name, block): block is the number of units a card's price is for. Names are a contract:
 * add, never rename. Token meters first: METER_TOKENS_MAX is their count.
 */
#ifndef TOLLTAP_METER_H
#define TOLLTAP_METER_H

#include "base/str.h"

#define METERS(METER) \
	METER(INPUT, "input", 1000000) \
	METER(CACHE_READ, "cache_read", 1000000) \
	METER(CACHE_WRITE_5M, "cache_write_5m", 1000000) \
	METER(CACHE_WRITE_1H, "cache_write_1h", 1000000) \
	METER(CACHE_WRITE, "cache_write", 1000000) \
	METER(OUTPUT, "output", 1000000) \
	METER(REASONING, "reasoning", 1000000) \
	METER(CITATION, "citation", 1000000) \
	METER(INPUT_AUDIO, "input_audio", 1000000) \
	METER(INPUT_IMAGE, "input_image", 1000000) \
	METER(INPUT_VIDEO, "input_video", 1000000) \
	METER(CACHE_READ_AUDIO, "cache_read_audio", 1000000) \
	METER(CACHE_READ_IMAGE, "cache_read_image", 1000000) \
	METER(CACHE_READ_VIDEO, "cache_read_video", 1000000) \
	METER(OUTPUT_AUDIO, "output_audio", 1000000) \
	METER(OUTPUT_IMAGE, "output_image", 1000000) \
	METER(OUTPUT_VIDEO, "output_video", 1000000) \
	METER(INPUT_TOOL, "input_tool", 1000000) \
	METER(REQUEST, "request", 1) \
	METER(WEB_SEARCH, "web_search", 1) \
	METER(WEB_FETCH, "web_fetch", 1) \
	METER(GROUNDED_PROMPT, "grounded_prompt", 1) \
	METER(FILE_SEARCH, "file_search", 1) \
	METER(CODE_SESSION, "code_session", 1) \
	METER(RERANK_SEARCH, "rerank_search", 1) \
	METER(IMAGE, "image", 1) \
	METER(PAGE, "page", 1) \
	METER(CHAR_IN, "char_in", 1000000) \
	METER(CHAR_OUT, "char_out", 1000000) \
	METER(AUDIO_S_IN, "audio_s_in", 3600) \
	METER(AUDIO_S_OUT, "audio_s_out", 3600) \
	METER(VIDEO_S, "video_s", 1) \
	METER(GPU_S, "gpu_s", 3600)

enum meter {
#define METER_ID(id, name, block) METER_##id,
	METERS(METER_ID)
#undef METER_ID
	METER_MAX,
	METER_TOKENS_MAX = METER_REQUEST,
};

/*
 * A vector of counts. `present` tells zero (reported as 0) from absent (not reported). Input side:
 * INPUT, CACHE_*, INPUT_*. Output side: OUTPUT (visible), REASONING (on top of it), CITATION,
 * OUTPUT_*.
 */
struct meters {
	u64 present;			/* bit per enum meter */
	u64 count[METER_MAX];
};

static inline bool meters_has(const struct meters *m, enum meter id)
{
	return m->present >> id & 1;
}

static inline void meters_set(struct meters *m, enum meter id, u64 count)
{
	m->present |= 1ull << id;
	m->count[id] = count;
}

const char *meter_name(enum meter id);
u64 meter_block(enum meter id);
int meter_find(struct str name, enum meter *ret);		/* -ENOENT */

/* Whether anything of the side is told at all. */
bool meters_has_input(const struct meters *m);
bool meters_has_output(const struct meters *m);

/* The inclusive OpenTelemetry totals: all tokens sent to, and all tokens made by the model. */
u64 meters_input_total(const struct meters *m);
u64 meters_output_total(const struct meters *m);

#endif
