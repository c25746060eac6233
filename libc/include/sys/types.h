/*
 * sys/types.h - the types of BSD's calls.
 */
#if __STDC_HOSTED__
#include_next <sys/types.h>
#else
#ifndef LIBC_SYS_TYPES_H
#define LIBC_SYS_TYPES_H

#include <stddef.h>

typedef long ssize_t;

#endif
#endif
