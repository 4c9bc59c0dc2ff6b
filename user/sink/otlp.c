/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OTLP/HTTP trace exporter: records wait in a bounded ring, leave in batches, and are let go
 * only when the collector took or refused them.
 *
 *      IDLE --- batch full, or its oldest span waited long enough ---> SENDING
 *      SENDING --- 2xx, or an answer that must not be retried ---> IDLE
 *      SENDING --- 413 ---> IDLE, with half the batch size
 *      SENDING --- 429, 502, 503, 504, no answer ---> PAUSED --- time ---> IDLE
 *
 * Everything happens in tick(), which only ever looks whether sockets have moved. A full ring
 * refuses the newest record and counts it.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/stats.h"
#include "sink/otlp_http.h"
#include "sink/otlp_span.h"
#include "sink/sink.h"

#define OTLP_POLL_NS (10 * NS_PER_MS)
#define OTLP_LOOK_NS (200 * NS_PER_MS)
#define OTLP_BACKOFF_FIRST_MS 1000
#define OTLP_BACKOFF_MAX_MS 30000
#define OTLP_FINISH_POLL_MS 50

typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceResponse otlp_response;

#define OTLP_RESPONSE \
	(&opentelemetry__proto__collector__trace__v1__export_trace_service_response__descriptor)

enum otlp_state {
	OTLP_IDLE,
	OTLP_SENDING,
	OTLP_PAUSED,
};

struct otlp {
	struct sink sink;
	struct otlp_config config;
	struct otlp_http *http;
	char *version;
	enum otlp_state state;
	struct record **ring;		/* config.queue_max places */
	size_t head, waiting_cnt;
	size_t waiting_bytes;
	u64 oldest_ns;			/* when the record at head came, or the last batch went */
	size_t batch_limit;		/* halved by 413, grows back with successes */
	size_t sending_cnt;		/* records of the ring that are under way */
	char *packed;			/* the request under way */
	size_t packed_n;
	struct buf zipped;
	u64 resume_ns;
	u64 backoff_ms;
	bool is_finishing;
	bool has_told_down, has_told_refused, has_told_partial;
};

static struct otlp *otlp_of(struct sink *s)
{
	return (struct otlp *)s;
}

static const struct record *otlp_waiting(const struct otlp *o, size_t i)
{
	return o->ring[(o->head + i) % o->config.queue_max];
}

static void otlp_let_go(struct otlp *o, size_t n)
{
	for (; n; n--) {
		struct record *r = o->ring[o->head];

		o->waiting_bytes -= r->size;
		o->waiting_cnt--;
		o->ring[o->head] = NULL;
		o->head = (o->head + 1) % o->config.queue_max;
		free(r);
	}
	o->sending_cnt = 0;
	o->oldest_ns = clock_boot_ns();
}

static void otlp_write(struct sink *s, const struct record *r)
{
	struct otlp *o = otlp_of(s);
	struct record *copy = NULL;

	if (o->waiting_cnt < o->config.queue_max &&
	    o->waiting_bytes + r->size <= OTLP_WAITING_BYTES_MAX)
		copy = malloc(r->size);
	if (!copy) {
		stats_add(STAT_OTLP_DROPPED, 1);
		return;
	}
	memcpy(copy, r, r->size);
	if (!o->waiting_cnt)
		o->oldest_ns = clock_boot_ns();
	o->ring[(o->head + o->waiting_cnt++) % o->config.queue_max] = copy;
	o->waiting_bytes += r->size;
}

/* The request of the first n records as protobuf: 0, or -E2BIG / -ENOMEM. */
static int otlp_pack(struct otlp *o, size_t n)
{
	const struct record *records[OTLP_SPANS_MAX];
	struct arena *arena = arena_new(OTLP_TREE_MAX);
	otlp_request *request;
	int err = -E2BIG;

	for (size_t i = 0; i < n; i++)
		records[i] = otlp_waiting(o, i);
	request = arena ? otlp_request_make(arena, records, n, &o->config.resource, o->version)
			: NULL;
	free(o->packed);
	o->packed = NULL;
	o->packed_n = request ? protobuf_c_message_get_packed_size(&request->base) : 0;
	if (o->packed_n && o->packed_n <= OTLP_REQUEST_MAX) {
		o->packed = malloc(o->packed_n);
		err = o->packed ? 0 : -ENOMEM;
	}
	if (!err)
		protobuf_c_message_pack(&request->base, (u8 *)o->packed);
	arena_free(arena);
	return err;
}

