// SPDX-License-Identifier: GPL-2.0-only
/*
 * ends.c - a process that ends otherwise than by return from main().
 *
 *	ends ADDRESS NAME	ends in that way
 *	ends --list		the names
 *
 * What it says on stdout, and how it ends, must be the same on the host's stack and on
 * Persona; ends.t compares. ADDRESS is one of the stack, for a connection to itself.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct in_addr address;
static char **args;

static void say(const char *text)
{
	if (write(STDOUT_FILENO, text, strlen(text)) < 0)
		abort();
}

static void at_exit(void)
{
	say(" atexit");
}

/* A connection to ourselves; says whether a byte goes there and back. */
static void echo(const char *who)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr = address};
	socklen_t len = sizeof(sa);
	int l = socket(AF_INET, SOCK_STREAM, 0), a, b;
	char c = '-';

	if (l < 0 || bind(l, (void *)&sa, sizeof(sa)) < 0 || listen(l, 1) < 0 ||
	    getsockname(l, (void *)&sa, &len) < 0) {
		say(" no-listener");
		return;
	}
	a = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(a, (void *)&sa, sizeof(sa)) < 0)
		say(" no-connection");
	b = accept(l, NULL, NULL);
	if (send(a, "x", 1, 0) != 1 || recv(b, &c, 1, 0) != 1 || send(b, &c, 1, 0) != 1 ||
	    recv(a, &c, 1, 0) != 1 || c != 'x')
		say(" no-echo");
	else
		say(who);
	close(a);
	close(b);
	close(l);
}

/* Late enough that the main thread has ended. */
static void nap(void)
{
	usleep(100000);
}

static void *worker(void *who)
{
	nap();
	echo(who);
	return NULL;
}

static void *worker_exits(void *who)
{
	worker(who);
	pthread_exit(NULL);
}

static void *worker_exit(void *who)
{
	worker(who);
	exit(7);
}

static void *worker_quits(void *who)
{
	worker(who);
	_exit(8);
}

static void *worker_forks(void *who)
{
	int status = -1;
	pid_t pid;

	worker(who);
	pid = fork();
	if (!pid)
		exit(9);
	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 9)
		say(" waited");
	return NULL;
}

static void *worker_executes(void *who)
{
	char *argv[] = {args[0], args[1], "return", NULL};

	worker(who);
	execv("/proc/thread-self/exe", argv);
	return NULL;
}

static void *worker_killed(void *who)
{
	worker(who);
	kill(getpid(), SIGTERM);
	pause();
	return NULL;
}

static void *starts_another(void *unused)
{
	pthread_t t;

	nap();
	pthread_create(&t, NULL, worker_exits, " second");
	pthread_detach(t);
	return NULL;
}

static void *joins(void *main_thread)
{
	void *ret = NULL;

	pthread_join(*(pthread_t *)main_thread, &ret);
	say(ret == main_thread ? " joined" : " wrong");
	echo(" worker");
	return NULL;
}

static void start(void *(*fn)(void *), void *arg)
{
	pthread_t t;

	if (pthread_create(&t, NULL, fn, arg))
		abort();
}

static void by_return(void)
{
	echo(" main");
}

static void main_first(void)
{
	echo(" main");
	start(worker, " worker");
	pthread_exit(NULL);
}

/* The stack starts in a process whose main thread has ended. */
static void worker_only(void)
{
	start(worker, " worker");
	pthread_exit(NULL);
}

static void many_workers(void)
{
	echo(" main");
	for (int i = 0; i < 8; i++)
		start(i & 1 ? worker : worker_exits, " worker");
	pthread_exit(NULL);
}

static void main_alone(void)
{
	echo(" main");
	pthread_exit(NULL);
}

static void main_joined(void)
{
	static pthread_t me;

	me = pthread_self();
	start(joins, &me);
	pthread_exit(&me);
}

static void later_worker(void)
{
	start(starts_another, NULL);
	pthread_exit(NULL);
}

static void exit_in_worker(void)
{
	start(worker_exit, " worker");
	pthread_exit(NULL);
}

static void quit_in_worker(void)
{
	start(worker_quits, " worker");
	pthread_exit(NULL);
}

/* A thread ends the process while another one receives: that one does nothing more. */
static void *worker_quits_unflushed(void *unused)
{
	printf(" unflushed");
	return worker_quits(" worker");
}

static void quit_under_a_receiver(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr = address};
	socklen_t len = sizeof(sa);
	int l = socket(AF_INET, SOCK_STREAM, 0), a = socket(AF_INET, SOCK_STREAM, 0), b;
	char c;

	if (bind(l, (void *)&sa, sizeof(sa)) < 0 || listen(l, 1) < 0 ||
	    getsockname(l, (void *)&sa, &len) < 0 || connect(a, (void *)&sa, sizeof(sa)) < 0)
		abort();
	b = accept(l, NULL, NULL);
	start(worker_quits_unflushed, NULL);
	recv(b, &c, 1, 0);
	say(" went-on");
	while (recv(b, &c, 1, 0) < 1)
		continue;
}

static void fork_in_worker(void)
{
	start(worker_forks, " worker");
	pthread_exit(NULL);
}

static void exec_in_worker(void)
{
	start(worker_executes, " worker");
	pthread_exit(NULL);
}

static void killed(void)
{
	start(worker_killed, " worker");
	pthread_exit(NULL);
}

static void in_destructor(void *who)
{
	echo(who);
}

static void destructors(void)
{
	pthread_key_t key;

	pthread_key_create(&key, in_destructor);
	pthread_setspecific(key, " destructor");
	start(worker, " worker");
	pthread_exit(NULL);
}

/* Functions of atexit() run with signals as the program had them. */
static void mask_at_exit(void)
{
	sigset_t now;

	pthread_sigmask(SIG_SETMASK, NULL, &now);
	say(sigismember(&now, SIGUSR1) ? " usr1-blocked" : " usr1");
	say(sigismember(&now, SIGUSR2) ? " usr2-blocked" : " usr2");
	echo(" atexit-echo");
}

static void masked(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	atexit(mask_at_exit);
	main_first();
}

static const struct {
	const char *name;
	void (*run)(void);
} ends[] = {
	{"return", by_return},
	{"main-first", main_first},
	{"worker-only", worker_only},
	{"many-workers", many_workers},
	{"main-alone", main_alone},
	{"main-joined", main_joined},
	{"later-worker", later_worker},
	{"exit-in-worker", exit_in_worker},
	{"quit-in-worker", quit_in_worker},
	{"quit-under-a-receiver", quit_under_a_receiver},
	{"fork-in-worker", fork_in_worker},
	{"exec-in-worker", exec_in_worker},
	{"killed", killed},
	{"destructors", destructors},
	{"masked", masked},
};

int main(int argc, char **argv)
{
	args = argv;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (argc == 2 && !strcmp(argv[1], "--list"))
			puts(ends[i].name);
		if (argc != 3 || strcmp(argv[2], ends[i].name) != 0)
			continue;
		if (!inet_aton(argv[1], &address))
			return 2;
		atexit(at_exit);
		ends[i].run();
		return 0;
	}
	return argc == 2 ? 0 : 2;
}
