/*
 * error.h - names and texts of the errors in errors.def.
 */
#ifndef LIBC_QUOLL_ERROR_H
#define LIBC_QUOLL_ERROR_H

/** The text of @error, fit for the end of a message; "unknown error" for no error of ours. */
const char *quoll_strerror(int error);

/** Its name as in errors.def, for logs: "BAD_CAP"; "?" for no error of ours. */
const char *quoll_error_name(int error);

#endif
