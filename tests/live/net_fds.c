// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * net_fds: a process whose descriptors are elements of maps. It takes one command a line and
 * answers each with one line: "ok", what was asked for, or "error" and an errno.
 *
 *   pair A B          a TCP connection; A and B are its ends
 *   listen A PORT     a listening TCP socket with SO_REUSEPORT
 *   xdp A DEV         an AF_XDP socket for queue 0 of DEV
 *   perf A CPU        a perf event for bpf_perf_event_output()
 *   cookie A          SO_COOKIE
 *   choose A PIN      its group asks the pinned program which of them gets a connection
 *   put A PIN KEY     stores it in a pinned map under a u32; the map stays open
 *   send A TEXT       sends one word
 *   recv A            what has come, within ten seconds
 *   connect PORT      connects, and tells which listening socket got the connection
 *   frames DEV KIND.. sends test frames of these kinds
 *   kinds A LAST      the kinds of those that have come to an AF_XDP socket, up to LAST
 *   datagrams COUNT   sends them from one new socket
 *   run PIN           what a pinned program of type raw_tp returns, run here and now on CPU 0
 *   pid
 *   close A
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/bpf.h>

enum {
	NAMES = 64,
	PATIENCE_MS = 10000,
	CHUNKS = 64,
	CHUNK = 4096,
	HEADER = 14,
	FRAME = 60,
	TEST_PROTOCOL = 0x88b5,
};

static int fds[NAMES]; /* by the name, one letter */

static int *place(const char *name)
{
	return &fds[name ? name[0] % NAMES : 0];
}

static const char *word(void)
{
	const char *w = strtok(NULL, " \n");

	return w ? w : "";
}

static unsigned long number(void)
{
	return strtoul(word(), NULL, 10);
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&here, sizeof(here)) || listen(fd, 8))
		return -1;
	return fd;
}

static int connect_to(uint16_t port)
{
	struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = port};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return connect(fd, (struct sockaddr *)&there, sizeof(there)) ? -1 : fd;
}

static int pair(void)
{
	int *a = place(word()), *b = place(word()), fd = listen_on(0);
	struct sockaddr_in here;
	socklen_t len = sizeof(here);

	if (fd < 0 || getsockname(fd, (struct sockaddr *)&here, &len))
		return -1;
	*a = connect_to(here.sin_port);
	*b = accept(fd, NULL, NULL);
	close(fd);
	return *a < 0 || *b < 0 ? -1 : 0;
}

/* AF_XDP. All rings have CHUNKS places; each chunk is handed to the kernel once. */

struct ring {
	uint32_t *producer, *consumer;
	void *places;
};

static struct ring rx;
static char *umem;

static int map_ring(int fd, const struct xdp_ring_offset *at, off_t where, size_t size,
		    struct ring *out)
{
	char *start =
		mmap(NULL, at->desc + CHUNKS * size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, where);

	if (start == MAP_FAILED)
		return -1;
	out->producer = (uint32_t *)(start + at->producer);
	out->consumer = (uint32_t *)(start + at->consumer);
	out->places = start + at->desc;
	return 0;
}

static int make_rings(int fd)
{
	struct xdp_mmap_offsets at;
	socklen_t len = sizeof(at);
	struct ring fill;

	if (getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &len) ||
	    map_ring(fd, &at.rx, XDP_PGOFF_RX_RING, sizeof(struct xdp_desc), &rx) ||
	    map_ring(fd, &at.fr, XDP_UMEM_PGOFF_FILL_RING, sizeof(uint64_t), &fill))
		return -1;
	for (uint64_t i = 0; i < CHUNKS; i++)
		((uint64_t *)fill.places)[i] = i * CHUNK;
	__atomic_store_n(fill.producer, CHUNKS, __ATOMIC_RELEASE);
	return 0;
}

static int xdp(void)
{
	int *a = place(word()), places = CHUNKS;
	struct xdp_umem_reg memory = {.len = CHUNKS * CHUNK, .chunk_size = CHUNK};
	struct sockaddr_xdp where = {.sxdp_family = AF_XDP, .sxdp_flags = XDP_COPY};

	where.sxdp_ifindex = if_nametoindex(word());
	umem = mmap(NULL, CHUNKS * CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	memory.addr = (uintptr_t)umem;
	*a = socket(AF_XDP, SOCK_RAW, 0);
	if (*a < 0 || setsockopt(*a, SOL_XDP, XDP_UMEM_REG, &memory, sizeof(memory)) ||
	    setsockopt(*a, SOL_XDP, XDP_UMEM_FILL_RING, &places, sizeof(places)) ||
	    setsockopt(*a, SOL_XDP, XDP_UMEM_COMPLETION_RING, &places, sizeof(places)) ||
	    setsockopt(*a, SOL_XDP, XDP_RX_RING, &places, sizeof(places)) || make_rings(*a))
		return -1;
	return bind(*a, (struct sockaddr *)&where, sizeof(where));
}

static int kinds(void)
{
	int fd = *place(word()), last = (int)number(), kind = -1;
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	while (kind != last) {
		const struct xdp_desc *frame;

		if (*rx.consumer == __atomic_load_n(rx.producer, __ATOMIC_ACQUIRE)) {
			if (poll(&ready, 1, PATIENCE_MS) != 1)
				return -1;
			continue;
		}
		frame = (struct xdp_desc *)rx.places + *rx.consumer % CHUNKS;
		kind = umem[frame->addr + HEADER];
		printf("%d ", kind);
		__atomic_store_n(rx.consumer, *rx.consumer + 1, __ATOMIC_RELEASE);
	}
	return 1;
}

static int frames(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW, 0), err = 0;
	unsigned char frame[FRAME] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, [12] = 0x88, 0xb5};
	struct sockaddr_ll where = {.sll_family = AF_PACKET, .sll_protocol = htons(TEST_PROTOCOL)};

	where.sll_ifindex = (int)if_nametoindex(word());
	if (bind(fd, (struct sockaddr *)&where, sizeof(where)))
		return -1;
	for (const char *kind = word(); *kind && !err; kind = word()) {
		frame[HEADER] = (unsigned char)atoi(kind);
		err = send(fd, frame, sizeof(frame), 0) < 0 ? -1 : 0;
	}
	close(fd);
	return err;
}

