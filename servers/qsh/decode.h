/*
 * decode.h - a frame as a line of text, for tcpdump. Tested on the host with noise.
 */
#ifndef QSH_DECODE_H
#define QSH_DECODE_H

#include <stddef.h>
#include <stdint.h>

#define DECODE_TEXT 160

/** What @frame is, in @text of @size bytes; whatever its bytes are. */
void decode_frame(const uint8_t *frame, size_t length, char *text, size_t size);

#endif
