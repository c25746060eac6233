/*
 * errno.h - why a call of BSD's kind (sys/socket.h) returned -1: an error of Quoll's tables, whose
 * text quoll_strerror has. The names that programs know are these errors.
 */
#if __STDC_HOSTED__
#include_next <errno.h>
#else
#ifndef LIBC_ERRNO_H
#define LIBC_ERRNO_H

#include <quoll/abi.h>
#include <quoll/error.h>

extern int errno; /* tasks have one thread that makes such calls */

#define EAGAIN       E_BUSY
#define EWOULDBLOCK  E_BUSY
#define EINVAL       E_BAD_ARG
#define EBADF        E_BAD_ARG
#define EMSGSIZE     E_BAD_ARG
#define ENOTCONN     E_BAD_ARG
#define EACCES       E_NO_RIGHT
#define EADDRINUSE   E_EXISTS
#define EISCONN      E_EXISTS
#define ECONNREFUSED E_GONE
#define ECONNRESET   E_GONE
#define EPIPE        E_GONE
#define ETIMEDOUT    E_TIMEOUT
#define ENETUNREACH  E_NOT_FOUND
#define ENOBUFS      E_NO_MEMORY
#define EMFILE       E_LIMIT

#endif
#endif
