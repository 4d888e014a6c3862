/* SPDX-License-Identifier: GPL-2.0-only */
/* fault.h - memory faults inside the stack; see fault.c. Internal. */
#ifndef PERSONA_ENGINE_FAULT_H
#define PERSONA_ENGINE_FAULT_H

/** fault_init(), fault_exit() - the process' SIGSEGV and SIGBUS handlers. */
int fault_init(void);
void fault_exit(void);

/** fault_thread_init() - give the thread an alternate stack if it has none; pass on to exit. */
void *fault_thread_init(void);
void fault_thread_exit(void *altstack);

#endif /* PERSONA_ENGINE_FAULT_H */
