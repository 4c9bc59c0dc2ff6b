/* SPDX-License-Identifier: Apache-2.0 */
/* Which path is which endpoint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "llm/dialect.h"

static void test_endpoints(void **state)
{
	static const struct {
		const char *method, *path, *name;
		u32 flags;
	} rows[] = {
		{"POST", "/v1/chat/completions", "chat", 0},
		{"POST", "/chat/completions", "chat", 0},
		{"POST", "/v1/chat/completions/", "chat", 0},
		{"POST", "/openai/deployments/x/chat/completions", "chat", 0},
		{"POST", "/models/chat/completions", "chat", 0},
		{"GET", "/v1/chat/completions/chatcmpl-1", "chat", ENDPOINT_F_VIEW},
		{"POST", "/v1/completions", "completions", 0},
		{"POST", "/v1/responses", "responses", 0},
		{"POST", "/backend-api/codex/responses", "responses", 0},
		{"POST", "/v1/responses/compact", "compact", 0},
		{"POST", "/v1/responses/input_tokens", "count_tokens", ENDPOINT_F_FREE},
		{"POST", "/v1/responses/resp_1/cancel", "responses", ENDPOINT_F_VIEW},
		{"GET", "/v1/responses/resp_1", "responses", ENDPOINT_F_VIEW},
		{"POST", "/v1/embeddings", "embeddings", 0},
		{"POST", "/v1/moderations", "moderations", ENDPOINT_F_FREE},
		{"POST", "/v1/messages", "messages", 0},
		{"POST", "/anthropic/v1/messages", "messages", 0},
		{"POST", "/v1/messages/count_tokens", "count_tokens", ENDPOINT_F_FREE},
		{"POST", "/v1/images/edits", "images", 0},
		{"POST", "/v1/audio/translations", "transcriptions", 0},
		{"POST", "/v1/audio/speech", "speech", 0},
		{"GET", "/v1/videos/v1", "videos", ENDPOINT_F_JOB | ENDPOINT_F_VIEW},
		{"GET", "/v1/files/f/content", "batch", ENDPOINT_F_LINES},
		{"GET", "/v1/messages/batches/b/results", "batch", ENDPOINT_F_LINES},
		{"POST", "/v1beta/models/g:generateContent", "generate_content", ENDPOINT_F_MODEL},
		{"POST", "/v1internal:generateContent", "generate_content", ENDPOINT_F_MODEL},
		{"POST", "/v1/publishers/google/models/e:predict", "predict", ENDPOINT_F_MODEL},
		{"POST", "/v1/publishers/anthropic/models/c:rawPredict", "messages",
		 ENDPOINT_F_MODEL},
		{"POST", "/v1/publishers/anthropic/models/count-tokens:rawPredict", "count_tokens",
		 ENDPOINT_F_FREE},
		{"POST", "/model/a%2Fb/converse", "converse", ENDPOINT_F_MODEL},
		{"POST", "/model/m/invoke", "invoke", ENDPOINT_F_MODEL},
		{"POST", "/api/chat", "chat", ENDPOINT_F_STREAMS},
		{"POST", "/api/embeddings", "embeddings", 0},
		{"POST", "/v2/chat", "chat", 0},
		{"POST", "/v2/rerank", "rerank", 0},
		{"POST", "/v1/ocr", "ocr", 0},
		{"POST", "/models/:generateContent", NULL, 0},
		{"POST", "/model//converse", NULL, 0},
		{"GET", "/v1/batches/b", NULL, 0},
		{"POST", "/v1/batches", NULL, 0},
		{"POST", "/v1/chat", NULL, 0}, /* nobody's host */
		{"POST", "/v1beta/models/g:predictLongRunning", NULL, 0},
		{"GET", "/v1/chat/completions", NULL, 0},
		{"GET", "/v1/responses", "responses", ENDPOINT_F_SOCKET},
		{"GET", "/openai/v1/realtime", "realtime", ENDPOINT_F_SOCKET},
		{"GET", "/ws/google.ai.generativelanguage.v1beta.GenerativeService"
			".BidiGenerateContent", "live", ENDPOINT_F_SOCKET},
		{"GET", "/ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent", "live",
		 ENDPOINT_F_SOCKET},
		{"GET", "/ws/other/BidiGenerateContent", NULL, 0},
		{"GET", "/v1/responses/r/input_items", NULL, 0},
		{"DELETE", "/v1/responses/r", NULL, 0},
		{"post", "/v1/responses", NULL, 0},
		{"POST", "/v1/threads/t/messages", NULL, 0},
		{"POST", "/api/messages", NULL, 0},
		{"POST", "/v1/xcompletions", NULL, 0},
		{"POST", "/v1/chat/completions2", NULL, 0},
		{"POST", "completions", NULL, 0},
		{"POST", "/", NULL, 0},
		{"POST", "", NULL, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct endpoint *e =
			dialect_endpoint(str_of(rows[i].method), str_of(rows[i].path), NULL);

		if (!e != !rows[i].name)
			fail_msg("%s %s", rows[i].method, rows[i].path);
		if (!e)
			continue;
		assert_string_equal(e->name, rows[i].name);
		assert_int_equal(e->flags, rows[i].flags);
	}
}

static void test_path_model(void **state)
{
	static const char *const rows[][2] = {
		{"/v1beta/models/gemini-2.5-flash:generateContent", "gemini-2.5-flash"},
		{"/v1beta/tunedModels/mine:generateContent", "mine"},
		{"/v1internal:generateContent", NULL},
		{"/model/us.a%3A0/converse-stream", "us.a%3A0"},
		{"/v1/publishers/anthropic/models/c@1:streamRawPredict", "c@1"},
		{"/v1/chat/completions", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str path = str_of(rows[i][0]);
		const struct endpoint *e = dialect_endpoint(STR("POST"), path, NULL);

		assert_true(str_eq(dialect_path_model(e, path), str_of(rows[i][1])));
	}
}

/* A path that only one provider's hosts have. */
static void test_only(void **state)
{
	const struct provider *writer = dialect_provider(STR("api.writer.com"), STR("/v1/chat"));
	const struct provider *cohere = dialect_provider(STR("api.cohere.com"), STR("/v1/chat"));

	assert_int_equal(dialect_endpoint(STR("POST"), STR("/v1/chat"), writer)->paths,
			 PATHS_OPENAI);
	assert_int_equal(dialect_endpoint(STR("POST"), STR("/v1/chat"), cohere)->paths,
			 PATHS_COHERE);
	assert_null(dialect_endpoint(STR("POST"), STR("/v1/chat"), NULL));
}

static void test_deployment(void **state)
{
	assert_true(str_eq(dialect_segment(STR("/openai/deployments/d-1/chat/completions"),
					"deployments"),
			   STR("d-1")));
	assert_null(dialect_segment(STR("/openai/deployments//chat"), "deployments").p);
	assert_null(dialect_segment(STR("/openai/deployments"), "deployments").p);
	assert_null(dialect_segment(STR("/v1/chat/completions"), "deployments").p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_path_model),
		cmocka_unit_test(test_only),
		cmocka_unit_test(test_deployment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
