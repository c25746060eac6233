/*
 * qtest_ps2.c - the PS/2 driver's logic against QEMU's i8042, keyboard and mouse, through qtest.
 * Attaches twice (the second time to a dirty device), says "ready", then for each line on its
 * input takes what the devices have sent and prints the events; "lights" also runs the timer.
 */
#define _POSIX_C_SOURCE 200809L

#include "../../drivers/framework/host/qtest.h"
#include "../../drivers/ps2/ps2.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define POLLS 400

static struct ps2 ps2;
static struct i8042_control_regs control = {0x64};
static struct i8042_data_regs data = {0x60};

static uint64_t now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static bool read_status(void *context, uint8_t *raw)
{
    (void)context;
    *raw = i8042_control_status_raw(i8042_control_status_read(control));
    return true;
}

static bool send_command(void *context, uint8_t command)
{
    (void)context;
    i8042_control_command_write(control, (enum i8042_control_command)command);
    return true;
}

static void pause_us(void *context, unsigned us)
{
    struct timespec t = {.tv_nsec = (long)us * 1000};

    (void)context;
    (void)nanosleep(&t, NULL);
}

static void print_events(void)
{
    static const char *const actions[] = {"up", "down", "again"};
    struct input_event e;

    while (ps2_event(&ps2, &e)) {
        if (e.kind == INPUT_KEY) {
            printf("key %02x %s modifiers %02x unicode %x\n", e.key.code, actions[e.key.action],
                   e.key.modifiers, e.key.unicode);
        } else {
            printf("mouse %d %d wheel %d buttons %02x\n", e.mouse.dx, e.mouse.dy, e.mouse.wheel,
                   e.mouse.buttons);
        }
    }
}

static int attach(const char *layout)
{
    const struct i8042_hooks hooks = {NULL, read_status, send_command, pause_us};
    const char *why = ps2_quiet(&ps2, data, &hooks);

    if (why == NULL) {
        why = ps2_attach(&ps2, layout_find(layout));
    }
    if (why != NULL) {
        printf("failed: %s\n", why);
        return 1;
    }
    printf("attached: keyboard %d mouse %d kind %d\n", ps2.has_keyboard, ps2.has_mouse,
           ps2.mouse.kind);
    return 0;
}

int main(int count, char **arguments)
{
    char line[64];

    if (count != 3 || layout_find(arguments[2]) == NULL || !qtest_open(arguments[1])) {
        return 2;
    }
    if (attach(arguments[2]) != 0) {
        return 1;
    }
    i8042_control_command_write(control,
                                I8042_CONTROL_COMMAND_WRITE_AUXILIARY); /* left half done */
    if (attach(arguments[2]) != 0) {
        return 1;
    }
    printf("ready\n");
    (void)fflush(stdout);
    while (fgets(line, sizeof(line), stdin) != NULL) {
        for (unsigned i = 0; i < POLLS; i++) {
            ps2_interrupt(&ps2, now_us());
            (void)ps2_timer(&ps2, now_us());
            pause_us(NULL, 500);
        }
        print_events();
        printf("end lights %u skipped %u unknown %u\n", ps2.lights, ps2.mouse.skipped,
               ps2.keyboard.decoder.unknown);
        (void)fflush(stdout);
    }
    return 0;
}
