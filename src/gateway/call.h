/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * call.h - system calls into the stack, as the gateway's files write them.
 */
#ifndef PERSONA_GATEWAY_CALL_H
#define PERSONA_GATEWAY_CALL_H

#include <sys/socket.h>
#include <sys/syscall.h>
#include "engine/engine.h"

/** gate_call() - one call with up to six arguments, pointers or numbers; result or -errno. */
#define gate_call(nr, ...)		    gate_call_((nr), (const long[6]){GATE_ARGS(__VA_ARGS__)})
#define GATE_ARGS(...)			    GATE_PICK(__VA_ARGS__, 6, 5, 4, 3, 2, 1)(__VA_ARGS__)
#define GATE_PICK(a, b, c, d, e, f, n, ...) GATE_ARGS_##n
#define GATE_ARGS_1(a)			    (long)(a)
#define GATE_ARGS_2(a, b)		    (long)(a), (long)(b)
#define GATE_ARGS_3(a, b, c)		    GATE_ARGS_2(a, b), (long)(c)
#define GATE_ARGS_4(a, b, c, d)		    GATE_ARGS_3(a, b, c), (long)(d)
#define GATE_ARGS_5(a, b, c, d, e)	    GATE_ARGS_4(a, b, c, d), (long)(e)
#define GATE_ARGS_6(a, b, c, d, e, f)	    GATE_ARGS_5(a, b, c, d, e), (long)(f)

static inline long gate_call_(long nr, const long args[6])
{
	return engine_syscall(nr, args);
}

static inline void gate_set(int fd, int level, int option, int value)
{
	gate_call(SYS_setsockopt, fd, level, option, &value, sizeof(value));
}

#endif /* PERSONA_GATEWAY_CALL_H */
