/* SPDX-License-Identifier: Apache-2.0 */
/* Who asked, with what key, in which session: what the headers and one request field tell. */
#include "llm/state.h"

#include <stdlib.h>

/* A user agent is cut rather than left out: its beginning is what names the client. */
#define AGENT_MAX LLM_TEXT_MAX

/* HTTP/2 carries what HTTP/1.1 carries, so a header value has its size; lists may be longer. */
#define LIST_TEXT_MAX 8192

static struct str header(const struct exchange *x, enum http_dir dir, enum http_header h)
{
	return x->header[dir][h];
}

/* The first of two headers that says something. */
static struct str either(struct llm_state *s, struct str a, struct str b)
{
	struct str text = state_text(s, a);

	return text.p ? text : state_text(s, b);
}

static struct str list_text(struct str s)
{
	return s.n <= LIST_TEXT_MAX ? s : STR_NONE;
}

/* --- request --------------------------------------------------------------------------------- */

/* Lower case without ":443": the port is kept when it is not the scheme's. */
static struct str host_text(struct llm_state *s, struct str authority)
{
	struct str host = state_text(s, authority);
	char *p = (char *)(uintptr_t)host.p;	/* the arena's own copy */

	for (size_t i = 0; i < host.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] + ('a' - 'A'));
	if (str_ends(host, STR(":443")))
		host.n -= 4;
	return host;
}

/* "Credential=AKID/20261122/us-east-1/bedrock/aws4_request, ...": the rest changes every time. */
static void take_aws_key(struct call *call, struct str rest)
{
	struct str key = str_cut(rest, sizeof("Credential=") - 1, rest.n);

	if (!str_starts(str_trim(rest), STR("Credential=")))
		return;
	call->credential = str_cut(key, 0, str_find_char(key, '/'));
	call->credential_scheme = STR("aws4");
}

static void take_credential(struct call *call, const struct exchange *x)
{
	static const struct {
		enum http_header header;
		const char *scheme;
	} keys[] = {
		{HTTP_H_X_API_KEY, "x-api-key"},
		{HTTP_H_API_KEY, "api-key"},
		{HTTP_H_X_GOOG_API_KEY, "x-goog-api-key"},
	};
	struct str rest = str_trim(header(x, HTTP_REQUEST, HTTP_H_AUTHORIZATION)), word;

	if (rest.n && str_next(&rest, ' ', &word) && rest.p) {
		bool is_bearer = str_eq_nocase(word, STR("bearer"));

		call->credential = str_trim(rest);
		call->credential_scheme = is_bearer ? STR("bearer") : STR("authorization");
		if (str_eq(word, STR("AWS4-HMAC-SHA256")))
			take_aws_key(call, rest);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct str key = str_trim(header(x, HTTP_REQUEST, keys[i].header));

		if (!key.n)
			continue;
		call->credential = key;
		call->credential_scheme = str_of(keys[i].scheme);
		return;
	}
}

/*
 * Metered unless something says otherwise: a subscription's host or token, the customer's own key
 * at a gateway (assemble.c), a server that names itself as self-hosted. A loopback address alone
 * says nothing: a gateway may stand there.
 */
static void take_billing(struct llm_state *s, const struct exchange *x)
{
	struct call *call = &s->call;

	if (call->billing != BILLING_UNKNOWN)
		return;
	if (s->provider && s->provider->billing != BILLING_UNKNOWN)
		call->billing = s->provider->billing;
	else if (str_starts(call->credential, STR("sk-ant-oat")))
		call->billing = BILLING_SUBSCRIPTION;
	else if (s->is_billed_to_profile)
		call->billing = BILLING_BYOK;		/* an account of somebody else's pays */
	else if (str_starts(header(x, HTTP_RESPONSE, HTTP_H_SERVER), STR("llama.cpp")))
		call->billing = BILLING_SELF_HOSTED;
	else
		call->billing = BILLING_METERED;
}

/* "attempt=2; max=3" */
static struct str sdk_attempt(const struct exchange *x)
{
	struct str rest = header(x, HTTP_REQUEST, HTTP_H_AMZ_SDK_REQUEST), part;

