// SPDX-License-Identifier: GPL-2.0
/*
 * route.c - a path MTU is learned where an unconnected socket looks for it, too.
 *
 * Theory of operation
 *
 * Each interface of Persona has a routing table, and a rule for each of its addresses
 * (src/netconf). A datagram of an unconnected socket has no source address yet when its route is
 * looked up, so it takes the main table's; the router that finds it too long quotes it with the
 * source address, and Linux learns the path MTU in the table of that address. The next datagram
 * asks the main table again, and is as long as the one before. So are those of a connected IPv6
 * socket, whose route is the one that connect() has looked up.
 *
 * So ipv4_sk_update_pmtu() and ip6_sk_update_pmtu(), which the error handlers of UDP, raw and ping
 * sockets call, are wrapped by the linker (--wrap, arch/lkl/Makefile). What they have learned is
 * learned once more for a look-up without source address, by the interface that the error came by.
 *
 * Locking: none needed here; all runs in the softirq that has the error.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/route.h>
#include <net/sock.h>

extern typeof(ipv4_sk_update_pmtu) __real_ipv4_sk_update_pmtu;
void __wrap_ipv4_sk_update_pmtu(struct sk_buff *skb, struct sock *sk, u32 mtu);

/* The header that is quoted, in a buffer of its own: what must not be changed is not. */
static struct sk_buff *route_quote(const struct sk_buff *skb, size_t len)
{
	struct sk_buff *quote = skb->dev ? alloc_skb(len, GFP_ATOMIC) : NULL;

	if (quote) {
		skb_put_data(quote, skb->data, len);
		skb_reset_network_header(quote);
		quote->dev = skb->dev;
		quote->mark = skb->mark;
	}
	return quote;
}

/* Not ipv4_update_pmtu(): that looks up once more, with the address that it has got meanwhile. */
static void route_learn(struct sk_buff *quote, u32 mtu)
{
	struct flowi4 fl4 = {
		.flowi4_oif = quote->dev->ifindex,
		.flowi4_mark = IP4_REPLY_MARK(dev_net(quote->dev), quote->mark),
		.flowi4_proto = ip_hdr(quote)->protocol,
		.daddr = ip_hdr(quote)->daddr,
	};
	struct rtable *rt = __ip_route_output_key(dev_net(quote->dev), &fl4);

	if (IS_ERR(rt))
		return;
	rt->dst.ops->update_pmtu(&rt->dst, NULL, quote, mtu, false);
	ip_rt_put(rt);
}

void __wrap_ipv4_sk_update_pmtu(struct sk_buff *skb, struct sock *sk, u32 mtu)
{
	struct sk_buff *quote = route_quote(skb, sizeof(struct iphdr));

	__real_ipv4_sk_update_pmtu(skb, sk, mtu);
	if (quote && ip_sk_accept_pmtu(sk)) {
		ip_hdr(quote)->saddr = 0;
		route_learn(quote, mtu);
	}
	kfree_skb(quote);
}

#if IS_ENABLED(CONFIG_IPV6)
extern typeof(ip6_sk_update_pmtu) __real_ip6_sk_update_pmtu;
void __wrap_ip6_sk_update_pmtu(struct sk_buff *skb, struct sock *sk, __be32 mtu);

void __wrap_ip6_sk_update_pmtu(struct sk_buff *skb, struct sock *sk, __be32 mtu)
{
	struct sk_buff *quote = route_quote(skb, sizeof(struct ipv6hdr));

	__real_ip6_sk_update_pmtu(skb, sk, mtu);
	if (quote) {
		memset(&ipv6_hdr(quote)->saddr, 0, sizeof(struct in6_addr));
		ip6_update_pmtu(quote, sock_net(sk), mtu, quote->dev->ifindex,
				READ_ONCE(sk->sk_mark), sk->sk_uid);
	}
	kfree_skb(quote);
}
#endif
