/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a response's headers tell of its provider, usage, model, tier and place. Where the body
 * tells it too, the body is believed: it is the newer and the finer one.
 */
#include "llm/state.h"

static struct str answer(const struct exchange *x, enum http_header h)
{
	return x->header[HTTP_RESPONSE][h];
}

/* --- whose host it is ------------------------------------------------------------------------ */

/* vLLM's ids are 32 hexadecimal digits; OpenAI's are not, and a proxy's have dashes. */
static bool is_vllm_id(struct str id)
{
	static const char *const prefixes[] = {"chatcmpl-", "chat-", "cmpl-"};

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		struct str rest = str_cut(id, strlen(prefixes[i]), id.n);
		size_t n = 0;

		if (!str_starts(id, str_of(prefixes[i])))
			continue;
		while (n < rest.n && strchr("0123456789abcdef", rest.p[n]))
			n++;
		if (n == 32 && n == rest.n)
			return true;
	}
	return false;
}

const char *headers_provider(const struct exchange *x)
{
	static const struct {
		enum http_header header;
		const char *provider;
	} told[] = {
		{HTTP_H_ANTHROPIC_ORGANIZATION_ID, "anthropic"},
		{HTTP_H_MISTRAL_CORRELATION_ID, "mistral"},
		{HTTP_H_X_GROQ_REGION, "groq"},
		{HTTP_H_INFERENCE_ID, "cerebras"},
		{HTTP_H_X_GENERATION_ID, "openrouter"},
		{HTTP_H_X_AMZN_BEDROCK_INVOCATION_LATENCY, "bedrock"},
		{HTTP_H_X_AMZN_BEDROCK_INPUT_TOKEN_COUNT, "bedrock"},
		{HTTP_H_X_GEMINI_SERVICE_TIER, "gemini"},
		{HTTP_H_X_MS_SERVED_MODEL, "azure"},
		{HTTP_H_X_MS_DEPLOYMENT_NAME, "azure"},
		{HTTP_H_OPENAI_PROCESSING_MS, "openai"},
	};

	for (size_t i = 0; i < ARRAY_LEN(told); i++)
		if (answer(x, told[i].header).p)
			return told[i].provider;
	return NULL;
}

/* A server that one runs oneself names itself, or is known by its ids and clocks. */
static const char *own_server(const struct llm_state *s, const struct exchange *x)
{
	bool is_openai = s->endpoint->paths == PATHS_OPENAI || s->endpoint->paths == PATHS_TGI;

	if (str_starts(answer(x, HTTP_H_SERVER), STR("llama.cpp")) ||
	    (is_openai && s->has_metrics))
		return "llamacpp";
	if (answer(x, HTTP_H_X_COMPUTE_TYPE).p && answer(x, HTTP_H_X_PROMPT_TOKENS).p)
		return "tgi";
	if (is_openai && str_eq_nocase(answer(x, HTTP_H_SERVER), STR("uvicorn")) &&
	    !answer(x, HTTP_H_X_LITELLM_CALL_ID).p && is_vllm_id(s->call.response_id))
		return "vllm";
	return NULL;
}

static void take_provider(struct llm_state *s, const struct exchange *x)
{
	const char *name;

	if (s->provider)
		return;
	name = own_server(s, x);
	if (name)
		s->call.billing = BILLING_SELF_HOSTED;
	else
		name = headers_provider(x);
	if (name)
		s->call.provider = str_of(name);
}

/* --- usage ----------------------------------------------------------------------------------- */

static const struct {
	enum http_header header;
	enum counter counter;
} header_counts[] = {
	{HTTP_H_X_AMZN_BEDROCK_INPUT_TOKEN_COUNT, CTR_INPUT},
	{HTTP_H_X_AMZN_BEDROCK_OUTPUT_TOKEN_COUNT, CTR_OUTPUT},
	{HTTP_H_X_AMZN_BEDROCK_CACHE_READ_INPUT_TOKEN_COUNT, CTR_CACHE_READ},
	{HTTP_H_X_AMZN_BEDROCK_CACHE_WRITE_INPUT_TOKEN_COUNT, CTR_CACHE_WRITE},
	{HTTP_H_X_PROMPT_TOKENS, CTR_INPUT},
	{HTTP_H_X_GENERATED_TOKENS, CTR_OUTPUT},
};

