/*
 * guard.c - see guard.h. A parser of ECMA-48 sequences (ESC, CSI, OSC and DCS strings) and UTF-8
 * that writes them again, complete and bounded, or leaves them out.
 */
#include "guard.h"

#include <string.h>

/* libvterm's own (unicode.c): does the code point belong to the character before it, and how many
 * columns does it take? Some of those that combine take two, which it adds up. */
int vterm_unicode_is_combining(uint32_t code);
int vterm_unicode_width(uint32_t code);

enum {
    NUL = 0x00,
    BEL = 0x07,
    CAN = 0x18,
    SUB = 0x1a,
    ESC = 0x1b,
    DEL = 0x7f,
    C1_FIRST = 0x80,
    C1_LAST = 0x9f,
    REPLACEMENT = 0xfffd,
    SEQUENCE_BYTES = 96, /* more than a control sequence of GUARD_ARGUMENTS can have */
};

#define ALL_MOUSE_MODES                                                                            \
    (1u << GUARD_MODE_MOUSE_CLICK | 1u << GUARD_MODE_MOUSE_DRAG | 1u << GUARD_MODE_MOUSE_MOVE)
#define MODES_AT_RESET (1u << GUARD_MODE_WRAP | 1u << GUARD_MODE_CURSOR)

/* DEC's private modes by number; the keypad has sequences of its own. */
static const uint16_t guard_modes[GUARD_MODES] = {
    [GUARD_MODE_CURSOR_KEYS] = 1,    [GUARD_MODE_WRAP] = 7,          [GUARD_MODE_CURSOR] = 25,
    [GUARD_MODE_MOUSE_CLICK] = 1000, [GUARD_MODE_MOUSE_DRAG] = 1002, [GUARD_MODE_MOUSE_MOVE] = 1003,
    [GUARD_MODE_MOUSE_SGR] = 1006,   [GUARD_MODE_PASTE] = 2004,      [GUARD_MODE_ALTERNATE] = 1049,
};

void guard_init(struct guard *guard, void (*pass)(void *context, const char *bytes, size_t count),
                void *context)
{
    memset(guard, 0, sizeof(*guard));
    guard->pass = pass;
    guard->context = context;
    guard->modes = MODES_AT_RESET;
}

/* ---- text ---- */

static void flush_text(struct guard *guard)
{
    if (guard->text_count != 0) {
        guard->pass(guard->context, guard->text, guard->text_count);
        guard->text_count = 0;
    }
}

static void put_text(struct guard *guard, const char *bytes, unsigned count)
{
    if (guard->text_count + count > GUARD_TEXT_BYTES) {
        flush_text(guard);
    }
    memcpy(guard->text + guard->text_count, bytes, count);
    guard->text_count += count;
}

