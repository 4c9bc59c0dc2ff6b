/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every loss has a name here, what it means and what the operator can do.
 *
 * STAT(id, name, class, meaning, remedy). Class LOSS is printed at exit when it is not zero; INFO
 * only on request. Names are a contract (metrics, receipt): add, never rename. Rooms add their
 * counters to their own block.
 */
#ifndef TOLLTAP_STATS_H
#define TOLLTAP_STATS_H

#include "base/types.h"

enum stat_class {
	STAT_INFO,
	STAT_LOSS,
};

#define STATS(STAT) \
	/* capture */ \
	STAT(RING_LOST_EVENTS, "ring.lost.events", LOSS, "records that found no room in the ring", \
	     "raise --ring-bytes, or give tolltap more CPU") \
	STAT(RING_LOST_BYTES, "ring.lost.bytes", LOSS, "plaintext bytes that found no room in the ring", \
	     "raise --ring-bytes, or give tolltap more CPU") \
	STAT(FAULT_BYTES, "capture.fault.bytes", LOSS, "bytes that could not be read from the process", \
	     "none: the process had unmapped or paged out its buffer") \
	STAT(POLICY_BYTES, "capture.policy.bytes", INFO, "bytes left out of over-large writes on purpose", "none needed") \
	STAT(BYTES_SEEN, "capture.bytes.seen", INFO, "plaintext bytes that TLS calls in scope returned", "none needed") \
	STAT(BYTES_IGNORED, "capture.bytes.ignored", INFO, "bytes of connections that carry no LLM traffic", "none needed") \
	STAT(INFLIGHT_LOST, "capture.inflight.lost", LOSS, "TLS calls that could not be followed to their return", \
	     "report it with the kernel version") \
	STAT(CONN_MAP_FULL, "capture.conn_map.full", LOSS, "TLS calls dropped because the connection map was full", \
	     "trace fewer processes at once") \
	STAT(PROCESS_LOST, "capture.process.lost", LOSS, "process notices that found no room in the ring", \
	     "raise --ring-bytes") \
	STAT(WINDOW_NS, "capture.window.ns", INFO, "time between a library's mapping and its probes, summed", "none needed") \
	STAT(WINDOW_LATE, "capture.window.late_connections", LOSS, "connections already open when their probes came", \
	     "start the command under `tolltap run`, or use --exact") \
	STAT(LOCATED_BAD, "capture.located.bad", LOSS, "stripped files probed no longer: another function was found in them", \
	     "report it with the program's name and version") \
	STAT(UNPAIRED_BYTES, "capture.unpaired.bytes", LOSS, "plaintext of rustls whose connection could not be told", \
	     "report it with the client's name; it needs Linux 6.3 or newer, and io_uring is not followed") \
	STAT(AEAD_FOREIGN, "capture.aead.foreign", INFO, "uses of a probed cipher that are no TLS records", "none needed") \
	STAT(UNREADABLE_FILES, "capture.unreadable_files", LOSS, "mapped files that could not be read or were refused", \
	     "run with CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE (root has both)") \
	STAT(REMAPPED_PROCESSES, "capture.remapped_processes", LOSS, \
	     "processes that had copied their code into huge pages, where no probe can be", \
	     "start node without --use-largepages, NODE_OPTIONS included") \
	STAT(MAPPING_LOST, "capture.mapping.lost", LOSS, "mapping notices lost; the processes were scanned again", \
	     "give tolltap more CPU") \
	STAT(DARK_CONNECTIONS, "coverage.dark.connections", INFO, "connections of which no plaintext was seen", \
	     "shown at the end of a run with the reason; see `tolltap doctor --pid`") \
	STAT(DARK_BYTES, "coverage.dark.bytes", INFO, "their bytes on the wire, both ways", \
	     "see coverage.dark.connections") \
	/* conn */ \
	STAT(CONN_OPENED, "conn.opened", INFO, "connections seen", "none needed") \
	STAT(CONN_TABLE_FULL, "conn.table_full", LOSS, "chunks dropped because too many connections were open", \
	     "trace fewer processes at once") \
	STAT(CONN_GAP_BYTES, "conn.gap.bytes", LOSS, "bytes missing inside a connection", "see ring.lost.bytes") \
	STAT(CONN_HELD_LOST, "conn.held.lost", LOSS, "chunks that came too late to be put in order", "see ring.lost.events") \
	STAT(CONN_EVICTED, "conn.evicted", LOSS, "idle connections forgotten because too many were open", \
	     "trace fewer processes at once") \
	STAT(CONN_OVERLAP_BYTES, "conn.overlap.bytes", INFO, "bytes that were delivered before, trimmed", "none needed") \
	STAT(CONN_BAD_CHUNK, "conn.bad_chunk", LOSS, "records whose lengths do not fit together", \
	     "the recording is damaged; live: report it") \
	/* http */ \
	STAT(HTTP_EXCHANGES, "http.exchanges", INFO, "HTTP exchanges seen", "none needed") \
	STAT(HTTP_DEAD, "http.dead", INFO, "connections that stopped being HTTP/1", "none needed") \
	STAT(HTTP_HEAD_TOO_LONG, "http.head_too_long", LOSS, "header lines past the limit, skipped", "none: report the client") \
	STAT(HTTP_DECODE_FAILED, "http.decode_failed", LOSS, "bodies whose content coding was broken, unknown or cut by a gap", \
	     "see http.undecoded.coding.bytes and ring.lost.bytes") \
	STAT(HTTP_RESYNC, "http.resync", INFO, "searches for the next message head after a gap or a late start", \
	     "see conn.gap.bytes and capture.window.late_connections") \
	STAT(HTTP_RESYNC_BYTES, "http.resync.bytes", LOSS, "bytes skipped while searching for a message head", \
	     "see conn.gap.bytes and capture.window.late_connections") \
	STAT(HTTP_HEAD_LOST, "http.head_lost", LOSS, "messages whose head was cut by a gap", "see conn.gap.bytes") \
	STAT(HTTP_UNPAIRED, "http.unpaired", LOSS, "responses whose request was not seen, skipped", \
	     "see capture.window.late_connections and conn.gap.bytes") \
	STAT(HTTP_PIPELINE_FULL, "http.pipeline_full", LOSS, "connections given up: too many requests without response", \
	     "none: report the client") \
	STAT(HTTP_STREAMS_FULL, "http.h2.streams_full", LOSS, "HTTP/2 streams not followed: too many open at once", \
	     "none: report the client") \
	STAT(HTTP_HEAD_UNKNOWN, "http.h2.head_unknown", LOSS, \
	     "HTTP/2 heads with headers that were sent before the trace began or were lost", \
	     "start the command under `tolltap run`; see capture.window.late_connections and conn.gap.bytes") \
	STAT(HTTP_FLOOD, "http.h2.flood", LOSS, "HTTP/2 connections given up: header blocks past every limit", \
	     "none: the peer is broken or hostile") \
	STAT(HTTP_NO_MEMORY, "http.no_memory", LOSS, "connections given up because memory or the exchange's arena was out", \
	     "give tolltap more memory") \
	STAT(HTTP_UNIT_LOST_BYTES, "http.unit_lost.bytes", LOSS, "bytes of a body skipped behind a loss, up to its next event or frame", \
	     "see conn.gap.bytes") \
	STAT(HTTP_EVENTSTREAM_BAD, "http.eventstream.bad", LOSS, "AWS event stream frames whose checksum is wrong", \
	     "see conn.gap.bytes; without a gap: report it") \
	STAT(HTTP_GRPC_BAD, "http.grpc.bad", LOSS, "gRPC bodies given up because a message's prefix makes no sense", \
	     "report the client") \
	STAT(HTTP_GRPC_UNDECODED, "http.grpc.undecoded", LOSS, "gRPC messages whose compression is not known or broken", \
	     "report the value of grpc-encoding") \
	STAT(HTTP_WS_BAD, "http.websocket.bad", LOSS, "WebSocket frames whose head makes no sense", \
	     "see conn.gap.bytes; without a gap: report the client") \
	STAT(HTTP_WS_UNDECODED, "http.websocket.undecoded", LOSS, "compressed WebSocket messages that a loss or a late start made unreadable", \
	     "see conn.gap.bytes; start the command under `tolltap run`") \
	STAT(HTTP_UNDECODED_BYTES, "http.undecoded.bytes", INFO, "bytes of protocols and codings that are not understood", \
	     "none needed: shown by kind as `undecoded`") \
	/* llm */ \
	STAT(CALLS_STARTED, "calls.started", INFO, "LLM requests seen", "none needed") \
	STAT(CALLS_WRITTEN, "calls.written", INFO, "LLM calls handed to the sinks", "none needed") \
	STAT(CALLS_LOST, "calls.lost", LOSS, "LLM calls that were begun but could not be recorded", "see the other losses") \
	/* owner */ \
	STAT(OWNER_EVICTED, "owner.evicted", INFO, "processes forgotten because too many were remembered", "none needed") \
	STAT(OWNER_ENVIRON_CUT, "owner.environ.cut", LOSS, "environments too large to be read whole for tags", \
	     "give the tags with --tag, or export fewer variables") \
	STAT(OWNER_TAG_REFUSED, "owner.tag.refused", LOSS, \
	     "tags and sessions in environments left out: too long, or no text", \
	     "shorten them to 256 bytes of text, or give them with --tag") \
	/* sink */ \
	STAT(SINK_QUEUE_FULL, "sink.queue_full", LOSS, "call records dropped because a sink was too slow", \
	     "look at the ledger's disk and the OTLP endpoint") \
	STAT(SINK_UNDELIVERED, "sink.undelivered", LOSS, "call records still queued when time was up at the end", \
	     "look at the ledger's disk, the output's reader and the OTLP endpoint") \
	STAT(NDJSON_LOST, "sink.ndjson.lost", LOSS, "NDJSON lines that could not be written", \
	     "free space or keep the output's reader running") \
	STAT(TERMINAL_LOST, "sink.terminal.lost", LOSS, "lines that the terminal did not take", \
	     "use --output FILE, or keep the reader running") \
	STAT(LEDGER_LOST, "sink.ledger.lost", LOSS, "calls that are not in the ledger", \
	     "see the message about the ledger; free space or name another with --ledger FILE") \
	STAT(LEDGER_DUPLICATES, "sink.ledger.duplicates", INFO, "calls that the ledger already held", \
	     "none needed") \
	STAT(OTLP_SENT, "otlp.sent", INFO, "spans that the OTLP collector took", "none needed") \
	STAT(OTLP_RETRIED, "otlp.retried", INFO, "OTLP requests that have to be sent again", "none needed") \
	STAT(OTLP_DROPPED, "otlp.dropped", LOSS, "spans that could not be sent in time or found no room", \
	     "look at the OTLP endpoint; every call is in the ledger") \
	STAT(OTLP_REJECTED, "otlp.rejected", LOSS, "spans the OTLP collector took delivery of and rejected", \
	     "look at the collector's log") \
	STAT(OTLP_REFUSED, "otlp.refused", LOSS, "spans in requests the OTLP collector refused", \
	     "look at the endpoint's path and OTEL_EXPORTER_OTLP_HEADERS")

enum stat_id {
#define STAT_ID(id, name, class, meaning, remedy) STAT_##id,
	STATS(STAT_ID)
#undef STAT_ID
	STAT_MAX,
};

struct stat_info {
	const char *name;
	enum stat_class class;
	const char *meaning;
	const char *remedy;
};

/* Counters only grow, except through stats_set. Any thread may call these. */
void stats_add(enum stat_id id, u64 n);
void stats_set(enum stat_id id, u64 value);		/* for figures that the kernel keeps */
u64 stats_get(enum stat_id id);
const struct stat_info *stats_info(enum stat_id id);
void stats_reset(void);					/* tests */

#endif