/*
 * Bedrock (Invoke), TGI; Cohere's num_tokens is input and output together, which tells the parts
 * only where nothing is made. True when they count: the body told nothing, or was cut short.
 */
bool headers_usage(struct llm_state *s, const struct exchange *x)
{
	struct usage told = {0};
	struct str both = answer(x, HTTP_H_NUM_TOKENS);

	for (size_t i = 0; i < ARRAY_LEN(header_counts); i++)
		if (answer(x, header_counts[i].header).p)
			usage_read(&told, header_counts[i].counter,
				   answer(x, header_counts[i].header));
	if (!both.p)
		both = answer(x, HTTP_H_NUM_TOKENS_DASH);
	if (both.p && s->endpoint->paths == PATHS_COHERE && s->endpoint->family == FAMILY_INPUT)
		usage_read(&told, CTR_INPUT, both);
	if (!told.present || told.broken)
		return false;
	/* a whole body that counts but a part is the finer one in that */
	if (s->usage_cnt && !s->is_broken && !s->is_started_only)
		usage_replace(&told, &s->usage);
	s->is_from_header = !s->usage_cnt || s->is_broken || !usage_has(&s->usage, CTR_INPUT);
	s->usage = told;
	s->usage_cnt++;
	s->is_started_only = false;
	s->hop_cnt = 0;
	return true;
}

/* --- the rest -------------------------------------------------------------------------------- */

static void take_model(struct llm_state *s, const struct exchange *x)
{
	static const enum http_header names[] = {HTTP_H_X_MS_SERVED_MODEL, HTTP_H_OPENAI_MODEL};

	for (size_t i = 0; i < ARRAY_LEN(names) && !s->call.model_served.n; i++)
		state_set(s, &s->call.model_served, answer(x, names[i]));
}

static void take_tier(struct llm_state *s, const struct exchange *x)
{
	struct call *call = &s->call;

	if (!call->service_tier.n)
		state_set(s, &call->service_tier, answer(x, HTTP_H_X_GEMINI_SERVICE_TIER));
	if (!call->service_tier.n)
		state_set(s, &call->service_tier, answer(x, HTTP_H_X_AMZN_BEDROCK_SERVICE_TIER));
	if (!call->service_tier.n && !s->asked_tier.n)
		state_set(s, &s->asked_tier,
			  x->header[HTTP_REQUEST][HTTP_H_X_AMZN_BEDROCK_SERVICE_TIER]);
	if (!call->speed.n)
		state_set(s, &call->speed,
			  answer(x, HTTP_H_X_AMZN_BEDROCK_PERFORMANCECONFIG_LATENCY));
	if (!call->speed.n && !s->asked_speed.n)
		state_set(s, &s->asked_speed,
			  x->header[HTTP_REQUEST][HTTP_H_X_AMZN_BEDROCK_PERFORMANCECONFIG_LATENCY]);
	if (!call->geo.n)
		state_set(s, &call->geo, answer(x, HTTP_H_X_MS_REGION));
	if (str_eq_nocase(answer(x, HTTP_H_X_MS_IS_SPILLED_OVER), STR("true")))
		call->flags |= CALL_F_SPILLED;
}

/* "ThrottlingException:http://internal.amazon.com/coral/..." */
static void take_error(struct llm_state *s, const struct exchange *x)
{
	struct str type = answer(x, HTTP_H_X_AMZN_ERRORTYPE);

	if (x->status >= 400 && !s->call.error_type.n)
		state_set(s, &s->call.error_type, str_cut(type, 0, str_find_char(type, ':')));
}

/* A gateway that tried on its own account says so. */
static void take_attempts(struct llm_state *s, const struct exchange *x)
{
	u64 n;

	if (!str_to_u64(answer(x, HTTP_H_X_LITELLM_ATTEMPTED_FALLBACKS), &n) && n <= UINT32_MAX)
		s->call.fallback_depth = (u32)n;
	if (!str_to_u64(answer(x, HTTP_H_X_LITELLM_ATTEMPTED_RETRIES), &n) && n <= UINT32_MAX)
		s->call.gateway_retries = (u32)n;
}

void headers_done(struct llm_state *s, const struct exchange *x)
{
	take_provider(s, x);
	take_model(s, x);
	take_tier(s, x);
	take_error(s, x);
	take_attempts(s, x);
}
