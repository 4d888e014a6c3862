// SPDX-License-Identifier: GPL-2.0-only
/*
 * steer.bpf.c - the XDP program: frames for the stack go to its socket, all others to the host.
 *
 * Theory of operation
 *
 * An address is unknown, the stack's own, or shared with the host (map
 * `addresses`). Frames to an own address are ours, and so is the talk about it:
 * ARP requests, neighbour solicitations, answers. Of frames to a shared address
 * those to our TCP and UDP ports (`ports`, `range`) are ours, and ICMP
 * errors about packets from such ports. The host answers ARP requests and
 * solicitations for shared addresses: the Ethernet address is the same.
 *
 * An ARP reply or neighbour advertisement to a shared address may have been
 * asked for by either, and XDP cannot duplicate a frame. So each neighbour's
 * answers go to one and the other in turn (`turns`); whoever missed one
 * asks again after a second, and gets the next.
 *
 * All that is not understood goes to the host: VLANs, multicast, fragments and
 * extension headers to shared addresses.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "maps.h"

#define FRAGMENT	 0x3fff /* more fragments, or an offset */
#define ARP_REPLY	 2
#define ICMP6_LAST_ERROR 4
#define ND_SOLICIT	 135
#define ND_ADVERT	 136

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct addr_key);
	__type(value, __u32); /* enum whose */
} addresses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct port_key);
	__type(value, __u8);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct port_range);
} range SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 512);
	__type(key, struct addr_key); /* the neighbour */
	__type(value, __u32);
} turns SEC(".maps");

/* What ARP says about IPv4 over Ethernet. */
struct arp4 {
	__be16 hardware, protocol;
	__u8 hardware_len, protocol_len;
	__be16 op;
	__u8 sender_mac[6], sender[4], target_mac[6], target[4];
} __attribute__((packed));

struct icmp {
	__u8 type, code;
	__be16 sum;
	__u32 rest;
};

struct neighbour {
	struct icmp icmp;
	__u32 target[4];
};

struct ports {
	__be16 source, destination;
};

/* Bounds of a frame; the verifier wants each header checked before it is read. */
struct frame {
	void *at, *end;
};

#define FITS(f, p) ((void *)((p) + 1) <= (f)->end)

static __always_inline void key4(struct addr_key *k, const void *address)
{
	k->word[0] = 0;
	k->word[1] = 0;
	k->word[2] = bpf_htonl(0xffff);
	__builtin_memcpy(&k->word[3], address, 4);
}

static __always_inline void key6(struct addr_key *k, const void *address)
{
	__builtin_memcpy(k, address, 16);
}

static __always_inline __u32 whose(const struct addr_key *k)
{
	__u32 *w = bpf_map_lookup_elem(&addresses, k);

	return w ? *w : NOT_OURS;
}

static __always_inline int port_is_ours(__u8 proto, __be16 port)
{
	struct port_key k = {.port = bpf_ntohs(port), .proto = proto};
	__u32 zero = 0;
	struct port_range *r;

	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP)
		return 0;
	r = bpf_map_lookup_elem(&range, &zero);
	if (r && k.port >= r->first && k.port <= r->last && k.port)
		return 1;
	return bpf_map_lookup_elem(&ports, &k) != 0;
}

/* Whose turn is it to get an answer of this neighbour's? */
static __always_inline int our_turn(const struct addr_key *neighbour)
{
	__u32 *n = bpf_map_lookup_elem(&turns, neighbour);
	__u32 one = 1;

	if (n)
		return ((*n)++ & 1) == 0; /* a race may repeat a turn */
	bpf_map_update_elem(&turns, neighbour, &one, BPF_ANY);
	return 1;
}

