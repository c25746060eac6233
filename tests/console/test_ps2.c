/*
 * test_ps2.c - the PS/2 driver's logic without a machine: scan codes, layouts, dead keys, mouse
 * packets, lost bytes, and start-up on a model of the controller that can be broken in each way.
 */
#include "../../drivers/ps2/ps2.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned passed, failed;
#define CHECK(c) ((c) ? (void)passed++ : (void)(failed++, printf("%d: %s\n", __LINE__, #c)))

/* ---- the keyboard alone ---- */

static struct keyboard keyboard;
static struct key_event events[1024];
static unsigned event_count;

static void keep(void *context, const struct key_event *event)
{
    (void)context;
    if (event_count < 1024) {
        events[event_count++] = *event;
    }
}

static void start(const char *layout)
{
    keyboard_init(&keyboard, layout_find(layout), keep, NULL);
    event_count = 0;
}

/* Feed bytes written as hexadecimal text; returns the kind of the last. */
static enum set2_kind feed(const char *text)
{
    enum set2_kind kind = SET2_MORE;
    char *end;

    event_count = 0;
    for (unsigned long byte = strtoul(text, &end, 16); end != text;
         text = end, byte = strtoul(text, &end, 16)) {
        kind = keyboard_byte(&keyboard, (uint8_t)byte);
    }
    return kind;
}

static bool was(unsigned i, uint8_t code, enum key_action action, uint32_t unicode)
{
    return i < event_count && events[i].code == code && events[i].action == action &&
           events[i].unicode == unicode;
}

static bool types(const char *bytes, uint32_t unicode)
{
    (void)feed(bytes);
    return event_count > 0 && events[event_count - 1].unicode == unicode;
}

static void test_plain_keys(void)
{
    start("us");
    (void)feed("1c 1c f0 1c");
    CHECK(event_count == 3 && was(0, KEY_A, KEY_PRESSED, 'a') && was(1, KEY_A, KEY_REPEATED, 'a') &&
          was(2, KEY_A, KEY_RELEASED, 0));
    CHECK(types("12 1c", 'A') && types("f0 1c f0 12 1c", 'a'));
    (void)feed("f0 1c e0 75 e0 f0 75");
    CHECK(event_count == 3 && was(1, KEY_UP, KEY_PRESSED, 0) && was(2, KEY_UP, KEY_RELEASED, 0));
    (void)feed("e0 12 e0 7c e0 f0 7c e0 f0 12"); /* Print, with shifts that nobody pressed */
    CHECK(event_count == 2 && was(0, KEY_PRINT, KEY_PRESSED, 0));
    CHECK(feed("e1 14 77 e1 f0 14 f0 77") == SET2_PAUSE && event_count == 2 &&
          was(0, KEY_PAUSE, KEY_PRESSED, 0) && was(1, KEY_PAUSE, KEY_RELEASED, 0));
    (void)feed("e0 7e e0 f0 7e 84 f0 84");
    CHECK(event_count == 4 && was(0, KEY_PAUSE, KEY_PRESSED, 0) &&
          was(2, KEY_PRINT, KEY_PRESSED, 0));
    CHECK(keyboard.decoder.unknown == 0);
    (void)feed("02 e0 01 f0 8f");
    CHECK(event_count == 0 && keyboard.decoder.unknown == 3);
}

static void test_every_key(void)
{
    static const struct {
        uint8_t code;
        uint16_t set2;
    } keys[] = {
#define KEY(name, code, set2) {code, set2},
#include <quoll/keys.def>
#undef KEY
    };

    start("us");
    keyboard.num = true;
    for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        event_count = 0;
        if (keys[i].set2 >> 8 == 0xe1) {
            continue; /* Pause, tested above */
        }
        for (unsigned up = 0; up < 2; up++) {
            if (keys[i].set2 >> 8 != 0) {
                (void)keyboard_byte(&keyboard, (uint8_t)(keys[i].set2 >> 8));
            }
            if (up != 0) {
                (void)keyboard_byte(&keyboard, 0xf0);
            }
            (void)keyboard_byte(&keyboard, (uint8_t)keys[i].set2);
        }
        keyboard.num = true;
        CHECK(event_count == 2 && events[0].code == keys[i].code &&
              events[1].code == keys[i].code && events[1].action == KEY_RELEASED);
    }
}

