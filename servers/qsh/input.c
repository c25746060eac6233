/*
 * input.c - reading the terminal in blocks.
 * A driver that died and came back is asked again; one that was given up ends the shell.
 */
#include "input.h"
#include <quoll/abi.h>
#include <quoll/client.h>
#include <stdlib.h>
#include <string.h>

#define TRIES_MAX 100
#define INTERRUPT 0x03
#define READ_MIN  512 /* below this much room the rest is left to the driver */

bool input_take(struct input *in, uint8_t *byte)
{
    if (in->start == in->end)
        return false;
    *byte = in->bytes[in->start++];
    return true;
}

/* Read once behind what is there. */
static int input_read(struct input *in, bool wait, size_t *got)
{
    int error;

    *got = 0;
    memmove(in->bytes, in->bytes + in->start, in->end - in->start);
    in->end -= in->start;
    in->start = 0;
    if (INPUT_BYTES - in->end < READ_MIN)
        return E_OK;
    error = terminal_read(in->terminal, in->bytes + in->end, INPUT_BYTES - in->end, wait, got);
    in->end += *got;
    return error;
}

void input_wait(struct input *in)
{
    size_t got;

    for (unsigned tries = 0; in->start == in->end; tries++) {
        if (tries == TRIES_MAX)
            abort(); /* nobody left to tell but root, which sees the fault */
        (void)input_read(in, true, &got);
    }
}

/* Drop all up to the last ^C among the last @n bytes; false if there is none. */
static bool drop_to_interrupt(struct input *in, size_t n)
{
    for (size_t i = in->end; i > in->end - n; i--) {
        if (in->bytes[i - 1] == INTERRUPT) {
            in->start = i;
            return true;
        }
    }
    return false;
}

bool input_interrupted(struct input *in)
{
    bool interrupted = drop_to_interrupt(in, in->end - in->start);
    size_t got;

    do {
        if (input_read(in, false, &got) != E_OK)
            break;
        interrupted |= drop_to_interrupt(in, got);
    } while (got > 0);
    return interrupted;
}
