/*
 * strerror.c - the error tables of errors.def and user_errors.def as text.
 */
#include <quoll/abi.h>
#include <quoll/error.h>

static const struct error_text {
    const char *name;
    const char *text;
} error_texts[] = {
#define ERR(name, value, text) [value] = {#name, text},
#include <quoll/errors.def>
#include <quoll/user_errors.def>
#undef ERR
};

#define ERROR_COUNT (sizeof(error_texts) / sizeof(error_texts[0]))

static const struct error_text *error_find(int error)
{
    static const struct error_text unknown = {"?", "unknown error"};

    if (error < 0 || (unsigned)error >= ERROR_COUNT || !error_texts[error].name)
        return &unknown;
    return &error_texts[error];
}

const char *quoll_strerror(int error)
{
    return error_find(error)->text;
}

const char *quoll_error_name(int error)
{
    return error_find(error)->name;
}

bool quoll_error_is_known(int error)
{
    return *error_find(error)->name != '?';
}
