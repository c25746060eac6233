/*
 * input.h - the shell's input: what was read and not used yet. Bytes typed while a command runs
 * wait here and, when this is full, in the driver: none is lost.
 */
#ifndef QSH_INPUT_H
#define QSH_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUT_BYTES 8192

struct input {
    uint64_t terminal;
    size_t start, end; /* unused bytes: bytes[start] to bytes[end - 1] */
    uint8_t bytes[INPUT_BYTES];
};

/** The next byte already read; false if there is none. */
bool input_take(struct input *in, uint8_t *byte);

/** Wait until there is at least one byte. */
void input_wait(struct input *in);

/** Has ^C been typed? Reads what has come, without waiting. If so, all input before and with the
 *  ^C is dropped; else it is kept. */
bool input_interrupted(struct input *in);

#endif