static void test_locks(void)
{
    start("us");
    CHECK(keyboard_lights(&keyboard) == LIGHT_NUM);
    (void)feed("58 58 58 f0 58"); /* its repeat does nothing */
    CHECK(keyboard_lights(&keyboard) == (LIGHT_NUM | LIGHT_CAPS) && event_count == 2);
    CHECK(types("1c", 'A') && types("16", '1') && types("12 15", 'q'));
    (void)feed("f0 12 6c f0 6c");
    CHECK(was(1, KEY_PAD_7, KEY_PRESSED, '7'));
    (void)feed("6c 77 f0 77 f0 6c"); /* num lock while the key is down: its release is its own */
    CHECK(was(0, KEY_PAD_7, KEY_PRESSED, '7') && was(3, KEY_PAD_7, KEY_RELEASED, 0));
    (void)feed("6c f0 6c 71 f0 71 73 4a e0 4a e0 5a");
    CHECK(was(0, KEY_HOME, KEY_PRESSED, 0) && was(1, KEY_HOME, KEY_RELEASED, 0) &&
          was(2, KEY_DELETE, KEY_PRESSED, 0) && was(4, KEY_PAD_5, KEY_PRESSED, '5') &&
          was(6, KEY_PAD_DIVIDE, KEY_PRESSED, '/') && was(7, KEY_PAD_ENTER, KEY_PRESSED, 0));
}

static void test_modifiers(void)
{
    start("us");
    (void)feed("14 e0 14 f0 14 11 12 1c");
    CHECK(events[event_count - 1].modifiers ==
          (MODIFIER_CTRL | MODIFIER_ALT | MODIFIER_SHIFT | MODIFIER_NUM));
    start("us");
    (void)feed("e0 11 1c"); /* right Alt is an Alt where the layout needs no AltGr */
    CHECK(events[1].modifiers == (MODIFIER_ALT | MODIFIER_NUM) && events[1].unicode == 'a');
    start("de");
    (void)feed("e0 11 15");
    CHECK(events[1].modifiers == (MODIFIER_ALTGR | MODIFIER_NUM) && events[1].unicode == '@');
    CHECK(types("1c", 0) && types("24", 0x20ac));
}

static void test_dead_keys(void)
{
    start("de");
    (void)feed("55 f0 55 24");
    CHECK(was(0, KEY_EQUAL, KEY_PRESSED, 0) && was(2, KEY_E, KEY_PRESSED, 0xe9));
    (void)feed("55 12 1c");
    CHECK(was(2, KEY_A, KEY_PRESSED, 0xc1));
    (void)feed("f0 12 f0 55 55 29");
    CHECK(event_count == 4 && was(3, KEY_SPACE, KEY_PRESSED, 0xb4));
    (void)feed("f0 55 55 f0 55 55");
    CHECK(was(event_count - 1, KEY_EQUAL, KEY_PRESSED, 0xb4)); /* twice: the accent */
    (void)feed("f0 55 55 22"); /* acute and x make nothing: both are typed */
    CHECK(was(2, KEY_X, KEY_PRESSED, 0xb4) && was(3, KEY_X, KEY_PRESSED, 'x'));
    (void)feed("0e f0 55 55"); /* circumflex, then acute */
    CHECK(was(0, KEY_GRAVE, KEY_PRESSED, 0) && was(2, KEY_EQUAL, KEY_PRESSED, '^'));
    (void)feed("76 f0 76 44"); /* Escape forgets it */
    CHECK(was(2, KEY_O, KEY_PRESSED, 'o'));
    keyboard_set_layout(&keyboard, layout_find("us"));
    CHECK(types("1a", 'z') && layout_find("fr") == NULL);
    CHECK(strcmp(layout_at(0)->name, "de") == 0 && layout_at(99) == NULL && layout_accent(99) == 0);
    CHECK(layout_index(layout_at(1)) == 1);
}

