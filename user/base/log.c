/* SPDX-License-Identifier: Apache-2.0 */
/* One line per message, written at once, so that threads and the traced command do not tear it. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum log_level log_level_max = LOG_LEVEL_WARN;

void log_set_level(enum log_level level)
{
	log_level_max = level;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[1024] = "tolltap: ";
	size_t used = strlen(line);
	va_list ap;

	if (level > log_level_max)
		return;
	va_start(ap, fmt);
	int n = vsnprintf(line + used, sizeof(line) - used - 1, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	used = used + (size_t)n < sizeof(line) - 2 ? used + (size_t)n : sizeof(line) - 2;
	line[used++] = '\n';

	ssize_t ignored = write(STDERR_FILENO, line, used);

	(void)ignored;
}
