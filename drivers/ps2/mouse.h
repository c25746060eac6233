/*
 * mouse.h - a PS/2 mouse's packets to events: three bytes, or four with a wheel.
 * Source: IBM Personal System/2 Hardware Interface Technical Reference, "Mouse"; the fourth byte:
 * Microsoft, "Intellimouse and Intellimouse Explorer".
 */
#ifndef PS2_MOUSE_H
#define PS2_MOUSE_H

#include <quoll/input_event.h>
#include <stdbool.h>
#include <stdint.h>

/* What a mouse answers to "identify", after it was asked for more in the agreed way. */
enum mouse_kind {
    MOUSE_PLAIN = 0,
    MOUSE_WHEEL = 3,
    MOUSE_FIVE_BUTTONS = 4,
};

enum {
    MOUSE_PACKET_MAX = 4,
    MOUSE_GAP_US = 100000, /* a packet's bytes come 1 ms apart: after this, a new one begins */
};

enum mouse_taken {
    MOUSE_MORE,      /* the packet is not complete */
    MOUSE_EVENT,     /* it is, and tells something */
    MOUSE_RESTARTED, /* the mouse was plugged in: it must be set up again */
};

struct mouse {
    enum mouse_kind kind;
    uint8_t packet[MOUSE_PACKET_MAX];
    unsigned count;
    uint64_t last_us;
    uint8_t buttons;
    uint32_t skipped; /* bytes that fitted nowhere: something was lost */
};

void mouse_init(struct mouse *mouse, enum mouse_kind kind);

/** Take a byte that came at @now_us; *@event is written for MOUSE_EVENT. */
enum mouse_taken mouse_byte(struct mouse *mouse, uint8_t byte, uint64_t now_us,
                            struct mouse_event *event);

#endif
