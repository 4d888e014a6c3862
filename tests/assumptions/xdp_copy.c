// SPDX-License-Identifier: GPL-2.0-only
/*
 * xdp_copy.c - AF_XDP on a veth, as back end xdp uses it, by raw system calls.
 *
 * A socket made with privileges is put into a map, attached by a BPF link, and bound
 * later without privileges; frames come in copy mode; the program goes with
 * its link's last descriptor.
 */
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "packet.h"

#ifndef AF_XDP
#define AF_XDP 44
#endif
#ifndef SOL_XDP
#define SOL_XDP 283
#endif

#define CHUNK  4096
#define CHUNKS 16

static long bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int make_map(void)
{
	union bpf_attr a = {
		.map_type = BPF_MAP_TYPE_XSKMAP, .key_size = 4, .value_size = 4, .max_entries = 1};

	return (int)bpf(BPF_MAP_CREATE, &a);
}

/* return bpf_redirect_map(map, 0, XDP_PASS); */
static int load_program(int map)
{
	const struct bpf_insn insns[] = {
		{BPF_LD | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, map},
		{0},
		{BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, 0},
		{BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, XDP_PASS},
		{BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_redirect_map},
		{BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
	};
	union bpf_attr a = {.prog_type = BPF_PROG_TYPE_XDP,
			    .insns = (uintptr_t)insns,
			    .insn_cnt = sizeof(insns) / sizeof(insns[0]),
			    .license = (uintptr_t) "GPL"};

	return (int)bpf(BPF_PROG_LOAD, &a);
}

static int attach(int prog, int ifindex)
{
	union bpf_attr a = {.link_create = {.prog_fd = (uint32_t)prog,
					    .target_ifindex = (uint32_t)ifindex,
					    .attach_type = BPF_XDP}};

	return (int)bpf(BPF_LINK_CREATE, &a);
}

static int option(int fd, int name, const void *value, socklen_t len)
{
	return setsockopt(fd, SOL_XDP, name, value, len);
}

/* Area and rings; the fill ring has one chunk. */
static bool prepare(int fd, void *area)
{
	struct xdp_umem_reg reg = {(uintptr_t)area, CHUNK * CHUNKS, CHUNK, 0, 0};
	struct xdp_mmap_offsets at;
	socklen_t len = sizeof(at);
	int n = CHUNKS;
	char *fill;

	if (option(fd, XDP_UMEM_REG, &reg, sizeof(reg)) ||
	    option(fd, XDP_UMEM_FILL_RING, &n, sizeof(n)) ||
	    option(fd, XDP_UMEM_COMPLETION_RING, &n, sizeof(n)) ||
	    option(fd, XDP_RX_RING, &n, sizeof(n)) || option(fd, XDP_TX_RING, &n, sizeof(n)) ||
	    getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &len))
		return false;
	fill = mmap(NULL, at.fr.desc + CHUNKS * 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    (off_t)XDP_UMEM_PGOFF_FILL_RING);
	if (fill == MAP_FAILED)
		return false;
	*(uint64_t *)(fill + at.fr.desc) = 0;
	__atomic_store_n((uint32_t *)(fill + at.fr.producer), 1, __ATOMIC_RELEASE);
	return true;
}

static bool attached(void)
{
	return !system("ip link show va | grep -q xdp");
}

int main(void)
{
	const struct rlimit lock = {CHUNK * CHUNKS, CHUNK * CHUNKS};
	struct sockaddr_xdp to = {.sxdp_family = AF_XDP, .sxdp_flags = XDP_USE_NEED_WAKEUP};
	int fd, map, prog, link, zero = 0;
	union bpf_attr put = {0};
	char frame[60] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5};
	struct pollfd p;
	void *area;
	int peer;

	fresh_netns();
	veth_pair();
	peer = packet_socket("vb", false);
	fd = socket(AF_XDP, SOCK_RAW, 0);
	if (fd < 0)
		skip_all("no AF_XDP in this kernel");
	map = make_map();
	prog = load_program(map);
	put.map_fd = (uint32_t)map;
	put.key = (uintptr_t)&zero;
	put.value = (uintptr_t)&fd;
	ok(prog >= 0 && !bpf(BPF_MAP_UPDATE_ELEM, &put),
	   "a socket is put into a map before it is bound");
	link = attach(prog, (int)if_nametoindex("va"));
	ok(link >= 0 && attached(), "the program is attached by a link");
	ok(attach(prog, (int)if_nametoindex("va")) < 0 && errno == EBUSY, "a second one is EBUSY");

	if (setrlimit(RLIMIT_MEMLOCK, &lock) || setgid(65534) || setuid(65534))
		return 1;
	area = mmap(NULL, CHUNK * CHUNKS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	ok(prepare(fd, area), "area and rings need no privilege, but locked memory");
	to.sxdp_ifindex = if_nametoindex("va");
	ok(!bind(fd, (struct sockaddr *)&to, sizeof(to)),
	   "nor does bind, which falls back to copying");
	p = (struct pollfd){.fd = fd, .events = POLLIN};
	ok(send(peer, frame, sizeof(frame), 0) == sizeof(frame), "a frame is sent by the peer");
	ok(poll(&p, 1, 2000) == 1, "and comes");
	close(link);
	ok(!attached(), "the program goes with its link");
	return done();
}