static int otlp_zip(struct otlp *o)
{
	z_stream z = {.next_in = (Bytef *)o->packed, .avail_in = (uInt)o->packed_n};
	u8 chunk[16384];
	int code;

	buf_clear(&o->zipped);
	/* level 1: 13.7x on spans, at half the time of level 6; 31: a gzip head */
	if (deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	do {
		z.next_out = chunk;
		z.avail_out = sizeof(chunk);
		code = deflate(&z, Z_FINISH);
		buf_append(&o->zipped, chunk, sizeof(chunk) - z.avail_out);
	} while (code == Z_OK);
	deflateEnd(&z);
	return code == Z_STREAM_END ? o->zipped.failed : -EIO;
}

static void otlp_pause(struct otlp *o, u64 least_ms)
{
	u32 random = 0;
	u64 ms;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (u32)clock_boot_ns();
	/* half fixed, half random: senders that failed together do not come back together */
	ms = o->backoff_ms / 2 + random % (o->backoff_ms / 2 + 1);
	o->backoff_ms = o->backoff_ms * 2 < OTLP_BACKOFF_MAX_MS ? o->backoff_ms * 2
								: OTLP_BACKOFF_MAX_MS;
	if (ms < least_ms)
		ms = least_ms;
	o->resume_ns = clock_boot_ns() + ms * NS_PER_MS;
	o->sending_cnt = 0;
	o->state = OTLP_PAUSED;
	stats_add(STAT_OTLP_RETRIED, 1);
}

static void otlp_send(struct otlp *o)
{
	size_t n = o->waiting_cnt < o->batch_limit ? o->waiting_cnt : o->batch_limit;
	int err = otlp_pack(o, n);

	while (err && n > 1) {
		n /= 2;
		err = otlp_pack(o, n);
	}
	if (!err && o->config.is_gzip)
		err = otlp_zip(o);
	if (err) {
		stats_add(STAT_OTLP_DROPPED, n);
		otlp_let_go(o, n);
		return;
	}
	struct str body = o->config.is_gzip ? buf_str(&o->zipped)
					    : (struct str){o->packed, o->packed_n};

	if (otlp_http_post(o->http, body, o->config.is_gzip)) {
		otlp_pause(o, 0);
		return;
	}
	o->sending_cnt = n;
	o->state = OTLP_SENDING;
}

static void otlp_read_partial(struct otlp *o, struct str body)
{
	otlp_response *answer = (otlp_response *)protobuf_c_message_unpack(
		OTLP_RESPONSE, NULL, body.n, (const u8 *)body.p);
	u64 rejected = 0;

	/* an answer in JSON, or none, is still a success */
	if (answer && answer->partial_success && answer->partial_success->rejected_spans > 0)
		rejected = (u64)answer->partial_success->rejected_spans;
	if (rejected > o->sending_cnt)
		rejected = o->sending_cnt;
	if (rejected && !o->has_told_partial) {
		log_warn("the OTLP collector rejected %llu of %zu spans: %s",
			 (unsigned long long)rejected, o->sending_cnt,
			 answer->partial_success->error_message);
		o->has_told_partial = true;
	}
	stats_add(STAT_OTLP_REJECTED, rejected);
	stats_add(STAT_OTLP_SENT, o->sending_cnt - rejected);
	if (answer)
		protobuf_c_message_free_unpacked(&answer->base, NULL);
}

static void otlp_on_success(struct otlp *o, const struct otlp_answer *answer)
{
	otlp_read_partial(o, answer->body);
	otlp_let_go(o, o->sending_cnt);
	o->backoff_ms = OTLP_BACKOFF_FIRST_MS;
	o->has_told_down = false;
	if (o->batch_limit < o->config.batch_max)
		o->batch_limit++;
}

static void otlp_on_refusal(struct otlp *o, const struct otlp_answer *answer)
{
	if (answer->status == 413 && o->sending_cnt > 1) {
		o->batch_limit = o->sending_cnt / 2;
		o->sending_cnt = 0;
		return;
	}
	if (!o->has_told_refused)
		log_error("%s answered %d to spans, they are dropped; look at the endpoint, "
			  "its path and OTEL_EXPORTER_OTLP_HEADERS", o->config.shown_url,
			  answer->status);
	o->has_told_refused = true;
	stats_add(STAT_OTLP_REFUSED, o->sending_cnt);
	otlp_let_go(o, o->sending_cnt);
}

static void otlp_on_trouble(struct otlp *o, const struct otlp_answer *answer)
{
	if (!o->has_told_down && answer->status)
		log_warn("%s answered %d; spans wait and are sent again", o->config.shown_url,
			 answer->status);
	else if (!o->has_told_down)
		log_warn("%s: %s; spans wait and are sent again: is a collector listening there?",
			 o->config.shown_url, answer->error);
	o->has_told_down = true;
	otlp_pause(o, answer->retry_after_ms);
}

static bool otlp_is_retryable(int status)
{
	return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

static void otlp_on_answer(struct otlp *o, const struct otlp_answer *answer)
{
	o->state = OTLP_IDLE;
	if (otlp_is_retryable(answer->status))
		otlp_on_trouble(o, answer);
	else if (answer->status >= 200 && answer->status < 300)
		otlp_on_success(o, answer);
	else
		otlp_on_refusal(o, answer);
}

static bool otlp_is_due(const struct otlp *o, u64 now_ns)
{
	return o->waiting_cnt >= o->batch_limit ||
	       (o->waiting_cnt && (o->is_finishing ||
				   now_ns >= o->oldest_ns + o->config.delay_ms * NS_PER_MS));
}

static u64 otlp_step(struct otlp *o, u64 now_ns, int wait_ms)
{
	struct otlp_answer answer;

	if (o->state == OTLP_SENDING && otlp_http_poll(o->http, wait_ms, &answer))
		otlp_on_answer(o, &answer);
	if (o->state == OTLP_PAUSED && now_ns >= o->resume_ns)
		o->state = OTLP_IDLE;
	if (o->state == OTLP_IDLE && otlp_is_due(o, now_ns)) {
		otlp_send(o);
		/* the first bytes go out at once */
		if (o->state == OTLP_SENDING && otlp_http_poll(o->http, 0, &answer))
			otlp_on_answer(o, &answer);
	}
	/* records come without a tick: look now and then whether a batch is full */
	return o->state == OTLP_SENDING || (o->state == OTLP_IDLE && otlp_is_due(o, now_ns))
		? OTLP_POLL_NS : OTLP_LOOK_NS;
}

static u64 otlp_tick(struct sink *s, u64 now_ns)
{
	return otlp_step(otlp_of(s), now_ns, 0);
}

/*
 * Waits, up to the deadline, for a collector that answers. One that cannot be reached is tried once
 * more and then given up: nobody wants to wait for it at the end of every command.
 */
static void otlp_finish(struct sink *s, u64 deadline_ns)
{
	struct otlp *o = otlp_of(s);
	bool has_tried = false;
	u64 now_ns = clock_boot_ns();

	o->is_finishing = true;
	if (o->state == OTLP_PAUSED)
		o->resume_ns = now_ns;
	while (o->waiting_cnt && now_ns < deadline_ns) {
		u64 left_ms = (deadline_ns - now_ns) / NS_PER_MS + 1;

		otlp_step(o, now_ns, left_ms < OTLP_FINISH_POLL_MS ? (int)left_ms
								   : OTLP_FINISH_POLL_MS);
		now_ns = clock_boot_ns();
		if (o->state != OTLP_PAUSED)
			continue;
		if (has_tried || o->resume_ns >= deadline_ns)
			break;
		has_tried = true;
		while (now_ns < o->resume_ns) {
			struct timespec nap = {.tv_nsec = (long)OTLP_POLL_NS};

			nanosleep(&nap, NULL);
			now_ns = clock_boot_ns();
		}
	}
	if (o->waiting_cnt)
		log_warn("%zu spans could not be sent to %s", o->waiting_cnt, o->config.shown_url);
	stats_add(STAT_OTLP_DROPPED, o->waiting_cnt);
	otlp_let_go(o, o->waiting_cnt);
}

static void otlp_free(struct sink *s)
{
	struct otlp *o = otlp_of(s);

	otlp_http_free(o->http);
	if (o->ring)
		otlp_let_go(o, o->waiting_cnt);
	free(o->ring);
	free(o->packed);
	buf_fini(&o->zipped);
	free(o->version);
	otlp_config_fini(&o->config);
	free(o);
}

static const struct sink_ops otlp_ops = {
	.name = "otlp",
	.write = otlp_write,
	.tick = otlp_tick,
	.finish = otlp_finish,
	.free = otlp_free,
};

/* Takes the config over, whatever happens. */
static int otlp_new(struct otlp_config *config, const char *version, struct sink **ret)
{
	struct otlp *o = calloc(1, sizeof(*o));
	int err = -ENOMEM;

	if (!o) {
		otlp_config_fini(config);
		return err;
	}
	o->sink.ops = &otlp_ops;
	o->config = *config;
	o->batch_limit = config->batch_max;
	o->backoff_ms = OTLP_BACKOFF_FIRST_MS;
	buf_init(&o->zipped, OTLP_REQUEST_MAX);
	o->version = strdup(version);
	o->ring = calloc(config->queue_max, sizeof(*o->ring));
	if (o->version && o->ring)
		err = otlp_http_new(&o->config, version, &o->http);
	if (err) {
		otlp_free(&o->sink);
		return err;
	}
	*ret = &o->sink;
	return 0;
}

static const char *otlp_environment(const char *name)
{
	return getenv(name);
}

int sink_otlp_from_env(const char *version, struct sink **ret)
{
	struct otlp_config config;
	int err = otlp_config_read(otlp_environment, &config);

	*ret = NULL;
	if (err || config.exporter != OTLP_EXPORT_OTLP) {
		otlp_config_fini(&config);
		return err;
	}
	err = otlp_new(&config, version, ret);
	if (err)
		log_error("the OTLP exporter cannot start: %s", strerror(-err));
	return err;
}
