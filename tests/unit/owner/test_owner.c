/* SPDX-License-Identifier: Apache-2.0 */
/* Processes as the kernel reports them, in order and out of it, with /proc and without. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/stats.h"
#include "base/util.h"
#include "owner/owner.h"
#include "owner/proc.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UID_ "6a2c1f0e_8d3b_4c55_9f17_0b6f2f7f8a11"

static u64 now = 1000;

static void feed(struct owners *o, enum event_kind kind, u32 pid, u64 start, u32 ppid,
		 const char *comm)
{
	struct process_event ev = {
		.ev = {.size = sizeof(ev), .kind = (u16)kind, .ts_ns = now++, .tgid = pid,
		       .tid = pid, .start_ns = start},
		.ppid = ppid, .uid = 1000, .cgroup_id = 77,
	};

	str_to_c(str_of(comm), ev.comm, sizeof(ev.comm));
	owners_feed(o, &ev);
}

static struct owners *make(const char *proc_root)
{
	const struct owners_options options = {.proc_root = proc_root};
	struct owners *o;

	assert_int_equal(owners_new(&options, &o), 0);
	return o;
}

static void expect(struct str got, const char *want)
{
	if (!str_eq(got, str_of(want)))
		fail_msg("'" STR_FMT "' is not '%s'", STR_ARG(got), want ? want : "(none)");
}

static void test_tree(void **state)
{
	struct owners *o = make(NULL);
	struct owner *w;

	/* 10 sh -> 11 python3 -> 12 curl; 10's own parent is out of scope */
	feed(o, EVENT_EXEC, 10, 100, 9, "sh");
	feed(o, EVENT_FORK, 11, 200, 10, "sh");
	feed(o, EVENT_EXEC, 11, 200, 10, "python3");
	feed(o, EVENT_FORK, 12, 300, 11, "python3");
	feed(o, EVENT_EXEC, 12, 300, 11, "curl");
	w = owners_get(o, 12, 300);
	expect(w->comm, "curl");
	expect(w->parent_comm, "python3");
	expect(w->root_comm, "sh");
	assert_int_equal(w->root_pid, 10);
	assert_int_equal(w->ppid, 11);
	assert_int_equal(w->uid, 1000);
	assert_true(w->has_uid);
	assert_int_equal(w->cgroup_id, 77);
	assert_null(w->exe.p);
	w = owners_get(o, 10, 100);
	assert_int_equal(w->root_pid, 10);
	expect(w->root_comm, "sh");
	assert_null(w->parent_comm.p);
	owners_free(o);
}

static void test_exec_renames_and_old_calls_keep(void **state)
{
	struct owners *o = make(NULL);
	struct owner *before, *after;

	feed(o, EVENT_FORK, 10, 100, 9, "bash");
	before = owner_ref(owners_get(o, 10, 100));
	feed(o, EVENT_EXEC, 10, 100, 9, "node");
	after = owners_get(o, 10, 100);
	expect(before->comm, "bash");
	expect(after->comm, "node");
	expect(after->root_comm, "node");
	owner_unref(before);
	assert_ptr_equal(owners_get(o, 10, 100), after);
	owners_free(o);
}

static void test_order_does_not_matter(void **state)
{
	struct owners *o = make(NULL);
	struct process_event late = {
		.ev = {.size = sizeof(late), .kind = EVENT_FORK, .ts_ns = 1, .tgid = 11,
		       .tid = 11, .start_ns = 200},
		.ppid = 10, .uid = 5, .comm = "old",
	};

	now = 1000;
	feed(o, EVENT_EXEC, 11, 200, 10, "curl");
	owners_feed(o, &late);
	feed(o, EVENT_EXEC, 10, 100, 9, "sh");
	expect(owners_get(o, 11, 200)->comm, "curl");
	feed(o, EVENT_PROCESS, 11, 200, 10, "curl");
	expect(owners_get(o, 11, 200)->parent_comm, "sh");
	assert_int_equal(owners_get(o, 11, 200)->root_pid, 10);
	owners_free(o);
}