static void test_lost_bytes(void)
{
    start("us");
    (void)feed("1c 12 14");
    CHECK(feed("00") == SET2_LOST && event_count == 3 && was(0, KEY_A, KEY_RELEASED, 0));
    (void)feed("1c");
    CHECK(events[0].modifiers == MODIFIER_NUM);
    CHECK(feed("ff") == SET2_LOST && feed("aa") == SET2_RESTARTED && feed("fa") == SET2_ACK &&
          feed("fe") == SET2_RESEND);
    (void)feed("e1 14 1c"); /* Pause breaks off: 1c counts */
    CHECK(event_count == 1 && was(0, KEY_A, KEY_PRESSED, 'a'));
    (void)feed("e0 00 1b"); /* the prefix is forgotten */
    CHECK(was(event_count - 1, KEY_S, KEY_PRESSED, 's'));
}

/* ---- the mouse alone ---- */

static void test_mouse(void)
{
    struct mouse m;
    struct mouse_event e = {0};

    mouse_init(&m, MOUSE_PLAIN);
    CHECK(mouse_byte(&m, 0x29, 1000, &e) == MOUSE_MORE &&
          mouse_byte(&m, 5, 2000, &e) == MOUSE_MORE);
    CHECK(mouse_byte(&m, 0xfd, 3000, &e) == MOUSE_EVENT);
    CHECK(e.dx == 5 && e.dy == 3 && e.buttons == MOUSE_LEFT && e.wheel == 0);
    CHECK(mouse_byte(&m, 0x07, 4000, &e) == MOUSE_MORE && m.skipped == 1); /* no first byte */
    (void)mouse_byte(&m, 0x08, 5000, &e);
    (void)mouse_byte(&m, 1, 5100, &e); /* the third is lost; a pause follows */
    (void)mouse_byte(&m, 0x18, 905100, &e);
    (void)mouse_byte(&m, 0xff, 905200, &e);
    CHECK(mouse_byte(&m, 0, 905300, &e) == MOUSE_EVENT && e.dx == -1 && m.skipped == 3);
    (void)mouse_byte(&m, 0xc9, 906000, &e); /* overflow: the movement counts for nothing */
    (void)mouse_byte(&m, 77, 906100, &e);
    CHECK(mouse_byte(&m, 77, 906200, &e) == MOUSE_EVENT && e.dx == 0 && e.buttons == MOUSE_LEFT);
    (void)mouse_byte(&m, 0x09, 907000, &e);
    (void)mouse_byte(&m, 0, 907100, &e);
    CHECK(mouse_byte(&m, 0, 907200, &e) == MOUSE_MORE); /* nothing new */
    (void)mouse_byte(&m, 0xaa, 908000, &e);
    CHECK(mouse_byte(&m, 0x00, 908100, &e) == MOUSE_RESTARTED);
}

static void test_wheel(void)
{
    struct mouse m;
    struct mouse_event e = {0};
    static const uint8_t up[] = {0x08, 0, 0, 0xff}, bad[] = {0x08, 0, 0, 0x77};
    static const uint8_t five[] = {0x08, 0, 0, 0x32};

    mouse_init(&m, MOUSE_WHEEL);
    for (unsigned i = 0; i < 4; i++) {
        CHECK(mouse_byte(&m, up[i], i, &e) == (i == 3 ? MOUSE_EVENT : MOUSE_MORE));
    }
    CHECK(e.wheel == -1);
    for (unsigned i = 0; i < 4; i++) {
        CHECK(mouse_byte(&m, bad[i], i, &e) == MOUSE_MORE);
    }
    CHECK(m.skipped == 4);
    mouse_init(&m, MOUSE_FIVE_BUTTONS);
    for (unsigned i = 0; i < 4; i++) {
        (void)mouse_byte(&m, five[i], i, &e);
    }
    CHECK(e.wheel == 2 && e.buttons == (MOUSE_BUTTON_4 | MOUSE_BUTTON_5));
}

