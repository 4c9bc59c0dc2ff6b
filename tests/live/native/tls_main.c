/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs tls_cases.so: `now` opens it at once, `late` after a while and then gives a tracer time to
 * notice, `exec` starts itself as a child that runs `late`, `sealed` is `late` under a filter that
 * kills at any system call but those that TLS over a socket pair needs: at those of probes too.
 */
#include <dlfcn.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void rest_ms(long ms)
{
	struct timespec t = { .tv_nsec = ms * 1000000l };

	nanosleep(&t, NULL);
}

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, what)
#define ALLOW(name) EQUAL(SYS_##name, 0, 1), RETURN(SECCOMP_RET_ALLOW)

#ifdef __x86_64__
#define MACHINE AUDIT_ARCH_X86_64
#else
#define MACHINE AUDIT_ARCH_AARCH64
#endif

static int seal(void)
{
	struct sock_filter code[] = {
		LOAD(arch), EQUAL(MACHINE, 1, 0), RETURN(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		ALLOW(read), ALLOW(write), ALLOW(openat), ALLOW(close), ALLOW(newfstatat),
		ALLOW(lseek), ALLOW(fcntl), ALLOW(socketpair), ALLOW(setsockopt),
		ALLOW(brk), ALLOW(mmap), ALLOW(munmap), ALLOW(mremap), ALLOW(mprotect),
		ALLOW(futex), ALLOW(getrandom), ALLOW(sysinfo), ALLOW(clock_nanosleep),
		ALLOW(getpid), ALLOW(gettid), ALLOW(clone), ALLOW(set_robust_list), ALLOW(rseq),
		ALLOW(wait4), ALLOW(exit_group),
		RETURN(SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
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
	const int is_sealed = !strcmp(argv[1], "sealed");
	const int is_late = is_sealed || !strcmp(argv[1], "late");

	if (is_late)
		rest_ms(100);

	void *so = dlopen(argv[2], RTLD_NOW);
	void (*run)(const char *, const char *) = NULL;

	if (so)
		*(void **)&run = dlsym(so, "tls_cases_run");
	if (!run) {
		fprintf(stderr, "tls_main: %s\n", dlerror());
		return 2;
	}
	if (is_late)
		rest_ms(300);
	if (is_sealed && seal()) {
		perror("tls_main: seccomp");
		return 2;
	}
	run(argv[3], argv[4]);
	return 0;
}
