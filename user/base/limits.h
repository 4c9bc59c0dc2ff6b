/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every bound in one place, each with its reason. A limit that traffic can reach has a counter in
 * base/stats.h.
 */
#ifndef TOLLTAP_LIMITS_H
#define TOLLTAP_LIMITS_H

/*
 * capture: sizes of one ring (per CPU) and of all together; a ring cycles through all its pages,
 * so small stays hot
 */
#define RING_BYTES_DEFAULT (4u << 20)
#define RING_BUDGET_BYTES (32u << 20)
/*
 * wake the consumer when this much waits; a wake-up costs ~8.6 us, a 4 KiB copy 0.1 us
 * (docs/performance.md)
 */
#define RING_WAKE_BYTES (256u << 10)
#define RING_POLL_MS 50
/* tracer: of the thread that drains them; -20 is the most. Losses without: docs/performance.md */
#define READER_NICE (-15)
/* capture: rings in all; CPUs share them beyond it, a drain looks at every one of them */
#define RINGS_MAX 64
/* capture: a producer that was preempted between reserve and submit is waited for this long */
#define RING_BUSY_WAIT_NS (20ull * 1000 * 1000)

/* capture: connections left by ended processes are looked for this often; the walk costs ms */
#define FORGET_CONNS_NS (1ull * 1000 * 1000 * 1000)
/* capture: files known at a time; only those worth probing cost more than a table slot */
#define TRACE_FILES_MAX 65536
/* capture: a file without TLS functions is believed to stay that file for this long */
#define TRACE_PLAIN_NS (60ull * 1000 * 1000 * 1000)
/* capture: processes in scope at a time; the kernel's map of them has the same size */
#define TRACE_PROCESSES_MAX 16384
/* capture: probed files of one process; a client maps one or two TLS libraries */
#define TRACE_FILES_PER_PROCESS 16
/*
 * capture: with more processes on one file, one link for all of them is cheaper: each further one
 * costs every call 20-46 ns, a bystander's trap 480 ns (docs/performance.md)
 */
#define TRACE_WIDE_USERS 25

/*
 * capture: operations that a located function cannot have done until it is believed to be another
 */
#define TRACE_DOUBTS_MAX 3

/* elf: a file larger than this is refused; the largest client seen has 0.4 GiB */
#define ELF_FILE_MAX (4ull << 30)
#define ELF_SEGMENTS_MAX 64		/* program headers; linkers make about 12 */
#define ELF_SECTIONS_MAX 4096		/* section headers; linked files have about 40 */
/* elf: symbols and strings read per table pair; Chromium unstripped has 0.2 GiB */
#define ELF_SYMBOL_BYTES_MAX (256ull << 20)
#define ELF_SYMBOLS_MAX (4u << 20)
/* elf: relocations looked through for one pointer slot; a PLT has a few thousand */
#define ELF_SLOTS_MAX (1u << 20)
/* elf: relocations of one table that are walked through; Chromium has 1.2 million */
#define ELF_RELOCATIONS_MAX (8u << 20)
#define ELF_NOTE_BYTES_MAX (64u << 10)
#define ELF_WINDOW_BYTES (64u << 10)	/* tables are streamed through this */
#define ELF_NAMES_MAX 32		/* names of one look-up */
#define ELF_NAME_LEN_MAX 64
/* elf: places where the names' text stands in a string table; a linker merges equal ones */
#define ELF_NAME_HITS_MAX 256

/* anchors: bytes of one file read to look for them; 294 MB of Codex, Claude Code twice its code */
#define ANCHOR_SCAN_MAX (2ull << 30)
#define ANCHOR_TEXTS_MAX 32		/* copies of all texts in one file */
/* anchors: places that load a text; OpenSSL's ssl_lib.c is loaded at about 600 */
#define ANCHOR_XREFS_MAX 4096
/* anchors: those with the constants, or beside the file, that they should have; about 150 */
#define ANCHORS_MAX 512
/* ring: places with the numbers of an algorithm's record; 250 in Codex */
#define RING_RECORDS_MAX 4096
#define RING_SEGMENT_MAX (64ull << 20)	/* of constants, looked through; Codex has 45 MB */
/* ring: all of them together: the headers of a hostile file may name one place 64 times */
#define RING_SCAN_MAX (256ull << 20)
#define CODE_INSNS_MAX (1u << 20)	/* decoded for one file; a few thousand are needed */
/* code: bytes of one file looked through for pointers, by one locator; Codex's needs 0.1 GB */
#define CODE_POINTERS_MAX (1ull << 30)

/* halves: bytes held of one whose socket is not told yet, and of all; it is within a record */
#define PAIR_HELD_MAX (256u << 10)
#define PAIR_HELD_TOTAL_MAX (16u << 20)
#define PAIR_CHUNK_MAX (16u << 10)	/* data of one record of the ring */