	while (str_next(&rest, ';', &part)) {
		part = str_trim(part);
		if (str_starts(part, STR("attempt=")))
			return str_cut(part, sizeof("attempt=") - 1, part.n);
	}
	return STR_NONE;
}

static void take_retry(struct llm_state *s, const struct exchange *x)
{
	struct call *call = &s->call;
	u64 n;

	if (!str_to_u64(header(x, HTTP_REQUEST, HTTP_H_X_STAINLESS_RETRY_COUNT), &n) &&
	    n <= UINT32_MAX)
		call->retry_seq = (u32)n;
	else if (!str_to_u64(sdk_attempt(x), &n) && n && n <= UINT32_MAX)
		call->retry_seq = (u32)n - 1;
	else
		return;
	s->has_attempt = true;
}

/* --- session --------------------------------------------------------------------------------- */

static void on_session(void *arg, const struct json_event *e)
{
	struct llm_state *s = arg;

	if (e->type == JSON_T_STRING && !e->is_cut)
		state_set(s, &s->call.session_id, e->text);
}

/*
 * Claude Code puts its session into metadata.user_id, newer ones as JSON in a string, older ones as
 * user_<hash>_account_<uuid>_session_<uuid>.
 */
static void session_of_user(struct llm_state *s)
{
	static const char mark[] = "_session_";
	struct str id = s->user_id;

	if (str_starts(id, STR("{"))) {
		struct json *json = &s->request;	/* the request is over */

		json_init(json, s->session_paths, on_session, s);
		json_feed(json, id.p, id.n);
		return;
	}
	for (size_t i = 0; i + sizeof(mark) - 1 < id.n; i++)
		if (str_starts(str_cut(id, i, id.n), STR("_session_")))
			state_set(s, &s->call.session_id,
				  str_cut(id, i + sizeof(mark) - 1, id.n));
}

static void take_session(struct llm_state *s, const struct exchange *x)
{
	static const enum http_header headers[] = {
		HTTP_H_X_CLAUDE_CODE_SESSION_ID,
		HTTP_H_SESSION_ID,
		HTTP_H_SESSION_ID_UNDERSCORE,
		HTTP_H_X_OPENCODE_SESSION_ID,
	};
	struct call *call = &s->call;

	for (size_t i = 0; i < ARRAY_LEN(headers) && !call->session_id.n; i++)
		state_set(s, &call->session_id, header(x, HTTP_REQUEST, headers[i]));
	if (call->session_id.n) {
		call->session_source = STR("header");
		return;
	}
	if (s->endpoint->assembly == ASSEMBLE_ANTHROPIC)
		session_of_user(s);
	if (call->session_id.n)
		call->session_source = STR("body");
}

/* --- what the path tells --------------------------------------------------------------------- */

/* "anthropic.claude-v2%3A1" */
static struct str percent_text(struct llm_state *s, struct str text)
{
	char out[LLM_TEXT_MAX];
	struct str plain;

	return str_unescape(text, out, sizeof(out), &plain) ? state_text(s, plain) : STR_NONE;
}

/* One parameter of the query; nothing else of it is ever looked at. */
static struct str query_value(struct str query, struct str name)
{
	struct str part;

	while (str_next(&query, '&', &part))
		if (str_starts(part, name) && part.n > name.n && part.p[name.n] == '=')
			return str_cut(part, name.n + 1, part.n);
	return STR_NONE;
}

/* The model stands in the path at Google and Bedrock, as a deployment at Azure. */
static void take_path_model(struct llm_state *s, const struct exchange *x)
{
	struct call *call = &s->call;
	struct str model = dialect_path_model(s->endpoint, x->path);

	if (str_eq(call->provider, STR("azure")))
		model = dialect_segment(x->path, "deployments");
	else if (str_eq(call->provider, STR("deepgram")))
		model = query_value(x->query, STR("model"));
	if (s->endpoint->flags & ENDPOINT_F_SOCKET) {
		model = query_value(x->query, STR("model"));
		if (!model.n)
			model = query_value(x->query, STR("deployment"));
	}
	call->model_requested = percent_text(s, model);
	if (str_eq(call->provider, STR("bedrock")))
		call->geo = bedrock_geo(call->model_requested);
	else if (str_eq(call->provider, STR("vertex")))
		call->geo = state_text(s, dialect_segment(x->path, "locations"));
	if (call->model_requested.n && s->endpoint->flags & ENDPOINT_F_MODEL)
		s->asked_proof |= PROOF_MODEL;
}