/* ---- a controller and two devices that can be broken ---- */

enum fault {
    FAULT_NONE,
    FAULT_NO_STATUS,
    FAULT_NO_COMMAND,
    FAULT_STUCK_INPUT,
    FAULT_STUCK_OUTPUT,
    FAULT_SELF_TEST,
    FAULT_SILENT,
    FAULT_NO_PORTS,
    FAULT_NO_DEVICES,
    FAULT_NO_MOUSE,
    FAULT_PLAIN_MOUSE,
    FAULT_RESEND_ONCE,
    FAULT_RANDOM,
    FAULT_COUNT,
};

static struct {
    enum fault fault;
    uint8_t out[64];
    bool out_aux[64];
    unsigned count;
    uint8_t config, pending; /* command that waits for a byte */
    uint8_t rates[3], device_command[2], lights;
    bool resent, wheel;
    uint64_t us;
} chip;

static jmp_buf dead;
static unsigned left; /* accesses to the controller until the driver dies; 0: it lives */

static void live(void)
{
    if (left != 0 && --left == 0) {
        longjmp(dead, 1);
    }
}

static void answer(uint8_t byte, bool aux)
{
    if (chip.count < 64) {
        chip.out[chip.count] = byte;
        chip.out_aux[chip.count++] = aux;
    }
}

static bool model_status(void *context, uint8_t *raw)
{
    (void)context;
    if (chip.fault == FAULT_RANDOM) {
        *raw = (uint8_t)rand();
        return rand() % 1000 != 0;
    }
    *raw = (uint8_t)((chip.count != 0 || chip.fault == FAULT_STUCK_OUTPUT ? 1 : 0) |
                     (chip.fault == FAULT_STUCK_INPUT ? 2 : 0) |
                     (chip.count != 0 && chip.out_aux[0] ? 0x20 : 0));
    live();
    return chip.fault != FAULT_NO_STATUS;
}

static bool model_command(void *context, uint8_t command)
{
    (void)context;
    chip.pending = 0;
    switch (command) {
    case 0x20:
        answer(chip.config, false);
        break;
    case 0xaa:
        chip.config = 0x47;
        if (chip.fault != FAULT_SILENT) {
            answer(chip.fault == FAULT_SELF_TEST ? 0xfc : 0x55, false);
        }
        break;
    case 0xab:
    case 0xa9:
        answer(chip.fault == FAULT_NO_PORTS, false);
        break;
    case 0xa7:
        chip.config |= 0x20;
        break;
    case 0xa8:
        chip.config &= (uint8_t)~0x20;
        break;
    case 0xad:
        chip.config |= 0x10;
        break;
    case 0xae:
        chip.config &= (uint8_t)~0x10;
        break;
    default:
        chip.pending = command;
        break;
    }
    live();
    return chip.fault != FAULT_NO_COMMAND;
}

static void mouse_model(uint8_t byte)
{
    if (memcmp(chip.rates, "\xc8\x64\x50", 3) == 0) {
        chip.wheel = chip.fault != FAULT_PLAIN_MOUSE;
    }
    answer(0xfa, true);
    if (chip.device_command[1] == 0xf3) {
        memmove(chip.rates, chip.rates + 1, 2);
        chip.rates[2] = byte;
        chip.device_command[1] = 0;
    } else if (chip.device_command[1] == 0xe8) {
        chip.device_command[1] = 0;
    } else {
        chip.device_command[1] = byte == 0xf3 || byte == 0xe8 ? byte : 0;
        if (byte == 0xff) {
            answer(0xaa, true);
            answer(0, true);
        } else if (byte == 0xf2) {
            answer(chip.wheel ? 3 : 0, true);
        }
    }
}