/* go: bytes of one file looked through for a table that no section names */
#define GO_SCAN_MAX (1ull << 30)
#define GO_FUNCTIONS_MAX (4u << 20)	/* of one program; a Kubernetes binary has 0.1 million */
/* go: one function that is decoded; crypto/tls's have 4 KiB. At most what one read gives */
#define GO_FUNCTION_BYTES_MAX (64u << 10)

/* target: files remembered with their answer; ~1.5 KiB each when it is yes, 64 bytes when no */
#define TARGET_CACHE_MAX 16384
#define TARGET_BAD_MAX 64	/* builds whose functions proved to be others; none is known */

/* discover: pages of one CPU's ring of mapping notices; ~1,000 of them, an exec makes 5 */
#define DISCOVER_RING_PAGES 32
#define DISCOVER_CPUS_MAX 4096
#define DISCOVER_LINE_MAX 8192		/* one line of /proc/PID/maps: a path of 4096, escaped */

/* coverage: a program is mapped at most this long before its exec is told */
#define COVERAGE_EXEC_NS (20ull * 1000 * 1000)
/* examine: files and sockets of one process that are looked at; more than any client has */
#define EXAMINE_FILES_MAX 4096
#define EXAMINE_SOCKETS_MAX 65536

/* replay: one recorded event; the kernel's largest is far below */
#define REPLAY_EVENT_MAX (1u << 20)

/* conn: open connections we remember; ~1 KiB each when idle */
#define CONN_MAX 65536
/* conn: bytes held back per direction while an earlier chunk is awaited */
#define CONN_HELD_MAX (1u << 20)
/* conn: a hole older than this is lost; rings are drained at least every RING_POLL_MS */
#define CONN_HOLE_WAIT_NS (500ull * 1000 * 1000)
/* conn: bytes held back by all connections together */
#define CONN_HELD_TOTAL_MAX (64u << 20)
/*
 * conn: an end notice may overtake data in another ring; every ring is drained within this
 */
#define CONN_CLOSE_WAIT_NS (150ull * 1000 * 1000)

/* http: request line or one header line; the largest seen in real traffic is a 9 KB cookie */
#define HTTP_LINE_MAX (64u << 10)
/* http: header lines of one head */
#define HTTP_HEADERS_MAX 256
/*
 * http: raw bytes of one direction kept until the other one's head is there (records of one
 * connection may come through two rings); an early answer is rarely longer
 */
#define HTTP_HOLD_MAX (256u << 10)
/* http: bytes searched for a head on a connection that was joined late before it is given up */
#define HTTP_LATE_SCAN_MAX (64ull << 20)
/* http: memory of one brotli decoder; the format's largest window is 16 MiB */
#define HTTP_BROTLI_MEMORY_MAX (20u << 20)
/* http: window of one zstd decoder; RFC 9659 lets a sender ask for 8 MiB, no more */
#define HTTP_ZSTD_WINDOW_LOG_MAX 23
/* http: decoded bytes below which the ratio is not looked at */
#define HTTP_RATIO_FREE (1u << 20)
/* http: exchanges that may be in flight on one HTTP/1.1 connection (pipelining) */
#define HTTP_PIPELINE_MAX 64
/* http: streams followed on one HTTP/2 connection; servers allow 100 to 250, ~2 KiB each */
#define H2_STREAMS_MAX 256
/* http: one header block as sent, and its frames; browsers and servers stop at 16 to 64 KiB */
#define H2_BLOCK_BYTES_MAX (256u << 10)
#define H2_CONTINUATIONS_MAX 64
/* http: one header block decoded; what comes behind is not kept */
#define H2_LIST_BYTES_MAX (256u << 10)
/* http: a sender's header table; browsers ask for 64 KiB, everybody else for 4 */
#define HPACK_TABLE_MAX (64u << 10)
/* http: header blocks of one direction that fail before none is tried any more */
#define HPACK_FAILED_MAX 8
/*
 * http: behind a loss, frames up to this length are looked for (the default maximum), on streams
 * below this id (pooled connections are closed long before)
 */
#define H2_FIND_FRAME_MAX 16384
#define H2_FIND_STREAM_MAX (1u << 24)
/* http: bytes kept for that, and how many are added at a time: a frame, and a record behind it */
#define H2_FIND_BYTES (64u << 10)
#define H2_FIND_STEP (16u << 10)
/* http: a stream that is silent for this long behind a loss has ended; events come in seconds */
#define H2_LOSSY_WAIT_NS (60ull * 1000 * 1000 * 1000)
/* http: decoded bytes one body may become; usage stands at the end, so generous */
#define HTTP_DECODED_MAX (4ull << 30)
/* http: decoded / coded bytes; text at 1,000:1 is an attack */
#define HTTP_RATIO_MAX 1000
/* http: a unit's name: of an event, a frame, a form's field; longer ones are cut */
#define HTTP_UNIT_NAME_MAX 64
/* http: one frame of an AWS event stream; the vendor's own clients refuse a payload over 24 MiB */
#define HTTP_EVENTSTREAM_FRAME_MAX (25u << 20)
/* http: one gRPC message, as sent; gRPC's own default is 4 MiB, clients with images raise it */
#define HTTP_GRPC_MESSAGE_MAX (256u << 20)
/* http: one WebSocket frame; servers' own limits are 1 to 100 MiB */
#define HTTP_WS_FRAME_MAX (256u << 20)
/* http: what is read of one header line of a form's part, and such lines of one part */
#define HTTP_PART_LINE_MAX 512
#define HTTP_PART_LINES_MAX 32

