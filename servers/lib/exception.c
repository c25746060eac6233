/*
 * exception.c - see quoll/exception.h. Source: Intel SDM vol. 3A, section 6.3.1.
 */
#include <quoll/exception.h>

#include <stddef.h>

const char *exception_name(uint64_t vector)
{
    static const char *const names[] = {
        [0] = "division error",
        [1] = "debug exception",
        [3] = "breakpoint",
        [4] = "overflow",
        [5] = "bound exceeded",
        [6] = "invalid opcode: it aborted or its main returned",
        [7] = "no FPU",
        [12] = "stack segment fault",
        [13] = "general protection fault: a privileged instruction, a port or a bad address",
        [16] = "x87 error",
        [17] = "alignment error",
        [19] = "SIMD error",
    };
    const char *name = vector < sizeof(names) / sizeof(names[0]) ? names[vector] : NULL;

    return name != NULL ? name : "exception";
}
