/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What descriptors can be had of, on the machine that runs the test; and of what not. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/host.h"
#include "lib/hostfd.h"
#include "lib/mounts.h"
#include "tests/unit/fake_sys.h"

static unsigned int open_descriptors(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Sockets are closed by and by. */
static int count_before(void **state)
{
	*state = (void *)(uintptr_t)open_descriptors();
	return 0;
}

static int count_after(void **state)
{
	for (int i = 0; i < 5000 && open_descriptors() != (uintptr_t)*state; i++)
		usleep(1000);
	return open_descriptors() != (uintptr_t)*state;
}

static void assert_fd(int fd)
{
	if (fd < 0)
		fail_msg("%s", strerror(-fd));
	host_close(fd);
}

/* Refused so, with that sentence, and likewise without a diag. */
#define assert_refused(call, want, sentence)                          \
	do {                                                          \
		struct diag diag = {0}, *d = &diag;                   \
		int err = (call);                                     \
		if (err != -(want) || diag.err != (want))             \
			fail_msg("%s: %d, %s", #call, err, diag.why); \
		if (!strstr(diag.why, sentence))                      \
			fail_msg("%s: says %s", #call, diag.why);     \
		d = NULL;                                             \
		assert_int_equal(call, -(want));                      \
	} while (0)

/* Tasks. */

struct thread {
	pthread_t thread;
	int say[2], end[2];
	uint32_t id;
};

static void *be_a_thread(void *arg)
{
	struct thread *t = arg;
	uint32_t id = (uint32_t)gettid();
	char c;

	assert_int_equal(write(t->say[1], &id, sizeof(id)), sizeof(id));
	assert_int_equal(read(t->end[0], &c, 1), 0);
	return NULL;
}

static void start_thread(struct thread *t)
{
	assert_int_equal(pipe(t->say) || pipe(t->end), 0);
	assert_int_equal(pthread_create(&t->thread, NULL, be_a_thread, t), 0);
	assert_int_equal(read(t->say[0], &t->id, sizeof(t->id)), sizeof(t->id));
}

static void end_thread(struct thread *t)
{
	close(t->end[1]);
	pthread_join(t->thread, NULL);
	close(t->end[0]);
	close(t->say[0]);
	close(t->say[1]);
}

static uint32_t dead_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return (uint32_t)pid;
}

static void test_task(void **state)
{
	const uint32_t none[] = {0,          4194305,     INT32_MAX, (uint32_t)INT32_MAX + 1,
				 UINT32_MAX, dead_child()};

	(void)state;
	assert_fd(hostfd_task((uint32_t)getpid(), NULL));
	assert_fd(hostfd_task(1, NULL));
	for (unsigned int i = 0; i < ARRAY_SIZE(none); i++)
		assert_refused(hostfd_task(none[i], d), ENOENT, "no task");
}

struct tally {
	uint32_t wanted;
	unsigned int times, calls, most;
};

static int tally_task(void *arg, uint32_t id)
{
	struct tally *t = arg;

	t->times += id == t->wanted;
	return ++t->calls == t->most ? -EINTR : 0;
}

static void test_each_task(void **state)
{
	struct thread thread;
	struct tally of_thread, of_process = {.wanted = (uint32_t)getpid()};
	struct tally three = {.most = 3};

	(void)state;
	start_thread(&thread);
	of_thread = (struct tally){.wanted = thread.id};
	assert_int_equal(hostfd_each_task(tally_task, &of_thread), 0);
	assert_int_equal(of_thread.times, 1);
	assert_int_equal(hostfd_each_task(tally_task, &of_process), 0);
	assert_int_equal(of_process.times, 1);
	assert_int_equal(hostfd_each_task(tally_task, &three), -EINTR);
	assert_int_equal(three.calls, 3);
	end_thread(&thread);
	of_thread.times = 0;
	assert_int_equal(hostfd_each_task(tally_task, &of_thread), 0);
	assert_int_equal(of_thread.times, 0);
}

/* Kernels before 6.9 have descriptors of processes only. */
static void test_thread(void **state)
{
	struct thread thread;
	int fd;

	(void)state;
	start_thread(&thread);
	fd = hostfd_task(thread.id, NULL);
	if (fd != -ENOENT)
		assert_fd(fd);
	end_thread(&thread);
	assert_refused(hostfd_task(thread.id, d), ENOENT, "no task");
}

/* Paths. */

static const char *const misspelt[] = {
	"",        "tmp",    ".",       "//",       "/.",          "/..",     "/tmp/",  "//tmp",
	"/tmp//x", "/tmp/.", "/tmp/..", "/tmp/./x", "/tmp/../tmp", "/../tmp", "/./tmp", "/tmp/x/..",
};

static void test_spellings(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(misspelt); i++) {
		const char *why = misspelt[i][0] == '/' ? "empty, '.' or '..'" : "begins with";

		assert_refused(hostfd_file(misspelt[i], d), EINVAL, why);
		assert_refused(hostfd_cgroup(misspelt[i], d), EINVAL, why);
	}
}

static char dir[] = "/tmp/hostfd-XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[1000];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int make_dir(void **state)
{
	int fd;

	count_before(state);
	if (!mkdtemp(dir) || mkdir(in_dir("sub"), 0700) || mkfifo(in_dir("fifo"), 0600))
		return -1;
	fd = open(in_dir("sub/...file"), O_CREAT | O_WRONLY, 0000);
	return fd < 0 || close(fd) || symlink("sub", in_dir("to-dir")) ||
	       symlink("sub/...file", in_dir("to-file"));
}

static int remove_dir(void **state)
{
	static const char *const files[] = {"sub/...file", "sub", "fifo", "to-dir", "to-file", ""};

	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++)
		if (remove(in_dir(files[i])))
			return -1;
	return count_after(state);
}