/* A gateway that only passes through names in its path, or in a header, who is billed. */
static void take_upstream(struct call *call, const struct exchange *x)
{
	static const struct {
		const char *told;
		const char *provider;
	} names[] = {
		{"openai", "openai"},		{"anthropic", "anthropic"},
		{"azure-openai", "azure"},	{"google-ai-studio", "gemini"},
		{"google-vertex-ai", "vertex"}, {"aws-bedrock", "bedrock"},
		{"bedrock", "bedrock"},		{"vertex-ai", "vertex"},
		{"google", "gemini"},		{"mistral", "mistral"},
		{"mistral-ai", "mistral"},	{"groq", "groq"},
		{"grok", "xai"},		{"x-ai", "xai"},
		{"cohere", "cohere"},		{"deepseek", "deepseek"},
		{"perplexity-ai", "perplexity"}, {"cerebras", "cerebras"},
		{"openrouter", "openrouter"},	{"replicate", "replicate"},
	};
	struct str path = x->path, told = STR_NONE;

	if (str_eq(call->provider, STR("portkey")))
		told = header(x, HTTP_REQUEST, HTTP_H_X_PORTKEY_PROVIDER);
	/* /v1/{account}/{gateway}/{provider}/... */
	for (int i = 0; str_eq(call->provider, STR("cloudflare-gw")) && i < 5; i++)
		if (!str_next(&path, '/', &told))
			told = STR_NONE;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(told, str_of(names[i].told)))
			call->provider = str_of(names[i].provider);
}

/* --- the three moments ----------------------------------------------------------------------- */

void identity_request(struct llm_state *s, const struct exchange *x)
{
	struct call *call = &s->call;

	call->host = host_text(s, x->authority);
	call->path = state_text(s, x->path);
	call->provider = str_of(s->provider ? s->provider->name : s->endpoint->provider);
	/* nobody else names deployments */
	if (!s->provider && dialect_segment(x->path, "deployments").p)
		call->provider = STR("azure");
	take_upstream(call, x);
	take_path_model(s, x);
}

static void take_request_id(struct llm_state *s, const struct exchange *x)
{
	static const enum http_header ids[] = {
		HTTP_H_X_REQUEST_ID,	HTTP_H_REQUEST_ID,	      HTTP_H_X_AMZN_REQUESTID,
		HTTP_H_APIM_REQUEST_ID, HTTP_H_MISTRAL_CORRELATION_ID, HTTP_H_X_GENERATION_ID,
		HTTP_H_INFERENCE_ID,
	};

	for (size_t i = 0; i < ARRAY_LEN(ids) && !s->call.request_id.n; i++)
		state_set(s, &s->call.request_id, header(x, HTTP_RESPONSE, ids[i]));
}

void identity_done(struct llm_state *s, const struct exchange *x)
{
	struct call *call = &s->call;
	struct str agent = str_cut(header(x, HTTP_REQUEST, HTTP_H_USER_AGENT), 0, AGENT_MAX);

	take_credential(call, x);
	take_billing(s, x);
	take_retry(s, x);
	take_session(s, x);
	call->user_agent = state_text(s, agent);
	call->traceparent = state_text(s, header(x, HTTP_REQUEST, HTTP_H_TRACEPARENT));
	call->tracestate = list_text(header(x, HTTP_REQUEST, HTTP_H_TRACESTATE));
	call->baggage = list_text(header(x, HTTP_REQUEST, HTTP_H_BAGGAGE));
	take_request_id(s, x);
	call->organization = either(s, header(x, HTTP_RESPONSE, HTTP_H_OPENAI_ORGANIZATION),
				    header(x, HTTP_RESPONSE, HTTP_H_ANTHROPIC_ORGANIZATION_ID));
	if (!call->organization.p)
		call->organization =
			state_text(s, header(x, HTTP_REQUEST, HTTP_H_OPENAI_ORGANIZATION));
	call->project = either(s, header(x, HTTP_RESPONSE, HTTP_H_OPENAI_PROJECT),
			       header(x, HTTP_RESPONSE, HTTP_H_ANTHROPIC_WORKSPACE_ID));
	if (!call->project.p)
		call->project = either(s, header(x, HTTP_REQUEST, HTTP_H_OPENAI_PROJECT),
				       header(x, HTTP_REQUEST, HTTP_H_ANTHROPIC_WORKSPACE_ID));
}

