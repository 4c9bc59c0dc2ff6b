/* SPDX-License-Identifier: Apache-2.0 */
/* Unknown hosts: what proves a call. What does not is in test_imitation.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "llm_expect.h"

#define GATEWAY .host = "10.0.0.7:8080"
#define ASKED   .request = "{'messages':[{'role':'user'}],'model':'m'}"

static const struct {
	const char *what, *provider;
	struct feed feed;
} proven[] = {
	{"answer without the request",
	 "openai",
	 {GATEWAY, .response = "{'object':'chat.completion','choices':[]}"}},
	{"choices and usage",
	 "openai",
	 {GATEWAY, .response = "{'choices':[],'usage':{'prompt_tokens':1}}"}},
	{"stream chunk",
	 "openai",
	 {GATEWAY, .sse = "data: {'object':'chat.completion.chunk','choices':[]}\n\n"}},
	{"request, and an error", "openai", {GATEWAY, ASKED, .status = 404, .response = "no"}},
	{"request, and an error in good guise",
	 "openai",
	 {GATEWAY, ASKED, .response = "{'error':{'code':'x'}}"}},
	{"request, and no answer",
	 "openai",
	 {GATEWAY, ASKED, .status = -1, .flags = EXCHANGE_F_NO_RESPONSE}},
	{"request, and an answer that could not be read",
	 "openai",
	 {GATEWAY, ASKED, .flags = EXCHANGE_F_DECODE_FAILED}},
	{"embeddings",
	 "openai",
	 {GATEWAY, .path = "/v1/embeddings", .response = "{'data':[],'model':'e'}"}},
	{"responses event",
	 "openai",
	 {GATEWAY, .path = "/openai/v1/responses",
	  .sse = "data: {'type':'response.created','response':{'id':'r'}}\n\n"}},
	{"view",
	 "openai",
	 {GATEWAY, .method = "GET", .path = "/v1/responses/r",
	  .response = "{'object':'response'}"}},
	{"message",
	 "anthropic",
	 {GATEWAY, .path = "/v1/messages",
	  .response = "{'type':'message','usage':{'input_tokens':1}}"}},
	{"message stream",
	 "anthropic",
	 {GATEWAY, .path = "/anthropic/v1/messages",
	  .sse = "data: {'type':'message_start','message':{'usage':{'input_tokens':1}}}\n\n"}},
	{"counting",
	 "anthropic",
	 {GATEWAY, ASKED, .path = "/v1/messages/count_tokens", .response = "{'input_tokens':3}"}},
	{"prompt that was blocked",
	 "gemini",
	 {GATEWAY, .path = "/v1beta/models/g:generateContent",
	  .request = "{'contents':[{'parts':[]}]}",
	  .response = "{'promptFeedback':{'blockReason':'SAFETY'},'modelVersion':'g'}"}},
	{"header of the provider",
	 "anthropic",
	 {GATEWAY, .path = "/v1/messages", .response = "{}",
	  .header = {{HTTP_RESPONSE, HTTP_H_ANTHROPIC_ORGANIZATION_ID, "org"}}}},
	{"header of a gateway",
	 "openai",
	 {GATEWAY, .status = 500, .header = {{HTTP_RESPONSE, HTTP_H_X_LITELLM_CALL_ID, "c"}}}},
};

static void test_proven(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(proven); i++) {
		for (unsigned int way = 0; way < 3; way++) {
			struct fed r = llm_feed(NULL, &proven[i].feed, way);

			if (r.calls != 1 || !r.is_call)
				fail_msg("%s: %d calls", proven[i].what, r.calls);
			assert_true(str_eq(r.call.provider, str_of(proven[i].provider)));
			assert_true(r.call.flags & CALL_F_SHAPE);
			fed_free(&r);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_proven)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
