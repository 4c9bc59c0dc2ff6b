/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names under which facts of a call leave as OpenTelemetry attributes. One table, so that
 * another dialect is another column, and nothing else in the room spells a name.
 *
 * A name that ends in '.' is a prefix: the meter or tag follows.
 */
#ifndef TOLLTAP_OTLP_NAMES_H
#define TOLLTAP_OTLP_NAMES_H

#include "base/str.h"

#define OTLP_NAMES(NAME) \
	/* the call */ \
	NAME(OPERATION, "gen_ai.operation.name") \
	NAME(PROVIDER, "gen_ai.provider.name") \
	NAME(REQUEST_MODEL, "gen_ai.request.model") \
	NAME(REQUEST_STREAM, "gen_ai.request.stream") \
	NAME(RESPONSE_MODEL, "gen_ai.response.model") \
	NAME(RESPONSE_ID, "gen_ai.response.id") \
	NAME(FINISH_REASONS, "gen_ai.response.finish_reasons") \
	NAME(FIRST_CHUNK, "gen_ai.response.time_to_first_chunk") \
	NAME(INPUT_TOKENS, "gen_ai.usage.input_tokens") \
	NAME(OUTPUT_TOKENS, "gen_ai.usage.output_tokens") \
	NAME(CACHE_READ_TOKENS, "gen_ai.usage.cache_read.input_tokens") \
	NAME(CACHE_WRITE_TOKENS, "gen_ai.usage.cache_write.input_tokens") \
	NAME(REASONING_TOKENS, "gen_ai.usage.reasoning.output_tokens") \
	NAME(CONVERSATION_ID, "gen_ai.conversation.id") \
	NAME(SERVICE_TIER, "openai.response.service_tier") \
	NAME(ERROR_TYPE, "error.type") \
	NAME(ERROR_CODE, "tolltap.error.code") \
	/* the exchange */ \
	NAME(SERVER_ADDRESS, "server.address") \
	NAME(SERVER_PORT, "server.port") \
	NAME(HTTP_STATUS, "http.response.status_code") \
	NAME(HTTP_RESEND, "http.request.resend_count") \
	NAME(USER_AGENT, "user_agent.original") \
	/* money and where it comes from */ \
	NAME(COST, "gen_ai.usage.cost") \
	NAME(COST_NOTIONAL, "tolltap.cost.notional") \
	NAME(COST_STATUS, "tolltap.cost.status") \
	NAME(COST_REASON, "tolltap.cost.reason") \
	NAME(COST_UNPRICED, "tolltap.cost.unpriced_meters") \
	NAME(COST_BILLING, "tolltap.cost.billing") \
	NAME(COST_AMOUNT, "tolltap.cost.amount") \
	NAME(COST_LIST, "tolltap.cost.list") \
	NAME(COST_COMPUTED, "tolltap.cost.computed") \
	NAME(COST_CACHE_SAVING, "tolltap.cost.cache_saving") \
	NAME(COST_CARD, "tolltap.cost.card") \
	NAME(COST_CARD_VERSION, "tolltap.cost.card_version") \
	NAME(COST_RATE, "tolltap.cost.rate") \
	NAME(COST_MATCH, "tolltap.cost.match") \
	NAME(COST_SOURCE, "tolltap.cost.source") \
	NAME(COST_METERS, "tolltap.cost.meters.") \
	NAME(TOKENS, "tolltap.tokens.") \
	NAME(UNITS, "tolltap.units.") \
	NAME(USAGE_SOURCE, "tolltap.usage.source") \
	NAME(COMPLETENESS, "tolltap.usage.completeness") \
	NAME(CACHE_STATUS, "tolltap.cache.status") \
	/* whose it is */ \
	NAME(SESSION_ID, "tolltap.session.id") \
	NAME(SESSION_SOURCE, "tolltap.session.source") \
	NAME(TAG, "tolltap.tag.") \
	NAME(CREDENTIAL_HASH, "tolltap.credential.hash") \
	NAME(CREDENTIAL_ORG, "tolltap.credential.org") \
	NAME(CREDENTIAL_PROJECT, "tolltap.credential.project") \
	NAME(TLS_STACK, "tolltap.tls.stack") \
	NAME(FLAGS, "tolltap.flags") \
	/* the process: its resource */ \
	NAME(SERVICE_NAME, "service.name") \
	NAME(PROCESS_PID, "process.pid") \
	NAME(PROCESS_START, "process.creation.time") \
	NAME(PROCESS_NAME, "process.executable.name") \
	NAME(PROCESS_PATH, "process.executable.path") \
	NAME(PROCESS_PPID, "process.parent_pid") \
	NAME(PROCESS_UID, "process.user.id") \
	NAME(CONTAINER_ID, "container.id") \
	NAME(CONTAINER_RUNTIME, "container.runtime.name") \
	NAME(CONTAINER_PARENT, "tolltap.container.parent_id") \
	NAME(K8S_NAMESPACE, "k8s.namespace.name") \
	NAME(K8S_POD, "k8s.pod.name") \
	NAME(K8S_POD_UID, "k8s.pod.uid") \
	NAME(K8S_CONTAINER, "k8s.container.name") \
	NAME(REPOSITORY, "vcs.repository.name") \
	NAME(BRANCH, "vcs.ref.head.name") \
	NAME(COMMIT, "vcs.ref.head.revision") \
	NAME(HOST_NAME, "host.name") \
	NAME(SDK_NAME, "telemetry.sdk.name") \
	NAME(SDK_VERSION, "telemetry.sdk.version") \
	NAME(DISTRO_NAME, "telemetry.distro.name") \
	NAME(DISTRO_VERSION, "telemetry.distro.version")

enum otlp_name {
#define OTLP_NAME_ID(id, text) OTLP_##id,
	OTLP_NAMES(OTLP_NAME_ID)
#undef OTLP_NAME_ID
	OTLP_NAME_MAX,
};

const char *otlp_name(enum otlp_name id);

/* tolltap's word for a provider -> gen_ai.provider.name; unlisted ones keep their own. */
struct str otlp_provider(struct str provider);

#endif
