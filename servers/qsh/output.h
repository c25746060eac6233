/*
 * output.h - the shell's output: text is gathered and goes out a message at a time.
 */
#ifndef QSH_OUTPUT_H
#define QSH_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <quoll/proto.h>

struct output {
    uint64_t terminal; /* where it goes */
    size_t used;
    bool mid_row; /* the last byte written was not a line's end */
    char bytes[PROTO_BYTES_MAX];
};

/** Bytes as they are. */
void output_raw(struct output *o, const char *bytes, size_t n);

/** Text: a newline becomes CR LF. */
void output_text(struct output *o, const char *text, size_t n);
void output_string(struct output *o, const char *text);

/** Formatted text; cut off at 511 bytes. */
__attribute__((format(printf, 2, 3))) void output_printf(struct output *o, const char *format, ...);

/** Go to the start of a row, if not there. */
void output_fresh_row(struct output *o);

/** Send what is gathered. A call that the driver never picked up is repeated; if the driver died
 *  while it had the bytes they are lost, rather than written twice. */
void output_flush(struct output *o);

#endif
