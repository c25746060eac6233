/*
 * assert.h - a broken invariant of the program's own ends it, in every build.
 * Never for what another task or a user controls. NDEBUG is not looked at.
 */
#if __STDC_HOSTED__
#include_next <assert.h>
#else
#undef assert
#define assert(condition)                                                                          \
    ((condition) ? (void)0 : quoll_assert_failed(#condition, __FILE__, __LINE__))
#define static_assert _Static_assert

#ifndef LIBC_ASSERT_H
#define LIBC_ASSERT_H

/** Write what failed to the kernel's console (debug builds), then abort(). */
_Noreturn void quoll_assert_failed(const char *condition, const char *file, int line);

#endif
#endif
