/*
 * i8042.c - see i8042.h. Commands used: 0x20, 0x60 (configuration byte), 0xa7, 0xa8, 0xad, 0xae
 * (ports off and on), 0xa9, 0xab (test of the ports), 0xaa (self-test), 0xd4 (to the mouse).
 */
#include "i8042.h"

#include <stddef.h>

enum {
    STEP_US = 20,           /* between looks at the status */
    TAKES_BYTE_US = 50000,  /* the controller empties its input buffer in less */
    ANSWERS_US = 50000,     /* to a command */
    SELF_TEST_US = 1000000, /* real ones take a third of that */
    DRAIN_BYTES_MAX = 64,   /* more than controller and devices can hold together */
    SELF_TEST_PASSED = 0x55,
    PORT_TEST_PASSED = 0x00,
};

static bool read_status(const struct i8042 *c, struct i8042_control_status *status)
{
    uint8_t raw;

    if (!c->hooks.status(c->hooks.context, &raw)) {
        return false;
    }
    *status = i8042_control_status_of(raw);
    return true;
}

static bool await_room(const struct i8042 *c)
{
    struct i8042_control_status status;

    for (unsigned us = 0; us <= TAKES_BYTE_US; us += STEP_US) {
        if (!read_status(c, &status)) {
            return false;
        }
        if (!status.input_full) {
            return true;
        }
        c->hooks.pause(c->hooks.context, STEP_US);
    }
    return false;
}

static bool command(const struct i8042 *c, enum i8042_control_command number)
{
    return await_room(c) && c->hooks.command(c->hooks.context, (uint8_t)number);
}

static bool data(const struct i8042 *c, uint8_t byte)
{
    if (!await_room(c)) {
        return false;
    }
    i8042_data_input_write(c->data, byte);
    return true;
}

bool i8042_take(struct i8042 *c, uint8_t *byte, enum i8042_port *port)
{
    struct i8042_control_status status;

    if (!read_status(c, &status) || !status.output_full) {
        return false;
    }
    if (c->landing != NULL && !status.auxiliary) {
        port_read8_to((uint16_t)c->data.base, c->landing);
        *byte = *c->landing;
    } else {
        *byte = i8042_data_output_read(c->data);
    }
    *port = status.auxiliary ? PORT_AUXILIARY : PORT_KEYBOARD;
    return true;
}

bool i8042_await(struct i8042 *c, enum i8042_port port, unsigned us, uint8_t *byte)
{
    enum i8042_port from;

    for (unsigned waited = 0; waited <= us; waited += STEP_US) {
        if (i8042_take(c, byte, &from) && from == port) {
            return true;
        }
        c->hooks.pause(c->hooks.context, STEP_US);
    }
    return false;
}

bool i8042_send(struct i8042 *c, enum i8042_port port, uint8_t byte)
{
    if (port == PORT_AUXILIARY && !command(c, I8042_CONTROL_COMMAND_WRITE_AUXILIARY)) {
        return false;
    }
    return data(c, byte);
}

/* A command that answers with a byte; the answer counts as the keyboard's. */
static bool ask(struct i8042 *c, enum i8042_control_command number, unsigned us, uint8_t *answer)
{
    return command(c, number) && i8042_await(c, PORT_KEYBOARD, us, answer);
}

static bool configure(struct i8042 *c, struct i8042_configuration_bits bits)
{
    return command(c, I8042_CONTROL_COMMAND_WRITE_CONFIGURATION) &&
           data(c, i8042_configuration_bits_raw(bits));
}

static bool drain(struct i8042 *c)
{
    uint8_t byte;
    enum i8042_port port;

    for (unsigned i = 0; i < DRAIN_BYTES_MAX; i++) {
        if (!i8042_take(c, &byte, &port)) {
            return true;
        }
        c->hooks.pause(c->hooks.context, STEP_US);
    }
    return false;
}

