/*
 * ps2.c - see ps2.h. Start-up follows the devices' own order: reset, identify, mode, enable.
 * Afterwards nothing waits: the keyboard's lights are a queue of bytes that its acknowledgements
 * and ps2_timer move on.
 * Source: IBM PS/2 Hardware Interface Technical Reference, "Keyboards" and "Mouse", commands.
 */
#include "ps2.h"

#include <stddef.h>
#include <string.h>

enum {
    /* Both devices'. */
    DEVICE_RESET = 0xff,
    DEVICE_ENABLE = 0xf4,
    DEVICE_IDENTIFY = 0xf2,
    DEVICE_ACK = 0xfa,
    DEVICE_RESEND = 0xfe,
    DEVICE_PASSED = 0xaa,
    /* The keyboard's. */
    KEYBOARD_LIGHTS = 0xed,
    KEYBOARD_SET = 0xf0,
    KEYBOARD_REPEAT = 0xf3,
    SCAN_CODE_SET = 2,
    REPEAT_500MS_30HZ = 0x20,
    /* The mouse's. */
    MOUSE_RATE = 0xf3,
    MOUSE_RESOLUTION = 0xe8,
    RESOLUTION_4_PER_MM = 2,

    ACK_US = 100000,    /* devices answer within 20 ms */
    PASSED_US = 750000, /* the self-test after a reset */
    TRIES = 3,
};

/* One byte makes at most an event for each key that was held. */
_Static_assert((int)PS2_EVENTS > (int)KEY_CODES, "a keyboard's byte must always fit");
_Static_assert((PS2_EVENTS & (PS2_EVENTS - 1)) == 0, "the counters run on");

/* ---- events ---- */

static void put_event(struct ps2 *ps2, const struct input_event *event)
{
    if (ps2->put - ps2->got == PS2_EVENTS) {
        ps2->dropped++;
        return;
    }
    ps2->events[ps2->put++ % PS2_EVENTS] = *event;
}

static void put_key(void *context, const struct key_event *key)
{
    struct input_event event = {.kind = INPUT_KEY, .key = *key};

    put_event(context, &event);
}

bool ps2_event(struct ps2 *ps2, struct input_event *event)
{
    if (ps2->put == ps2->got) {
        return false;
    }
    *event = ps2->events[ps2->got++ % PS2_EVENTS];
    return true;
}

/* ---- what a successor finds ---- */

/* The note: in bits 0 to 7 what of a code was begun, above them the byte that was read last, until
 * it is worked off. Its event may be lost, but never its prefix alone: a key that is let go of
 * would be one that is pressed. A byte of 0 is no code. Then, which ports work, once all is set up:
 * a successor that asked the controller, and died, would leave the answer to be taken for a key. */
#define NOTE_BYTE_SHIFT  8
#define NOTE_BEGUN       0xffffull
#define NOTE_WORKS(port) (1ull << (16 + (port)))
#define NOTE_SET_UP      (1ull << 18)

static void note(struct ps2 *ps2, uint64_t set_up)
{
    if (ps2->note != NULL) {
        *ps2->note = set_up | set2_begun(&ps2->keyboard.decoder);
    }
}

static void note_begun(struct ps2 *ps2)
{
    note(ps2, ps2->note != NULL ? *ps2->note & ~NOTE_BEGUN : 0);
}

static void note_set_up(struct ps2 *ps2)
{
    const bool *works = ps2->controller.works;

    note(ps2, NOTE_SET_UP | (works[PORT_KEYBOARD] ? NOTE_WORKS(PORT_KEYBOARD) : 0) |
                  (works[PORT_AUXILIARY] ? NOTE_WORKS(PORT_AUXILIARY) : 0));
}

bool ps2_is_set_up(uint64_t found)
{
    return (found & NOTE_SET_UP) != 0;
}

/* ---- start-up ---- */

static void go_on_from_note(struct ps2 *ps2, uint64_t now_us);

/* Send @byte until the device acknowledges it. */
static bool tell(struct ps2 *ps2, enum i8042_port port, uint8_t byte)
{
    uint8_t answer;

    for (unsigned i = 0; i < TRIES; i++) {
        if (!i8042_send(&ps2->controller, port, byte) ||
            !i8042_await(&ps2->controller, port, ACK_US, &answer)) {
            return false;
        }
        if (answer == DEVICE_ACK) {
            return true;
        }
        if (answer != DEVICE_RESEND) { /* from before: what it sent while it was enabled */
            if (i8042_await(&ps2->controller, port, ACK_US, &answer) && answer == DEVICE_ACK) {
                return true;
            }
        }
    }
    return false;
}

static bool tell_with(struct ps2 *ps2, enum i8042_port port, uint8_t byte, uint8_t argument)
{
    return tell(ps2, port, byte) && tell(ps2, port, argument);
}

static bool reset_device(struct ps2 *ps2, enum i8042_port port)
{
    uint8_t answer;

    return ps2->controller.works[port] && tell(ps2, port, DEVICE_RESET) &&
           i8042_await(&ps2->controller, port, PASSED_US, &answer) && answer == DEVICE_PASSED;
}

