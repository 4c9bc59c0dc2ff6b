/* SPDX-License-Identifier: Apache-2.0 */
/* Forms: the model stands in a part of its own, a file that looks like one says nothing (T43). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "llm_expect.h"

#define SOUND .path = "/v1/audio/transcriptions"

static void test_fields(void **state)
{
	static const struct feed f = {
		SOUND,
		.form = "file=RIFFmodel=evil{'model':'evil'}"
			"\nmodel=gpt-4o-transcribe\nlanguage=en\n"
			"stream=true",
		.sse = "data: {'type':'transcript.text.delta','delta':'hi'}\n\n"
		       "data: {'type':'transcript.text.done','text':'hi','usage':{'type':'tokens',"
		       "'input_tokens':30,'output_tokens':4,'total_tokens':34,"
		       "'input_token_details':{'audio_tokens':25,'text_tokens':5}}}\n\n",
	};

	for (unsigned int way = 0; way < FEED_WAYS; way++) {
		struct fed r = llm_feed(NULL, &f, way);

		TEXT(r.call.model_requested, "gpt-4o-transcribe");
		TEXT(r.call.endpoint, "transcriptions");
		HAS(r, INPUT_AUDIO, 25);
		HAS(r, INPUT, 5);
		HAS(r, OUTPUT, 4);
		IS(r, completeness, COMPLETE_EXACT);
		fed_free(&r);
	}
}

/* A name as long as the buffer is cut, and nobody's model. */
static void test_long(void **state)
{
	char form[1024] = "model=";
	struct feed f = {SOUND, .form = form, .response = "{'text':''}"};
	struct fed r;

	memset(form + 6, 'm', 600);
	r = llm_feed(NULL, &f, 3);
	assert_null(r.call.model_requested.p);
	fed_free(&r);
}

static void test_seconds(void **state)
{
	static const struct {
		const char *response;
		u64 seconds;
	} rows[] = {
		{"{'text':'x','usage':{'type':'duration','seconds':7}}", 7},
		{"{'text':'x','usage':{'type':'duration','seconds':7.5}}", 8},
		{"{'task':'transcribe','duration':3.2,'text':'x'}", 3},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct feed f = {SOUND, .form = "model=whisper-1", .response = rows[i].response};
		struct fed r = llm_feed(NULL, &f, 1);

		HAS(r, AUDIO_S_IN, rows[i].seconds);
		IS(r, completeness, COMPLETE_EXACT);
		fed_free(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
