/*
 * printf.c - snprintf from Sean Barrett's stb_sprintf (Debian package libstb-dev), unchanged.
 * The build passes -isystem /usr/include/stb, so no other header of the host's is in reach.
 */
#include <stdio.h>

#define STB_SPRINTF_IMPLEMENTATION
#define STB_SPRINTF_STATIC
#define STB_SPRINTF_NOFLOAT
#define STB_SPRINTF_NOUNALIGNED
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb_sprintf.h>
#pragma GCC diagnostic pop

int vsnprintf(char *restrict to, size_t n, const char *restrict format, va_list args)
{
    char none[1];

    if (n == 0) /* stb counts only with a null buffer or writes a NUL at buffer[-1] */
        return stbsp_vsnprintf(none, 1, format, args);
    return stbsp_vsnprintf(to, n > __INT_MAX__ ? __INT_MAX__ : (int)n, format, args);
}

int snprintf(char *restrict to, size_t n, const char *restrict format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(to, n, format, args);
    va_end(args);
    return length;
}
