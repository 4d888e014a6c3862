/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * image.h - the interface between a personality image (Linux as a library)
 * and the engine that hosts it. Included by both; needs nothing but integer
 * types.
 *
 * Theory of operation
 *
 * A vCPU (struct lkl_vcpu) is a lock, owned by the engine. Who holds it may
 * call lkl_run(), which continues the vCPU's current kernel context on the
 * calling host thread and comes back with a reason:
 *
 *   LKL_RUN_USER   the vCPU's current task is an application task at the
 *		    border of its call ("in user mode"); normally because the
 *		    caller's own call (struct lkl_thread) is done.
 *   LKL_RUN_IDLE   nothing to do before @deadline or an event.
 *   LKL_RUN_YIELD  the kernel spins for another vCPU: let that one run.
 *   LKL_RUN_HALT   the stack has halted; nothing may run any more.
 *
 * Between two lkl_run() of a vCPU any other host thread may run it. Kernel
 * contexts are plain stacks inside the library's memory; `current` is found
 * from the stack pointer, so no register and no thread-local storage binds
 * them to a host thread.
 *
 * There are no asynchronous interrupts. Events are bits in @pending, set by
 * whoever, and taken when a vCPU is run. What must happen after the lock has
 * been released (waking host threads, sending frames, kicking another vCPU) is
 * left in the vCPU's post-run fields, and done by the engine.
 */
#ifndef _UAPI_ASM_LKL_IMAGE_H
#define _UAPI_ASM_LKL_IMAGE_H

#include <linux/types.h>
#include <linux/virtio_net.h>

#define LKL_ABI		  5	/* changed with every change of this file */
#define LKL_MAX_VCPUS	  16
#define LKL_MAX_NETDEVS	  8
#define LKL_DONE_MAX	  16	/* finished foreign calls per run, then LKL_RUN_YIELD */
#define LKL_PHYS_BASE	  0x200000UL /* physical address of the memory's first byte */
#define LKL_NO_DEADLINE	  (~0ULL)

enum lkl_run_reason {
	LKL_RUN_USER,
	LKL_RUN_IDLE,
	LKL_RUN_YIELD,
	LKL_RUN_HALT,
};

enum lkl_thread_state {
	LKL_THREAD_USER,	/* in the application */
	LKL_THREAD_PENDING,	/* a call is handed over, not begun */
	LKL_THREAD_RUNNING,	/* the call runs or is blocked */
	LKL_THREAD_DONE,	/* result is there; the host resets to USER */
};

/* Pseudo system calls, beyond all real numbers. */
#define LKL_NR_NEW_TASK	0x10000	/* args: struct lkl_thread *, vcpu; makes its task */
#define LKL_NR_EXIT	0x10001	/* ends the calling thread's task */
#define LKL_NR_HALT	0x10002	/* halts the stack */
#define LKL_NR_NETDEV	0x10003	/* args: struct lkl_netdev_params *; gives the ifindex */
#define LKL_NR_TRUST	0x10004	/* args: netlink socket; it may configure WireGuard */

/**
 * struct lkl_thread - a host thread as the image sees it
 * @host_sp:   its saved context while it runs a vCPU (image)
 * @task:      its kernel task, or NULL (a mere driver)
 * @state:     enum lkl_thread_state; written by the image, atomically to DONE
 * @vcpu:      number of the vCPU its task lives on
 * @interrupt: host: end the blocked call as by a signal; taken by the image
 */
struct lkl_thread {
	void *host_sp;
	void *task;
	__u32 state;
	__u32 vcpu;
	__u32 interrupt;
	__u32 reserved;
	long nr;
	long args[6];
	long ret;
};

/* Bits of lkl_vcpu.pending, set by anybody with an atomic or. */
#define LKL_PENDING_RESCHED	(1u << 0)
#define LKL_PENDING_CALL	(1u << 1)
#define LKL_PENDING_IRQ_WORK	(1u << 2)
#define LKL_PENDING_RX(dev)	(1u << (8 + (dev)))	/* frames wait on device dev */
#define LKL_PENDING_TX(dev)	(1u << (16 + (dev)))	/* sent frames may be freed */

/**
 * struct lkl_vcpu - a virtual CPU, shared; all but @pending under its lock
 * @kernel_sp: saved context of the current task (image)
 * @driver:    the host thread that runs it now (image)
 * @now:       host: the time when it was run, in cycles as @deadline; reading them is dear
 * @deadline:  next timer event, in processor cycles (TSC, CNTVCT)
 * @last_poll: when the devices were last polled (image, cycles)
 * @ndone, @done: foreign calls finished in this run: wake their threads
 * @kick:      mask of vCPUs whose @pending was set: wake their waiters
 * @tx:        mask of devices with frames queued by this vCPU
 * @coalesce:  host: TX completions come late, so that small sends make large frames
 */
struct lkl_vcpu {
	void *kernel_sp;
	struct lkl_thread *driver;
	__u32 id;
	__u32 pending;
	__u64 now;
	__u64 deadline;
	__u64 last_poll;
	__u32 reason;
	__u32 ndone;
	__u32 kick;
	__u32 tx;
	struct lkl_thread *done[LKL_DONE_MAX];
	__u32 relax;
	__u32 coalesce;
};

/*
 * Transmit ring: one per device and vCPU. The image fills frames and moves
 * @head, the engine sends them outside the vCPU lock and moves @tail, the image
 * frees up to @tail. Single producer, single consumer; the engine serialises
 * consumers.
 */
#define LKL_TX_RING	128
#define LKL_TX_IOV	20

struct lkl_iov {		/* layout of struct iovec */
	void *base;
	unsigned long len;
};

