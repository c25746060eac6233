/*
 * ps2.h - the PS/2 driver without its framework: quiet, attach, interrupt, timer, events out.
 * It holds port 0x60 only; what it cannot do itself are the hooks of i8042.h.
 */
#ifndef PS2_PS2_H
#define PS2_PS2_H

#include "i8042.h"
#include "keyboard.h"
#include "mouse.h"

enum {
    PS2_EVENTS = 512,      /* a power of two; more than one byte can make (ps2.c) */
    PS2_COMMAND_BYTES = 8, /* to the keyboard while it runs: its lights */
};

/* Bytes for the keyboard while it runs; each is sent when the one before was acknowledged. */
struct ps2_command {
    uint8_t bytes[PS2_COMMAND_BYTES];
    unsigned count, sent, tries;
    uint64_t deadline_us;
};

struct ps2 {
    struct i8042 controller;
    struct keyboard keyboard;
    struct mouse mouse;
    bool has_keyboard, has_mouse;
    bool again; /* a device was plugged in: attach once more */
    uint8_t lights;
    struct ps2_command command;
    struct input_event events[PS2_EVENTS];
    uint32_t put, got;
    uint32_t dropped;        /* events that nobody took in time */
    volatile uint64_t *note; /* a word that a successor finds; null: there is none */
};

/** Prove the devices idle: see i8042_quiet. */
const char *ps2_quiet(struct ps2 *ps2, struct i8042_data_regs data,
                      const struct i8042_hooks *hooks);

/** The same where a dead driver has set everything up: no key that was typed meanwhile is lost. */
const char *ps2_quiet_again(struct ps2 *ps2, struct i8042_data_regs data,
                            const struct i8042_hooks *hooks);

/** Does the note @found say that all is set up? Then the two functions with "again" are for it. */
bool ps2_is_set_up(uint64_t found);

/** Go on where it was, after ps2_quiet_again, as the note says: with these ports, and with a code
 *  that was begun. Null, or what failed. */
const char *ps2_attach_again(struct ps2 *ps2, const struct key_layout *layout, uint64_t now_us);

/** Test and set up everything, after ps2_quiet; may wait for two seconds. Null, or why not. */
const char *ps2_attach(struct ps2 *ps2, const struct key_layout *layout);

/** An interrupt of either device came at @now_us: take one byte; false if there is none. What it
 *  makes should be with its reader before the next is taken: only what is there already survives
 *  this driver. */
bool ps2_take(struct ps2 *ps2, uint64_t now_us);

/** Take all that is there, but not for ever. */
void ps2_interrupt(struct ps2 *ps2, uint64_t now_us);

enum { PS2_BYTES_PER_INTERRUPT = 32 };

/** What the driver waits for at @now_us did not come. Returns its next deadline, 0 for none. */
uint64_t ps2_timer(struct ps2 *ps2, uint64_t now_us);

/** Take the oldest event; false if there is none. */
bool ps2_event(struct ps2 *ps2, struct input_event *event);

#endif