const char *i8042_quiet_again(struct i8042 *c, struct i8042_data_regs at,
                              const struct i8042_hooks *hooks)
{
    *c = (struct i8042){.data = at, .hooks = *hooks};
    if (!command(c, I8042_CONTROL_COMMAND_DISABLE_KEYBOARD) ||
        !command(c, I8042_CONTROL_COMMAND_DISABLE_AUXILIARY)) {
        return "the controller takes no commands";
    }
    if (!configure(c, (struct i8042_configuration_bits){.system = true,
                                                        .keyboard_disabled = true,
                                                        .auxiliary_disabled = true})) {
        return "the controller takes no configuration";
    }
    return NULL;
}

const char *i8042_quiet(struct i8042 *c, struct i8042_data_regs at, const struct i8042_hooks *hooks)
{
    const char *why = i8042_quiet_again(c, at, hooks);

    if (why != NULL) {
        return why;
    }
    return drain(c) ? NULL : "the controller's output buffer does not become empty";
}

/* There is an auxiliary port if enabling it changes the configuration byte. */
static bool has_auxiliary(struct i8042 *c)
{
    uint8_t raw;

    if (!command(c, I8042_CONTROL_COMMAND_ENABLE_AUXILIARY) ||
        !ask(c, I8042_CONTROL_COMMAND_READ_CONFIGURATION, ANSWERS_US, &raw)) {
        return false;
    }
    return !i8042_configuration_bits_of(raw).auxiliary_disabled &&
           command(c, I8042_CONTROL_COMMAND_DISABLE_AUXILIARY);
}

static bool port_passes(struct i8042 *c, enum i8042_control_command test)
{
    uint8_t answer;

    return ask(c, test, ANSWERS_US, &answer) && answer == PORT_TEST_PASSED;
}

bool i8042_enable(struct i8042 *c, enum i8042_port port)
{
    return c->works[port] &&
           command(c, port == PORT_KEYBOARD ? I8042_CONTROL_COMMAND_ENABLE_KEYBOARD
                                            : I8042_CONTROL_COMMAND_ENABLE_AUXILIARY);
}

static const char *test_ports(struct i8042 *c)
{
    c->works[PORT_KEYBOARD] = port_passes(c, I8042_CONTROL_COMMAND_TEST_KEYBOARD);
    c->works[PORT_AUXILIARY] =
        has_auxiliary(c) && port_passes(c, I8042_CONTROL_COMMAND_TEST_AUXILIARY);
    if (!c->works[PORT_KEYBOARD] && !c->works[PORT_AUXILIARY]) {
        return "neither the keyboard's nor the mouse's port passes its test";
    }
    return NULL;
}

const char *i8042_test(struct i8042 *c)
{
    const char *why;
    uint8_t answer;

    if (!ask(c, I8042_CONTROL_COMMAND_SELF_TEST, SELF_TEST_US, &answer)) {
        return "the controller's self-test does not end";
    }
    if (answer != SELF_TEST_PASSED) {
        return "the controller's self-test failed";
    }
    /* The self-test may have set the configuration to the firmware's: translation on. */
    if (!configure(c, (struct i8042_configuration_bits){.system = true,
                                                        .keyboard_disabled = true,
                                                        .auxiliary_disabled = true})) {
        return "the controller takes no configuration after its self-test";
    }
    why = test_ports(c);
    if (why != NULL) {
        return why;
    }
    if (c->works[PORT_KEYBOARD] && !i8042_enable(c, PORT_KEYBOARD)) {
        return "the keyboard's port cannot be enabled";
    }
    if (c->works[PORT_AUXILIARY] && !i8042_enable(c, PORT_AUXILIARY)) {
        return "the mouse's port cannot be enabled";
    }
    return NULL;
}

const char *i8042_go(struct i8042 *c)
{
    bool done = configure(
        c, (struct i8042_configuration_bits){.keyboard_interrupt = c->works[PORT_KEYBOARD],
                                             .auxiliary_interrupt = c->works[PORT_AUXILIARY],
                                             .system = true,
                                             .keyboard_disabled = !c->works[PORT_KEYBOARD],
                                             .auxiliary_disabled = !c->works[PORT_AUXILIARY]});

    return done ? NULL : "the controller takes no configuration with interrupts";
}
