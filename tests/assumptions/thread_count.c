// SPDX-License-Identifier: GPL-2.0-only
/*
 * thread_count.c - the link count of /proc/self/task is the number of threads and two.
 *
 * Also when the main thread has ended, which then counts as one: pthread_exit() in
 * main() leaves the process to the others (inline/leader.c). Its descriptors are then reached
 * by /proc/thread-self, no more by /proc/self.
 */
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tap.h"

#define EXTRA 3

static pthread_barrier_t gate;

static long links(void)
{
	struct stat st;

	return stat("/proc/self/task", &st) ? -1 : (long)st.st_nlink;
}

static void *wait_twice(void *unused)
{
	pthread_barrier_wait(&gate);
	pthread_barrier_wait(&gate);
	return NULL;
}

/* The main thread is a zombie when its entry says so. */
static void await_zombie(void)
{
	char path[64], state = 0;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", getpid());
	for (int i = 0; i < 1000 && state != 'Z'; i++) {
		FILE *f = fopen(path, "r");

		if (f && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
			state = 0;
		if (f)
			fclose(f);
		usleep(1000);
	}
}

static void *without_main(void *unused)
{
	pthread_t th[EXTRA];

	await_zombie();
	ok(links() == 2 + 2, "the main thread has ended: it still counts");
	ok(access("/proc/self/fd/1", F_OK) < 0 && access("/proc/thread-self/fd/1", F_OK) == 0,
	   "descriptors stand in /proc/thread-self");
	pthread_barrier_init(&gate, NULL, EXTRA + 1);
	for (int i = 0; i < EXTRA; i++)
		pthread_create(&th[i], NULL, wait_twice, NULL);
	pthread_barrier_wait(&gate);
	ok(links() == 2 + 2 + EXTRA, "%d threads more", EXTRA);
	pthread_barrier_wait(&gate);
	for (int i = 0; i < EXTRA; i++)
		pthread_join(th[i], NULL);
	for (int i = 0; i < 1000 && links() != 2 + 2; i++)
		usleep(1000);
	ok(links() == 2 + 2, "and gone");
	exit(done());
}

int main(void)
{
	pthread_t th;

	ok(links() == 2 + 1, "one thread");
	if (pthread_create(&th, NULL, without_main, NULL))
		return 1;
	pthread_exit(NULL);
}
