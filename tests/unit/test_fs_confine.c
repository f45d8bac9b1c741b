/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a confined process can no longer do. Each case is a child that confines itself. */
#include "fs/confine.h"

#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

/* errno of an action, 0 if it succeeded. */
typedef int (*action)(void);

static int said(long result)
{
	return result < 0 ? errno : 0;
}

static int bpf(enum bpf_cmd command)
{
	union bpf_attr attr = {.map_type = BPF_MAP_TYPE_ARRAY};

	if (command != BPF_MAP_CREATE)
		memset(&attr, 0xff, sizeof(attr)); /* refused by whoever looks at it */
	attr.key_size = attr.value_size = 4;
	attr.max_entries = 1;
	return said(syscall(SYS_bpf, command, &attr, sizeof(attr)));
}

static int make_a_map(void)
{
	return bpf(BPF_MAP_CREATE);
}

static int load_program(void)
{
	return bpf(BPF_PROG_LOAD);
}

static int attach_program(void)
{
	return bpf(BPF_LINK_CREATE);
}

static int update_element(void)
{
	return bpf(BPF_MAP_UPDATE_ELEM);
}

static int look_up(void)
{
	return bpf(BPF_MAP_LOOKUP_ELEM);
}

static int run_program(void)
{
	char *const nothing[] = {NULL};

	return said(execve("/nowhere", nothing, nothing));
}

static int mount_something(void)
{
	return said(mount("none", "/nowhere", "tmpfs", 0, NULL));
}

static int trace_another(void)
{
	return said(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int open_raw_socket(void)
{
	return said(socket(AF_PACKET, SOCK_RAW, 0));
}

static int open_unix_socket(void)
{
	return said(socket(AF_UNIX, SOCK_DGRAM, 0));
}

static int remove_file(void)
{
	return said(unlink("/nowhere/file"));
}

static int set_user(void)
{
	return said(syscall(SYS_setresuid, 1, 1, 1));
}

static int change_root(void)
{
	return said(chroot("/"));
}

static int make_device(void)
{
	return said(mknod("/nowhere", S_IFCHR, 0));
}

static int in_child(action act, bool read_only)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(confine(read_only) ? 255 : act());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static const struct {
	const char *what;
	action act;
	int expected, expected_read_only;
} cases[] = {
	{"make a map", make_a_map, 0, ENOSYS},
	{"update an element", update_element, EINVAL, ENOSYS},
	{"look an element up", look_up, EINVAL, EINVAL},
	{"load a program", load_program, ENOSYS, ENOSYS},
	{"attach a program", attach_program, ENOSYS, ENOSYS},
	{"run a program", run_program, ENOSYS, ENOSYS},
	{"mount", mount_something, ENOSYS, ENOSYS},
	{"ptrace", trace_another, ENOSYS, ENOSYS},
	{"a packet socket", open_raw_socket, ENOSYS, ENOSYS},
	{"a unix socket", open_unix_socket, 0, 0},
	{"remove a file", remove_file, ENOENT, ENOSYS},
	{"another user", set_user, ENOSYS, ENOSYS},
	{"chroot", change_root, ENOSYS, ENOSYS},
	{"a device", make_device, ENOSYS, ENOSYS},
};

static void test_calls(void **state)
{
	(void)state;
#ifdef SANITIZED
	skip();
#endif
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		print_message("# %s\n", cases[i].what);
		assert_int_equal(in_child(cases[i].act, false), cases[i].expected);
		assert_int_equal(in_child(cases[i].act, true), cases[i].expected_read_only);
	}
}

/* The capabilities of a set as the kernel tells them, "CapEff" and the like. */
static unsigned long long capabilities(const char *set)
{
	FILE *f = fopen("/proc/thread-self/status", "re");
	unsigned long long number = ~0ULL;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, set, strlen(set)) == 0)
			sscanf(line + strlen(set), ":\t%llx", &number);
	if (f)
		fclose(f);
	return number;
}

#define BIT(capability) (1ULL << (capability))

/* linux/capability.h: chown 0, dac_override 1, fowner 3, fsetid 4, net_admin 12, sys_ptrace 19,
 * sys_admin 21, syslog 34, bpf 39. */
static const unsigned long long to_read = BIT(1) | BIT(19) | BIT(21) | BIT(34) | BIT(39);
static const unsigned long long to_write = BIT(0) | BIT(3) | BIT(4) | BIT(12);

static bool has_just(unsigned long long set)
{
	return capabilities("CapEff") == set && capabilities("CapPrm") == set &&
	       capabilities("CapBnd") == 0 && capabilities("CapInh") == 0 &&
	       capabilities("CapAmb") == 0;
}

static int keeps_all(void)
{
	return !has_just(to_read | to_write);
}

static int keeps_what_reading_takes(void)
{
	return !has_just(to_read);
}

static void *look_at_thread(void *arg)
{
	*(int *)arg = keeps_all();
	return NULL;
}

static int keeps_all_in_a_thread(void)
{
	pthread_t thread;
	int result = 1;

	if (pthread_create(&thread, NULL, look_at_thread, &result) || pthread_join(thread, NULL))
		return 2;
	return result;
}

static int dumps_core(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_CORE, &limit) || limit.rlim_max;
}

static void test_capabilities(void **state)
{
	(void)state;
	assert_int_equal(in_child(keeps_all, false), 0);
	assert_int_equal(in_child(keeps_all_in_a_thread, false), 0);
	assert_int_equal(in_child(keeps_what_reading_takes, true), 0);
	assert_int_equal(in_child(dumps_core, false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_capabilities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