/* arena of one exchange: heads, ids, a few values; never bodies */
#define ARENA_MAX (512u << 10)

/* json: nesting that is followed; deeper is skipped, counted, never recursed into */
#define JSON_DEPTH_MAX 64
/* json: one captured scalar (ids, model names, numbers) */
#define JSON_VALUE_MAX 1024

/* proto: steps of one watched path */
#define PROTO_DEPTH_MAX 8
/* proto: one captured string (ids, model names) */
#define PROTO_VALUE_MAX 1024
/* proto: one field; the format itself ends at 2 GiB */
#define PROTO_LENGTH_MAX (2ull << 30)

/* llm: one id, model name, tier, error code; longer ones are no such thing and are left out */
#define LLM_TEXT_MAX 256
/* llm: calls in flight on one WebSocket; a client that opens more than a few is none we know */
#define LLM_LANES_MAX 16
/* llm: response ids remembered, to know a second view of the same response; 32 bytes each */
#define LLM_RECENT_MAX 4096

/* llm: requests remembered, to know one that is asked again; ~150 bytes each */
#define LLM_ASKED_MAX 1024
#define LLM_ASKED_ID_MAX 64
/* llm: a request that failed is tried again within this; servers ask for waits up to a minute */
#define LLM_RETRY_NS (120ull * 1000 * 1000 * 1000)
/* llm: calls remembered, to know a gateway's other side; the two end within ms of each other */
#define LLM_TWINS_MAX 256
/* llm: texts of one line of a batch's results; a few ids and names */
#define LLM_LINE_ARENA_MAX (64u << 10)

/* owner: processes remembered, and how long after their exit (late chunks, exporters) */
#define OWNER_MAX 16384
#define OWNER_LINGER_NS (60ull * 1000 * 1000 * 1000)
/* owner: of a process's environment; Linux takes more, build servers export a tenth of it */
#define OWNER_ENVIRON_MAX (256u << 10)
/* owner: one tag's value out of it, what baggage libraries keep of one */
#define OWNER_TAG_BYTES_MAX 256

/* price: one card's text, and everything made of all cards; the built-in ones need under 2 MiB */
#define CARD_BYTES_MAX (8u << 20)
#define CARD_ARENA_MAX (64u << 20)
/* price: files in one folder of cards */
#define CARD_FILES_MAX 256

/* sink: records waiting for the worker; ~2 KiB each */
#define SINK_QUEUE_MAX 8192
/* sink: how many there may be; one of each kind is six */
#define SINK_MAX 16
/* sink: the worker looks around at least this often */
#define SINK_IDLE_NS (1000ull * 1000 * 1000)
/* sink: past the end's deadline, until the worker is given up as stuck */
#define SINK_GRACE_NS (1000ull * 1000 * 1000)
/* sink: one NDJSON line; a record is at most 256 KiB, and escaping makes six bytes of one */
#define SINK_LINE_MAX (4u << 20)
/* sink: a reader that takes nothing for this long loses lines instead of stopping the ledger */
#define OUT_STALL_NS (2000ull * 1000 * 1000)
/* ledger: rows per transaction, and how long a row may wait for its commit */
#define LEDGER_BATCH_ROWS 256
#define LEDGER_BATCH_NS (200ull * 1000 * 1000)
/* ledger: rows kept while it is locked or its disk is full; ~2 KiB each */
#define LEDGER_PENDING_MAX 4096
/* receipt: processes, and models, that are told apart; the rest is "others" */
#define RECEIPT_ROWS_MAX 256
#define RECEIPT_DEAREST 5
/* report: groups; more is a question for SQL */
#define REPORT_ROWS_MAX 100000
#define REPORT_DIMS_MAX 8
#define REPORT_TEXT_MAX (256u << 20)
#define REPORT_WHERE_MAX 64
/* sink: how long the end of a run may wait for a slow disk or collector */
#define SINK_STOP_NS (5ull * 1000 * 1000 * 1000)

/* otlp: records that wait for the collector; 2,048 (the specification's default) of usual size */
#define OTLP_WAITING_BYTES_MAX (32u << 20)
/* otlp: one request before compression; collectors take 4 MiB (gRPC) and 20 MiB (HTTP) */
#define OTLP_REQUEST_MAX (3u << 20)
/* otlp: the message tree of one request; about 2.5 times its bytes */
#define OTLP_TREE_MAX (24u << 20)

#endif
