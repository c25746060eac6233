/*
 * cmd_devices.c - what there is: lsdev, drivers.
 */
#include <quoll/members.h>
#include <stdio.h>
#include "devices.h"

static const char *or_dash(const char *text)
{
    return text[0] != '\0' ? text : "-";
}

/* ---- lsdev */

static void node_json(struct shell *s, const struct devman_node_state *n)
{
    struct json j = json_begin(&s->out);

    members_of_node(&j, n);
    json_end(&j);
}

/* In the tree a device stands under its bus, with the last part of its path. */
static void node_row(struct shell *s, const struct devman_node_state *n, bool tree)
{
    const char *name = n->where;
    unsigned depth = 0;
    char text[80];

    for (const char *p = n->where; tree && *p && p[1]; p++) {
        if (*p == '/') {
            name = p + 1;
            depth++;
        }
    }
    (void)snprintf(text, sizeof(text), "%*s%s", (int)(2 * depth), "", name);
    output_printf(&s->out, "%-24s %-12s %-11s %-12s %s\n", text, or_dash(n->id),
                  driver_state_name(n->status), or_dash(n->driver), or_dash(n->serves));
    if (n->protection == DEVMAN_DMA_UNPROTECTED)
        output_printf(&s->out, "%*sDMA IS UNPROTECTED: it can reach all memory\n",
                      (int)(2 * depth + 2), "");
}

void cmd_lsdev(struct shell *s, int argc, char **argv)
{
    struct devman_node_state node;
    uint64_t devman;
    int error;

    if (!devices_ask(s, &devman))
        return;
    for (uint32_t i = 0;; i++) {
        error = argc > 1 ? devman_call_find(devman, argv[1], i, &node)
                         : devman_call_node(devman, i, &node);
        if (error == E_NOT_FOUND && i == 0)
            shell_error(s,
                        "lsdev: nothing matches %.60s; a pattern is a path's beginning (/pci), an "
                        "interface (serial), an id (8086:10d3) or a vendor (8086:)",
                        argv[1]);
        if (error == E_NOT_FOUND || shell_failed(s, "lsdev", error))
            return;
        if (i == 0 && !s->json)
            output_printf(&s->out, "%-24s %-12s %-11s %-12s %s\n", "DEVICE", "ID", "STATE",
                          "DRIVER", "SERVES");
        if (s->json)
            node_json(s, &node);
        else
            node_row(s, &node, argc == 1);
    }
}

/* ---- drivers */

static void driver_row(struct shell *s, const struct devman_driver_state *d)
{
    output_printf(&s->out, "%-9s %-15s %4u %-10s %8u %6llu.%llu %8llu %10llu\n", d->driver,
                  d->device, d->pid, driver_state_name(d->status), d->restarts,
                  (ull)d->uptime_ms / 1000, (ull)d->uptime_ms / 100 % 10, (ull)d->cpu_us / 1000,
                  (ull)d->interrupts);
    if (d->protection == DEVMAN_DMA_UNPROTECTED)
        output_string(&s->out, "          DMA IS UNPROTECTED: its device can reach all memory\n");
    if (d->last_death[0])
        output_printf(&s->out, "          last death: %s\n", d->last_death);
}

void cmd_drivers(struct shell *s, int argc, char **argv)
{
    struct devman_driver_state driver;
    uint64_t devman;
    int error;

    (void)argc;
    (void)argv;
    if (!devices_ask(s, &devman))
        return;
    if (!s->json)
        output_printf(&s->out, "%-9s %-15s %4s %-10s %8s %8s %8s %10s\n", "DRIVER", "DEVICE", "PID",
                      "STATE", "RESTARTS", "UP (s)", "CPU (ms)", "INTERRUPTS");
    for (uint32_t i = 0; (error = devman_call_driver(devman, i, &driver)) == E_OK; i++) {
        if (s->json)
            driver_json(s, &driver);
        else
            driver_row(s, &driver);
    }
    if (error != E_NOT_FOUND)
        (void)shell_failed(s, "drivers", error);
}
