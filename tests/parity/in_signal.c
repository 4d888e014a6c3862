// SPDX-License-Identifier: GPL-2.0-only
/* in_signal.c - handlers, restarts, cancellation. */
#include "parity.h"

#include <sys/wait.h>

#include <setjmp.h>
#include <sys/time.h>

static volatile int seen;
static int side[2]; /* for handlers that use sockets */

static void on_usr1(int sig)
{
	seen++;
}

static struct sigaction with(void (*fn)(int), int flags)
{
	return (struct sigaction){.sa_handler = fn, .sa_flags = flags};
}

/* SIGUSR1 to this thread in 40 ms, a byte to @fd in 120. */
static void interrupted_recv(int flags)
{
	struct sigaction act = with(on_usr1, flags), old;
	pthread_t me = pthread_self(), a, b;
	int sv[2];
	char c;

	tcp_pair(sv);
	sigaction(SIGUSR1, &act, &old);
	seen = 0;
	a = after(40, kill_thread_usr1, &me);
	b = after(120, send_byte, &sv[1]);
	SEE(recv(sv[0], &c, 1, 0));
	note("seen %d", seen);
	done(a);
	done(b);
	nap(20);
	SEE(recv(sv[0], &c, 1, MSG_DONTWAIT));
	sigaction(SIGUSR1, &old, NULL);
	close_both(sv);
}

static void eintr(void)
{
	interrupted_recv(0);
}

static void restart(void)
{
	interrupted_recv(SA_RESTART);
}

static void poll_never_restarts(void)
{
	struct sigaction act = with(on_usr1, SA_RESTART), old;
	struct pollfd p = {.events = POLLIN};
	struct timeval t = {.tv_sec = 1};
	pthread_t me = pthread_self(), a;
	fd_set in;
	int sv[2];

	tcp_pair(sv);
	p.fd = sv[0];
	sigaction(SIGUSR1, &act, &old);
	seen = 0;
	a = after(40, kill_thread_usr1, &me);
	SEE(poll(&p, 1, 1000));
	done(a);
	a = after(40, kill_thread_usr1, &me);
	FD_ZERO(&in);
	FD_SET(sv[0], &in);
	SEE(select(sv[0] + 1, &in, NULL, NULL, &t));
	done(a);
	note("seen %d", seen);
	sigaction(SIGUSR1, &old, NULL);
	close_both(sv);
}

static void timeouts_never_restart(void)
{
	struct sigaction act = with(on_usr1, SA_RESTART), old;
	struct timeval t = {.tv_sec = 1};
	pthread_t me = pthread_self(), a;
	char c;
	int sv[2];

	tcp_pair(sv);
	setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	sigaction(SIGUSR1, &act, &old);
	a = after(40, kill_thread_usr1, &me);
	SEE(recv(sv[0], &c, 1, 0));
	done(a);
	sigaction(SIGUSR1, &old, NULL);
	close_both(sv);
}

static void accepting(void)
{
	struct sigaction act = with(on_usr1, 0), old;
	struct itimerval it = {.it_value.tv_usec = 40000};
	int l = tcp_listener();

	sigaction(SIGALRM, &act, &old);
	seen = 0;
	setitimer(ITIMER_REAL, &it, NULL);
	SEE(accept(l, NULL, NULL));
	note("seen %d", seen);
	sigaction(SIGALRM, &old, NULL);
	close(l);
}

static sigjmp_buf away;

static void on_jump(int sig)
{
	siglongjmp(away, 1);
}

static void jump(void)
{
	struct sigaction act = with(on_jump, 0), old;
	pthread_t me = pthread_self(), a;
	sigset_t mask;
	volatile int rounds = 0;
	int sv[2];
	char c;

	tcp_pair(sv);
	sigaction(SIGUSR1, &act, &old);
	while (rounds < 3) {
		if (sigsetjmp(away, 1) == 0) {
			a = after(30, kill_thread_usr1, &me);
			pthread_detach(a);
			recv(sv[0], &c, 1, 0);
			note("returned");
		}
		rounds = rounds + 1;
	}
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	note("blocked %d", sigismember(&mask, SIGUSR1));
	send_byte(&sv[1]);
	SEE(recv(sv[0], &c, 1, 0));
	sigaction(SIGUSR1, &old, NULL);
	close_both(sv);
}

