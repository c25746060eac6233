/*
 * trace.h - the last kernel events, for the panic and the debugger of debug builds.
 * A hook is one call of the macro trace; in release builds it is no instruction at all. What
 * the fastpath does by itself is not seen: build with FASTPATH=0 to see every message.
 */
#ifndef DEBUG_TRACE_H
#define DEBUG_TRACE_H

#include <debug/debug.h>
#include <object/object.h>

#define TRACE_EVENTS 512 /* a line of the shell on the serial line takes dozens */

/* What the numbers of an event are. */
enum trace_kind {
    TRACE_SYSCALL, /* number, rdi, rbx, label */
    TRACE_TRAP,    /* vector, error, RIP, 0; filled in: the address of a page fault, repetitions */
    TRACE_SWITCH,  /* the thread that runs next, its priority */
    TRACE_DESTROY, /* type and address of the object */
};

void trace_add(enum trace_kind kind, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
void trace_add_result(const struct thread *t);

/* Macros, so that a release build does not even evaluate what they are given. The result is that
 * of the last TRACE_SYSCALL: its thread @t has its status, or waits. */
#define trace(...)      (CONFIG_DEBUG ? trace_add(__VA_ARGS__) : (void)0)
#define trace_result(t) (CONFIG_DEBUG ? trace_add_result(t) : (void)0)

/** The events as a table, oldest first. */
void trace_print(void);

#endif