static unsigned encode(uint32_t code, char to[4])
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (char)(0xc0 | code >> 6);
        to[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (char)(0xe0 | code >> 12);
        to[1] = (char)(0x80 | (code >> 6 & 0x3f));
        to[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | code >> 18);
    to[1] = (char)(0x80 | (code >> 12 & 0x3f));
    to[2] = (char)(0x80 | (code >> 6 & 0x3f));
    to[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

static void put_code(struct guard *guard, uint32_t code)
{
    char bytes[4];

    if (code >= C1_FIRST && code <= C1_LAST) {
        return;
    }
    if (vterm_unicode_is_combining(code) == 0) {
        guard->combining = 0;
        guard->last = code;
    } else if (guard->combining == GUARD_COMBINING_MAX || vterm_unicode_width(code) != 0) {
        return;
    } else {
        guard->combining++;
    }
    put_text(guard, bytes, encode(code, bytes));
}

/* The shortest form only, no surrogates, nothing above 0x10ffff. */
static bool is_valid(uint32_t code, unsigned bytes)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

    return code >= least[bytes] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

static void start_code(struct guard *guard, uint8_t byte)
{
    if (byte >= 0xc2 && byte <= 0xdf) {
        guard->more = 1;
        guard->code = byte & 0x1f;
    } else if (byte >= 0xe0 && byte <= 0xef) {
        guard->more = 2;
        guard->code = byte & 0x0f;
    } else if (byte >= 0xf0 && byte <= 0xf4) {
        guard->more = 3;
        guard->code = byte & 0x07;
    } else {
        put_code(guard, REPLACEMENT);
    }
    guard->code_bytes = (uint8_t)(guard->more + 1);
}

static void take_text(struct guard *guard, uint8_t byte)
{
    if (guard->more == 0) {
        if (byte < 0x80) {
            put_code(guard, byte);
        } else {
            start_code(guard, byte);
        }
        return;
    }
    guard->code = guard->code << 6 | (byte & 0x3f);
    guard->more--;
    if (guard->more == 0) {
        put_code(guard, is_valid(guard->code, guard->code_bytes) ? guard->code : REPLACEMENT);
    }
}

/* ---- sequences ---- */

static void pass(struct guard *guard, const char *bytes, size_t count)
{
    flush_text(guard);
    guard->combining = GUARD_COMBINING_MAX; /* the cursor may have moved: nothing to combine with */
    guard->pass(guard->context, bytes, count);
}

static void pass_string(struct guard *guard, const char *text)
{
    pass(guard, text, strlen(text));
}

static void set_mode(struct guard *guard, enum guard_mode mode, bool on)
{
    unsigned bit = 1u << mode;

    if ((bit & ALL_MOUSE_MODES) != 0) {
        guard->modes &= (uint16_t)~ALL_MOUSE_MODES; /* one at a time */
    }
    guard->modes = (uint16_t)(on ? guard->modes | bit : guard->modes & ~bit);
}

static void note_modes(struct guard *guard, bool on)
{
    for (unsigned i = 0; i < guard->argument_count; i++) {
        for (unsigned mode = 0; mode < GUARD_MODES; mode++) {
            if (guard_modes[mode] != 0 && guard->arguments[i] == guard_modes[mode]) {
                set_mode(guard, (enum guard_mode)mode, on);
            }
        }
        if (guard->arguments[i] == 1047) {
            set_mode(guard, GUARD_MODE_ALTERNATE, on);
        }
    }
}

size_t guard_mode_sequence(const struct guard *guard, enum guard_mode mode, char to[16])
{
    bool on = (guard->modes >> mode & 1) != 0;
    unsigned number = guard_modes[mode];
    size_t length = 0;
    unsigned unit = 1;

    to[length++] = ESC;
    if (mode == GUARD_MODE_KEYPAD) {
        to[length++] = on ? '=' : '>';
        return length;
    }
    to[length++] = '[';
    to[length++] = '?';
    while (number / unit >= 10) {
        unit *= 10;
    }
    for (; unit != 0; unit /= 10) {
        to[length++] = (char)('0' + number / unit % 10);
    }
    to[length++] = on ? 'h' : 'l';
    return length;
}

/* ESC c and CSI ! p: libvterm's own do not leave the alternate screen and the mouse's modes. */
static void leave_modes(struct guard *guard)
{
    pass_string(guard, "\x1b[?1049l\x1b[?1000l\x1b[?1006l\x1b[?2004l");
    guard->modes = MODES_AT_RESET;
}

static void finish_escape(struct guard *guard, uint8_t final)
{
    char bytes[3] = {ESC, guard->intermediate, (char) final};

    guard->state = GUARD_GROUND;
    if (guard->too_long) {
        return;
    }
    switch (guard->intermediate) {
    case '\0':
        bytes[1] = (char) final;
        if (final == 'c') {
            leave_modes(guard);
        } else if (final == '=' || final == '>') {
            set_mode(guard, GUARD_MODE_KEYPAD, final == '=');
        }
        pass(guard, bytes, 2);
        break;
    case '#': /* not the double sizes, 3 to 6, which no display here can show */
        if (final == '8') {
            pass(guard, bytes, 3);
        }
        break;
    case '(':
    case ')':
    case '*':
    case '+': /* a set of characters */
        pass(guard, bytes, 3);
        break;
    default: /* among them ESC % @ (leaves UTF-8) and ESC SP G (answers in 8-bit codes) */
        break;
    }
}

static void start_string(struct guard *guard, bool is_dcs)
{
    guard->state = GUARD_STRING;
    guard->is_dcs = is_dcs;
    guard->string_count = 0;
    guard->too_long = false;
}

static void start_csi(struct guard *guard)
{
    guard->state = GUARD_CSI;
    guard->leader = '\0';
    guard->intermediate = '\0';
    guard->too_long = false;
    guard->argument_count = 0;
}

static void take_escape(struct guard *guard, uint8_t byte)
{
    if (byte >= 0x20 && byte <= 0x2f) {
        guard->too_long = guard->intermediate != '\0' || guard->too_long;
        guard->intermediate = (char)byte;
    } else if (guard->intermediate == '\0' && byte == '[') {
        start_csi(guard);
    } else if (guard->intermediate == '\0' && (byte == 'P' || byte == ']')) {
        start_string(guard, byte == 'P');
    } else if (guard->intermediate == '\0' && (byte == 'X' || byte == '^' || byte == '_')) {
        start_string(guard, false); /* SOS, PM, APC: left out whole */
    } else if (byte >= 0x30 && byte < DEL) {
        finish_escape(guard, byte);
    } else {
        guard->state = GUARD_GROUND;
    }
}

static size_t put_number(char *to, uint32_t number)
{
    char digits[10];
    size_t count = 0, length = 0;

    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (count != 0) {
        to[length++] = digits[--count];
    }
    return length;
}

#define MISSING UINT32_MAX

static void pass_csi(struct guard *guard, uint8_t final)
{
    uint32_t most =
        final == 'h' || final == 'l' || final == 'p' ? GUARD_MODE_MAX : GUARD_ARGUMENT_MAX;
    char bytes[SEQUENCE_BYTES] = {ESC, '['};
    size_t length = 2;

    if (guard->leader != '\0') {
        bytes[length++] = guard->leader;
    }
    for (unsigned i = 0; i < guard->argument_count; i++) {
        uint32_t value = guard->arguments[i];

        if (guard->separators[i] != '\0') {
            bytes[length++] = guard->separators[i];
        }
        if (value != MISSING) {
            length += put_number(bytes + length, value < most ? value : most);
        }
    }
    if (guard->intermediate != '\0') {
        bytes[length++] = guard->intermediate;
    }
    bytes[length++] = (char) final;
    pass(guard, bytes, length);
}

/* REP: libvterm's writes half of a wide character behind the row, and never ends on one without
 * width. As text it is harmless. */
static void repeat_last(struct guard *guard)
{
    uint32_t count = guard->argument_count == 0 ? MISSING : guard->arguments[0];

    count = count == MISSING || count == 0 ? 1 : count;
    count = count < GUARD_ARGUMENT_MAX ? count : GUARD_ARGUMENT_MAX;
    for (; guard->last != 0 && count > 0; count--) {
        put_code(guard, guard->last);
    }
}

static void finish_csi(struct guard *guard, uint8_t final)
{
    bool dec = guard->leader == '?' && guard->intermediate == '\0';

    guard->state = GUARD_GROUND;
    if (final == 'b' && guard->leader == '\0' && guard->intermediate == '\0') {
        repeat_last(guard);
        return;
    }
    if (dec && (final == 'h' || final == 'l')) {
        note_modes(guard, final == 'h');
    }
    if (guard->leader == '\0' && guard->intermediate == '!' && final == 'p') {
        leave_modes(guard);
    }
    pass_csi(guard, final);
}

static void next_argument(struct guard *guard, char separator)
{
    if (guard->argument_count == GUARD_ARGUMENTS) {
        guard->state = GUARD_CSI_IGNORE; /* it would mean something else without the rest */
        return;
    }
    guard->separators[guard->argument_count] = separator;
    guard->arguments[guard->argument_count++] = MISSING;
}

static void take_digit(struct guard *guard, uint8_t byte)
{
    uint32_t *value;

    if (guard->argument_count == 0) {
        next_argument(guard, '\0');
    }
    value = &guard->arguments[guard->argument_count - 1];
    *value = *value == MISSING ? 0 : *value;
    if (*value <= GUARD_MODE_MAX) {
        *value = *value * 10 + (uint32_t)(byte - '0');
    }
}

static void take_csi(struct guard *guard, uint8_t byte)
{
    if (byte >= 0x40 && byte < DEL) {
        finish_csi(guard, byte);
    } else if (byte >= 0x20 && byte <= 0x2f) {
        if (guard->intermediate != '\0') {
            guard->state = GUARD_CSI_IGNORE;
        }
        guard->intermediate = (char)byte;
    } else if (guard->intermediate != '\0' || byte >= DEL) {
        guard->state = GUARD_CSI_IGNORE;
    } else if (byte >= '0' && byte <= '9') {
        take_digit(guard, byte);
    } else if (byte == ';' || byte == ':') {
        if (guard->argument_count == 0) {
            next_argument(guard, '\0');
        }
        next_argument(guard, (char)byte);
    } else if (guard->argument_count == 0 && guard->leader == '\0') {
        guard->leader = (char)byte;
    } else {
        guard->state = GUARD_CSI_IGNORE;
    }
}

/* Of all strings libvterm only needs the questions for settings: DCS $ q ... ST. */
static void finish_string(struct guard *guard)
{
    static const char *const questions[] = {"$qm", "$qr", "$qs", "$q q", "$q\"q"};
    char bytes[GUARD_STRING_BYTES + 4] = {ESC, 'P'};

    guard->state = GUARD_GROUND;
    if (!guard->is_dcs || guard->too_long) {
        return;
    }
    memcpy(bytes + 2, guard->string, guard->string_count);
    bytes[2 + guard->string_count] = ESC;
    bytes[3 + guard->string_count] = '\\';
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        if (strlen(questions[i]) == guard->string_count &&
            memcmp(questions[i], guard->string, guard->string_count) == 0) {
            pass(guard, bytes, guard->string_count + 4);
        }
    }
}

static void take_string(struct guard *guard, uint8_t byte)
{
    if (guard->string_count == GUARD_STRING_BYTES) {
        guard->too_long = true;
        return;
    }
    guard->string[guard->string_count++] = (char)byte;
}

/* ---- all bytes ---- */

/* Control codes act wherever they come, and those for strings end them. */
static void take_control(struct guard *guard, uint8_t byte)
{
    char control = (char)byte;

    if (byte == ESC) {
        guard->state = guard->state == GUARD_STRING ? GUARD_STRING_ESCAPE : GUARD_ESCAPE;
        guard->intermediate = '\0';
        if (guard->state == GUARD_ESCAPE) {
            guard->too_long = false;
        }
    } else if (byte == CAN || byte == SUB) {
        guard->state = GUARD_GROUND;
    } else if (guard->state == GUARD_STRING || guard->state == GUARD_STRING_ESCAPE) {
        if (byte == BEL) {
            finish_string(guard);
        }
    } else if (byte != NUL && byte != DEL) {
        pass(guard, &control, 1);
    }
}

static void take_printing(struct guard *guard, uint8_t byte)
{
    switch (guard->state) {
    case GUARD_GROUND:
        take_text(guard, byte);
        break;
    case GUARD_ESCAPE:
        take_escape(guard, byte);
        break;
    case GUARD_CSI:
        take_csi(guard, byte);
        break;
    case GUARD_CSI_IGNORE:
        if (byte >= 0x40 && byte < DEL) {
            guard->state = GUARD_GROUND;
        }
        break;
    case GUARD_STRING:
        take_string(guard, byte);
        break;
    case GUARD_STRING_ESCAPE:
        if (byte == '\\') {
            finish_string(guard);
        } else {
            guard->state = GUARD_ESCAPE; /* the string is broken off */
            guard->too_long = false;
            take_escape(guard, byte);
        }
        break;
    }
}

void guard_write(struct guard *guard, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t byte = bytes[i];

        if (guard->more != 0 && (byte & 0xc0) != 0x80) { /* a character broken off */
            guard->more = 0;
            put_code(guard, REPLACEMENT);
        }
        if (byte < 0x20 || byte == DEL) {
            take_control(guard, byte);
        } else {
            take_printing(guard, byte);
        }
    }
    flush_text(guard);
}
