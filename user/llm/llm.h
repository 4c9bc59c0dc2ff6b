/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides whether an exchange is an LLM call and of which API, and reads model and usage out of it.
 *
 * Dialects are rows of tables (llm/dialect.h): host / path / body shape -> JSON paths, assembly
 * rule, arithmetic family. JSON is matched by path while it streams (base/json.h): no document is
 * ever held, prompt text that imitates usage never matches. Malformed traffic moves a counter and
 * marks the call. Pipeline thread only.
 */
#ifndef TOLLTAP_LLM_H
#define TOLLTAP_LLM_H

#include "http/http.h"
#include "llm/call.h"

struct llm;

struct llm_ops {
	/* once per LLM exchange */
	void (*on_call)(void *arg, const struct exchange *x, const struct call *call);
};

struct llm *llm_new(const struct llm_ops *ops, void *arg);
void llm_free(struct llm *l);

/*
 * These mirror http_ops; llm_on_request returns whether the exchange may be an LLM call (bodies
 * wanted).
 */
bool llm_on_request(struct llm *l, struct exchange *x);
void llm_on_response(struct llm *l, struct exchange *x);
void llm_on_unit(struct llm *l, struct exchange *x, enum http_dir dir, enum unit_step step,
		 struct str s);
void llm_on_done(struct llm *l, struct exchange *x);

/* Whether a provider's host by name alone, lower case; "host:port" is fine. */
bool llm_knows_host(struct str host);

/* Whether this exchange is (so far) taken for an LLM call: the pipeline's verdict follows it. */
bool llm_is_call(const struct exchange *x);

#endif
