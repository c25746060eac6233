/*
 * mouse.c - see mouse.h. A packet has no end mark: its first byte is known by a bit that is
 * always set, and by the pause before it. What does not fit is skipped until something does.
 */
#include "mouse.h"

#include <string.h>

enum {
    FIRST_ALWAYS = 0x08,
    FIRST_X_NEGATIVE = 0x10,
    FIRST_Y_NEGATIVE = 0x20,
    FIRST_OVERFLOW = 0xc0,
    FIRST_BUTTONS = 0x07,
    FOURTH_BUTTON_4 = 0x10,
    FOURTH_BUTTON_5 = 0x20,
    FOURTH_NEVER = 0xc0,
    WHEEL_MAX = 8,
    RESTART_0 = 0xaa, /* the self-test has passed; 0 says that it is a mouse */
    RESTART_1 = 0x00,
};

void mouse_init(struct mouse *mouse, enum mouse_kind kind)
{
    memset(mouse, 0, sizeof(*mouse));
    mouse->kind = kind;
}

/* The wheel's byte; false if it cannot be one. */
static bool decode_wheel(const struct mouse *mouse, struct mouse_event *event)
{
    uint8_t byte = mouse->packet[3];

    if (mouse->kind == MOUSE_FIVE_BUTTONS) {
        event->wheel = (int8_t)((byte & 0x0f) - (byte & 0x08) * 2);
        event->buttons |= (byte & FOURTH_BUTTON_4) != 0 ? MOUSE_BUTTON_4 : 0;
        event->buttons |= (byte & FOURTH_BUTTON_5) != 0 ? MOUSE_BUTTON_5 : 0;
        return (byte & FOURTH_NEVER) == 0;
    }
    event->wheel = (int8_t)byte;
    return event->wheel >= -WHEEL_MAX && event->wheel < WHEEL_MAX;
}

static bool decode(struct mouse *mouse, struct mouse_event *event)
{
    uint8_t first = mouse->packet[0];
    struct mouse_event out = {.buttons = first & FIRST_BUTTONS};

    if (mouse->kind != MOUSE_PLAIN && !decode_wheel(mouse, &out)) {
        mouse->skipped += mouse->count;
        return false;
    }
    if ((first & FIRST_OVERFLOW) == 0) { /* else the movement is unknown */
        out.dx = (int16_t)(mouse->packet[1] - ((first & FIRST_X_NEGATIVE) != 0 ? 256 : 0));
        out.dy = (int16_t)(((first & FIRST_Y_NEGATIVE) != 0 ? 256 : 0) - mouse->packet[2]);
    }
    if (out.dx == 0 && out.dy == 0 && out.wheel == 0 && out.buttons == mouse->buttons) {
        return false;
    }
    mouse->buttons = out.buttons;
    *event = out;
    return true;
}

enum mouse_taken mouse_byte(struct mouse *mouse, uint8_t byte, uint64_t now_us,
                            struct mouse_event *event)
{
    unsigned length = mouse->kind == MOUSE_PLAIN ? 3 : 4;
    bool complete;

    if (mouse->count != 0 && now_us - mouse->last_us > MOUSE_GAP_US) {
        mouse->skipped += mouse->count;
        mouse->count = 0;
    }
    mouse->last_us = now_us;
    if (mouse->count == 0 && (byte & FIRST_ALWAYS) == 0) {
        mouse->skipped++;
        return MOUSE_MORE;
    }
    mouse->packet[mouse->count++] = byte;
    if (mouse->count == 2 && mouse->packet[0] == RESTART_0 && byte == RESTART_1) {
        mouse->count = 0;
        return MOUSE_RESTARTED;
    }
    if (mouse->count < length) {
        return MOUSE_MORE;
    }
    complete = decode(mouse, event);
    mouse->count = 0;
    return complete ? MOUSE_EVENT : MOUSE_MORE;
}
