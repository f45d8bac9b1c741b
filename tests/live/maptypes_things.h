/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What maps of the stranger types take: programs, sockets, cgroups, tasks of the test's own.
 * They go with the process; files and cgroups are removed when it ends.
 */
#ifndef BPFMAPFS_TESTS_LIVE_MAPTYPES_THINGS_H
#define BPFMAPFS_TESTS_LIVE_MAPTYPES_THINGS_H

#include <fcntl.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tests/live/maptypes_make.h"

#define LOAD_MAP(reg, fd)                   \
	{.code = BPF_LD | BPF_DW | BPF_IMM, \
	 .dst_reg = reg,                    \
	 .src_reg = BPF_PSEUDO_MAP_FD,      \
	 .imm = fd},                        \
	{                                   \
		.code = 0                   \
	}
#define SET(reg, number)                                                           \
	{                                                                          \
		.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = reg, .imm = number \
	}
#define CALL(helper)                                      \
	{                                                 \
		.code = BPF_JMP | BPF_CALL, .imm = helper \
	}
#define EXIT                               \
	{                                  \
		.code = BPF_JMP | BPF_EXIT \
	}

static inline int load(enum bpf_prog_type type, const struct bpf_insn *code, size_t count)
{
	return bpf_prog_load(type, "mt_prog", "GPL", code, count, NULL);
}

/* It does nothing; n of them. */
static inline int program(uint32_t n)
{
	const struct bpf_insn code[] = {SET(BPF_REG_0, 0), EXIT};
	static int fds[4];

	if (!fds[n])
		fds[n] = load(BPF_PROG_TYPE_SOCKET_FILTER, code, COUNT(code));
	must(fds[n] > 0, "a program");
	return fds[n];
}

/* It does nothing either, but holds a map; -errno where the kernel allows no such thing. */
static inline int holder_of(int map)
{
	const struct bpf_insn code[] = {LOAD_MAP(BPF_REG_1, map), SET(BPF_REG_0, 0), EXIT};

	return load(BPF_PROG_TYPE_SOCKET_FILTER, code, COUNT(code));
}

static inline uint32_t program_id(int fd)
{
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);

	must(!bpf_obj_get_info_by_fd(fd, &info, &len), "info of a program");
	return info.id;
}

static inline int perf_event(void)
{
	static struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_BPF_OUTPUT,
	};
	static int fd;

	if (!fd)
		fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	must(fd > 0, "perf_event_open");
	return fd;
}

/* --- sockets */

static inline int listener(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	static int fd;

	if (fd)
		return fd;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(!bind(fd, (struct sockaddr *)&any, sizeof(any)) && !listen(fd, 1), "listen");
	return fd;
}

/* A new one each time: it can be in one map. */
static inline int shared_port(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), yes = 1;

	must(!setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof(yes)) &&
		     !bind(fd, (struct sockaddr *)&any, sizeof(any)),
	     "SO_REUSEPORT");
	return fd;
}

static inline int xdp_socket(void)
{
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);

	must(fd >= 0, "AF_XDP");
	return fd;
}

static inline int plain_socket(uint32_t n)
{
	static int fds[4];

	if (!fds[n])
		fds[n] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(fds[n] > 0, "socket");
	return fds[n];
}

static inline uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	must(!getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len), "SO_COOKIE");
	return cookie;
}

/* --- tasks, files, cgroups */

static pid_t children[4];
static char files[4][512], cgroups[4][512];

static inline void clean_up(void)
{
	for (int n = 0; n < 4; n++) {
		if (children[n] > 0)
			kill(children[n], SIGKILL);
		if (*files[n])
			unlink(files[n]);
		if (*cgroups[n])
			rmdir(cgroups[n]);
	}
}

static inline void end(int number)
{
	exit(128 + number);
}

/* The helper's first call: everything that another process can see is gone when it ends. */
static inline void begin(void)
{
	signal(SIGTERM, end);
	signal(SIGINT, end);
	signal(SIGCHLD, SIG_IGN);
	libbpf_set_print(NULL);
	atexit(clean_up);
}

static inline uint32_t task(uint32_t n)
{
	if (!children[n])
		children[n] = fork();
	must(children[n] >= 0, "fork");
	if (children[n] == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGTERM, SIG_DFL);
		for (;;)
			pause();
	}
	return (uint32_t)children[n];
}

