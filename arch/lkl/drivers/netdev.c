// SPDX-License-Identifier: GPL-2.0
/*
 * netdev.c - the library's own network device: frames to and from the host.
 *
 * Transmit: ndo_start_xmit() describes the buffer in place in the ring of its
 * queue (one per vCPU) and returns; the engine sends the frames once the vCPU is
 * released, straight from the buffers, and advances the tail. Buffers are
 * freed in the NAPI poll that follows.
 *
 * Receive: an event (the host descriptor became readable, or a vCPU has run
 * for a while without looking) schedules the NAPI context. Its poll has the host
 * fill a batch of standing buffers - each one page and four blocks of 16 KiB,
 * enough for a 64 KiB segment - copies the headers into a fresh skb and
 * attaches the pages that were used; the slot gets new ones. Frames of an usual MTU
 * are copied whole. Untouched blocks cost no memory, since the host has never backed them.
 *
 * Offloads are the virtio_net_hdr's: checksum, TCP and UDP segmentation, both
 * ways. One NAPI context per device: it may be polled by any vCPU, by one at a
 * time.
 *
 * Limits: LKL_MAX_NETDEVS devices, no removal, no VLAN offload.
 */
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/virtio_net.h>
#include <net/tcp.h>
#include <asm/host.h>

#define RX_BLOCK_ORDER	2
#define RX_COPY		2048	/* frames up to here are copied whole */
#define RX_HEAD		192	/* room for headers in front of attached pages */

#define GATHER_CHARGE	(128 * 1024)

#define EVENT_RX	0
#define EVENT_TX	1

struct rx_slot {
	struct page *page[LKL_RX_IOV];
};

/**
 * struct lkl_netdev - private part of the device
 * @id:	    number towards the host
 * @events: EVENT_* noted by interrupts, taken by the poll
 * @frame, @slot: standing receive buffers; owned by the NAPI context
 */
struct lkl_netdev {
	struct net_device *dev;
	struct napi_struct napi;
	unsigned int id;
	bool raw_ip;
	unsigned long events;
	struct lkl_tx_ring *ring[LKL_MAX_VCPUS];
	struct lkl_rx_frame *frame;
	struct rx_slot slot[LKL_RX_BATCH];
};

static struct lkl_netdev *netdevs[LKL_MAX_NETDEVS];
static u32 running_mask;

/*
 * While the host gathers, what a TCP socket sends next shall wait for the completion of what
 * is on its way: Linux does so (autocorking) as long as the frames on their way are charged
 * more than the new one, which a small frame soon is not. So charge it a large one's.
 */
static void charge_more(struct sk_buff *skb)
{
	if (skb->destructor != tcp_wfree || skb->truesize >= GATHER_CHARGE)
		return;
	refcount_add(GATHER_CHARGE - skb->truesize, &skb->sk->sk_wmem_alloc);
	skb->truesize = GATHER_CHARGE;
}

static netdev_tx_t lkl_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct lkl_netdev *nd = netdev_priv(dev);
	u16 q = skb_get_queue_mapping(skb);
	struct netdev_queue *txq = netdev_get_tx_queue(dev, q);
	struct lkl_tx_ring *ring = nd->ring[q];
	struct lkl_tx_frame *f = &ring->frame[ring->head % LKL_TX_RING];
	struct skb_shared_info *si = skb_shinfo(skb);
	unsigned int i, n = 0;

	if (virtio_net_hdr_from_skb(skb, &f->hdr, true, false, 0)) {
		dev_core_stats_tx_dropped_inc(dev);
		dev_kfree_skb_any(skb);
		return NETDEV_TX_OK;
	}
	if (skb_headlen(skb)) {
		f->iov[n].base = skb->data;
		f->iov[n++].len = skb_headlen(skb);
	}
	for (i = 0; i < si->nr_frags; i++) {
		f->iov[n].base = skb_frag_address(&si->frags[i]);
		f->iov[n++].len = skb_frag_size(&si->frags[i]);
	}
	if (lkl_this_vcpu()->coalesce)
		charge_more(skb);
	f->niov = n;
	f->len = skb->len;
	f->cookie = skb;
	skb_tx_timestamp(skb);
	dev_sw_netstats_tx_add(dev, 1, skb->len);
	/* Paired with the engine's acquire. */
	smp_store_release(&ring->head, ring->head + 1);
	lkl_this_vcpu()->tx |= 1u << nd->id;

	if (ring->head - READ_ONCE(ring->clean) == LKL_TX_RING) {
		netif_tx_stop_queue(txq);
		/* Against a poll that cleaned just before the stop. */
		smp_mb();
		if (ring->head - READ_ONCE(ring->clean) < LKL_TX_RING)
			netif_tx_start_queue(txq);
	}
	return NETDEV_TX_OK;
}