static void test_pid_reuse(void **state)
{
	struct owners *o = make(NULL);

	feed(o, EVENT_EXEC, 10, 100, 9, "first");
	feed(o, EVENT_EXIT, 10, 100, 9, "first");
	feed(o, EVENT_EXEC, 10, 900, 9, "second");
	/* born before the second: its parent was the first */
	feed(o, EVENT_FORK, 11, 500, 10, "child");
	expect(owners_get(o, 10, 100)->comm, "first");
	expect(owners_get(o, 10, 900)->comm, "second");
	assert_null(owners_get(o, 11, 500)->parent_comm.p);
	owners_free(o);
}

static void test_linger(void **state)
{
	struct owners *o = make(NULL);

	now = 1000;
	feed(o, EVENT_EXEC, 10, 100, 9, "gone");
	feed(o, EVENT_FORK, 12, 300, 10, "kid");
	feed(o, EVENT_EXIT, 10, 100, 9, "gone");
	now += OWNER_LINGER_NS / 2;
	feed(o, EVENT_EXEC, 11, 200, 9, "other");
	expect(owners_get(o, 10, 100)->comm, "gone");
	now += OWNER_LINGER_NS;
	feed(o, EVENT_EXEC, 11, 200, 9, "other");
	/* forgotten: a fresh one that knows nothing; its child still knows it */
	assert_null(owners_get(o, 10, 100)->comm.p);
	feed(o, EVENT_EXEC, 12, 300, 10, "kid2");
	expect(owners_get(o, 12, 300)->parent_comm, "gone");
	owners_free(o);
}

static void test_bounded_dead_first(void **state)
{
	struct owners *o = make(NULL);
	u64 before = stats_get(STAT_OWNER_EVICTED);
	struct owner *kept;

	now = 1000;
	feed(o, EVENT_EXEC, 1000000, 1, 9, "live");
	feed(o, EVENT_EXEC, 1000001, 1, 9, "dead");
	kept = owner_ref(owners_get(o, 1000001, 1));
	feed(o, EVENT_EXIT, 1000001, 1, 9, "dead");
	for (u32 i = 0; i < OWNER_MAX - 2; i++)
		feed(o, EVENT_FORK, 2000000 + i, 5, 1000000, "x");
	assert_int_equal(stats_get(STAT_OWNER_EVICTED), before);
	feed(o, EVENT_FORK, 9000000, 5, 1000000, "x");
	assert_int_equal(stats_get(STAT_OWNER_EVICTED), before + 1);
	expect(owners_get(o, 1000000, 1)->comm, "live");
	expect(kept->comm, "dead");
	owner_unref(kept);
	owners_free(o);
}

static void test_cgroup_from_kernel(void **state)
{
	struct owners *o = make(NULL);
	struct process_event ev = {
		.ev = {.size = sizeof(ev), .kind = EVENT_PROCESS, .ts_ns = now++, .tgid = 5,
		       .tid = 5, .start_ns = 50},
		.comm = "exactly-16-bytes", .cgroup_id = 1, .cgroup_v1_id = 88,
		.cgroup_name = {"cri-containerd-" ID ".scope", "kubepods-pod" UID_ ".slice", "/"},
	};
	struct owner *w;

	owners_feed(o, &ev);
	w = owners_get(o, 5, 50);
	expect(w->comm, "exactly-16-bytes");
	assert_int_equal(w->cgroup_id, 88);
	expect(w->cgroup_path, "kubepods-pod" UID_ ".slice/cri-containerd-" ID ".scope");
	expect(w->container_id, ID);
	expect(w->container_runtime, "containerd");
	expect(w->pod_uid, "6a2c1f0e-8d3b-4c55-9f17-0b6f2f7f8a11");
	owners_free(o);
}

static void test_tags(void **state)
{
	const struct owner_tag tags[] = {
		{STR("team"), STR("payments"), STR("command_line")},
		{STR("env"), STR("dev"), STR_NONE},
	};
	const struct owners_options options = {.tags = tags, .tag_cnt = 2};
	struct owners *o;
	struct owner *w;

	assert_int_equal(owners_new(&options, &o), 0);
	w = owners_get(o, 3, 30);
	assert_int_equal(w->tag_cnt, 2);
	expect(w->tag[0].key, "team");
	expect(w->tag[0].value, "payments");
	expect(w->tag[1].source, "command_line");
	assert_string_equal(owners_node(o), "");
	assert_string_equal(owners_boot_id(o), "");
	owners_free(o);
}

