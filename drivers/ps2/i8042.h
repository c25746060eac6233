/*
 * i8042.h - the PS/2 controller: its self-test, its two ports, and a byte to or from either.
 * Only the start-up sequence waits, and each of its waits is bounded. Port 0x64 is not the
 * driver's (a command there can reset the machine), so status and commands are hooks: on Quoll
 * they are methods of the platform bus, which passes the commands named in i8042.c only.
 * Source: IBM Personal System/2 Hardware Interface Technical Reference (1990), "Keyboard and
 * Auxiliary Device Controller".
 */
#ifndef PS2_I8042_H
#define PS2_I8042_H

#include <regs/i8042.h>

struct i8042_hooks {
    void *context;
    /** Read port 0x64 into *raw; false if that could not be done. */
    bool (*status)(void *context, uint8_t *raw);
    /** Write port 0x64; false if that could not be done, or the command is not allowed. */
    bool (*command)(void *context, uint8_t command);
    /** Let @us microseconds go by. */
    void (*pause)(void *context, unsigned us);
};

enum i8042_port {
    PORT_KEYBOARD,
    PORT_AUXILIARY,
    PORT_COUNT,
};

struct i8042 {
    struct i8042_data_regs data;
    struct i8042_hooks hooks;
    bool works[PORT_COUNT];    /* there, and it has passed its test */
    volatile uint8_t *landing; /* keyboard bytes are read into it, by one instruction; or null */
};

/** Whatever state it is in: no port active, no interrupt, nothing in the buffer. Null, or why
 *  that was not to be done. */
const char *i8042_quiet(struct i8042 *controller, struct i8042_data_regs data,
                        const struct i8042_hooks *hooks);

/** The same for a controller that a dead driver has set up: nothing that waits in its buffer is
 *  lost. */
const char *i8042_quiet_again(struct i8042 *controller, struct i8042_data_regs data,
                              const struct i8042_hooks *hooks);

/** Let a port that works be used, still without interrupts. False: it does not work. */
bool i8042_enable(struct i8042 *controller, enum i8042_port port);

/** Test controller and ports, and let the ports that work be used, still without interrupts.
 *  After i8042_quiet. Null, or what failed. */
const char *i8042_test(struct i8042 *controller);

/** Let all ports that work be used and raise interrupts. Null, or what failed. */
const char *i8042_go(struct i8042 *controller);

/** Send @byte to the device at @port; false if the controller takes none within its time. */
bool i8042_send(struct i8042 *controller, enum i8042_port port, uint8_t byte);

/** Take a byte if there is one, and tell whose it is. */
bool i8042_take(struct i8042 *controller, uint8_t *byte, enum i8042_port *port);

/** Wait at most @us for a byte of @port; bytes of the other port are dropped. */
bool i8042_await(struct i8042 *controller, enum i8042_port port, unsigned us, uint8_t *byte);

#endif