static u16 lkl_select_queue(struct net_device *dev, struct sk_buff *skb,
			    struct net_device *sb_dev)
{
	return smp_processor_id();
}

/* Free what has been sent. NAPI context, so one at a time. */
static void clean_tx(struct lkl_netdev *nd, int budget)
{
	unsigned int q;

	for (q = 0; q < nd->dev->real_num_tx_queues; q++) {
		struct lkl_tx_ring *ring = nd->ring[q];
		struct netdev_queue *txq = netdev_get_tx_queue(nd->dev, q);
		u32 tail = smp_load_acquire(&ring->tail);
		u32 at = ring->clean;

		if (at == tail)
			continue;
		for (; at != tail; at++)
			napi_consume_skb(ring->frame[at % LKL_TX_RING].cookie, budget);
		smp_store_release(&ring->clean, at);
		smp_mb();
		if (netif_tx_queue_stopped(txq))
			netif_tx_wake_queue(txq);
	}
}

/* Bytes of link, network and transport header in the first @len bytes at @data. */
static unsigned int header_len(const struct lkl_netdev *nd, const u8 *data, unsigned int len)
{
	unsigned int at = nd->raw_ip ? 0 : ETH_HLEN;
	unsigned int max = min_t(unsigned int, len, RX_HEAD);
	unsigned int least = at + sizeof(struct iphdr);
	u8 proto;

	if (max < at + sizeof(struct ipv6hdr))
		return max;
	if (data[at] >> 4 == 4) {
		proto = data[at + offsetof(struct iphdr, protocol)];
		at += (data[at] & 15) * 4;
	} else if (data[at] >> 4 == 6) {
		proto = data[at + offsetof(struct ipv6hdr, nexthdr)];
		at += sizeof(struct ipv6hdr);
	} else {
		return max;
	}
	if (proto == IPPROTO_TCP && max >= at + sizeof(struct tcphdr))
		at += (data[at + 12] >> 4) * 4;
	else if (proto == IPPROTO_UDP)
		at += 8;
	else
		return max;
	/* Whatever the lengths in the headers say. */
	return clamp(at, least, max);
}

static bool fill_page(struct lkl_netdev *nd, unsigned int s, unsigned int i)
{
	unsigned int order = i ? RX_BLOCK_ORDER : 0;
	struct page *page = dev_alloc_pages(order);

	if (!page)
		return false;
	nd->slot[s].page[i] = page;
	nd->frame[s].iov[i].base = page_address(page);
	nd->frame[s].iov[i].len = PAGE_SIZE << order;
	return true;
}

/*
 * Hand @n bytes at @off of block @i of slot @s to @skb. A block that is mostly
 * empty is copied from and stays: the memory that a socket is charged for must not
 * be more than twice the data, since the windows that TCP and MPTCP announce
 * assume that. It is no guarantee: they take the ratio from the first full frame, and frames of
 * other sizes have another (small messages 1280 bytes for 200). net/mptcp.c copes with that.
 */
static bool attach(struct lkl_netdev *nd, struct sk_buff *skb, unsigned int s, unsigned int i,
		   unsigned int off, unsigned int n)
{
	struct page *page = nd->slot[s].page[i];
	unsigned int size = nd->frame[s].iov[i].len;
	int frag = skb_shinfo(skb)->nr_frags;
	void *copy;

	if (n * 2 >= size) {
		if (!fill_page(nd, s, i))
			return false;
		skb_add_rx_frag(skb, frag, page, off, n, size);
		return true;
	}
	copy = napi_alloc_frag(SKB_DATA_ALIGN(n));
	if (!copy)
		return false;
	memcpy(copy, page_address(page) + off, n);
	page = virt_to_head_page(copy);
	skb_add_rx_frag(skb, frag, page, copy - page_address(page), n, SKB_DATA_ALIGN(n));
	return true;
}

/*
 * Turn slot @s, which holds a frame, into an skb. A block that is given away is
 * replaced first, so that a slot is always complete; without memory the frame is
 * dropped.
 */
static struct sk_buff *build_skb_from(struct lkl_netdev *nd, unsigned int s)
{
	struct lkl_rx_frame *f = &nd->frame[s];
	unsigned int len = f->len, left = len, hlen, i, off;
	u8 *data = f->iov[0].base;
	struct sk_buff *skb;