static void on_usr1_send(int sig)
{
	char c;

	seen++;
	send(side[0], "h", 1, 0);
	seen += (int)recv(side[1], &c, 1, 0);
}

static void calls_in_handler(void)
{
	struct sigaction act = with(on_usr1_send, SA_RESTART), old;
	pthread_t me = pthread_self(), a, b;
	int sv[2];
	char c;

	tcp_pair(sv);
	tcp_pair(side);
	sigaction(SIGUSR1, &act, &old);
	seen = 0;
	a = after(40, kill_thread_usr1, &me);
	b = after(120, send_byte, &sv[1]);
	SEE(recv(sv[0], &c, 1, 0));
	note("seen %d", seen);
	done(a);
	done(b);
	sigaction(SIGUSR1, &old, NULL);
	close_both(sv);
	close_both(side);
}

static void on_usr2(int sig)
{
	seen = seen * 10 + 2;
}

static void on_usr1_raise(int sig)
{
	raise(SIGUSR2);
	seen = seen * 10 + 1;
}

static void handler_masks(void)
{
	struct sigaction a1 = with(on_usr1_raise, 0), a2 = with(on_usr2, 0), o1, o2;
	pthread_t me = pthread_self(), t;
	int sv[2];
	char c;

	tcp_pair(sv);
	sigaddset(&a1.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &a1, &o1);
	sigaction(SIGUSR2, &a2, &o2);
	seen = 0;
	t = after(40, kill_thread_usr1, &me);
	SEE(recv(sv[0], &c, 1, 0));
	done(t);
	note("masked order %d", seen);
	sigemptyset(&a1.sa_mask);
	sigaction(SIGUSR1, &a1, NULL);
	seen = 0;
	t = after(40, kill_thread_usr1, &me);
	SEE(recv(sv[0], &c, 1, 0));
	done(t);
	note("unmasked order %d", seen);
	sigaction(SIGUSR1, &o1, NULL);
	sigaction(SIGUSR2, &o2, NULL);
	close_both(sv);
}

static volatile int value, code;

static void on_info(int sig, siginfo_t *info, void *uc)
{
	value = info->si_value.sival_int;
	code = info->si_code;
	seen++;
}

static void queue_it(void *arg)
{
	pthread_sigqueue(*(pthread_t *)arg, SIGRTMIN + 3, (union sigval){.sival_int = 4711});
	pthread_sigqueue(*(pthread_t *)arg, SIGRTMIN + 3, (union sigval){.sival_int = 4712});
}

static void information(void)
{
	struct sigaction act = {.sa_sigaction = on_info, .sa_flags = SA_SIGINFO}, old, now;
	pthread_t me = pthread_self(), t;
	int sv[2];
	char c;

	tcp_pair(sv);
	sigaction(SIGRTMIN + 3, &act, &old);
	note("was default %d", old.sa_handler == SIG_DFL);
	sigaction(SIGRTMIN + 3, NULL, &now);
	note("reports ours %d flags %#x", now.sa_sigaction == on_info, now.sa_flags & ~0x04000000);
	seen = 0;
	t = after(40, queue_it, &me);
	SEE(recv(sv[0], &c, 1, 0));
	done(t);
	note("value %d code %d seen %d", value, code, seen);
	sigaction(SIGRTMIN + 3, &old, NULL);
	close_both(sv);
}

static void once(void)
{
	struct sigaction act = with(on_usr1, (int)(SA_RESETHAND | SA_RESTART)), now;
	pthread_t me = pthread_self(), a, b;
	int sv[2];
	char c;

	tcp_pair(sv);
	sigaction(SIGUSR1, &act, NULL);
	seen = 0;
	a = after(40, kill_thread_usr1, &me);
	b = after(120, send_byte, &sv[1]);
	SEE(recv(sv[0], &c, 1, 0));
	done(a);
	done(b);
	sigaction(SIGUSR1, NULL, &now);
	note("seen %d, default again %d", seen, now.sa_handler == SIG_DFL);
	note("signal() returns %d", signal(SIGUSR1, on_usr1) == SIG_DFL);
	note("signal() returns %d", signal(SIGUSR1, SIG_DFL) == on_usr1);
	close_both(sv);
}

