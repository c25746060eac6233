/*
 * commands.c - what may be sent to the keyboard controller's port 0x64: a list that names every
 * command. Some move the processor's reset line or the A20 gate; those, and what no driver needs,
 * are refused with the reason. Source: IBM Personal System/2 Hardware Interface Technical
 * Reference (1990), "Keyboard and Auxiliary Device Controller", commands.
 */
#include "platform.h"

#include <regs/i8042.h>

#define STATUS_READS 250000u /* at 1 us each */

static const char no_need[] = "no driver needs it; the list in drivers/platform/commands.c has "
                              "those that may be sent";
static const char resets[] = "it pulses the controller's output port, whose bit 0 resets the "
                             "machine";
static const char a20[] = "it switches the A20 gate, and with it everybody's memory";

static const struct i8042_command commands[] = {
    {0x00, 0x1f, 0, 0, "read RAM (old controllers)", no_need},
    {0x20, 0x20, 0, 1, "read the configuration byte", NULL},
    {0x21, 0x3f, 0, 1, "read RAM", no_need},
    {0x40, 0x5f, 0, 0, "write RAM (old controllers)", no_need},
    {0x60, 0x60, 1, 0, "write the configuration byte", NULL},
    {0x61, 0x7f, 1, 0, "write RAM", no_need},
    {0x80, 0xa6, 0, 0, "passwords and undefined", no_need},
    {0xa7, 0xa7, 0, 0, "disable the auxiliary device", NULL},
    {0xa8, 0xa8, 0, 0, "enable the auxiliary device", NULL},
    {0xa9, 0xa9, 0, 1, "test the auxiliary port", NULL},
    {0xaa, 0xaa, 0, 1, "self-test", NULL},
    {0xab, 0xab, 0, 1, "test the keyboard's port", NULL},
    {0xac, 0xac, 0, 0, "dump", no_need},
    {0xad, 0xad, 0, 0, "disable the keyboard", NULL},
    {0xae, 0xae, 0, 0, "enable the keyboard", NULL},
    {0xaf, 0xcf, 0, 0, "input port and undefined", no_need},
    {0xd0, 0xd0, 0, 1, "read the output port", NULL},
    {0xd1, 0xd1, 1, 0, "write the output port",
     "bit 0 of the byte that follows is the machine's reset line, bit 1 the A20 gate"},
    {0xd2, 0xd2, 1, 1, "write the keyboard's output buffer", NULL},
    {0xd3, 0xd3, 1, 1, "write the auxiliary device's output buffer", NULL},
    {0xd4, 0xd4, 1, 0, "write to the auxiliary device", NULL},
    {0xd5, 0xdc, 0, 0, "undefined", no_need},
    {0xdd, 0xdd, 0, 0, "A20 off", a20},
    {0xde, 0xde, 0, 0, "undefined", no_need},
    {0xdf, 0xdf, 0, 0, "A20 on", a20},
    {0xe0, 0xef, 0, 0, "test inputs and undefined", no_need},
    {0xf0, 0xff, 0, 0, "pulse the output port", resets},
};

uint8_t i8042_status(void)
{
    return i8042_control_status_raw(i8042_control_status_read(i8042_control_regs_at(0x64)));
}

const struct i8042_command *i8042_command_find(uint8_t command)
{
    const struct i8042_command *c = commands;

    while (command > c->last) { /* the last entry ends at 0xff */
        c++;
    }
    return c;
}

const char *i8042_command_send(uint8_t command)
{
    struct i8042_control_regs control = i8042_control_regs_at(0x64);
    const struct i8042_command *c = i8042_command_find(command);

    if (c->refused != NULL) {
        return c->refused;
    }
    for (unsigned i = 0; i < STATUS_READS; i++) {
        if (!i8042_control_status_read(control).input_full) {
            i8042_control_command_write(control, (enum i8042_control_command)command);
            return NULL;
        }
    }
    return "the keyboard controller takes no command: its input buffer stays full";
}