	hlen = len <= RX_COPY ? len : header_len(nd, data, min_t(unsigned int, len, PAGE_SIZE));
	skb = napi_alloc_skb(&nd->napi, max_t(unsigned int, hlen, RX_HEAD));
	if (!skb)
		return NULL;
	skb_put_data(skb, data, hlen);
	left -= hlen;
	for (i = 0, off = hlen; left; i++, off = 0) {
		unsigned int n = min_t(unsigned int, left, f->iov[i].len - off);

		if (!attach(nd, skb, s, i, off, n)) {
			kfree_skb(skb);
			return NULL;
		}
		left -= n;
	}
	return skb;
}

static void receive(struct lkl_netdev *nd, unsigned int s)
{
	struct net_device *dev = nd->dev;
	struct virtio_net_hdr *hdr = &nd->frame[s].hdr;
	unsigned int len = nd->frame[s].len;
	struct sk_buff *skb;

	if (unlikely(len < (nd->raw_ip ? sizeof(struct iphdr) : ETH_HLEN))) {
		DEV_STATS_INC(dev, rx_length_errors);
		DEV_STATS_INC(dev, rx_errors);
		return;
	}
	skb = build_skb_from(nd, s);
	if (unlikely(!skb)) {
		dev_core_stats_rx_dropped_inc(dev);
		return;
	}
	skb_reset_mac_header(skb);
	if (nd->raw_ip) {
		skb->dev = dev;
		switch (skb->data[0] >> 4) {
		case 4:
			skb->protocol = htons(ETH_P_IP);
			break;
		case 6:
			skb->protocol = htons(ETH_P_IPV6);
			break;
		default:
			goto bad;
		}
	}
	if (hdr->flags & VIRTIO_NET_HDR_F_DATA_VALID)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	if (virtio_net_hdr_to_skb(skb, hdr, true))
		goto bad;
	if (!nd->raw_ip)
		skb->protocol = eth_type_trans(skb, dev);
	dev_sw_netstats_rx_add(dev, len);
	skb_record_rx_queue(skb, 0);
	napi_gro_receive(&nd->napi, skb);
	return;
bad:
	DEV_STATS_INC(dev, rx_frame_errors);
	DEV_STATS_INC(dev, rx_errors);
	kfree_skb(skb);
}

static int lkl_poll(struct napi_struct *napi, int budget)
{
	struct lkl_netdev *nd = container_of(napi, struct lkl_netdev, napi);
	int done = 0;

	if (test_and_clear_bit(EVENT_TX, &nd->events))
		clean_tx(nd, budget);
	if (!test_and_clear_bit(EVENT_RX, &nd->events))
		goto complete;
	while (done < budget) {
		int want = min(budget - done, LKL_RX_BATCH);
		int i, got;

		got = lkl_ops.rx(nd->id, nd->frame, want);
		for (i = 0; i < got; i++)
			receive(nd, i);
		if (got > 0)
			done += got;
		if (got < want)
			break;
	}
	if (done == budget) {
		set_bit(EVENT_RX, &nd->events);
		return budget;
	}
complete:
	napi_complete_done(napi, done);
	return done;
}

/* Interrupt context. */
void lkl_netdev_events(u32 pending)
{
	unsigned int i;

	for (i = 0; i < LKL_MAX_NETDEVS; i++) {
		struct lkl_netdev *nd = netdevs[i];
		bool rx = pending & LKL_PENDING_RX(i);
		bool tx = pending & LKL_PENDING_TX(i);

		if (!nd || !(rx || tx))
			continue;
		if (rx)
			set_bit(EVENT_RX, &nd->events);
		if (tx)
			set_bit(EVENT_TX, &nd->events);
		napi_schedule_irqoff(&nd->napi);
	}
}

/* Receive bits of all devices that are up: what a look without an event polls. */
u32 lkl_netdev_mask(void)
{
	return running_mask;
}

static int lkl_open(struct net_device *dev)
{
	struct lkl_netdev *nd = netdev_priv(dev);

	napi_enable(&nd->napi);
	running_mask |= LKL_PENDING_RX(nd->id);
	/* What the host gathered before is taken now. */
	lkl_kick(smp_processor_id(), LKL_PENDING_RX(nd->id));
	netif_tx_start_all_queues(dev);
	return 0;
}

static int lkl_stop(struct net_device *dev)
{
	struct lkl_netdev *nd = netdev_priv(dev);

	netif_tx_stop_all_queues(dev);
	running_mask &= ~LKL_PENDING_RX(nd->id);
	napi_disable(&nd->napi);
	return 0;
}

/* The host's link went or came back: the engine's user says so by rtnetlink. */
static int lkl_change_carrier(struct net_device *dev, bool on)
{
	if (on)
		netif_carrier_on(dev);
	else
		netif_carrier_off(dev);
	return 0;
}

