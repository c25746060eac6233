/*
 * set2.h - scan-code set 2: a keyboard's bytes to keys going down and up.
 * Source: IBM Personal System/2 Hardware Interface Technical Reference (1990), "Keyboards".
 */
#ifndef PS2_SET2_H
#define PS2_SET2_H

#include <stdbool.h>
#include <stdint.h>

enum set2_kind {
    SET2_MORE,     /* the byte begins something, or means nothing */
    SET2_KEY,      /* a key went down or up */
    SET2_PAUSE,    /* the Pause key, which tells only that it went down */
    SET2_LOST,     /* the keyboard's buffer ran over: releases may be missing */
    SET2_ACK,      /* the keyboard took a byte */
    SET2_RESEND,   /* it did not understand one */
    SET2_RESTARTED /* it was plugged in and has passed its self-test */
};

struct set2_code {
    enum set2_kind kind;
    uint8_t key; /* enum key_code, for SET2_KEY */
    bool released;
};

struct set2 {
    uint8_t extended, release; /* prefixes seen */
    uint8_t pause;             /* bytes of Pause's sequence seen */
    uint32_t unknown;          /* codes that are in no table */
};

/** Take the next byte from the keyboard. Whatever comes, the state stays defined. */
struct set2_code set2_byte(struct set2 *decoder, uint8_t byte);

/** What of a code has been seen, in one byte; a decoder that goes on from there. Any byte is good.
 */
uint8_t set2_begun(const struct set2 *decoder);
void set2_go_on(struct set2 *decoder, uint8_t begun);

#endif
