// SPDX-License-Identifier: GPL-2.0-only
/*
 * nftrules.c - rules of the host's packet filter by nf_tables, see nftrules.h.
 *
 * Theory of operation
 *
 *	table netdev persona-PID {		# flags owner
 *		chain i0 {			# of slot 0
 *			type filter hook ingress device "wlan0" priority -500
 *			ip daddr 10.0.0.7 drop			# own
 *			ip daddr 192.168.1.23 jump p0		# shared
 *		}
 *		chain p0 {
 *			tcp dport 24576-28671 drop
 *			udp dport 24576-28671 drop
 *			tcp dport 8080 drop
 *		}
 *	}
 *
 * The ingress hook comes before the host's IP layer, its connection tracking and its own rules, but
 * after packet sockets. The table has an owner: the kernel removes it when the netlink socket that
 * made it is closed. That socket is ours alone: so nothing outlives us, however we end.
 *
 * We talk to the kernel without the tool `nft` and its libraries: the few messages that are needed
 * are lib/nft.c's. Starting the tool took 12 to 20 ms of each run, ending it another 20.
 * A transaction is done or refused as a whole, and the kernel puts the transactions of all
 * processes into a row by itself, so openers need no turn (turn.h) for this.
 *
 * The end: closing a socket that owns a table waits for a grace period of RCU (some 20 ms, more on
 * a busy machine). So the table is removed by a message first, which takes effect at once; the
 * socket goes with the process, after the run has been told that it is over (main.c).
 *
 * Ownership: all state is static. One thread.
 *
 * Limits: rules are looked at one by one, an address at a time and then its ports. Kernels
 * before 5.12 know no owners: rules.c then takes iptables.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/nft.h"
#include "lib/why.h"
#include "opener/nftrules.h"

/* Rules of the longest set are FLOWS_MAX_ADDRS and FLOWS_MAX_PORTS + 2, each below 320 bytes. */
#define BYTES	 ((FLOWS_MAX_ADDRS + FLOWS_MAX_PORTS + 2) * 320 + 1024)
#define PRIORITY (-500)

static int nl = -1;
static struct nft batch;
static uint8_t bytes[BYTES] __attribute__((aligned(8)));

static void nftrules_begin(void)
{
	char table[NFT_NAME];

	snprintf(table, sizeof(table), "persona-%d", getpid());
	nft_init(&batch, NFPROTO_NETDEV, table, bytes, sizeof(bytes));
}

/* All answers are there when the transaction has been sent; none is left for the next one. */
static int nftrules_answers(void)
{
	uint8_t answer[512] __attribute__((aligned(8)));
	bool any = false;
	int err = 0;
	ssize_t n;

	while ((n = recv(nl, answer, sizeof(answer), MSG_DONTWAIT)) > 0 ||
	       (n < 0 && (errno == EINTR || errno == ENOBUFS))) {
		if (n > 0)
			any |= nft_answer(answer, (size_t)n, &err);
	}
	return any ? err : -EPROTO;
}

static int nftrules_send(long len)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t n;

	if (len < 0)
		return (int)len;
	do {
		n = sendto(nl, bytes, (size_t)len, 0, (struct sockaddr *)&kernel, sizeof(kernel));
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : nftrules_answers();
}

static int nftrules_open(void)
{
	struct sockaddr_nl self = {.nl_family = AF_NETLINK};
	int one = 1;

	if (nl >= 0)
		return 0;
	nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (nl < 0)
		return -errno;
	/* Short answers: without the message that they are about. */
	setsockopt(nl, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	return bind(nl, (struct sockaddr *)&self, sizeof(self)) ? -errno : 0;
}

int nftrules_start(void)
{
	int err = nftrules_open();

	nftrules_begin();
	nft_table(&batch, NFT_TABLE_F_OWNER);
	if (!err)
		err = nftrules_send(nft_finish(&batch));
	if (err && nl >= 0) {
		close(nl);
		nl = -1;
	}
	return err;
}

/* A rule of chain @chain begins: packets to @a. */
static void nftrules_address(const char *chain, const struct flows_addr *a)
{
	const bool four = a->family == AF_INET;
	const uint16_t protocol = htons(four ? ETH_P_IP : ETH_P_IPV6);
	const uint32_t len = four ? 4 : 16;

	nft_rule(&batch, chain);
	nft_meta(&batch, NFT_META_PROTOCOL);
	nft_is(&batch, &protocol, sizeof(protocol));
	nft_payload(&batch, NFT_PAYLOAD_NETWORK_HEADER, four ? 16 : 24, len);
	nft_is(&batch, a->bytes, len);
}

/* A rule of chain @chain: ports @first to @last of @proto are dropped. */
static void nftrules_ports(const char *chain, uint16_t proto, uint16_t first, uint16_t last)
{
	const uint8_t number = (uint8_t)proto;
	const uint16_t port = htons(first);

	nft_rule(&batch, chain);
	nft_meta(&batch, NFT_META_L4PROTO);
	nft_is(&batch, &number, sizeof(number));
	nft_payload(&batch, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2); /* TCP's and UDP's destination */
	if (first == last)
		nft_is(&batch, &port, sizeof(port));
	else
		nft_between(&batch, first, last);
	nft_verdict(&batch, NF_DROP);
}

static void nftrules_port_chain(const char *chain, const struct flows *f)
{
	nft_chain_empty(&batch, chain);
	if (f->first) {
		nftrules_ports(chain, IPPROTO_TCP, f->first, f->last);
		nftrules_ports(chain, IPPROTO_UDP, f->first, f->last);
	}
	for (uint32_t i = 0; i < f->nports; i++)
		nftrules_ports(chain, f->port[i].proto, f->port[i].port, f->port[i].port);
}

long nftrules_compose(unsigned int slot, const char *ifname, const struct flows *f)
{
	const bool any_port = f->first || f->nports;
	char hook[16], ports[16];

	snprintf(hook, sizeof(hook), "i%u", slot);
	snprintf(ports, sizeof(ports), "p%u", slot);
	nftrules_begin();
	/* Made each time, so that an interface that was removed and came back is hooked. */
	nft_drop_chain(&batch, hook);
	nftrules_port_chain(ports, f);
	nft_chain_on(&batch, hook, ifname, PRIORITY);
	for (uint32_t i = 0; i < f->naddrs; i++) {
		if (f->addr[i].owner == FLOWS_OWN) {
			nftrules_address(hook, &f->addr[i]);
			nft_verdict(&batch, NF_DROP);
		} else if (f->addr[i].owner == FLOWS_SHARED && any_port) {
			nftrules_address(hook, &f->addr[i]);
			nft_jump(&batch, ports);
		}
	}
	return nft_finish(&batch);
}

int nftrules_set(unsigned int slot, const char *ifname, const struct flows *f, const char **why)
{
	int err = nftrules_send(nftrules_compose(slot, ifname, f));

	if (err == -EMSGSIZE)
		return why_set(why, -err, "too many addresses and ports for the packet filter");
	if (err == -ENOENT || err == -ENODEV)
		return why_set(why, -err, "nf_tables refuses the rules for '%s': no such interface",
			       ifname);
	if (err)
		return why_set(why, -err, "nf_tables refuses the rules for '%s': %s", ifname,
			       strerror(-err));
	return 0;
}

void nftrules_stop(void)
{
	nftrules_begin();
	nft_drop_table(&batch);
	nftrules_send(nft_finish(&batch));
}
