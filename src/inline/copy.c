// SPDX-License-Identifier: GPL-2.0-only
/*
 * copy.c - sendfile() and splice() between the two worlds, by copying.
 *
 * Theory of operation: the host's kernel cannot reach into the stack, so bytes
 * are read from one side into a buffer and written to the other. No byte may be lost
 * when the second side takes fewer than the first gave:
 *
 *	file to socket		the file offset is advanced by what was sent
 *	pipe to socket		tee() into a pipe of our own is looked at first;
 *				only what was sent is then taken from the pipe
 *	socket to pipe		MSG_PEEK first; only what the pipe took is
 *				then taken from the socket
 *
 * SPLICE_F_NONBLOCK is about the pipe; whether the socket waits is O_NONBLOCK's.
 * As with the kernel's own, a socket is no source for sendfile() (EINVAL).
 *
 * Ownership: the buffer is the thread's and lives as long.
 */
#include "inline/real.h"
#include "inline/edge.h"
#include "inline/fdtable.h"
#include "inline/thread.h"

#include <stdlib.h>

#define COPY_BUFFER (128u << 10)

static char *copy_buffer(void)
{
	if (!self.buffer)
		self.buffer = malloc(COPY_BUFFER);
	return self.buffer;
}

static size_t copy_least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* One piece, sent whole or in part: how much, or -1 and errno. */
static ssize_t copy_send_file_piece(int out, int in, off_t *at, size_t n)
{
	ssize_t got, sent;

	got = at ? pread(in, self.buffer, n, *at) : real(read)(in, self.buffer, n);
	if (got <= 0)
		return got;
	sent = write(out, self.buffer, (size_t)got);
	if (at)
		*at += sent > 0 ? sent : 0;
	else if (sent < got && lseek(in, (sent > 0 ? sent : 0) - got, SEEK_CUR) < 0)
		return -1;
	return sent;
}

HOOK ssize_t sendfile(int out, int in, off_t *off, size_t n)
{
	size_t done = 0;
	ssize_t ret = 0;

	if (slot_ours(fd_slot(in)) && slot_ours(fd_slot(out)))
		return edge_ret(-EINVAL);
	if (!slot_ours(fd_slot(out)))
		return real(sendfile)(out, in, off, n);
	if (!copy_buffer())
		return edge_ret(-ENOMEM);
	if (lseek(in, 0, SEEK_CUR) < 0)
		return edge_ret(errno == EBADF ? -EBADF : -EINVAL);
	while (done < n) {
		size_t piece = copy_least(n - done, COPY_BUFFER);

		ret = copy_send_file_piece(out, in, off, piece);
		if (ret > 0)
			done += (size_t)ret;
		if (ret < (ssize_t)piece)
			break;
	}
	return done ? (ssize_t)done : ret;
}

HOOK ssize_t sendfile64(int out, int in, off64_t *off, size_t n)
{
	return sendfile(out, in, off, n);
}

/* Take @n bytes from a pipe that are known to be there. */
static void copy_discard(int pipe, size_t n)
{
	while (n) {
		ssize_t got = real(read)(pipe, self.buffer, copy_least(n, COPY_BUFFER));

		if (got <= 0)
			return;
		n -= (size_t)got;
	}
}

static ssize_t copy_pipe_to_socket(int in, int out, size_t n, unsigned int flags)
{
	int look[2];
	ssize_t got, sent = -1;

	if (pipe2(look, O_CLOEXEC) < 0)
		return -1;
	got = tee(in, look[1], copy_least(n, 65536), flags & SPLICE_F_NONBLOCK);
	if (got > 0)
		got = real(read)(look[0], self.buffer, COPY_BUFFER);
	if (got > 0) {
		sent = send(out, self.buffer, (size_t)got, flags & SPLICE_F_MORE ? MSG_MORE : 0);
		if (sent > 0)
			copy_discard(in, (size_t)sent);
	} else {
		sent = got;
	}
	real(close)(look[0]);
	real(close)(look[1]);
	return sent;
}

static ssize_t copy_socket_to_pipe(int in, int out, size_t n, unsigned int flags)
{
	ssize_t got, put;

	got = recv(in, self.buffer, copy_least(n, 65536), MSG_PEEK);
	if (got <= 0)
		return got;
	if (flags & SPLICE_F_NONBLOCK) {
		struct pollfd p = {.fd = out, .events = POLLOUT};

		if (real(poll)(&p, 1, 0) != 1)
			return edge_ret(-EAGAIN);
		got = (ssize_t)copy_least((size_t)got, 4096);
	}
	put = real(write)(out, self.buffer, (size_t)got);
	if (put > 0)
		put = recv(in, self.buffer, (size_t)put, MSG_DONTWAIT);
	return put;
}

HOOK ssize_t splice(int in, off64_t *inoff, int out, off64_t *outoff, size_t n, unsigned int flags)
{
	bool from = slot_ours(fd_slot(in)), to = slot_ours(fd_slot(out));

	if (!from && !to)
		return real(splice)(in, inoff, out, outoff, n, flags);
	if (from && to)
		return edge_ret(-EINVAL);
	if (inoff || outoff)
		return edge_ret((from ? inoff : outoff) ? -EINVAL : -ESPIPE);
	if (!n)
		return 0;
	if (!copy_buffer())
		return edge_ret(-ENOMEM);
	/* One of the two must be a pipe: F_GETPIPE_SZ fails with EBADF otherwise. */
	if (real(fcntl)(from ? out : in, F_GETPIPE_SZ) < 0)
		return edge_ret(-EINVAL);
	return from ? copy_socket_to_pipe(in, out, n, flags)
		    : copy_pipe_to_socket(in, out, n, flags);
}
