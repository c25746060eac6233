/*
 * cpu.h - pieces of code for puppets to run (cpu.asm), for tests of what only some threads have.
 */
#ifndef TEST_CPU_H
#define TEST_CPU_H

#include "test.h"

#define CPU_CODE_VA 0x500000ull

extern const char cpu_blob[], cpu_blob_end[], cpu_avx_load[], cpu_avx_store[], cpu_steps[],
    cpu_call_step[], cpu_ss_syscall[], cpu_ss_int3[], cpu_ss_int1[];

/** A puppet in a space of its own that has the code, with fault endpoint @ep. */
bool cpu_puppet(struct puppet *p, uint64_t ep);

/** Where @code is in that space. */
uint64_t cpu_code(const char *code);

/** The order to run @code with @argument. */
void cpu_run(struct puppet *p, const char *code, uint64_t argument);

#endif