/* What all have in common. */

static int perf(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_type = PERF_SAMPLE_RAW,
	};
	int *a = place(word());

	*a = (int)syscall(SYS_perf_event_open, &attr, -1, (int)number(), -1, 0);
	if (*a < 0 ||
	    mmap(NULL, 2 * (size_t)getpagesize(), PROT_READ, MAP_SHARED, *a, 0) == MAP_FAILED)
		return -1;
	return 0;
}

static int tell_cookie(int fd)
{
	uint64_t value;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &value, &len))
		return -1;
	printf("%llu", (unsigned long long)value);
	return 1;
}

static int put(void)
{
	uint64_t value = (uint64_t)*place(word()); /* the low half comes first here */
	int map = bpf_obj_get(word());
	uint32_t key = (uint32_t)number();

	return map < 0 ? -1 : bpf_map_update_elem(map, &key, &value, BPF_ANY);
}

static int say(void)
{
	int fd = *place(word());
	const char *text = word();

	return send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static int hear(void)
{
	struct pollfd ready = {.fd = *place(word()), .events = POLLIN};
	char text[100];
	ssize_t len;

	if (poll(&ready, 1, PATIENCE_MS) != 1)
		return -1;
	len = recv(ready.fd, text, sizeof(text), 0);
	if (len < 0)
		return -1;
	printf("%.*s", (int)len, text);
	return 1;
}

static int connect_any(void)
{
	int fd = connect_to(htons((uint16_t)number())), found = 0;

	if (fd < 0)
		return -1;
	for (int i = 0; i < NAMES; i++) {
		struct pollfd ready = {.fd = fds[i] ? fds[i] : -1, .events = POLLIN};
		socklen_t len = sizeof(int);
		int listens = 0;

		getsockopt(ready.fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len);
		if (listens && poll(&ready, 1, 0) == 1) {
			close(accept(fds[i], NULL, NULL));
			printf("%c", i + 'A' - 'A' % NAMES);
			found = 1;
		}
	}
	close(fd);
	return found ? 1 : -1;
}

static int take_up(void)
{
	int *a = place(word());

	*a = listen_on((uint16_t)number());
	return *a < 0 ? -1 : 0;
}

static int cookie(void)
{
	return tell_cookie(*place(word()));
}

static int datagrams(void)
{
	struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(9)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), err = 0;

	there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (unsigned long left = number(); left && !err; left--)
		err = sendto(fd, "", 1, 0, (struct sockaddr *)&there, sizeof(there)) < 0;
	close(fd);
	return -err;
}

static int run(void)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first) ||
	    bpf_prog_test_run_opts(bpf_obj_get(word()), &opts))
		return -1;
	printf("%d", (int)opts.retval);
	return 1;
}

static int tell_pid(void)
{
	printf("%d", (int)getpid());
	return 1;
}

static int choose(void)
{
	int fd = *place(word()), prog = bpf_obj_get(word());

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, &prog, sizeof(prog));
}

static int end(void)
{
	int *a = place(word()), fd = *a;

	*a = 0;
	return close(fd);
}

static const struct {
	const char *name;
	int (*run)(void); /* 0: ok, 1: it has printed its answer, -1: errno */
} commands[] = {
	{"pair", pair},
	{"listen", take_up},
	{"xdp", xdp},
	{"perf", perf},
	{"put", put},
	{"cookie", cookie},
	{"send", say},
	{"recv", hear},
	{"close", end},
	{"frames", frames},
	{"connect", connect_any},
	{"kinds", kinds},
	{"choose", choose},
	{"datagrams", datagrams},
	{"run", run},
	{"pid", tell_pid},
};

static void answer(const char *name)
{
	int result = -1;

	errno = ENOSYS;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			result = commands[i].run();
	if (result < 0)
		printf("error %s", strerror(errno));
	puts(result == 0 ? "ok" : "");
	fflush(stdout);
}

int main(void)
{
	char line[1024];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (fgets(line, sizeof(line), stdin)) {
		const char *name = strtok(line, " \n");

		answer(name ? name : "");
	}
	return 0;
}