/* A header that only an LLM's server or gateway sends. */
bool identity_is_proof(const struct exchange *x)
{
	static const enum http_header ours[] = {
		HTTP_H_OPENAI_ORGANIZATION,
		HTTP_H_X_LITELLM_CALL_ID,
	};

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (header(x, HTTP_RESPONSE, ours[i]).p)
			return true;
	return headers_provider(x) || header(x, HTTP_RESPONSE, HTTP_H_X_COMPUTE_TYPE).p;
}

void identity_cost(struct llm_state *s, const struct exchange *x)
{
	u64 femto;

	if (s->call.has_provider_cost ||
	    usage_parse_femto(header(x, HTTP_RESPONSE, HTTP_H_X_LITELLM_RESPONSE_COST), &femto))
		return;
	s->call.has_provider_cost = true;
	s->call.provider_cost_femto_usd = (s64)femto;
}

/* --- cache ----------------------------------------------------------------------------------- */

/* OpenAI caches prompts of this many tokens and more without being asked. */
#define CACHE_PROMPT_MIN 1024

static bool is_gateway_hit(const struct exchange *x)
{
	static const enum http_header told[] = {
		HTTP_H_CF_AIG_CACHE_STATUS,
		HTTP_H_X_PORTKEY_CACHE_STATUS,
		HTTP_H_HELICONE_CACHE,
	};

	for (size_t i = 0; i < ARRAY_LEN(told); i++)
		if (str_eq_nocase(header(x, HTTP_RESPONSE, told[i]), STR("hit")))
			return true;
	return header(x, HTTP_RESPONSE, HTTP_H_X_LITELLM_CACHE_KEY).n > 0;
}

static u64 meters_of(const struct meters *m, const enum meter *ids, size_t n)
{
	u64 sum = 0;

	for (size_t i = 0; i < n; i++)
		if (meters_has(m, ids[i]))
			sum += m->count[ids[i]];
	return sum;
}

/*
 *   gateway_hit  a gateway says that it answered from its own cache
 *   hit          at least 95 % of the prompt was read from the provider's cache
 *   partial      less, but some
 *   write        nothing read, something written
 *   miss         nothing read or written, though the provider reports cache reads and caches
 *                prompts of this length by itself
 *   none         otherwise: no figure, or no caching asked for
 */
enum cache_status identity_cache(const struct llm_state *s, const struct exchange *x)
{
	static const enum meter reads[] = {METER_CACHE_READ, METER_CACHE_READ_AUDIO,
					   METER_CACHE_READ_IMAGE, METER_CACHE_READ_VIDEO};
	static const enum meter writes[] = {METER_CACHE_WRITE, METER_CACHE_WRITE_5M,
					    METER_CACHE_WRITE_1H};
	const struct meters *m = &s->call.meters;
	u64 read = meters_of(m, reads, ARRAY_LEN(reads));
	u64 prompt = meters_input_total(m);

	if (is_gateway_hit(x))
		return CACHE_GATEWAY_HIT;
	if (read)
		return read * 20 >= prompt * 19 ? CACHE_HIT : CACHE_PARTIAL;
	if (meters_of(m, writes, ARRAY_LEN(writes)))
		return CACHE_WRITTEN;
	if (meters_has(m, METER_CACHE_READ) && s->endpoint->family == FAMILY_INCLUSIVE &&
	    prompt >= CACHE_PROMPT_MIN)
		return CACHE_MISS;
	return CACHE_NONE;
}
