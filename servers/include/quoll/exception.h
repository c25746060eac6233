/*
 * exception.h - the CPU's exceptions in words, for those who report a program's end.
 */
#ifndef QUOLL_EXCEPTION_H
#define QUOLL_EXCEPTION_H

#include <stdint.h>

/** What exception @vector is, and what commonly causes it; "exception" for one without a name. */
const char *exception_name(uint64_t vector);

#endif
