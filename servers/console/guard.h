/*
 * guard.h - what stands between a client's bytes and libvterm: it lets through only complete
 * sequences, with as many and as large arguments as libvterm 0.1.4 can bear.
 * libvterm's parser trusts its input: a 17th argument is written behind its array, C1 codes in
 * UTF-8 move its cursor to column -1, combining characters make it ask for memory without bound.
 * Here any bytes are harmless, and everything is bounded. Any cut of a stream gives the same.
 */
#ifndef CONSOLE_GUARD_H
#define CONSOLE_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GUARD_TEXT_BYTES = 128,   /* handed on at once */
    GUARD_ARGUMENTS = 14,     /* libvterm has room for 16 */
    GUARD_STRING_BYTES = 8,   /* of OSC and DCS strings: what is answered is shorter */
    GUARD_COMBINING_MAX = 5,  /* to a character; libvterm keeps as many */
    GUARD_ARGUMENT_MAX = 255, /* no row, column or colour is larger */
    GUARD_MODE_MAX = 9999,    /* mode numbers are */
};

enum guard_state {
    GUARD_GROUND,
    GUARD_ESCAPE,
    GUARD_CSI,
    GUARD_CSI_IGNORE,
    GUARD_STRING,
    GUARD_STRING_ESCAPE,
};

/* Modes that another terminal must have too when the session moves there: guard_modes[]. */
enum guard_mode {
    GUARD_MODE_CURSOR_KEYS,
    GUARD_MODE_WRAP,
    GUARD_MODE_CURSOR,
    GUARD_MODE_MOUSE_CLICK,
    GUARD_MODE_MOUSE_DRAG,
    GUARD_MODE_MOUSE_MOVE,
    GUARD_MODE_MOUSE_SGR,
    GUARD_MODE_PASTE,
    GUARD_MODE_ALTERNATE,
    GUARD_MODE_KEYPAD, /* ESC = and ESC > */
    GUARD_MODES,
};

struct guard {
    enum guard_state state;
    uint32_t code; /* a UTF-8 sequence under way */
    uint8_t more, code_bytes;
    uint8_t combining; /* since the last character */
    uint32_t last;     /* that character, for REP */
    char text[GUARD_TEXT_BYTES];
    unsigned text_count;
    /* An escape or control sequence. */
    char leader, intermediate;
    bool too_long;
    uint32_t arguments[GUARD_ARGUMENTS];
    char separators[GUARD_ARGUMENTS]; /* before the argument; 0 for the first */
    unsigned argument_count;
    /* A string. */
    bool is_dcs;
    char string[GUARD_STRING_BYTES];
    unsigned string_count;
    uint16_t modes; /* bits: enum guard_mode */
    void (*pass)(void *context, const char *bytes, size_t count);
    void *context;
};

/** Start; what is let through goes to @pass, complete sequences or up to GUARD_TEXT_BYTES of text.
 */
void guard_init(struct guard *guard, void (*pass)(void *context, const char *bytes, size_t count),
                void *context);

void guard_write(struct guard *guard, const uint8_t *bytes, size_t count);

/** Write the sequence that sets mode @mode as it is now to @to; returns its length, below 16. */
size_t guard_mode_sequence(const struct guard *guard, enum guard_mode mode, char to[16]);

#endif
