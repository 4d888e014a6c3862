/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * parity.h - behaviours of sockets, as a program sees them.
 *
 * A behaviour is a function that makes calls and notes what they said. Run on
 * the host's stack the notes are the expectation; run on Persona they must be the
 * same, word for word. So nothing may be noted that differs by right: port and
 * descriptor numbers, addresses, exact times.
 */
#ifndef PARITY_H
#define PARITY_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/**
 * struct behaviour - @run(), or @with(@arg) for one line of a table
 */
struct behaviour {
	const char *name;
	void (*run)(void);
	void (*with)(long arg);
	long arg;
};

/* The rooms; each ends with a NULL name. */
extern const struct behaviour in_socket[], in_option[], in_io[], in_number[], in_wait[], in_epoll[],
	in_signal[], in_misc[], in_state[], in_misuse[], in_value[], in_urgent[], in_restart[],
	in_tree[], in_pass[], in_udp[], in_message[], in_address[], in_six[], in_bulk[], in_end[],
	in_libc[], in_thread[], in_gai[];

/** note() - one remark, as printf */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* SEE(call): the call's text, its result, its errno. SEEFD: only whether it worked. */
#define SEE(call)   (errno = 0, see(#call, (long)(call)))
#define SEEFD(call) (errno = 0, see_fd(#call, (int)(call)))
long see(const char *text, long ret);
int see_fd(const char *text, int ret);

/** child_main() - what a behaviour executed; arguments from argv[0] on (in_tree.c) */
int child_main(char *const *argv);

/** die() - the test itself cannot go on */
void die(const char *what) __attribute__((noreturn));

/* The stack's own address, any port. */
struct sockaddr_in any_port(void);
/* As getsockname() says. */
struct sockaddr_in address_of(int fd);

int tcp_listener(void);
/** tcp_pair() - a connected pair: [0] connected, [1] was accepted */
void tcp_pair(int sv[2]);
/** udp_pair() - two datagram sockets connected to each other */
void udp_pair(int sv[2]);
void close_both(const int sv[2]);
/**
 * full_listener() - a listener that takes no more; gives it
 * @fd: [0] is connected and not accepted, [1] non-blocking and connecting, until
 *	an accept() makes room and its SYN is sent again (a second later)
 */
int full_listener(int fd[2]);

/** parity_socket() - socket(), with MPTCP in TCP's place if PARITY_MPTCP is set (compare) */
int parity_socket(int domain, int type, int protocol);
#define socket(domain, type, protocol) parity_socket(domain, type, protocol)

/** word() - a result in one word: the number, or the name of the error */
const char *word(long ret);

/** wait_for() - poll one descriptor for a second at most; revents */
int wait_for(int fd, int events);

enum { CHILD_TIME = 1 /* s */, SOON = 300 /* ms */ };

/** child() - fork(); the child has CHILD_TIME to live. ended() - wait for it, note its status */
pid_t child(void);
void ended(pid_t pid);

/** hear() - note what one recv() gives, if it comes SOON */
void hear(int fd);

/** after() - in @ms milliseconds, on another thread, call @fn(arg); join with done() */
pthread_t after(int ms, void (*fn)(void *), void *arg);
void done(pthread_t t);

long now_ms(void);
void nap(int ms);

/** slowness() - $PARITY_SLOW: how many times slower than usual the machine is */
int slowness(void);

/* Ready-made things for after(). */
void send_byte(void *fd);	 /* on a socket or pipe: int * */
void kill_thread_usr1(void *id); /* pthread_t * */

#endif /* PARITY_H */