static void keyboard_model(uint8_t byte)
{
    if (chip.fault == FAULT_RESEND_ONCE && !chip.resent) {
        chip.resent = true;
        answer(0xfe, false);
        return;
    }
    chip.resent = false;
    answer(0xfa, false);
    if (chip.device_command[0] == 0xed) {
        chip.lights = byte;
    }
    chip.device_command[0] = chip.device_command[0] != 0 ? 0 : byte;
    if (byte == 0xff) {
        answer(0xaa, false);
    }
    if (byte == 0xff || byte == 0xf4) {
        chip.device_command[0] = 0;
    }
}

void port_write8(uint16_t port, uint8_t value)
{
    CHECK(port == 0x60);
    if (chip.pending == 0x60) {
        chip.config = value;
    } else if (chip.fault == FAULT_NO_DEVICES) {
        return;
    } else if (chip.pending == 0xd4 && chip.fault != FAULT_NO_MOUSE) {
        mouse_model(value);
    } else if (chip.pending != 0xd4) {
        keyboard_model(value);
    }
    chip.pending = 0;
    live();
}

uint8_t port_read8(uint16_t port)
{
    uint8_t byte = chip.out[0];

    CHECK(port == 0x60);
    live();
    if (chip.fault == FAULT_RANDOM) {
        return (uint8_t)rand();
    }
    if (chip.count != 0) {
        chip.count--;
        memmove(chip.out, chip.out + 1, chip.count);
        memmove(chip.out_aux, chip.out_aux + 1, chip.count);
    }
    return byte;
}

static void model_pause(void *context, unsigned us)
{
    (void)context;
    chip.us += us;
}

static struct ps2 ps2;
static volatile uint64_t note;
static const struct i8042_hooks hooks = {NULL, model_status, model_command, model_pause};

static const char *attach(enum fault fault)
{
    const char *why;

    memset(&chip, 0, sizeof(chip));
    chip.fault = fault;
    chip.config = 0x47; /* as firmware leaves it */
    why = ps2_quiet(&ps2, (struct i8042_data_regs){0x60}, &hooks);
    ps2.note = &note;
    return why != NULL ? why : ps2_attach(&ps2, layout_find("us"));
}

static bool fails(enum fault fault, const char *text)
{
    const char *why = attach(fault);
    bool same = why != NULL && strstr(why, text) != NULL;

    if (!same) {
        printf("fault %d: %s\n", fault, why != NULL ? why : "none");
    }
    return same && chip.us < 5000000;
}

static void test_attach(void)
{
    struct input_event e;

    CHECK(attach(FAULT_NONE) == NULL && ps2.has_keyboard && ps2.has_mouse);
    CHECK(chip.config == 0x07 && chip.lights == LIGHT_NUM && ps2.mouse.kind == MOUSE_WHEEL);
    CHECK(attach(FAULT_PLAIN_MOUSE) == NULL && ps2.mouse.kind == MOUSE_PLAIN);
    CHECK(attach(FAULT_NO_MOUSE) == NULL && ps2.has_keyboard && !ps2.has_mouse);
    CHECK(attach(FAULT_RESEND_ONCE) == NULL && ps2.has_keyboard);
    CHECK(fails(FAULT_NO_STATUS, "takes no commands") && fails(FAULT_STUCK_INPUT, "no commands"));
    CHECK(fails(FAULT_NO_COMMAND, "takes no commands"));
    CHECK(fails(FAULT_STUCK_OUTPUT, "does not become empty"));
    CHECK(fails(FAULT_SELF_TEST, "self-test failed") && fails(FAULT_SILENT, "does not end"));
    CHECK(fails(FAULT_NO_PORTS, "passes its test") && fails(FAULT_NO_DEVICES, "nor a mouse"));
    CHECK(attach(FAULT_NONE) == NULL);
    answer(0x1c, false);
    answer(0x09, true);
    answer(1, true);
    answer(0xf0, false);
    answer(1, true);
    answer(0x1c, false);
    answer(0, true);
    ps2_interrupt(&ps2, 1);
    CHECK(ps2_event(&ps2, &e) && e.kind == INPUT_KEY && e.key.unicode == 'a');
    CHECK(ps2_event(&ps2, &e) && e.kind == INPUT_KEY && e.key.action == KEY_RELEASED);
    CHECK(ps2_event(&ps2, &e) && e.kind == INPUT_MOUSE && e.mouse.buttons == MOUSE_LEFT);
    CHECK(!ps2_event(&ps2, &e) && !ps2.again);
    answer(0xaa, false);
    ps2_interrupt(&ps2, 2);
    CHECK(ps2.again && !ps2_is_set_up(note));
}