static bool start_keyboard(struct ps2 *ps2)
{
    ps2->lights = keyboard_lights(&ps2->keyboard);
    return reset_device(ps2, PORT_KEYBOARD) &&
           tell_with(ps2, PORT_KEYBOARD, KEYBOARD_SET, SCAN_CODE_SET) &&
           tell_with(ps2, PORT_KEYBOARD, KEYBOARD_REPEAT, REPEAT_500MS_30HZ) &&
           tell_with(ps2, PORT_KEYBOARD, KEYBOARD_LIGHTS, ps2->lights) &&
           tell(ps2, PORT_KEYBOARD, DEVICE_ENABLE);
}

static bool identify_mouse(struct ps2 *ps2, uint8_t *kind)
{
    return tell(ps2, PORT_AUXILIARY, DEVICE_IDENTIFY) &&
           i8042_await(&ps2->controller, PORT_AUXILIARY, ACK_US, kind);
}

/* A mouse with a wheel shows itself after these three sampling rates; without, it ignores them. */
static bool knock(struct ps2 *ps2, uint8_t first, uint8_t second, uint8_t third)
{
    return tell_with(ps2, PORT_AUXILIARY, MOUSE_RATE, first) &&
           tell_with(ps2, PORT_AUXILIARY, MOUSE_RATE, second) &&
           tell_with(ps2, PORT_AUXILIARY, MOUSE_RATE, third);
}

static bool start_mouse(struct ps2 *ps2)
{
    uint8_t kind;

    if (!reset_device(ps2, PORT_AUXILIARY) ||
        !i8042_await(&ps2->controller, PORT_AUXILIARY, ACK_US, &kind)) { /* after 0xaa: 0 */
        return false;
    }
    if (!knock(ps2, 200, 100, 80) || !identify_mouse(ps2, &kind)) {
        return false;
    }
    if (kind == MOUSE_WHEEL && (!knock(ps2, 200, 200, 80) || !identify_mouse(ps2, &kind))) {
        return false;
    }
    if (kind != MOUSE_WHEEL && kind != MOUSE_FIVE_BUTTONS) {
        kind = MOUSE_PLAIN;
    }
    mouse_init(&ps2->mouse, (enum mouse_kind)kind);
    return tell_with(ps2, PORT_AUXILIARY, MOUSE_RATE, 100) &&
           tell_with(ps2, PORT_AUXILIARY, MOUSE_RESOLUTION, RESOLUTION_4_PER_MM) &&
           tell(ps2, PORT_AUXILIARY, DEVICE_ENABLE);
}

const char *ps2_quiet(struct ps2 *ps2, struct i8042_data_regs data, const struct i8042_hooks *hooks)
{
    memset(ps2, 0, sizeof(*ps2));
    return i8042_quiet(&ps2->controller, data, hooks);
}

const char *ps2_attach(struct ps2 *ps2, const struct key_layout *layout)
{
    const char *why;

    keyboard_init(&ps2->keyboard, layout, put_key, ps2);
    note(ps2, 0);
    why = i8042_test(&ps2->controller);
    if (why != NULL) {
        return why;
    }
    mouse_init(&ps2->mouse, MOUSE_PLAIN);
    ps2->again = false;
    ps2->command = (struct ps2_command){0};
    ps2->has_mouse = start_mouse(ps2); /* first: a keyboard that is enabled might be typed on */
    ps2->has_keyboard = start_keyboard(ps2);
    if (!ps2->has_keyboard && !ps2->has_mouse) {
        return "neither a keyboard nor a mouse answers";
    }
    why = i8042_go(&ps2->controller);
    if (why == NULL) {
        note_set_up(ps2);
    }
    return why;
}

const char *ps2_quiet_again(struct ps2 *ps2, struct i8042_data_regs data,
                            const struct i8042_hooks *hooks)
{
    memset(ps2, 0, sizeof(*ps2));
    return i8042_quiet_again(&ps2->controller, data, hooks);
}

/* The mouse says what it is; a keyboard is never asked, since what it answers could not be told
 * from keys. */
static bool resume_mouse(struct ps2 *ps2)
{
    uint8_t kind;

    if (!identify_mouse(ps2, &kind)) {
        return false;
    }
    mouse_init(&ps2->mouse, kind == MOUSE_WHEEL || kind == MOUSE_FIVE_BUTTONS
                                ? (enum mouse_kind)kind
                                : MOUSE_PLAIN);
    return tell(ps2, PORT_AUXILIARY, DEVICE_ENABLE);
}

