/*
 * assert.c - the last words of a program whose invariant broke.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <quoll/sys.h>

_Noreturn void quoll_assert_failed(const char *condition, const char *file, int line)
{
    char text[160];

    (void)snprintf(text, sizeof(text), "%s:%d: assertion failed: %s\n", file, line, condition);
    for (const char *p = text; *p; p++)
        sys_debug_putc(*p);
    abort();
}
