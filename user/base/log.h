/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages for the operator, on standard error: "tolltap: what failed: why; what to do".
 *
 * One line each. Only the rooms that touch the machine, and main, log above debug; traffic never
 * does (it counts, base/stats.h). Thread-safe: a line is one write.
 */
#ifndef TOLLTAP_LOG_H
#define TOLLTAP_LOG_H

enum log_level {
	LOG_LEVEL_NONE,		/* nothing at all: fuzzing, where every input is wrong */
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

void log_set_level(enum log_level level);	/* at start-up only; default LOG_LEVEL_WARN */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
