/*
 * crowd.h - what threads run of which there are very many: each makes one system call that waits.
 * They need neither a stack nor memory of their own, and run in the address space of who starts
 * them: rdi is the handle that they wait on, rsi the tag of a call. When the wait ends, they fault
 * with its result in rax; without a fault endpoint they are then stopped.
 */
#ifndef QUOLL_CROWD_H
#define QUOLL_CROWD_H

extern const char crowd_caller[];
extern const char crowd_receiver[]; /* without a Reply */
extern const char crowd_waiter[];   /* on a notification */

#endif