static void assert_opens(const char *path)
{
	struct stat want, got;
	int fd = hostfd_file(path, NULL);

	if (fd < 0)
		fail_msg("%s: %s", path, strerror(-fd));
	assert_int_equal(lstat(path, &want), 0);
	assert_int_equal(fstat(fd, &got), 0);
	assert_true(want.st_dev == got.st_dev && want.st_ino == got.st_ino);
	assert_true(fcntl(fd, F_GETFL) & O_PATH);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	host_close(fd);
}

static void test_file(void **state)
{
	(void)state;
	assert_opens("/");
	assert_opens("/tmp");
	assert_opens("/proc/version"); /* in another mount */
	assert_opens("/dev/null");
	assert_opens(in_dir("sub"));
	assert_opens(in_dir("sub/...file"));
	assert_opens(in_dir("fifo"));
}

static void test_no_file(void **state)
{
	char name[300] = {0};

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	assert_refused(hostfd_file(in_dir("none"), d), ENOENT, "no such file");
	assert_refused(hostfd_file(in_dir("none/x"), d), ENOENT, "no such file");
	assert_refused(hostfd_file(in_dir("fifo/x"), d), ENOENT, "no such file");
	assert_refused(hostfd_file(in_dir(name), d), ENOENT, "no such file");
	name[256] = '\0';
	assert_refused(hostfd_file(in_dir(name), d), ENOENT, "no such file");
	name[255] = '\0';
	assert_refused(hostfd_file(in_dir(name), d), ENOENT, "no such file");
}

static void test_symlinks(void **state)
{
	static const char *const magic[] = {"/proc/self/root", "/proc/self/cwd/x",
					    "/proc/thread-self/root/tmp", "/proc/self/fd/0"};

	(void)state;
	assert_refused(hostfd_file(in_dir("to-dir"), d), EINVAL, "symbolic link");
	assert_refused(hostfd_file(in_dir("to-dir/...file"), d), EINVAL, "symbolic link");
	assert_refused(hostfd_file(in_dir("to-file"), d), EINVAL, "symbolic link");
	for (unsigned int i = 0; i < ARRAY_SIZE(magic); i++)
		assert_refused(hostfd_file(magic[i], d), EINVAL, "symbolic link");
}

static int find_proc(void *arg, const struct mount *m)
{
	struct statx *stx = arg;

	if (strcmp(m->point, "/proc") != 0 || strcmp(m->type, "proc") != 0)
		return 0;
	return m->id == stx->stx_mnt_id && strcmp(m->root, "/") == 0 ? 7 : 0;
}

static int count_mounts(void *arg, const struct mount *m)
{
	(void)m;
	++*(unsigned int *)arg;
	return 0;
}

static void test_mounts(void **state)
{
	unsigned int count = 0;
	struct statx stx;

	(void)state;
	assert_int_equal(statx(AT_FDCWD, "/proc/version", 0, STATX_MNT_ID, &stx), 0);
	assert_int_equal(mounts_each(find_proc, &stx), 7);
	assert_int_equal(mounts_each(count_mounts, &count), 0);
	assert_true(count > 1);
}

/* Cgroups. */

struct cgroups {
	unsigned int calls, roots, open, gone, most;
};