static __always_inline int arp_is_ours(struct frame *f)
{
	struct arp4 *arp = f->at;
	struct addr_key k;

	if (!FITS(f, arp) || arp->protocol != bpf_htons(ETH_P_IP) || arp->protocol_len != 4 ||
	    arp->hardware_len != 6)
		return 0;
	key4(&k, arp->target);
	switch (whose(&k)) {
	case OWN:
		return 1;
	case SHARED:
		if (arp->op != bpf_htons(ARP_REPLY))
			return 0;
		key4(&k, arp->sender);
		return our_turn(&k);
	default:
		return 0;
	}
}

/* An ICMP error quotes the packet that it is about: one from a port of ours? */
static __always_inline int quote4_is_ours(struct frame *f, struct iphdr *ip)
{
	struct ports *p = (void *)(ip + 1);

	return FITS(f, p) && ip->ihl == 5 && port_is_ours(ip->protocol, p->source);
}

static __always_inline int quote6_is_ours(struct frame *f, struct ipv6hdr *ip)
{
	struct ports *p = (void *)(ip + 1);

	return FITS(f, p) && port_is_ours(ip->nexthdr, p->source);
}

static __always_inline int ip4_is_ours(struct frame *f)
{
	struct iphdr *ip = f->at;
	struct addr_key k;
	struct icmp *icmp;
	struct ports *p;
	__u32 w;

	if (!FITS(f, ip))
		return 0;
	key4(&k, &ip->daddr);
	w = whose(&k);
	if (w != SHARED)
		return w == OWN;
	if (ip->frag_off & bpf_htons(FRAGMENT) || ip->ihl < 5)
		return 0;
	p = f->at + ip->ihl * 4;
	icmp = (void *)p;
	if (!FITS(f, p))
		return 0;
	if (ip->protocol != IPPROTO_ICMP)
		return port_is_ours(ip->protocol, p->destination);
	if (!FITS(f, icmp))
		return 0;
	switch (icmp->type) {
	case 3:	 /* unreachable */
	case 11: /* time exceeded */
	case 12: /* parameter problem */
		return quote4_is_ours(f, (void *)(icmp + 1));
	default:
		return 0;
	}
}

/* To an address that is not the stack's own: a shared one, or a group. */
static __always_inline int ip6_part_is_ours(struct frame *f, struct ipv6hdr *ip, __u32 w)
{
	struct neighbour *nd = (void *)(ip + 1);
	struct ports *p = (void *)nd;
	struct addr_key k;

	if (ip->nexthdr != IPPROTO_ICMPV6)
		return w == SHARED && FITS(f, p) && port_is_ours(ip->nexthdr, p->destination);
	if (!FITS(f, nd))
		return 0;
	if (nd->icmp.type <= ICMP6_LAST_ERROR)
		return w == SHARED && quote6_is_ours(f, (void *)(&nd->icmp + 1));
	key6(&k, nd->target);
	if (nd->icmp.type == ND_SOLICIT)
		return whose(&k) == OWN;
	return nd->icmp.type == ND_ADVERT && w == SHARED && our_turn(&k);
}

static __always_inline int ip6_is_ours(struct frame *f)
{
	struct ipv6hdr *ip = f->at;
	struct addr_key k;
	__u32 w;

	if (!FITS(f, ip))
		return 0;
	key6(&k, &ip->daddr);
	w = whose(&k);
	return w == OWN || ip6_part_is_ours(f, ip, w);
}

SEC("xdp")
int steer(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct frame f = {.end = (void *)(long)ctx->data_end};
	int ours;

	if (!FITS(&f, eth))
		return XDP_PASS;
	f.at = eth + 1;
	switch (eth->h_proto) {
	case bpf_htons(ETH_P_IP):
		ours = ip4_is_ours(&f);
		break;
	case bpf_htons(ETH_P_IPV6):
		ours = ip6_is_ours(&f);
		break;
	case bpf_htons(ETH_P_ARP):
		ours = arp_is_ours(&f);
		break;
	default:
		ours = 0;
	}
	return ours ? bpf_redirect_map(&sockets, ctx->rx_queue_index, XDP_PASS) : XDP_PASS;
}

char terms[] SEC("license") = "GPL";