static const struct net_device_ops lkl_ops_raw = {
	.ndo_open = lkl_open,
	.ndo_stop = lkl_stop,
	.ndo_start_xmit = lkl_xmit,
	.ndo_select_queue = lkl_select_queue,
	.ndo_get_stats64 = dev_get_tstats64,
	.ndo_change_carrier = lkl_change_carrier,
};

static const struct net_device_ops lkl_ops_ether = {
	.ndo_open = lkl_open,
	.ndo_stop = lkl_stop,
	.ndo_start_xmit = lkl_xmit,
	.ndo_select_queue = lkl_select_queue,
	.ndo_get_stats64 = dev_get_tstats64,
	.ndo_change_carrier = lkl_change_carrier,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_set_mac_address = eth_mac_addr,
};

static void get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	strscpy(info->driver, "persona", sizeof(info->driver));
}

static const struct ethtool_ops lkl_ethtool_ops = {
	.get_drvinfo = get_drvinfo,
	.get_link = ethtool_op_get_link,
};

static void setup_raw(struct net_device *dev)
{
	dev->netdev_ops = &lkl_ops_raw;
	dev->type = ARPHRD_RAWIP;
	dev->flags = IFF_POINTOPOINT | IFF_NOARP | IFF_MULTICAST;
	dev->tx_queue_len = 1000;
}

static void setup_ether(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &lkl_ops_ether;
	dev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
}

static void set_features(struct net_device *dev, u32 f)
{
	netdev_features_t hw = NETIF_F_HIGHDMA;

	if (f & LKL_NETDEV_F_CSUM)
		hw |= NETIF_F_HW_CSUM | NETIF_F_SG;
	if (f & LKL_NETDEV_F_TSO4)
		hw |= NETIF_F_TSO;
	if (f & LKL_NETDEV_F_TSO6)
		hw |= NETIF_F_TSO6;
	if (f & LKL_NETDEV_F_TSO_ECN)
		hw |= NETIF_F_TSO_ECN;
	if (f & LKL_NETDEV_F_USO)
		hw |= NETIF_F_GSO_UDP_L4;
	dev->hw_features = hw;
	dev->features = hw;
}

static void free_slots(struct lkl_netdev *nd)
{
	unsigned int s, i;

	for (s = 0; s < LKL_RX_BATCH; s++)
		for (i = 0; i < LKL_RX_IOV; i++)
			if (nd->slot[s].page[i])
				__free_pages(nd->slot[s].page[i], i ? RX_BLOCK_ORDER : 0);
}

/* Runs as a call; gives the interface index. */
long lkl_netdev_add(struct lkl_netdev_params *p)
{
	unsigned int nq = num_possible_cpus(), i, s;
	struct net_device *dev;
	struct lkl_netdev *nd;
	int err = -ENOMEM;

	if (p->id >= LKL_MAX_NETDEVS || netdevs[p->id])
		return -EEXIST;
	dev = alloc_netdev_mqs(sizeof(*nd), p->name, NET_NAME_ENUM,
			       p->link == LKL_NETDEV_RAWIP ? setup_raw : setup_ether, nq, 1);
	if (!dev)
		return -ENOMEM;
	nd = netdev_priv(dev);
	nd->dev = dev;
	nd->id = p->id;
	nd->raw_ip = p->link == LKL_NETDEV_RAWIP;
	dev->mtu = p->mtu;
	dev->min_mtu = IPV4_MIN_MTU;
	dev->max_mtu = ETH_MAX_MTU;
	dev->ethtool_ops = &lkl_ethtool_ops;
	dev->pcpu_stat_type = NETDEV_PCPU_STAT_TSTATS;
	set_features(dev, p->features);
	if (!nd->raw_ip)
		eth_hw_addr_set(dev, p->mac);

	nd->frame = kcalloc(LKL_RX_BATCH, sizeof(*nd->frame), GFP_KERNEL);
	if (!nd->frame)
		goto fail;
	for (s = 0; s < LKL_RX_BATCH; s++) {
		nd->frame[s].niov = LKL_RX_IOV;
		for (i = 0; i < LKL_RX_IOV; i++)
			if (!fill_page(nd, s, i))
				goto fail;
	}
	for (i = 0; i < nq; i++) {
		nd->ring[i] = kvzalloc(sizeof(*nd->ring[i]), GFP_KERNEL);
		if (!nd->ring[i])
			goto fail;
		p->rings[i] = nd->ring[i];
	}
	netif_napi_add(dev, &nd->napi, lkl_poll);
	err = register_netdev(dev);
	if (err)
		goto fail;
	netif_carrier_on(dev);
	netdevs[p->id] = nd;
	return dev->ifindex;

fail:
	for (i = 0; i < nq; i++)
		kvfree(nd->ring[i]);
	free_slots(nd);
	kfree(nd->frame);
	free_netdev(dev);
	return err;
}
