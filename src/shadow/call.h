/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * call.h - one system call of the program, notified to us and not yet answered.
 *
 * The caller sleeps in seccomp until it is answered, or until a signal or its
 * death takes the notification away: then the answer goes nowhere, and a
 * handler must leave no trace of it (an accepted connection goes back into
 * the queue). Numbers are the caller's; its memory is read and written here.
 *
 * A struct call belongs to the thread that handles it, or to the list of parked
 * calls of its socket (park.h). Its program's descriptors are looked at
 * through duplicates, which the call owns.
 */
#ifndef PERSONA_SHADOW_CALL_H
#define PERSONA_SHADOW_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

struct sock;

/*
 * What a handler gives beside a result or -errno. CALL_PASS: the host's kernel
 * does the call; CALL_PARK: nothing yet, again when the socket has news;
 * CALL_ANSWERED: the handler has answered it itself.
 */
#define CALL_PASS     (-4096L)
#define CALL_PARK     (-4097L)
#define CALL_ANSWERED (-4098L)

/**
 * struct call - a notified call
 * @listener: where it arrived
 * @id:	  of the notification
 * @tid:  the calling thread
 * @tgid: its process, once call_signal() has seen it; 0 before
 * @fd:   duplicate of the program's descriptor that it is about, -1: none (yet)
 * @connecting: this connect() has begun the connection
 * @partial: bytes that a waiting receive has given so far: its result, if the wait ends early
 * @deadline: parked: monotonic ns when @timeout is the answer; 0: never
 * @again: what serves it once more when its socket has news
 * @next: list of parked calls
 */
struct call {
	int listener;
	uint64_t id;
	pid_t tid, tgid;
	int nr;
	int fd;
	uint64_t args[6];
	bool connecting;
	long partial;
	uint64_t deadline;
	long timeout;
	uint64_t since; /* parked, monotonic ns */
	long (*again)(struct call *c, struct sock *s);
	struct call *next;
};

/** call_listen() - prepare a filter's descriptor for call_receive(); 0, or -ENOTTY: it is none. */
int call_listen(int listener);

/**
 * call_receive() - wait for a call at @listener
 *
 * Return: 0; -EINTR; -ENOENT (its caller is gone, take the next); another
 * -errno when there will be none any more.
 */
int call_receive(struct call *c, int listener);

/** call_over() - has the last process under the filter ended? */
bool call_over(int listener);

/** call_valid() - does the caller still wait? */
bool call_valid(const struct call *c);

enum call_signal {
	CALL_NO_SIGNAL,
	CALL_SIGNAL,	   /* one waits for this thread */
	CALL_SIGNAL_SHARED /* one waits for its process, which has more threads */
};

/**
 * call_signal() - does a signal wait that would interrupt a blocked call?
 * @quiet: receives: no signal waits for its process, whichever thread would take it
 */
enum call_signal call_signal(struct call *c, bool *quiet);

/** call_answer() - result, -errno or CALL_PASS; 0, or -ENOENT: the caller is gone. */
int call_answer(const struct call *c, long ret);

/**
 * call_answer_fd() - the result is a new descriptor, a copy of @fd
 *
 * Return: the number in the caller, or -errno (-ENOENT: it is gone, -EMFILE ...).
 */
int call_answer_fd(const struct call *c, int fd, bool cloexec);

/** call_replace_fd() - put a copy of @fd at the caller's number @at; 0 or -errno. */
int call_replace_fd(const struct call *c, int fd, int at, bool cloexec);

/** call_peek_fd() - duplicate of the caller's descriptor @fd, close-on-exec, or -errno. */
int call_peek_fd(pid_t tid, int fd);

/** call_forget() - the calling thread's program has ended: close what is kept for its calls. */
void call_forget(void);

/** call_cloexec() - is the caller's number @fd close-on-exec? */
bool call_cloexec(const struct call *c, int fd);

/** call_read(), call_write() - all of @len bytes, or -EFAULT. */
int call_read(const struct call *c, uint64_t from, void *buf, size_t len);
int call_write(const struct call *c, uint64_t to, const void *buf, size_t len);

/** call_write_both() - two pieces of the caller's memory, one system call of ours; or -EFAULT. */
int call_write_both(const struct call *c, uint64_t to, const void *buf, size_t len, uint64_t to2,
		    const void *buf2, size_t len2);

/** call_readv(), call_writev() - scattered in the caller; bytes or -EFAULT. */
ssize_t call_readv(const struct call *c, const struct iovec *iov, size_t n, void *buf, size_t len);
ssize_t call_writev(const struct call *c, const struct iovec *iov, size_t n, const void *buf,
		    size_t len);

/** call_read_string() - up to @size bytes with the NUL; -ENAMETOOLONG if it is longer. */
int call_read_string(const struct call *c, uint64_t from, char *buf, size_t size);

/** call_read_addr() - a socket address argument; 0, -EFAULT or -EINVAL. */
int call_read_addr(const struct call *c, uint64_t from, uint64_t len,
		   struct sockaddr_storage *addr);

/**
 * call_write_addr() - give a socket address, cut to the caller's room
 * @lenptr: address of the caller's socklen_t: its room, then the real length
 */
int call_write_addr(const struct call *c, uint64_t to, uint64_t lenptr, const void *addr,
		    socklen_t len);

/** call_nonblocking() - is the program's end O_NONBLOCK, or @flags MSG_DONTWAIT? */
bool call_nonblocking(const struct call *c, int flags);

/** call_done() - close what the call holds. */
void call_done(struct call *c);

#endif /* PERSONA_SHADOW_CALL_H */