static void test_stat_text(void **state)
{
	struct proc_stat stat;

	assert_true(proc_parse_stat(STR("7 (a) b (c)) S 3 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 "
					"0 1 0 4242 9 9"), &stat));
	assert_int_equal(stat.ppid, 3);
	assert_int_equal(stat.start_ticks, 4242);
	assert_false(proc_parse_stat(STR("7 (a) S 3 7"), &stat));
	assert_false(proc_parse_stat(STR("7 (a)"), &stat));
	assert_false(proc_parse_stat(STR("7 a S"), &stat));
	assert_false(proc_parse_stat(STR(""), &stat));
}

/* --- with the real /proc, on a child of our own --- */

static char top[64];

static void run(const char *script)
{
	char line[1024];

	snprintf(line, sizeof(line), "cd %s && %s", top, script);
	assert_int_equal(system(line), 0);
}

static pid_t start_child(const char *folder, int *ret_fd)
{
	char dir[256];
	int fds[2];
	char c;

	snprintf(dir, sizeof(dir), "%s/%s", top, folder);
	assert_int_equal(pipe(fds), 0);

	pid_t pid = fork();

	if (pid == 0) {
		close(fds[0]);
		if (chdir(dir))
			_exit(1);
		prctl(PR_SET_NAME, "my (child) 1");
		if (write(fds[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &c, 1), 1);
	*ret_fd = fds[0];
	return pid;
}

static u64 start_of(pid_t pid)
{
	char path[64];
	struct proc_stat stat;
	struct buf text;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	buf_init(&text, 4096);
	assert_int_equal(proc_read(-1, path, &text), 0);
	assert_true(proc_parse_stat(buf_str(&text), &stat));
	buf_fini(&text);
	return stat.start_ticks * (NS_PER_S / (u64)sysconf(_SC_CLK_TCK)) + 1234567;
}

static void stop_child(pid_t pid, int fd)
{
	close(fd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int set_up(void **state)
{
	str_to_c(STR("/tmp/tolltap-owner-XXXXXX"), top, sizeof(top));
	return mkdtemp(top) ? 0 : -1;
}

static int tear_down(void **state)
{
	char line[128];

	snprintf(line, sizeof(line), "rm -rf %s", top);
	return system(line);
}

static void test_proc(void **state)
{
	struct owners *o = make("/proc");
	char exe[4096];
	struct owner *w;
	int fd;

	run("mkdir -p shop/deep");

	pid_t pid = start_child("shop/deep", &fd);
	u64 start = start_of(pid);
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe));

	feed(o, EVENT_EXEC, (u32)pid, start, 0, "");
	w = owners_get(o, (u32)pid, start);
	assert_true(str_eq(w->exe, (struct str){exe, (size_t)n}));
	expect(w->workdir, "deep");
	expect(w->comm, "my (child) 1");
	assert_int_equal(w->ppid, getpid());
	assert_true(w->has_uid);
	assert_int_equal(w->uid, geteuid());
	assert_true(w->cgroup_path.n > 0 && w->cgroup_path.p[0] == '/');
	expect(w->parent_comm, "test_owner");
	assert_true(strlen(owners_node(o)) > 0);
	assert_int_equal(strlen(owners_boot_id(o)), 36);

	/* the same pid with another start is somebody else: /proc is not believed */
	w = owners_get(o, (u32)pid, start + 5 * NS_PER_S);
	assert_null(w->exe.p);
	assert_null(w->workdir.p);

	/* gone: what was read stays */
	stop_child(pid, fd);
	feed(o, EVENT_PROCESS, (u32)pid, start, (u32)getpid(), "late");
	w = owners_get(o, (u32)pid, start);
	expect(w->comm, "late");
	expect(w->workdir, "deep");
	assert_true(w->exe.n > 0);
	owners_free(o);
}

/* --- environment and session --- */

static pid_t start_with(char *const variables[], int *ret_fd)
{
	char *const argv[] = {(char[]){"cat"}, NULL};
	int fds[2], started[2];
	char c;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pipe2(started, O_CLOEXEC), 0);

	pid_t pid = fork();

	if (pid == 0) {
		close(fds[1]);
		dup2(fds[0], 0);
		execve("/bin/cat", argv, variables);
		_exit(1);
	}
	close(fds[0]);
	close(started[1]);
	assert_int_equal(read(started[0], &c, 1), 0);	/* closed by the exec */
	close(started[0]);
	*ret_fd = fds[1];
	return pid;
}

static struct str tag_of(const struct owner *w, const char *key, const char *source)
{
	for (size_t i = 0; i < w->tag_cnt; i++)
		if (str_eq(w->tag[i].key, str_of(key))) {
			expect(w->tag[i].source, source);
			return w->tag[i].value;
		}
	return STR_NONE;
}

static void test_environment(void **state)
{
	char code[] = "PROJECT_CODE=PX-17", team[] = "TEAM=theirs", key[] = "API_KEY=sk-secret";
	char *const variables[] = {code, key, team, NULL};
	const struct owner_tag tags[] = {{STR("team"), STR("ours"), STR("command_line")}};
	const struct owners_options options = {.tags = tags, .tag_cnt = 1, .proc_root = "/proc"};
	struct owners *o;
	struct owner *w;
	int fd;

	assert_int_equal(owners_new(&options, &o), 0);

	pid_t pid = start_with(variables, &fd);
	u64 start = start_of(pid);

	feed(o, EVENT_EXEC, (u32)pid, start, 9, "cat");
	/* known without being there any more */
	stop_child(pid, fd);
	feed(o, EVENT_PROCESS, (u32)pid, start, 9, "cat");
	w = owners_get(o, (u32)pid, start);
	assert_int_equal(w->tag_cnt, 2);
	expect(tag_of(w, "project_code", "environment"), "PX-17");
	expect(tag_of(w, "team", "command_line"), "ours");
	expect(w->session_source, "process_tree");
	owners_free(o);
}

static void test_environment_too_large(void **state)
{
	static char rest[3][100 << 10];
	char team[] = "TEAM=first", code[] = "PROJECT_CODE=behind";
	char *const variables[] = {team, rest[0], rest[1], rest[2], code, NULL};
	u64 before = stats_get(STAT_OWNER_ENVIRON_CUT);
	struct owners *o = make("/proc");
	int fd;

	for (size_t i = 0; i < ARRAY_LEN(rest); i++)
		memset(rest[i], 'x', sizeof(rest[i]) - 1);

	pid_t pid = start_with(variables, &fd);
	u64 start = start_of(pid);
	struct owner *w = owners_get(o, (u32)pid, start);

	assert_int_equal(w->tag_cnt, 1);
	expect(tag_of(w, "team", "environment"), "first");
	assert_int_equal(stats_get(STAT_OWNER_ENVIRON_CUT), before + 1);
	stop_child(pid, fd);
	owners_free(o);
}

static void test_session_of_the_environment(void **state)
{
	char session[] = "CLAUDE_CODE_SESSION_ID=8d3b4c55";
	char *const variables[] = {session, NULL};
	struct owners *o = make("/proc");
	int fd;
	pid_t pid = start_with(variables, &fd);
	u64 start = start_of(pid);
	struct owner *w = owners_get(o, (u32)pid, start);

	expect(w->session_id, "8d3b4c55");
	expect(w->session_source, "environment");
	stop_child(pid, fd);
	owners_free(o);
}

/* One tree is one session, whoever of it is gone already; another run is another. */
static void test_session_of_a_tree(void **state)
{
	struct owners *o = make(NULL);
	struct owner *first;

	now = 1000;
	feed(o, EVENT_EXEC, 10, 100, 9, "supervisor");
	feed(o, EVENT_FORK, 11, 200, 10, "supervisor");
	feed(o, EVENT_EXEC, 11, 200, 10, "worker");
	feed(o, EVENT_EXEC, 20, 150, 9, "other");
	first = owner_ref(owners_get(o, 10, 100));
	assert_true(first->session_id.n > 0);
	assert_true(str_eq(owners_get(o, 11, 200)->session_id, first->session_id));
	assert_false(str_eq(owners_get(o, 20, 150)->session_id, first->session_id));
	feed(o, EVENT_EXIT, 10, 100, 9, "supervisor");
	now += 2 * OWNER_LINGER_NS;
	feed(o, EVENT_FORK, 12, 300, 11, "worker");
	assert_true(str_eq(owners_get(o, 12, 300)->session_id, first->session_id));
	feed(o, EVENT_EXEC, 10, now, 9, "supervisor");
	assert_false(str_eq(owners_get(o, 10, now - 1)->session_id, first->session_id));
	owner_unref(first);
	owners_free(o);
}

static void check_git(const char *folder, const char *repo, const char *branch, const char *commit)
{
	struct owners *o = make("/proc");
	int fd;
	pid_t pid = start_child(folder, &fd);
	u64 start = start_of(pid);
	struct owner *w = owners_get(o, (u32)pid, start);

	expect(w->git_repo, repo);
	expect(w->git_branch, branch);
	expect(w->git_commit, commit);
	stop_child(pid, fd);
	owners_free(o);
}

#define C1 "1111111111111111111111111111111111111111"
#define C2 "2222222222222222222222222222222222222222"

static void test_git(void **state)
{
	run("mkdir -p cart/.git/refs/heads/f cart/src/deep && "
	    "echo 'ref: refs/heads/f/x' >cart/.git/HEAD && echo " C1 " >cart/.git/refs/heads/f/x");
	check_git("cart/src/deep", "cart", "f/x", C1);
	/* packed */
	run("rm cart/.git/refs/heads/f/x && printf '# pack\\n" C2 " refs/heads/f/x\\n'"
	    " >cart/.git/packed-refs");
	check_git("cart", "cart", "f/x", C2);
	/* detached */
	run("echo " C1 " >cart/.git/HEAD");
	check_git("cart/src", "cart", NULL, C1);
	/* a branch without a commit */
	run("echo 'ref: refs/heads/new' >cart/.git/HEAD");
	check_git("cart/src", "cart", "new", NULL);
	/* a worktree: HEAD of its own, refs of the main one */
	run("mkdir -p cart/.git/worktrees/w cart/.git/refs/heads wt/sub && "
	    "echo 'gitdir: ../cart/.git/worktrees/w' >wt/.git && "
	    "echo 'ref: refs/heads/side' >cart/.git/worktrees/w/HEAD && "
	    "echo ../.. >cart/.git/worktrees/w/commondir && "
	    "echo " C2 " >cart/.git/refs/heads/side");
	check_git("wt/sub", "wt", "side", C2);
	/* no checkout at all */
	run("mkdir -p plain");
	check_git("plain", NULL, NULL, NULL);
}

static void test_git_is_not_fooled(void **state)
{
	/* a link, a pipe, a device, another file's text */
	run("mkdir -p a/.git b/.git c && ln -s /etc/hostname a/.git/HEAD && mkfifo b/.git/HEAD && "
	    "echo 'gitdir: /etc' >c/.git");
	check_git("a", NULL, NULL, NULL);
	check_git("b", NULL, NULL, NULL);
	check_git("c", NULL, NULL, NULL);
	run("mkdir -p d/.git/refs/heads && echo 'ref: refs/heads/x' >d/.git/HEAD && "
	    "echo secret >d/.git/refs/heads/x");
	check_git("d", "d", "x", NULL);
	run("mkdir -p e/.git && ln -s /proc/self/environ e/.git/packed-refs && "
	    "echo 'ref: refs/heads/x' >e/.git/HEAD");
	check_git("e", "e", "x", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_exec_renames_and_old_calls_keep),
		cmocka_unit_test(test_order_does_not_matter),
		cmocka_unit_test(test_pid_reuse),
		cmocka_unit_test(test_linger),
		cmocka_unit_test(test_bounded_dead_first),
		cmocka_unit_test(test_cgroup_from_kernel),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_stat_text),
		cmocka_unit_test_setup_teardown(test_proc, set_up, tear_down),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_environment_too_large),
		cmocka_unit_test(test_session_of_the_environment),
		cmocka_unit_test(test_session_of_a_tree),
		cmocka_unit_test_setup_teardown(test_git, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_git_is_not_fooled, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
