/*
 * keys.h - from terminal bytes to keys: control bytes, escape sequences, ends of lines.
 */
#ifndef QSH_KEYS_H
#define QSH_KEYS_H

#include <stdbool.h>
#include <stdint.h>

enum key {
    KEY_NONE, /* nothing yet, or nothing we know */
    KEY_CHAR, /* the byte itself: printable or part of a UTF-8 sequence */
    KEY_ENTER,
    KEY_TAB,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_UP,
    KEY_DOWN,
    KEY_HOME,
    KEY_END,
    KEY_BACKSPACE,
    KEY_DELETE,     /* ^D too */
    KEY_ERASE_TAIL, /* ^K */
    KEY_ERASE_LINE, /* ^U */
    KEY_ERASE_WORD, /* ^W */
    KEY_INTERRUPT,  /* ^C */
    KEY_CLEAR,      /* ^L */
};

enum keys_state {
    KEYS_PLAIN,
    KEYS_ESC,    /* ESC */
    KEYS_CSI,    /* ESC [ and parameters */
    KEYS_LINUX,  /* ESC [ [: the Linux console's function keys, one letter follows */
    KEYS_SS3,    /* ESC O */
    KEYS_STRING, /* ESC ] or ESC P: up to BEL or ESC \ */
};

/* All zero is the start. */
struct keys {
    enum keys_state state;
    unsigned parameter; /* the first one of a CSI sequence */
    bool in_first;      /* still reading it */
    bool after_cr;      /* a LF now belongs to the CR before it */
};

/** Take one byte; the key that it completes, or KEY_NONE. */
enum key keys_feed(struct keys *k, uint8_t byte);

#endif
