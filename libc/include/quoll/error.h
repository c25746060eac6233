/*
 * error.h - names and texts of all errors: the kernel's (errors.def) and user level's
 * (user_errors.def).
 */
#ifndef LIBC_QUOLL_ERROR_H
#define LIBC_QUOLL_ERROR_H

#include <stdbool.h>

enum quoll_user_error {
#define ERR(name, value, text) E_##name = (value),
#include <quoll/user_errors.def>
#undef ERR
};

/** The text of @error, fit for the end of a message; "unknown error" for no error of ours. */
const char *quoll_strerror(int error);

/** Its name as in the tables, for logs: "BAD_CAP"; "?" for no error of ours. */
const char *quoll_error_name(int error);

/** Whether @error is in one of the tables. */
bool quoll_error_is_known(int error);

#endif
