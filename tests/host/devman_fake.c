/*
 * devman_fake.c - see devman_fake.h.
 */
#include "devman_fake.h"

#include <idl/clock.h>
#include <idl/inspect.h>
#include <quoll/client_session.h>
#include <quoll/error.h>
#include <stdio.h>
#include <string.h>
#include "../../servers/qsh/wait.h"

struct devman_node_state fake_node[FAKE_NODES] = {
    {"/", "null bus", "", DEVMAN_STATE_RUNNING, "", DEVMAN_DMA_NONE},
    {"/platform", "platform", "platform", DEVMAN_STATE_RUNNING, "platform", DEVMAN_DMA_NONE},
    {"/platform/com1", "com", "uart8250", DEVMAN_STATE_RUNNING, "serial", DEVMAN_DMA_NONE},
    {"/platform/com2", "com", "uart8250", DEVMAN_STATE_GAVE_UP, "serial", DEVMAN_DMA_NONE},
    {"/pci", "pci", "", DEVMAN_STATE_UNMATCHED, "", DEVMAN_DMA_NONE},
    {"/pci/00:02.0", "8086:10d3", "e1000", DEVMAN_STATE_RUNNING, "packet", DEVMAN_DMA_UNPROTECTED},
};
struct devman_driver_state fake_driver[FAKE_DRIVERS] = {
    {"platform", "/platform", 1, DEVMAN_STATE_RUNNING, DEVMAN_DMA_NONE, 0, "", 61234, 5999, 0, 1},
    {"uart8250", "/platform/com1", 7, DEVMAN_STATE_RUNNING, DEVMAN_DMA_NONE, 2, "fault: \"x\"", 99,
     1234567, 42, 524288},
    {"e1000", "/pci/00:02.0", 3, DEVMAN_STATE_RUNNING, DEVMAN_DMA_UNPROTECTED, 0, "", 0, 0, 0, 2},
    {"uart8250", "/platform/com2", 0, DEVMAN_STATE_GAVE_UP, DEVMAN_DMA_IOMMU, 4, "exit", 0, 0, 0,
     2},
};
unsigned fake_drivers = 3;
int fake_error, fake_list_error, fake_move_error, fake_draw_error, fake_layout_error;
#define FAKE_LAYOUTS 2u
static const char *const fake_layouts[FAKE_LAYOUTS] = {"de", "us"};
static unsigned fake_layout = 1;
char fake_order[128];
unsigned fake_polls, fake_waits, fake_sessions;
struct terminal_place fake_place = {.columns = 80, .rows = 25, .restarts = 3, .bytes_in = 1};

static int past_the_end(void)
{
    return fake_list_error != E_OK ? fake_list_error : E_NOT_FOUND;
}

int devman_call_node(uint64_t cap, uint32_t index, struct devman_node_state *result)
{
    (void)cap;
    if (index >= FAKE_NODES)
        return past_the_end();
    *result = fake_node[index];
    return E_OK;
}

int devman_call_driver(uint64_t cap, uint32_t index, struct devman_driver_state *result)
{
    (void)cap;
    if (index >= fake_drivers)
        return past_the_end();
    *result = fake_driver[index];
    if (fake_polls > 0 && index == 1) {
        fake_polls--;
        result->status = DEVMAN_STATE_RESTARTING;
    }
    return E_OK;
}

int devman_call_find(uint64_t cap, const char *pattern, uint32_t index,
                     struct devman_node_state *result)
{
    (void)cap;
    for (unsigned i = 0; i < FAKE_NODES; i++) {
        if (strcmp(fake_node[i].serves, pattern) == 0 && index-- == 0) {
            *result = fake_node[i];
            return E_OK;
        }
    }
    return past_the_end();
}

int devman_call_control(uint64_t cap, const char *what, enum devman_action order)
{
    static const char *const names[] = {"kill", "restart", "start", "stop"};

    (void)cap;
    snprintf(fake_order, sizeof(fake_order), "%s %s", names[order], what);
    return fake_error;
}

int devman_call_inject(uint64_t cap, enum devman_fault what, const char *victim)
{
    (void)cap;
    snprintf(fake_order, sizeof(fake_order), "inject %u %s", what, victim);
    return fake_error;
}

int devman_call_explain(uint64_t cap, const char *what, uint32_t index, char result[201])
{
    (void)cap;
    snprintf(result, 201, "%s, line %u", what, index);
    return index < 2 ? E_OK : past_the_end();
}

