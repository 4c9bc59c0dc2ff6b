/* SPDX-License-Identifier: Apache-2.0 */
/* tolltap-dev record: what the probes copy, as it comes, into a file that holds plaintext. */
#include "cmd.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/util.h"
#include "capture/replay.h"
#include "tracer.h"

struct recording {
	struct replay_writer *writer;
	int err;		/* the first failed write */
};

static void record_on_event(void *arg, const struct event *ev)
{
	struct recording *rec = arg;

	if (!rec->err)
		rec->err = replay_writer_put(rec->writer, ev);
}

static void record_read_boot_id(char ret_id[REPLAY_BOOT_ID_LEN])
{
	__cleanup_close int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, ret_id, REPLAY_BOOT_ID_LEN - 1);

	ret_id[n > 0 ? n : 0] = '\0';
	ret_id[strcspn(ret_id, "\n")] = '\0';
}

int cmd_record(const struct options *o)
{
	static const struct tracer_ops ops = {.on_event = record_on_event};
	struct recording rec = {};
	struct tracer *tracer;
	char boot_id[REPLAY_BOOT_ID_LEN];
	int status, err;

	record_read_boot_id(boot_id);
	err = replay_writer_open(o->output, clock_offset_now(), boot_id, &rec.writer);
	if (err) {
		log_error("cannot make %s: %s; name a new file with --output", o->output,
			  strerror(-err));
		return EXIT_FAILED;
	}
	if (tracer_open(o, &ops, &rec, &tracer)) {
		replay_writer_close(rec.writer);
		return EXIT_FAILED;
	}
	status = tracer_run_command(tracer);
	tracer_finish(tracer);
	tracer_free(tracer);
	err = replay_writer_close(rec.writer);
	if (rec.err || err) {
		log_error("%s is not whole: %s", o->output, strerror(rec.err ? -rec.err : -err));
		return EXIT_FAILED;
	}
	return status;
}