static int open_one(void *arg, const char *path)
{
	struct cgroups *c = arg;
	int fd = hostfd_cgroup(path, NULL);

	c->roots += strcmp(path, "/") == 0;
	c->open += fd >= 0;
	c->gone += fd == -ENOENT;
	if (fd >= 0)
		host_close(fd);
	return ++c->calls == c->most ? -EINTR : 0;
}

static void test_cgroups(void **state)
{
	struct cgroups all = {0}, one = {.most = 1};
	int fd = hostfd_cgroup("/", NULL);

	(void)state;
	if (fd == -ENOENT)
		skip();
	assert_fd(fd);
	assert_int_equal(hostfd_each_cgroup(open_one, &all), 0);
	assert_int_equal(all.roots, 1);
	assert_int_equal(all.open + all.gone, all.calls);
	assert_true(all.open >= 1);
	assert_int_equal(hostfd_each_cgroup(open_one, &one), -EINTR);
	assert_int_equal(one.calls, 1);
	assert_refused(hostfd_cgroup("/there is none", d), ENOENT, "no such cgroup");
	assert_refused(hostfd_cgroup("/cgroup.procs", d), ENOENT, "no such cgroup");
	assert_refused(hostfd_cgroup("/cgroup.procs/x", d), ENOENT, "no such cgroup");
}

static const char *hierarchy_point(void)
{
	static char point[1000];
	char line[4096];
	FILE *mounts = fopen("/proc/self/mounts", "re");

	point[0] = '\0';
	while (mounts && fgets(line, sizeof(line), mounts) && !point[0])
		if (sscanf(line, "%*s %999s cgroup2 ", point) != 1 || !strstr(line, " cgroup2 "))
			point[0] = '\0';
	if (mounts)
		fclose(mounts);
	return point;
}

static void assert_cgroup_dir(const char *point, const char *rest)
{
	struct stat want, got;
	char path[1100];
	int fd;

	snprintf(path, sizeof(path), "%s%s", point, rest);
	fd = hostfd_cgroup_dir(path, NULL);
	if (fd < 0)
		fail_msg("%s: %s", path, strerror(-fd));
	assert_int_equal(stat(point, &want) || fstat(fd, &got), 0);
	assert_true(want.st_dev == got.st_dev && want.st_ino == got.st_ino);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	host_close(fd);
}

static void test_cgroup_dirs(void **state)
{
	static const char *const none[] = {"/none", "/cgroup.procs", "/cgroup.procs/x", "/..",
					   "/../x"};
	const char *point = hierarchy_point();
	char path[1100];

	(void)state;
	if (!*point)
		skip();
	assert_cgroup_dir(point, "");
	assert_cgroup_dir(point, "/");
	assert_cgroup_dir(point, "//.");
	for (unsigned int i = 0; i < ARRAY_SIZE(none); i++) {
		snprintf(path, sizeof(path), "%s%s", point, none[i]);
		assert_refused(hostfd_cgroup_dir(path, d), EINVAL, "there is no such cgroup");
	}
	snprintf(path, sizeof(path), "%sx", point);
	assert_refused(hostfd_cgroup_dir(path, d), EINVAL, "no cgroup of the unified");
}

/* Outside of the hierarchy it makes no difference what is there. */
static void test_no_cgroup_dirs(void **state)
{
	static const char *const none[] = {"/", "/tmp", "/none", "/dev/null/x", "//", "/proc"};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(none); i++)
		assert_refused(hostfd_cgroup_dir(none[i], d), EINVAL, "no cgroup of the unified");
	assert_refused(hostfd_cgroup_dir("", d), EINVAL, "by its absolute path");
	assert_refused(hostfd_cgroup_dir("tmp", d), EINVAL, "by its absolute path");
}

/* Programs. */

static void test_program(void **state)
{
	uint32_t id = 0;

	(void)state;
	fake_pin_prog(7, in_dir("fifo"));
	assert_int_equal(hostfd_program(in_dir("fifo"), &id, NULL), 0);
	assert_int_equal(id, 7);
	assert_refused(hostfd_program(in_dir("sub"), &id, d), EINVAL, "no program is pinned");
	assert_refused(hostfd_program(in_dir("none"), &id, d), EINVAL, "no program is pinned");
	assert_refused(hostfd_program(in_dir("to-dir"), &id, d), EINVAL, "symbolic link");
	assert_refused(hostfd_program(in_dir("../x"), &id, d), EINVAL, "empty, '.' or '..'");
}

