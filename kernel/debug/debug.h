/*
 * debug.h - what only debug builds have; a release build answers BAD_CALL to all of it.
 */
#ifndef DEBUG_DEBUG_H
#define DEBUG_DEBUG_H

#include <stdint.h>

#ifndef CONFIG_DEBUG
#define CONFIG_DEBUG 0
#endif

/** SYS_DEBUG: the function (enum quoll_debug) with its argument. Errors: BAD_CALL, BAD_ARG. */
int debug_call(uint64_t function, uint64_t argument);

#endif
