/*
 * keys.c - the decoder of ECMA-48 key sequences, one state a byte.
 * A control byte inside a sequence ends it and counts for itself, so that no half sequence can
 * swallow an Enter or a ^C. Unknown sequences are swallowed whole.
 */
#include "keys.h"

#define ESC 0x1b
#define BEL 0x07

static enum key control_key(uint8_t byte)
{
    switch (byte) {
    case 0x01: /* ^A */
        return KEY_HOME;
    case 0x02: /* ^B */
        return KEY_LEFT;
    case 0x03: /* ^C */
        return KEY_INTERRUPT;
    case 0x04: /* ^D */
        return KEY_DELETE;
    case 0x05: /* ^E */
        return KEY_END;
    case 0x06: /* ^F */
        return KEY_RIGHT;
    case 0x08:
    case 0x7f:
        return KEY_BACKSPACE;
    case '\t':
        return KEY_TAB;
    case '\n':
    case '\r':
        return KEY_ENTER;
    case 0x0b: /* ^K */
        return KEY_ERASE_TAIL;
    case 0x0c: /* ^L */
        return KEY_CLEAR;
    case 0x0e: /* ^N */
        return KEY_DOWN;
    case 0x10: /* ^P */
        return KEY_UP;
    case 0x15: /* ^U */
        return KEY_ERASE_LINE;
    case 0x17: /* ^W */
        return KEY_ERASE_WORD;
    default:
        return KEY_NONE;
    }
}

/* The keys that ESC [ and ESC O share. */
static enum key letter_key(uint8_t final)
{
    switch (final) {
    case 'A':
        return KEY_UP;
    case 'B':
        return KEY_DOWN;
    case 'C':
        return KEY_RIGHT;
    case 'D':
        return KEY_LEFT;
    case 'F':
        return KEY_END;
    case 'H':
        return KEY_HOME;
    default:
        return KEY_NONE;
    }
}

/* ESC [ number ~ */
static enum key number_key(unsigned number)
{
    switch (number) {
    case 1:
    case 7:
        return KEY_HOME;
    case 3:
        return KEY_DELETE;
    case 4:
    case 8:
        return KEY_END;
    default:
        return KEY_NONE;
    }
}

static enum key csi_feed(struct keys *k, uint8_t byte)
{
    if (byte >= '0' && byte <= '9') {
        if (k->in_first && k->parameter < 1000)
            k->parameter = k->parameter * 10 + byte - '0';
        return KEY_NONE;
    }
    k->in_first = false;
    if (byte < 0x40) /* other parameter and intermediate bytes */
        return KEY_NONE;
    if (byte == '[') {
        k->state = KEYS_LINUX;
        return KEY_NONE;
    }
    k->state = KEYS_PLAIN;
    return byte == '~' ? number_key(k->parameter) : letter_key(byte);
}

static enum key escape_feed(struct keys *k, uint8_t byte)
{
    k->state = KEYS_PLAIN;
    switch (byte) {
    case '[':
        k->state = KEYS_CSI;
        k->parameter = 0;
        k->in_first = true;
        break;
    case 'O':
        k->state = KEYS_SS3;
        break;
    case ']':
    case 'P':
        k->state = KEYS_STRING;
        break;
    default: /* Alt and a key */
        break;
    }
    return KEY_NONE;
}

static enum key plain_feed(struct keys *k, uint8_t byte)
{
    bool folded = byte == '\n' && k->after_cr;

    k->state = byte == ESC ? KEYS_ESC : KEYS_PLAIN;
    k->after_cr = byte == '\r';
    if (folded)
        return KEY_NONE;
    return byte < ' ' || byte == 0x7f ? control_key(byte) : KEY_CHAR;
}

enum key keys_feed(struct keys *k, uint8_t byte)
{
    if (k->state == KEYS_STRING && byte == BEL) {
        k->state = KEYS_PLAIN;
        return KEY_NONE;
    }
    if (byte < ' ' || byte == 0x7f)
        return plain_feed(k, byte);

    switch (k->state) {
    case KEYS_ESC:
        return escape_feed(k, byte);
    case KEYS_CSI:
        return csi_feed(k, byte);
    case KEYS_SS3:
        k->state = KEYS_PLAIN;
        return letter_key(byte);
    case KEYS_LINUX:
        k->state = KEYS_PLAIN;
        return KEY_NONE;
    case KEYS_STRING:
        return KEY_NONE;
    case KEYS_PLAIN:
    default:
        return plain_feed(k, byte);
    }
}