static void ignored(void)
{
	pthread_t me = pthread_self(), a, b;
	int sv[2];
	char c;

	tcp_pair(sv);
	signal(SIGUSR1, SIG_IGN);
	a = after(40, kill_thread_usr1, &me);
	b = after(100, send_byte, &sv[1]);
	SEE(recv(sv[0], &c, 1, 0));
	done(a);
	done(b);
	signal(SIGUSR1, SIG_DFL);
	close_both(sv);
}

static volatile int faults;

static void on_fault(int sig, siginfo_t *info, void *uc)
{
	faults++;
	siglongjmp(away, (int)(uintptr_t)info->si_addr);
}

/* The program's own faults are its handler's; a bad pointer in a call is not a fault. */
static void own_faults(void)
{
	struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO}, old, now;
	int sv[2], at;

	tcp_pair(sv);
	sigaction(SIGSEGV, &act, &old);
	sigaction(SIGSEGV, NULL, &now);
	note("was default %d, is ours %d", old.sa_handler == SIG_DFL, now.sa_sigaction == on_fault);
	SEE(send(sv[0], (void *)24, 4, 0));
	for (int i = 0; i < 2; i++) {
		at = sigsetjmp(away, 1);
		if (!at)
			*(volatile int *)(uintptr_t)(8 + i) = 1;
		note("fault at %d", at);
	}
	note("faults %d", faults);
	SEE(send(sv[0], (void *)24, 4, 0));
	sigaction(SIGSEGV, &old, &now);
	note("was ours %d", now.sa_sigaction == on_fault);
	SEE(send(sv[0], (void *)24, 4, 0));
	close_both(sv);
}

static volatile int cleaned;

static void clean(void *arg)
{
	cleaned++;
}

static void *receiver(void *arg)
{
	char c;

	pthread_cleanup_push(clean, NULL);
	recv(*(int *)arg, &c, 1, 0);
	pthread_cleanup_pop(0);
	return NULL;
}

static void cancelled(void)
{
	void *ret = NULL;
	pthread_t t;
	int sv[2];
	char c;

	tcp_pair(sv);
	cleaned = 0;
	pthread_create(&t, NULL, receiver, &sv[0]);
	nap(50);
	note("cancel %d", pthread_cancel(t));
	pthread_join(t, &ret);
	note("cancelled %d cleaned %d", ret == PTHREAD_CANCELED, cleaned);
	send_byte(&sv[1]);
	SEE(recv(sv[0], &c, 1, 0));
	close_both(sv);
}

static void shut(void *fd)
{
	shutdown(*(int *)fd, SHUT_RDWR);
}

static void shut_by_another(void)
{
	pthread_t t;
	int sv[2], l = tcp_listener();
	char c;

	tcp_pair(sv);
	t = after(40, shut, &sv[0]);
	SEE(recv(sv[0], &c, 1, 0));
	done(t);
	t = after(40, shut, &l);
	SEE(accept(l, NULL, NULL));
	done(t);
	close_both(sv);
	close(l);
}

/* Somebody sends what a fault would raise. @how: of the handler */
static void sent_fault(long how)
{
	pid_t pid = fork();
	int status, fd;

	if (!pid) {
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		if (how)
			signal(SIGSEGV, SIG_IGN);
		kill(getpid(), SIGSEGV);
		close(fd);
		_exit(3);
	}
	waitpid(pid, &status, 0);
	note("%s %d", WIFSIGNALED(status) ? "signal" : "exit",
	     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

const struct behaviour in_signal[] = {
	{"signal-segv", NULL, sent_fault, 0},
	{"signal-segv-ignored", NULL, sent_fault, 1},
	{"signal-eintr", eintr},
	{"signal-restart", restart},
	{"signal-poll", poll_never_restarts},
	{"signal-timeout", timeouts_never_restart},
	{"signal-accept", accepting},
	{"signal-longjmp", jump},
	{"signal-calls", calls_in_handler},
	{"signal-masks", handler_masks},
	{"signal-info", information},
	{"signal-once", once},
	{"signal-ignored", ignored},
	{"signal-fault", own_faults},
	{"thread-cancel", cancelled},
	{"shutdown-by-another", shut_by_another},
	{NULL, NULL},
};
