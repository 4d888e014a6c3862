// SPDX-License-Identifier: GPL-2.0-only
/*
 * ownthread.c - Persona's own threads beside the program's.
 *
 * Theory of operation: signals are for the program's threads, so ours block them. Not
 * those that an instruction raises: a thread that enters the stack may run another
 * thread's call, whose bad pointer is answered with EFAULT by a handler (fault.c), and a
 * blocked SIGSEGV would end the process instead.
 */
#include "engine/engine.h"

void engine_quiet_signals(sigset_t *set)
{
	static const int synchronous[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};

	sigfillset(set);
	for (size_t i = 0; i < sizeof(synchronous) / sizeof(synchronous[0]); i++)
		sigdelset(set, synchronous[i]);
}

int engine_thread_create(pthread_t *thread, size_t stack, int unblocked, void *(*fn)(void *),
			 void *arg)
{
	pthread_attr_t attr;
	sigset_t quiet, old;
	int err;

	engine_quiet_signals(&quiet);
	if (unblocked)
		sigdelset(&quiet, unblocked);
	pthread_attr_init(&attr);
	if (stack)
		pthread_attr_setstacksize(&attr, stack);
	pthread_sigmask(SIG_SETMASK, &quiet, &old);
	err = pthread_create(thread, &attr, fn, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return -err;
}