static const char *attach_again(void)
{
    const char *why = ps2_quiet_again(&ps2, (struct i8042_data_regs){0x60}, &hooks);

    ps2.note = &note;
    return why != NULL ? why : ps2_attach_again(&ps2, layout_find("us"), 1);
}

/* A key is let go of: the first byte of that is taken by one driver, the next dies at each of its
 * accesses, and the third gets the rest. Nothing that either asked is taken for a key. */
static void test_deaths(void)
{
    volatile bool outlived = false;
    struct input_event e;

    for (volatile unsigned at = 1; !outlived; at++) {
        CHECK(attach(FAULT_NONE) == NULL && ps2_is_set_up(note));
        answer(0xf0, false);
        ps2_interrupt(&ps2, 1);
        left = at;
        if (setjmp(dead) == 0) {
            CHECK(attach_again() == NULL);
            outlived = true;
        }
        left = 0;
        CHECK(attach_again() == NULL && ps2.has_keyboard && ps2.mouse.kind == MOUSE_WHEEL);
        answer(0x24, false);
        ps2_interrupt(&ps2, 1);
        CHECK(ps2_event(&ps2, &e) && e.key.action == KEY_RELEASED && e.key.code == KEY_E);
        CHECK(!ps2_event(&ps2, &e));
    }
}

static void test_lights(void)
{
    CHECK(attach(FAULT_NONE) == NULL);
    answer(0x58, false);
    ps2_interrupt(&ps2, 1);
    CHECK(chip.lights == (LIGHT_NUM | LIGHT_CAPS) && ps2_timer(&ps2, 1) == 0);
    chip.fault = FAULT_NO_DEVICES; /* it answers no more: three tries, then never mind */
    answer(0xf0, false);
    answer(0x58, false);
    answer(0x58, false);
    ps2_interrupt(&ps2, 2);
    CHECK(ps2_timer(&ps2, 3) == 100002);
    CHECK(ps2_timer(&ps2, 100002) != 0 && ps2_timer(&ps2, 200002) != 0);
    CHECK(ps2_timer(&ps2, 300002) == 0);
}

static void test_full_queue(void)
{
    struct input_event e;
    unsigned n = 0;

    CHECK(attach(FAULT_NONE) == NULL);
    for (unsigned i = 0; i < PS2_EVENTS + 10; i++) {
        answer(0x1c, false);
        ps2_interrupt(&ps2, i);
    }
    CHECK(ps2.dropped == 10);
    while (ps2_event(&ps2, &e)) {
        n++;
    }
    CHECK(n == PS2_EVENTS);
}

/* Whatever the hardware says, everything ends and nothing breaks (the sanitizers watch). */
static void test_random(void)
{
    unsigned attached = 0;

    srand(8042);
    for (unsigned i = 0; i < 300; i++) {
        attached += attach(FAULT_RANDOM) == NULL;
        CHECK(chip.us < 20000000);
    }
    CHECK(attach(FAULT_NONE) == NULL);
    chip.fault = FAULT_RANDOM;
    for (unsigned i = 0; i < 200000; i++) {
        struct input_event e;

        ps2_interrupt(&ps2, i);
        (void)ps2_timer(&ps2, i);
        while (ps2_event(&ps2, &e)) {
            CHECK(e.kind == INPUT_MOUSE || e.key.unicode <= 0x10ffff);
        }
    }
    CHECK(attached < 300);
}

int main(void)
{
    test_plain_keys();
    test_every_key();
    test_locks();
    test_modifiers();
    test_dead_keys();
    test_lost_bytes();
    test_mouse();
    test_wheel();
    test_attach();
    test_deaths();
    test_lights();
    test_full_queue();
    test_random();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
