// SPDX-License-Identifier: GPL-2.0-only
/* in_gai.c - getaddrinfo_a() and its relatives, of names that need no name server. */
#include "parity.h"

#include <netdb.h>

static const struct addrinfo numeric = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
static struct gaicb cb[4];

static struct gaicb *request(int i, const char *name)
{
	cb[i] = (struct gaicb){.ar_name = name, .ar_service = "80"};
	return &cb[i];
}

/* Its state, and its result. */
static void note_request(struct gaicb *c)
{
	const struct sockaddr_in *sin;

	note("%s", gai_error(c) ? gai_strerror(gai_error(c)) : "ok");
	if (gai_error(c) || !c->ar_result)
		return;
	sin = (const void *)c->ar_result->ai_addr;
	note("%s port %d", inet_ntoa(sin->sin_addr), ntohs(sin->sin_port));
	freeaddrinfo(c->ar_result);
}

static void until_done(struct gaicb *c)
{
	const struct gaicb *const list[] = {c};

	while (gai_error(c) == EAI_INPROGRESS)
		gai_suspend(list, 1, NULL);
}

static void gai_waits(void)
{
	struct gaicb *list[] = {request(0, "127.0.0.1"), NULL, request(1, "nonsense"),
				request(2, "10.1.2.3")};

	cb[1].ar_request = &numeric;
	SEE(getaddrinfo_a(GAI_WAIT, list, 4, NULL));
	for (int i = 0; i < 3; i++)
		note_request(&cb[i]);
	SEE(getaddrinfo_a(GAI_WAIT, list, 0, NULL));
	SEE(getaddrinfo_a(7, list, 1, NULL));
}

static void gai_goes_on(void)
{
	struct timespec second = {1, 0}, bad = {0, -1};
	struct gaicb *list[] = {request(0, "127.0.0.1"), request(1, "10.1.2.3")};
	const struct gaicb *const seen[] = {NULL, &cb[0], &cb[1]};

	SEE(getaddrinfo_a(GAI_NOWAIT, list, 2, NULL));
	until_done(&cb[0]);
	until_done(&cb[1]);
	SEE(gai_suspend(seen, 3, &second));
	SEE(gai_suspend(seen, 1, &second));
	SEE(gai_suspend(seen, 3, &bad));
	SEE(gai_suspend(seen, 0, NULL));
	SEE(gai_cancel(&cb[0]));
	note_request(&cb[0]);
	note_request(&cb[1]);
}

/* Many at once, and more behind them. */
static void gai_many(void)
{
	enum { N = 100 };
	static struct gaicb many[N];
	struct gaicb *list[N];
	int good = 0;

	for (int i = 0; i < N; i++) {
		many[i] = (struct gaicb){.ar_name = i % 2 ? "10.1.2.3" : "127.0.0.1"};
		list[i] = &many[i];
	}
	SEE(getaddrinfo_a(GAI_NOWAIT, list, N / 2, NULL));
	SEE(getaddrinfo_a(GAI_WAIT, list + N / 2, N / 2, NULL));
	for (int i = 0; i < N; i++) {
		until_done(list[i]);
		if (!gai_error(list[i])) {
			good++;
			freeaddrinfo(list[i]->ar_result);
		}
	}
	note("%d good", good);
}

static volatile sig_atomic_t told;
static siginfo_t how;

static void on_signal(int sig, siginfo_t *info, void *uc)
{
	how = *info;
	told++;
}

static void gai_by_signal(void)
{
	struct sigaction act = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
	struct gaicb *list[] = {request(0, "127.0.0.1"), request(1, "10.1.2.3")};
	struct sigevent ev = {
		.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 42};

	told = 0;
	sigaction(SIGUSR1, &act, NULL);
	SEE(getaddrinfo_a(GAI_NOWAIT, list, 2, &ev));
	for (int i = 0; i < 100 && !told; i++)
		nap(10);
	note("told %d, code %d, value %d, by us %d", (int)told, how.si_code, how.si_value.sival_int,
	     how.si_pid == getpid());
	note_request(&cb[0]);
	/* Nothing to do is done at once. */
	SEE(getaddrinfo_a(GAI_NOWAIT, list, 0, &ev));
	for (int i = 0; i < 100 && told < 2; i++)
		nap(10);
	note("told %d", (int)told);
	/* Whoever waits is not told. */
	SEE(getaddrinfo_a(GAI_WAIT, list, 2, &ev));
	nap(50);
	note("told %d", (int)told);
	signal(SIGUSR1, SIG_DFL);
}

static pthread_t other;

static void on_thread(union sigval value)
{
	other = pthread_self();
	told += value.sival_int;
}

static void gai_by_thread(void)
{
	struct gaicb *list[] = {request(0, "127.0.0.1")};
	struct sigevent ev = {.sigev_notify = SIGEV_THREAD,
			      .sigev_notify_function = on_thread,
			      .sigev_value.sival_int = 5};

	told = 0;
	SEE(getaddrinfo_a(GAI_NOWAIT, list, 1, &ev));
	for (int i = 0; i < 100 && !told; i++)
		nap(10);
	note("told %d, elsewhere %d", (int)told, !pthread_equal(other, pthread_self()));
	note_request(&cb[0]);
}

const struct behaviour in_gai[] = {
	{"gai-waits", gai_waits},	  {"gai-goes-on", gai_goes_on},	    {"gai-many", gai_many},
	{"gai-by-signal", gai_by_signal}, {"gai-by-thread", gai_by_thread}, {NULL},
};