int devman_call_event(uint64_t cap, uint64_t after, bool wait, struct devman_event_record *result)
{
    static const struct devman_event_record records[] = {
        {4, 1000001, DEVMAN_KIND_DEVICE_ADDED, "/platform/com1", "", DEVMAN_CAUSE_NONE, ""},
        {5, 2000002, DEVMAN_KIND_DRIVER_DIED, "/platform/com1", "uart8250", DEVMAN_CAUSE_IRQ_STORM,
         "irq-storm: too many"},
    };

    (void)cap;
    if (wait)
        return E_BUSY;
    for (unsigned i = 0; i < 2; i++) {
        if (records[i].serial_number > after) {
            *result = records[i];
            return E_OK;
        }
    }
    return past_the_end();
}

/* ---- sessions with a driver */

int client_session_open(struct client_session *s, const char *what, unsigned interface,
                        uint32_t methods, unsigned data_pages)
{
    (void)what;
    (void)data_pages;
    if ((interface != INSPECT_INTERFACE || methods != INSPECT_RIGHTS_ALL) &&
        interface != CLOCK_INTERFACE)
        return E_BAD_ARG;
    fake_sessions += fake_error == E_OK;
    s->endpoint = s->slots;
    return fake_error;
}

void client_session_close(struct client_session *s)
{
    (void)s;
    fake_sessions--;
}

int inspect_call_regs(uint64_t cap, uint32_t index, char result[INSPECT_LINE_MAX + 1])
{
    (void)cap;
    snprintf(result, INSPECT_LINE_MAX + 1, "reg%u", index);
    return index < 3 ? E_OK : past_the_end();
}

int inspect_call_describe(uint64_t cap, uint32_t index, char result[INSPECT_LINE_MAX + 1])
{
    (void)cap;
    (void)index;
    (void)result;
    return past_the_end(); /* it serves nothing */
}

/* ---- the console, and time */

int clock_call_read(uint64_t cap, uint64_t *result, struct clock_parts *now)
{
    (void)cap;
    *result = 1709164800;
    *now = (struct clock_parts){.year = 2024, .month = 2, .day = 29};
    return fake_list_error;
}

int terminal_place(uint64_t cap, struct terminal_place *place)
{
    (void)cap;
    *place = fake_place;
    return E_OK;
}

int terminal_move(uint64_t cap, enum terminal_on to)
{
    (void)cap;
    if (fake_move_error == E_OK)
        fake_place.on = to;
    return fake_move_error;
}

int terminal_draw(uint64_t cap, bool pixels)
{
    (void)cap;
    if (fake_draw_error == E_OK) {
        fake_place.columns = pixels ? 128 : 80;
        fake_place.rows = pixels ? 48 : 25;
    }
    return fake_draw_error;
}

int terminal_get_layout(uint64_t cap, char name[TERMINAL_NAME])
{
    (void)cap;
    strcpy(name, fake_layouts[fake_layout]);
    return fake_layout_error;
}

int terminal_set_layout(uint64_t cap, const char *name)
{
    (void)cap;
    for (unsigned i = 0; i < FAKE_LAYOUTS && fake_layout_error == E_OK; i++) {
        if (strcmp(fake_layouts[i], name) == 0) {
            fake_layout = i;
            return E_OK;
        }
    }
    return fake_layout_error != E_OK ? fake_layout_error : E_BAD_ARG;
}

int terminal_layout(uint64_t cap, unsigned index, char name[TERMINAL_NAME])
{
    (void)cap;
    if (index >= FAKE_LAYOUTS) {
        return E_NOT_FOUND;
    }
    strcpy(name, fake_layouts[index]);
    return E_OK;
}

void wait_us(uint64_t us)
{
    (void)us;
    fake_waits++;
}

bool wait_or_interrupt(struct shell *s, uint64_t us)
{
    if (input_interrupted(&s->in))
        return true;
    wait_us(us);
    return false;
}

/* ---- kills at random moments */

int devman_call_kill_often(uint64_t cap, const char *what, uint32_t times, uint32_t every_us)
{
    (void)cap;
    (void)snprintf(fake_order, sizeof fake_order, "kill_often %s %u %u", what, times, every_us);
    return fake_error;
}

int devman_call_die_after(uint64_t cap, const char *what, uint32_t instructions)
{
    (void)cap;
    (void)snprintf(fake_order, sizeof fake_order, "die_after %s %u", what, instructions);
    return fake_error;
}

int devman_call_killed(uint64_t cap, const char *what, struct devman_toll *result)
{
    (void)cap;
    (void)what;
    *result = (struct devman_toll){.left = 3, .kills = 7, .in_handler = 4, .with_requests = 5};
    return fake_error;
}