static inline int task_fd(uint32_t n)
{
	static int fds[4];

	if (!fds[n])
		fds[n] = (int)syscall(SYS_pidfd_open, task(n), 0);
	must(fds[n] > 0, "pidfd_open");
	return fds[n];
}

static inline int file_fd(uint32_t n)
{
	const char *dir = getenv("TMPDIR");
	static int fds[4];

	if (!fds[n]) {
		snprintf(files[n], sizeof(files[n]), "%s/maptypes.XXXXXX", dir ? dir : "/tmp");
		fds[n] = mkostemp(files[n], O_CLOEXEC);
	}
	must(fds[n] > 0, "a file");
	return fds[n];
}

/* Where the unified hierarchy is. */
static inline const char *cgroup_root(void)
{
	static char root[256];
	char line[1024], *type;
	FILE *f = *root ? NULL : fopen("/proc/self/mountinfo", "re");

	while (!*root && f && fgets(line, sizeof(line), f)) {
		type = strstr(line, " - cgroup2 ");
		if (type && sscanf(line, "%*u %*u %*s / %255s", root) != 1)
			*root = '\0';
	}
	if (f)
		fclose(f);
	must(*root != '\0', "no cgroup2 is mounted");
	return root;
}

static inline int cgroup_fd(uint32_t n)
{
	static int fds[4];

	if (!fds[n]) {
		snprintf(cgroups[n], sizeof(cgroups[n]), "%s/maptypes-%d-%u", cgroup_root(),
			 getpid(), n);
		must(!mkdir(cgroups[n], 0700), "%s", cgroups[n]);
		fds[n] = open(cgroups[n], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	must(fds[n] > 0, "a cgroup");
	return fds[n];
}

static inline const char *cgroup_path(uint32_t n)
{
	cgroup_fd(n);
	return cgroups[n];
}

static inline uint64_t cgroup_id(uint32_t n)
{
	struct stat st;

	must(!fstat(cgroup_fd(n), &st), "fstat");
	return st.st_ino;
}

/* A storage's element is there as long as this link is. */
static inline int attach_storage(int map, uint32_t n)
{
	const struct bpf_insn code[] = {LOAD_MAP(BPF_REG_1, map), SET(BPF_REG_2, 0),
					CALL(BPF_FUNC_get_local_storage), SET(BPF_REG_0, 1), EXIT};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_CGROUP_INET_EGRESS);
	int fd = bpf_prog_load(BPF_PROG_TYPE_CGROUP_SKB, "mt_storage", "GPL", code, COUNT(code),
			       &opts);
	int link = fd < 0 ? fd : bpf_link_create(fd, cgroup_fd(n), BPF_CGROUP_INET_EGRESS, NULL);

	if (fd >= 0)
		close(fd);
	must(link >= 0, "attach to a cgroup");
	return link;
}

/* A program takes a trace of the kernel's stack, another one for other flags; its id. */
static inline uint32_t take_trace(int map, uint32_t flags)
{
	const struct bpf_insn code[] = {LOAD_MAP(BPF_REG_2, map), SET(BPF_REG_3, 0),
					CALL(BPF_FUNC_get_stackid), EXIT};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .flags = flags);
	int fd = load(BPF_PROG_TYPE_RAW_TRACEPOINT, code, COUNT(code));

	must(fd >= 0 && !bpf_prog_test_run_opts(fd, &opts), "take a stack trace");
	close(fd);
	must((int32_t)opts.retval >= 0, "no stack trace: %d", (int32_t)opts.retval);
	return opts.retval;
}

/* The verdict of a sockmap, that drops all; -errno for other types. */
static inline int attach_verdict(int map)
{
	const struct bpf_insn code[] = {SET(BPF_REG_0, SK_DROP), EXIT};
	int fd = load(BPF_PROG_TYPE_SK_SKB, code, COUNT(code));
	int err = fd < 0 ? fd : bpf_prog_attach(fd, map, BPF_SK_SKB_STREAM_VERDICT, 0);

	must(fd >= 0, "a verdict program");
	close(fd);
	return err;
}

#endif