/* The keyboard is enabled last: while the mouse is spoken to, a key would be taken for nothing. */
const char *ps2_attach_again(struct ps2 *ps2, const struct key_layout *layout, uint64_t now_us)
{
    uint64_t found = *ps2->note;
    const char *why;

    for (enum i8042_port port = 0; port < PORT_COUNT; port++) {
        ps2->controller.works[port] = (found & NOTE_WORKS(port)) != 0;
    }
    keyboard_init(&ps2->keyboard, layout, put_key, ps2);
    mouse_init(&ps2->mouse, MOUSE_PLAIN);
    ps2->lights = keyboard_lights(&ps2->keyboard);
    go_on_from_note(ps2, now_us);
    ps2_interrupt(ps2, now_us); /* what waits in the buffer */
    ps2->has_keyboard = ps2->controller.works[PORT_KEYBOARD];
    ps2->has_mouse = i8042_enable(&ps2->controller, PORT_AUXILIARY) && resume_mouse(ps2);
    why = i8042_go(&ps2->controller);
    if (why != NULL) {
        note(ps2, 0);
    }
    return why;
}

/* ---- the keyboard's lights ---- */

static void command_step(struct ps2 *ps2, uint64_t now_us)
{
    struct ps2_command *command = &ps2->command;

    if (command->sent == command->count) {
        *command = (struct ps2_command){0};
        return;
    }
    command->deadline_us = now_us + ACK_US;
    (void)i8042_send(&ps2->controller, PORT_KEYBOARD, command->bytes[command->sent]);
}

static void show_lights(struct ps2 *ps2, uint64_t now_us)
{
    struct ps2_command *command = &ps2->command;
    uint8_t lights = keyboard_lights(&ps2->keyboard);

    if (lights == ps2->lights || command->count != 0) {
        return; /* a command under way looks again when it is done */
    }
    ps2->lights = lights;
    *command = (struct ps2_command){.bytes = {KEYBOARD_LIGHTS, lights}, .count = 2};
    command_step(ps2, now_us);
}

static void command_answer(struct ps2 *ps2, bool acknowledged, uint64_t now_us)
{
    struct ps2_command *command = &ps2->command;

    if (command->count == 0) {
        return;
    }
    if (acknowledged) {
        command->sent++;
        command->tries = 0;
    } else if (++command->tries == TRIES) {
        *command = (struct ps2_command){0}; /* the lights are not worth more */
        return;
    }
    command_step(ps2, now_us);
}

uint64_t ps2_timer(struct ps2 *ps2, uint64_t now_us)
{
    if (ps2->command.count != 0 && now_us >= ps2->command.deadline_us) {
        command_answer(ps2, false, now_us);
    }
    show_lights(ps2, now_us);
    return ps2->command.count != 0 ? ps2->command.deadline_us : 0;
}

/* ---- interrupts ---- */

/* By a successor, who finds nothing. */
static void must_set_up(struct ps2 *ps2)
{
    ps2->again = true;
    note(ps2, 0);
}

static void take_keyboard_byte(struct ps2 *ps2, uint8_t byte, uint64_t now_us)
{
    switch (keyboard_byte(&ps2->keyboard, byte)) {
    case SET2_ACK:
        command_answer(ps2, true, now_us);
        break;
    case SET2_RESEND:
        command_answer(ps2, false, now_us);
        break;
    case SET2_RESTARTED:
        must_set_up(ps2);
        break;
    default:
        break;
    }
    show_lights(ps2, now_us);
}

static void take_mouse_byte(struct ps2 *ps2, uint8_t byte, uint64_t now_us)
{
    struct input_event event = {.kind = INPUT_MOUSE};

    switch (mouse_byte(&ps2->mouse, byte, now_us, &event.mouse)) {
    case MOUSE_EVENT:
        put_event(ps2, &event);
        break;
    case MOUSE_RESTARTED:
        must_set_up(ps2);
        break;
    default:
        break;
    }
}

static void go_on_from_note(struct ps2 *ps2, uint64_t now_us)
{
    uint64_t found = ps2->note != NULL ? *ps2->note : 0;
    uint8_t byte = (uint8_t)(found >> NOTE_BYTE_SHIFT);

    set2_go_on(&ps2->keyboard.decoder, (uint8_t)found);
    if (byte != 0) {
        take_keyboard_byte(ps2, byte, now_us);
    }
    note_begun(ps2);
}

bool ps2_take(struct ps2 *ps2, uint64_t now_us)
{
    enum i8042_port port;
    uint8_t byte;
    bool taken;

    if (ps2->note != NULL) {
        ps2->controller.landing = (volatile uint8_t *)ps2->note + NOTE_BYTE_SHIFT / 8;
    }
    taken = i8042_take(&ps2->controller, &byte, &port);
    ps2->controller.landing = NULL; /* answers to commands are no keys */
    if (!taken) {
        return false;
    }
    if (port == PORT_KEYBOARD) {
        take_keyboard_byte(ps2, byte, now_us);
        note_begun(ps2);
    } else {
        take_mouse_byte(ps2, byte, now_us);
    }
    return true;
}

void ps2_interrupt(struct ps2 *ps2, uint64_t now_us)
{
    for (unsigned i = 0; i < PS2_BYTES_PER_INTERRUPT && ps2_take(ps2, now_us); i++) {
    }
}