struct lkl_tx_frame {
	struct lkl_iov room;	/* for a header of the back end, before iov[0] */
	struct lkl_iov iov[LKL_TX_IOV];
	__u32 niov;
	__u32 len;
	struct virtio_net_hdr hdr;
	__u8 pad[6];
	void *cookie;		/* image's: the buffer */
};

struct lkl_tx_ring {
	__u32 head;		/* image */
	__u32 pad0[15];
	__u32 tail;		/* engine */
	__u32 pad1[15];
	__u32 clean;		/* image */
	__u32 pad2[15];
	struct lkl_tx_frame frame[LKL_TX_RING];
};

/* One receive buffer; same layout rule as above. */
#define LKL_RX_BATCH	16
#define LKL_RX_IOV	5

struct lkl_rx_frame {
	struct lkl_iov room;
	struct lkl_iov iov[LKL_RX_IOV];
	__u32 niov;
	__u32 len;
	struct virtio_net_hdr hdr;
	__u8 pad[6];
};

#define LKL_NETDEV_ETHER	0
#define LKL_NETDEV_RAWIP	1
#define LKL_NETDEV_F_CSUM	(1u << 0)
#define LKL_NETDEV_F_TSO4	(1u << 1)
#define LKL_NETDEV_F_TSO6	(1u << 2)
#define LKL_NETDEV_F_TSO_ECN	(1u << 3)
#define LKL_NETDEV_F_USO	(1u << 4)

/**
 * struct lkl_netdev_params - argument of LKL_NR_NETDEV
 * @id:	   device number, 0..LKL_MAX_NETDEVS-1, chosen by the engine
 * @rings: receives one transmit ring per vCPU
 */
struct lkl_netdev_params {
	char name[16];
	__u32 id;
	__u32 link;
	__u32 mtu;
	__u32 features;
	__u8 mac[6];
	__u8 pad[2];
	struct lkl_tx_ring *rings[LKL_MAX_VCPUS];
};

/**
 * struct lkl_host_ops - what the engine gives the image
 * @clock_ns:  CLOCK_MONOTONIC of the host
 * @wall_ns:   CLOCK_REALTIME of the host
 * @print:     one piece of kernel log; @level 0 is an emergency
 * @rx:	       receive up to n frames of device without blocking; count or -errno
 * @copy, @move, @set: the host's own memcpy, memmove, memset (vector code)
 * @copy_past: the same as @copy for what another processor will read: past the cache
 * @protect:   make a page inaccessible (guard) or accessible again
 * @panic:     the stack is dead; does not return
 *
 * They may run on a kernel stack with a vCPU held: no libc locks, no errno.
 */
struct lkl_host_ops {
	__u32 abi;
	__u32 pad;
	__u64 (*clock_ns)(void);
	__u64 (*wall_ns)(void);
	void (*print)(int level, const char *text, unsigned int len);
	int (*rx)(unsigned int dev, struct lkl_rx_frame *f, unsigned int n);
	void *(*copy)(void *to, const void *from, unsigned long n);
	void *(*move)(void *to, const void *from, unsigned long n);
	void *(*set)(void *to, int c, unsigned long n);
	void *(*copy_past)(void *to, const void *from, unsigned long n);
	void (*protect)(void *page, unsigned long len, int accessible);
	void (*panic)(const char *why);
};

/**
 * struct lkl_boot_params - memory and processors
 * @base:     first byte of the region: the image, then free memory; 2 MiB aligned
 * @size:     bytes of the whole region, image included
 * @image:    bytes at @base that the image occupies
 * @vcpus:    number of vCPUs
 * @vcpu:     the vCPUs
 * @cycles_hz: frequency of the cycle counter
 * @seed:     entropy
 */
struct lkl_boot_params {
	void *base;
	unsigned long size;
	unsigned long image;
	__u32 vcpus;
	__u32 verbose;
	struct lkl_vcpu *vcpu;
	__u64 cycles_hz;
	struct lkl_thread *init;
	const char *cmdline;
	__u8 seed[64];
};

/*
 * Exports. All but lkl_image_abi, lkl_fixup_fault, lkl_symbol and lkl_oops are
 * called with the vCPU's lock held, on the host's stack.
 */
#ifdef __KERNEL__
#define LKL_EXPORT __attribute__((visibility("default"), used))
#else
#define LKL_EXPORT
#endif

/** lkl_image_abi() - LKL_ABI the image was built with. */
LKL_EXPORT __u32 lkl_image_abi(void);

/**
 * lkl_boot() - prepare vCPU 0 to boot; the caller then runs all vCPUs
 * until @params->init has a task and is LKL_THREAD_DONE.
 */
LKL_EXPORT int lkl_boot(const struct lkl_host_ops *ops, const struct lkl_boot_params *params);

/** lkl_run() - continue vCPU @v on behalf of host thread @me. */
LKL_EXPORT __u32 lkl_run(struct lkl_vcpu *v, struct lkl_thread *me);

/**
 * lkl_fixup_fault() - a memory fault at *ip with stack *sp
 *
 * Return: 1 if it was an access to a user pointer: *ip and *sp are where to
 * continue; 0 if the fault is not the image's; -1 if the image itself crashed.
 */
LKL_EXPORT int lkl_fixup_fault(unsigned long *ip, unsigned long *sp);

/** lkl_symbol() - "name+0x12/0x34" of an address in the image into buf. */
LKL_EXPORT int lkl_symbol(unsigned long addr, char *buf, unsigned int size);

/** lkl_oops() - print why and the trace of a crash at ip, sp; then panic. */
LKL_EXPORT void lkl_oops(const char *why, unsigned long addr, unsigned long ip, unsigned long sp);

#endif /* _UAPI_ASM_LKL_IMAGE_H */