/* Others than root: it makes no difference what is there. */
static void test_others(void **state)
{
	static const char *const paths[] = {"/", "/tmp", "/none", "x", "/tmp/../x", "/dev/null"};
	int ends[2];
	uint32_t id;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	host_serve(65534);
	for (unsigned int i = 0; i < ARRAY_SIZE(paths); i++) {
		assert_refused(hostfd_file(paths[i], d), EPERM, "only root may name files");
		assert_refused(hostfd_program(paths[i], &id, d), EPERM, "name programs");
		assert_refused(hostfd_cgroup_dir(paths[i], d), EPERM, "name cgroups");
	}
	assert_refused(hostfd_cgroup_dir(hierarchy_point(), d), EPERM, "name cgroups");
	for (unsigned int number = 0; number < 100; number++)
		assert_refused(hostfd_socket((uint32_t)getpid(), number, d), EPERM, "name sockets");
	assert_fd(hostfd_task((uint32_t)getpid(), NULL));
	if (*hierarchy_point())
		assert_fd(hostfd_cgroup("/", NULL));
	host_serve(0);
	close(ends[0]);
	close(ends[1]);
}

/* Sockets. */

static uint32_t self(void)
{
	return (uint32_t)getpid();
}

static void test_socket(void **state)
{
	int ends[2], fd;
	char c = 'x';

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	fd = hostfd_socket(self(), (uint32_t)ends[1], NULL);
	assert_true(fd >= 0 && fd != ends[1]);
	assert_int_equal(write(fd, &c, 1), 1);
	close(ends[1]);
	hostfd_close_socket(fd); /* now it is closed, as the other end finds */
	assert_int_equal(read(ends[0], &c, 1), 1);
	assert_int_equal(read(ends[0], &c, 1), 0);
	assert_refused(hostfd_socket(self(), (uint32_t)ends[1], d), ENOENT, "no such descriptor");
	close(ends[0]);
}

static void test_no_socket(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_refused(hostfd_socket(self(), (uint32_t)ends[0], d), EINVAL, "no socket");
	assert_refused(hostfd_socket(self(), 100000, d), ENOENT, "no such descriptor");
	assert_refused(hostfd_socket(self(), UINT32_MAX, d), ENOENT, "no such descriptor");
	assert_refused(hostfd_socket(dead_child(), 0, d), ENOENT, "no such process");
	assert_refused(hostfd_socket(0, 0, d), ENOENT, "no such process");
	assert_refused(hostfd_socket(UINT32_MAX, 0, d), ENOENT, "no such process");
	close(ends[0]);
	close(ends[1]);
}

/* Somebody who puts a pipe where the socket was, and back. */
struct swapper {
	int target, socket, pipe;
	bool end;
};

static void *swap(void *arg)
{
	struct swapper *s = arg;

	while (!__atomic_load_n(&s->end, __ATOMIC_RELAXED)) {
		dup2(s->pipe, s->target);
		dup2(s->socket, s->target);
	}
	return NULL;
}

static void test_swapped(void **state)
{
	int ends[2], pipes[2], kind, fd;
	socklen_t size = sizeof(kind);
	struct swapper s;
	pthread_t thread;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || pipe(pipes), 0);
	s = (struct swapper){dup(ends[0]), ends[0], pipes[0], false};
	assert_int_equal(pthread_create(&thread, NULL, swap, &s), 0);
	for (int i = 0; i < 20000; i++) {
		fd = hostfd_socket(self(), (uint32_t)s.target, NULL);
		if (fd < 0 && fd != -EINVAL && fd != -EBUSY)
			fail_msg("%s", strerror(-fd));
		if (fd < 0)
			continue;
		assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &size), 0);
		hostfd_close_socket(fd);
	}
	__atomic_store_n(&s.end, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	for (int i = 0; i < 2; i++) {
		close(ends[i]);
		close(pipes[i]);
	}
	close(s.target);
}

#define COUNTED(test) cmocka_unit_test_setup_teardown(test, count_before, count_after)

int main(void)
{
	const struct CMUnitTest tests[] = {
		COUNTED(test_task),        COUNTED(test_each_task),      COUNTED(test_thread),
		COUNTED(test_spellings),   COUNTED(test_file),           COUNTED(test_no_file),
		COUNTED(test_symlinks),    COUNTED(test_mounts),         COUNTED(test_cgroups),
		COUNTED(test_cgroup_dirs), COUNTED(test_no_cgroup_dirs), COUNTED(test_program),
		COUNTED(test_others),      COUNTED(test_socket),         COUNTED(test_no_socket),
		COUNTED(test_swapped),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
