/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/confine.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/bpf.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

/* The sanitizers look into their own process, and make system calls of their own. */
#ifdef SANITIZED
enum { IS_SANITIZED = true };
#else
enum { IS_SANITIZED = false };
#endif

/* What each capability that stays is for. */
static const struct {
	unsigned int number;
	bool only_to_write;
} capabilities[] = {
	{CAP_BPF, false},          /* maps, their elements, BTF */
	{CAP_SYS_ADMIN, false},    /* maps and programs by their ids; unmounting */
	{CAP_DAC_OVERRIDE, false}, /* pins that belong to others; /proc/PID/fd */
	{CAP_SYS_PTRACE, false},   /* who has a map open; sockets by PID:FD */
	{CAP_SYSLOG, false},       /* addresses in /proc/kallsyms */
	{CAP_NET_ADMIN, true},     /* making maps of devices, CPUs and sockets */
	{CAP_CHOWN, true},         /* chown and chmod of a map go to its pin */
	{CAP_FOWNER, true},        {CAP_FSETID, true},
};

/* bpf(2): no programs, no links, no tokens. */
static const struct {
	enum bpf_cmd command;
	bool only_to_write;
} bpf_commands[] = {
	{BPF_MAP_LOOKUP_ELEM, false},
	{BPF_MAP_GET_NEXT_KEY, false},
	{BPF_MAP_LOOKUP_BATCH, false},
	{BPF_MAP_GET_NEXT_ID, false},
	{BPF_MAP_GET_FD_BY_ID, false},
	{BPF_OBJ_GET, false},
	{BPF_OBJ_GET_INFO_BY_FD, false},
	{BPF_BTF_GET_FD_BY_ID, false},
	{BPF_BTF_GET_NEXT_ID, false},
	{BPF_PROG_GET_NEXT_ID, false},
	{BPF_PROG_GET_FD_BY_ID, false},
	{BPF_ITER_CREATE, false},
	{BPF_MAP_CREATE, true},
	{BPF_BTF_LOAD, true},
	{BPF_OBJ_PIN, true},
	{BPF_MAP_UPDATE_ELEM, true},
	{BPF_MAP_UPDATE_BATCH, true},
	{BPF_MAP_DELETE_ELEM, true},
	{BPF_MAP_DELETE_BATCH, true},
	{BPF_MAP_LOOKUP_AND_DELETE_ELEM, true},
	{BPF_MAP_LOOKUP_AND_DELETE_BATCH, true},
	{BPF_MAP_FREEZE, true},
};

/* Names of interfaces, and syslog. */
static const int socket_families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

/* clang-format off */

/* What else the daemon and its libraries call. No execve, no ptrace, no mount. */
static const char *const calls[] = {
	/* files */
	"read", "pread64", "readv", "write", "writev", "pwrite64", "close", "lseek", "fcntl",
	"open", "openat", "openat2", "stat", "lstat", "fstat", "newfstatat", "statx", "statfs",
	"fstatfs", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "getdents64",
	"getcwd", "dup", "dup2", "dup3", "umask", "umount2", "splice", "pipe2", "ioctl", "flock",
	"chdir", "pipe",
	/* waiting */
	"poll", "ppoll", "select", "pselect6", "epoll_create1", "epoll_ctl", "epoll_wait",
	"epoll_pwait", "epoll_pwait2", "eventfd2", "futex", "futex_waitv", "nanosleep",
	"clock_nanosleep", "restart_syscall",
	/* sockets of the families above */
	"connect", "bind", "sendto", "sendmsg", "recvfrom", "recvmsg", "getsockname",
	"getsockopt", "setsockopt",
	/* tasks of others */
	"pidfd_open", "pidfd_getfd",
	/* memory, threads, signals, time */
	"brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "clone", "clone3", "exit",
	"exit_group", "set_robust_list", "rseq", "sched_yield", "sched_getaffinity", "gettid",
	"getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "tgkill", "membarrier",
	"arch_prctl", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait",
	"sigaltstack", "clock_gettime", "clock_getres", "gettimeofday", "time", "getrandom",
	"getrusage", "sysinfo", "uname", "getrlimit", "prlimit64", "getcpu", "setsid",
};

/* Pins and directories of bpffs. */
static const char *const calls_to_write[] = {
	"mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2",
	"chmod", "fchmod", "fchmodat", "chown", "fchown", "lchown", "fchownat", "utimensat",
};

/* clang-format on */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static int keep_capabilities(bool read_only)
{
	bool bounds = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	unsigned int number;
	uint64_t kept = 0;

	for (size_t i = 0; i < COUNT(capabilities); i++) {
		number = capabilities[i].number;
		if ((!read_only || !capabilities[i].only_to_write) &&
		    capng_have_capability(CAPNG_PERMITTED, number))
			kept |= UINT64_C(1) << number;
	}
	capng_clear(CAPNG_SELECT_BOTH);
	for (number = 0; kept >> number; number++)
		if (kept >> number & 1 &&
		    capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, number))
			return -EINVAL;
	return capng_apply(bounds ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) ? -EPERM : 0;
}

static int allow_bpf(scmp_filter_ctx filter, bool read_only)
{
	int err = 0;

	for (size_t i = 0; !err && i < COUNT(bpf_commands); i++)
		if (!read_only || !bpf_commands[i].only_to_write)
			err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(bpf), 1,
					       SCMP_A0_32(SCMP_CMP_EQ, bpf_commands[i].command, 0));
	return err;
}

static int allow_sockets(scmp_filter_ctx filter)
{
	int err = 0;

	for (size_t i = 0; !err && i < COUNT(socket_families); i++)
		err = seccomp_rule_add(
			filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			SCMP_A0_32(SCMP_CMP_EQ, (unsigned int)socket_families[i], 0));
	return err;
}

/* Those that this architecture or library does not know are passed over. */
static int allow_calls(scmp_filter_ctx filter, const char *const *names, size_t count)
{
	int err = 0, number;

	for (size_t i = 0; !err && i < count; i++) {
		number = seccomp_syscall_resolve_name(names[i]);
		if (number != __NR_SCMP_ERROR)
			err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
	}
	return err;
}

/* All else is ENOSYS, and a line in the audit log if that can be: libc has another way for what is
 * newer than this list. */
static int filter_calls(bool read_only)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int err = filter ? 0 : -ENOMEM;

	if (!err)
		err = allow_bpf(filter, read_only);
	if (!err)
		err = allow_sockets(filter);
	if (!err)
		err = allow_calls(filter, calls, COUNT(calls));
	if (!err && !read_only)
		err = allow_calls(filter, calls_to_write, COUNT(calls_to_write));
	if (!err)
		err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!err)
		seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG,
				 1); /* not where seccomp(2) is barred */
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}

static int filter_self(bool read_only)
{
	if (IS_SANITIZED)
		return 0;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	return filter_calls(read_only);
}

int confine(bool read_only)
{
	const struct rlimit no_core = {0, 0};
	int err;

	if (setrlimit(RLIMIT_CORE, &no_core) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	err = capng_get_caps_process() ? -EPERM : keep_capabilities(read_only);
	return err ? err : filter_self(read_only);
}
