/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * interface.h - what packetdrill asks of a stack in a shared object (`--so_filename`).
 *
 * The layout is packetdrill's, written down here from its use: the tool loads the object, calls
 * packetdrill_interface_init(), and makes each call of a script by a pointer of this table, with
 * @userdata first. The order of the members is the interface.
 *
 * Calls are those of the manual pages: -1 and errno. Some come from a thread of the tool's own,
 * while another one sends packets.
 */
#ifndef PERSONA_PACKETDRILL_INTERFACE_H
#define PERSONA_PACKETDRILL_INTERFACE_H

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>

/**
 * struct packetdrill_interface - the stack under test
 * @free: the script is over
 * @netdev_send: a packet, from its IP header on, enters the stack; 0 or -1
 * @netdev_receive: wait for the next packet that the stack sends: @count is the room, then the
 *	  length; @usecs when it left, as @gettimeofday counts; 0 or -1
 */
struct packetdrill_interface {
	void *userdata;
	void (*free)(void *userdata);
	int (*socket)(void *userdata, int domain, int type, int protocol);
	int (*bind)(void *userdata, int fd, const struct sockaddr *addr, socklen_t len);
	int (*listen)(void *userdata, int fd, int backlog);
	int (*accept)(void *userdata, int fd, struct sockaddr *addr, socklen_t *len);
	int (*connect)(void *userdata, int fd, const struct sockaddr *addr, socklen_t len);
	ssize_t (*read)(void *userdata, int fd, void *buf, size_t n);
	ssize_t (*readv)(void *userdata, int fd, const struct iovec *iov, int n);
	ssize_t (*recv)(void *userdata, int fd, void *buf, size_t n, int flags);
	ssize_t (*recvfrom)(void *userdata, int fd, void *buf, size_t n, int flags,
			    struct sockaddr *addr, socklen_t *len);
	ssize_t (*recvmsg)(void *userdata, int fd, struct msghdr *msg, int flags);
	ssize_t (*write)(void *userdata, int fd, const void *buf, size_t n);
	ssize_t (*writev)(void *userdata, int fd, const struct iovec *iov, int n);
	ssize_t (*send)(void *userdata, int fd, const void *buf, size_t n, int flags);
	ssize_t (*sendto)(void *userdata, int fd, const void *buf, size_t n, int flags,
			  const struct sockaddr *addr, socklen_t len);
	ssize_t (*sendmsg)(void *userdata, int fd, const struct msghdr *msg, int flags);
	int (*fcntl)(void *userdata, int fd, int cmd, ...);
	int (*ioctl)(void *userdata, int fd, unsigned long request, ...);
	int (*close)(void *userdata, int fd);
	int (*shutdown)(void *userdata, int fd, int how);
	int (*getsockopt)(void *userdata, int fd, int level, int name, void *value, socklen_t *len);
	int (*setsockopt)(void *userdata, int fd, int level, int name, const void *value,
			  socklen_t len);
	int (*poll)(void *userdata, struct pollfd *fds, nfds_t n, int timeout);
	int (*netdev_send)(void *userdata, const void *packet, size_t count);
	int (*netdev_receive)(void *userdata, void *packet, size_t *count, long long *usecs);
	int (*usleep)(void *userdata, useconds_t usecs);
	int (*gettimeofday)(void *userdata, struct timeval *tv, struct timezone *tz);
	int (*epoll_create)(void *userdata, int size);
	int (*epoll_ctl)(void *userdata, int epfd, int op, int fd, struct epoll_event *event);
	int (*epoll_wait)(void *userdata, int epfd, struct epoll_event *events, int max,
			  int timeout);
	int (*pipe)(void *userdata, int fds[2]);
	int (*splice)(void *userdata, int fd_in, loff_t *off_in, int fd_out, loff_t *off_out,
		      size_t n, unsigned int flags);
};

/** packetdrill_interface_init() - start the stack as @flags (`--so_flags`) say, fill in the table
 */
void packetdrill_interface_init(const char *flags, struct packetdrill_interface *interface);

#endif /* PERSONA_PACKETDRILL_INTERFACE_H */
