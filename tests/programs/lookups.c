// SPDX-License-Identifier: GPL-2.0-only
/*
 * lookups.c - getaddrinfo_a(): all names at a time.
 *
 * usage: lookups NAME...       prints name and first address of each, in the order given
 *        lookups --silent NAME the name server is silent: NAME many times, a wait with a
 *                              time-out, one that a signal ends, and what can be cancelled
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#define MAX 64

static struct gaicb cb[MAX];
static struct gaicb *list[MAX];

static void on_alarm(int sig)
{
}

static const char *word(int result)
{
	switch (result) {
	case 0:
		return "ok";
	case EAI_AGAIN:
		return "again";
	case EAI_INTR:
		return "interrupted";
	case EAI_CANCELED:
		return "cancelled";
	case EAI_NOTCANCELED:
		return "not cancelled";
	case EAI_ALLDONE:
		return "all done";
	case EAI_INPROGRESS:
		return "in progress";
	default:
		return gai_strerror(result);
	}
}

static void *suspend(void *unused)
{
	gai_suspend((const struct gaicb *const *)list, 1, NULL);
	return unused;
}

static int silent(char *name)
{
	struct sigaction act = {.sa_handler = on_alarm};
	struct itimerval soon = {.it_value = {0, 100000}};
	struct timespec tenth = {0, 100000000}, second = {1, 0};
	const struct gaicb *const *seen = (const struct gaicb *const *)list;
	pthread_t thread;
	void *ended;
	int result;

	for (int i = 0; i < MAX; i++)
		cb[i].ar_name = name;
	result = getaddrinfo_a(GAI_NOWAIT, list, MAX, NULL);
	printf("%s\n", word(result));
	result = gai_suspend(seen, MAX, &tenth);
	printf("%s\n", word(result));
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	result = gai_suspend(seen, MAX, &second);
	printf("%s\n", word(result));
	pthread_create(&thread, NULL, suspend, NULL);
	nanosleep(&tenth, NULL);
	pthread_cancel(thread);
	pthread_join(thread, &ended);
	printf("thread %s\n", ended == PTHREAD_CANCELED ? "cancelled" : "went on");
	result = gai_cancel(&cb[0]);
	printf("first %s, %s\n", word(result), word(gai_error(&cb[0])));
	result = gai_cancel(&cb[MAX - 1]);
	printf("last %s, %s\n", word(result), word(gai_error(&cb[MAX - 1])));
	result = gai_suspend(seen, MAX, &second);
	printf("%s\n", word(result));
	return 0;
}

int main(int argc, char **argv)
{
	char text[INET6_ADDRSTRLEN];
	int n = argc - 1;

	for (int i = 0; i < MAX; i++)
		list[i] = &cb[i];
	if (n == 2 && !strcmp(argv[1], "--silent"))
		return silent(argv[2]);
	for (int i = 0; i < n && i < MAX; i++)
		cb[i].ar_name = argv[i + 1];
	if (getaddrinfo_a(GAI_WAIT, list, n, NULL))
		return 1;
	for (int i = 0; i < n; i++) {
		const struct addrinfo *ai = cb[i].ar_result;

		if (gai_error(&cb[i]))
			printf("%s %s\n", argv[i + 1], word(gai_error(&cb[i])));
		else if (!getnameinfo(ai->ai_addr, ai->ai_addrlen, text, sizeof(text), NULL, 0,
				      NI_NUMERICHOST))
			printf("%s %s\n", argv[i + 1], text);
	}
	return 0;
}
