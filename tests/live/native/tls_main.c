/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs tls_cases.so: `now` opens it at once, `late` after a while and then gives a tracer time to
 * notice, `exec` starts itself as a child that runs `now`.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void rest_ms(long ms)
{
	struct timespec t = { .tv_nsec = ms * 1000000l };

	nanosleep(&t, NULL);
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	if (!strcmp(argv[1], "exec")) {
		pid_t pid = fork();
		int status = 1;

		if (!pid) {
			execl(argv[0], argv[0], "late", argv[2], argv[3], argv[4], (char *)NULL);
			_exit(127);
		}
		waitpid(pid, &status, 0);
		return status != 0;
	}
	if (!strcmp(argv[1], "late"))
		rest_ms(100);

	void *so = dlopen(argv[2], RTLD_NOW);
	void (*run)(const char *, const char *) = NULL;

	if (so)
		*(void **)&run = dlsym(so, "tls_cases_run");
	if (!run) {
		fprintf(stderr, "tls_main: %s\n", dlerror());
		return 2;
	}
	if (!strcmp(argv[1], "late"))
		rest_ms(300);
	run(argv[3], argv[4]);
	return 0;
}
