/* SPDX-License-Identifier: Apache-2.0 */
/* OTEL_* variables: what each asks for, and what makes no sense. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "sink/otlp_env.h"
#include "sink/otlp_text.h"

static const char *const *environment;

static const char *fake_getenv(const char *name)
{
	size_t n = strlen(name);

	for (const char *const *e = environment; *e; e++)
		if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
			return *e + n + 1;
	return NULL;
}

/* The variables of one case, "NAME=value", NULL-terminated. */
#define ENV(...) ((const char *const[]){__VA_ARGS__, NULL})

static int read_env(const char *const *env, struct otlp_config *ret)
{
	environment = env;
	return otlp_config_read(fake_getenv, ret);
}

static void expect_exporter(const char *const *env, enum otlp_exporter exporter, const char *url)
{
	struct otlp_config c;

	assert_int_equal(read_env(env, &c), 0);
	assert_int_equal(c.exporter, exporter);
	if (url)
		assert_string_equal(c.url, url);
	else
		assert_null(c.url);
	otlp_config_fini(&c);
}

#define E "OTEL_EXPORTER_OTLP_"

static void test_which(void **state)
{
	expect_exporter(ENV("X=1"), OTLP_EXPORT_NONE, NULL);
	expect_exporter(ENV(E "ENDPOINT="), OTLP_EXPORT_NONE, NULL);
	expect_exporter(ENV(E "ENDPOINT=http://c:4318"), OTLP_EXPORT_OTLP,
			"http://c:4318/v1/traces");
	expect_exporter(ENV(E "ENDPOINT=https://c/x//"), OTLP_EXPORT_OTLP, "https://c/x/v1/traces");
	expect_exporter(ENV(E "TRACES_ENDPOINT=http://c:1/my", E "ENDPOINT=http://d"),
			OTLP_EXPORT_OTLP, "http://c:1/my");
	expect_exporter(ENV("OTEL_TRACES_EXPORTER=otlp"), OTLP_EXPORT_OTLP,
			"http://localhost:4318/v1/traces");
	expect_exporter(ENV("OTEL_TRACES_EXPORTER=none", E "ENDPOINT=http://c"), OTLP_EXPORT_NONE,
			NULL);
	expect_exporter(ENV("OTEL_TRACES_EXPORTER=console", E "ENDPOINT=http://c"),
			OTLP_EXPORT_CONSOLE, NULL);
	expect_exporter(ENV("OTEL_TRACES_EXPORTER=zipkin"), OTLP_EXPORT_NONE, NULL);
	expect_exporter(ENV("OTEL_SDK_DISABLED=TRUE", E "ENDPOINT=http://c"), OTLP_EXPORT_NONE,
			NULL);
	expect_exporter(ENV("OTEL_SDK_DISABLED=yes", E "ENDPOINT=http://c"), OTLP_EXPORT_OTLP,
			"http://c/v1/traces");
}

static void test_refused(void **state)
{
	struct otlp_config c;

	assert_int_equal(read_env(ENV(E "ENDPOINT=http://c", E "PROTOCOL=grpc"), &c), -EINVAL);
	otlp_config_fini(&c);
	assert_int_equal(read_env(ENV(E "ENDPOINT=c:4317"), &c), -EINVAL);
	otlp_config_fini(&c);
	assert_int_equal(read_env(ENV(E "ENDPOINT=http://c", E "PROTOCOL=http/protobuf"), &c), 0);
	otlp_config_fini(&c);
}

static void test_values(void **state)
{
	struct otlp_config c;

	assert_int_equal(read_env(ENV(E "ENDPOINT=http://c", E "TIMEOUT=250",
				      E "TRACES_COMPRESSION=gzip", E "COMPRESSION=none",
				      E "HEADERS=a=1,b=%20x%2C", "OTEL_SERVICE_NAME=shop",
				      "OTEL_RESOURCE_ATTRIBUTES=service.name=no,k=v%3D,k=again",
				      E "CERTIFICATE=/ca.pem"), &c), 0);
	assert_int_equal(c.timeout_ms, 250);
	assert_true(c.is_gzip);
	assert_int_equal(c.headers.n, 2);
	assert_string_equal(otlp_pairs_get(&c.headers, "b"), " x,");
	assert_int_equal(c.resource.n, 2);
	assert_string_equal(otlp_pairs_get(&c.resource, "service.name"), "shop");
	assert_string_equal(otlp_pairs_get(&c.resource, "k"), "v=");
	assert_string_equal(c.ca_file, "/ca.pem");
	otlp_config_fini(&c);
}

static void test_nonsense_is_ignored(void **state)
{
	struct otlp_config c;

	assert_int_equal(read_env(ENV(E "ENDPOINT=http://c", E "TIMEOUT=soon", E "COMPRESSION=lz",
				      "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=0",
				      "OTEL_BSP_MAX_QUEUE_SIZE=-5", "OTEL_BSP_SCHEDULE_DELAY=1e3",
				      E "HEADERS=a=1,b", "OTEL_SERVICE_NAME=",
				      "OTEL_RESOURCE_ATTRIBUTES=a=1,b=%zz"), &c), 0);
	assert_int_equal(c.timeout_ms, 10000);
	assert_false(c.is_gzip);
	assert_int_equal(c.batch_max, 256);
	assert_int_equal(c.queue_max, 2048);
	assert_int_equal(c.delay_ms, 5000);
	assert_int_equal(c.headers.n, 0);
	assert_int_equal(c.resource.n, 0);
	otlp_config_fini(&c);
	assert_int_equal(read_env(ENV(E "ENDPOINT=http://c", "OTEL_RESOURCE_ATTRIBUTES=a=%0"), &c),
			 0);
	assert_int_equal(c.resource.n, 0);
	otlp_config_fini(&c);
}

static void test_secrets_are_not_shown(void **state)
{
	struct otlp_config c;

	assert_int_equal(read_env(ENV(E "TRACES_ENDPOINT=https://me:k@y@c:1/x?key=s"), &c), 0);
	assert_string_equal(c.url, "https://me:k@y@c:1/x?key=s");
	assert_string_equal(c.shown_url, "https://c:1/x");
	otlp_config_fini(&c);
	assert_int_equal(read_env(ENV(E "TRACES_ENDPOINT=http://c/a@b"), &c), 0);
	assert_string_equal(c.shown_url, "http://c/a@b");
	otlp_config_fini(&c);
}

static void test_retry_after(void **state)
{
	const u64 now_ns = 784111777ull * NS_PER_S;	/* Sun, 06 Nov 1994 08:49:37 GMT */

	assert_int_equal(otlp_retry_after(STR(" 7 "), now_ns), 7000);
	assert_int_equal(otlp_retry_after(STR("0"), now_ns), 0);
	assert_int_equal(otlp_retry_after(STR("99999999"), now_ns), 3600000);
	assert_int_equal(otlp_retry_after(STR("Sun, 06 Nov 1994 08:49:47 GMT"), now_ns),
			 10000);
	assert_int_equal(otlp_retry_after(STR("Sun, 06 Nov 1994 08:49:27 GMT"), now_ns), 0);
	assert_int_equal(otlp_retry_after(STR("Sun, 06 Nov 2094 08:49:27 GMT"), now_ns),
			 3600000);
	assert_int_equal(otlp_retry_after(STR("-1"), now_ns), 0);
	assert_int_equal(otlp_retry_after(STR("soon"), now_ns), 0);
	assert_int_equal(otlp_retry_after(STR(""), now_ns), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_nonsense_is_ignored),
		cmocka_unit_test(test_secrets_are_not_shown),
		cmocka_unit_test(test_retry_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
