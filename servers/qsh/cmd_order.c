/*
 * cmd_order.c - orders to drivers: kill, restart, start, stop.
 * Each waits a moment for what comes of it, so that what is printed is how it ended.
 */
#include <quoll/error.h>
#include <stdlib.h>
#include <string.h>
#include "devices.h"
#include "wait.h"

#define SETTLE_US    3000000u
#define POLL_US      10000u
#define SECONDS_MAX  3600u
#define TIMES_MAX    1000000u
#define EVERY_MS_MAX 60000u
#define STEPS_MAX    1000000u

static const char *const order_names[] = {[DEVMAN_ACTION_KILL] = "kill",
                                          [DEVMAN_ACTION_RESTART] = "restart",
                                          [DEVMAN_ACTION_START] = "start",
                                          [DEVMAN_ACTION_STOP] = "stop"};

/* @d is what the order was for; its error, with what would be right. */
static void complain(struct shell *s, const char *command, const struct devman_node_state *d,
                     int error)
{
    const char *state = driver_state_name(d->status);

    if (error == E_NO_RIGHT)
        complain_no_manage(s, command);
    else if (error == E_GONE)
        shell_error(s, "%s: %s has no driver; devman explain %s says why", command, d->where,
                    d->where);
    else if (error == E_BUSY && strcmp(command, "start") == 0)
        shell_error(s, "start: %s (%s) is %s already; restart %s ends it and makes a new one",
                    d->driver, d->where, state, d->where);
    else if (error == E_BUSY)
        shell_error(s, "%s: %s (%s) does not run (%s); start %s brings it back", command, d->driver,
                    d->where, state, d->where);
    else
        (void)shell_failed(s, command, error);
}

static bool is_settled(enum devman_state state)
{
    return state != DEVMAN_STATE_STARTING && state != DEVMAN_STATE_RESTARTING &&
           state != DEVMAN_STATE_STOPPING;
}

/* The last line of why a device has no driver. */
static void say_why(struct shell *s, const char *command, uint64_t devman, const char *path)
{
    char text[201] = "";

    for (uint32_t i = 0; devman_call_explain(devman, path, i, text) == E_OK; i++) {
    }
    shell_error(s, "%s: %s: %s", command, path, text);
}

/* How it stands once it stands still. */
static void report(struct shell *s, const char *command, uint64_t devman, const char *path)
{
    struct devman_driver_state d;
    int error = driver_at(devman, path, &d);

    for (uint64_t left = SETTLE_US; error == E_OK && !is_settled(d.status) && left != 0;
         left -= POLL_US) {
        wait_us(POLL_US);
        error = driver_at(devman, path, &d);
    }
    if (error == E_NOT_FOUND) {
        say_why(s, command, devman, path);
    } else if (shell_failed(s, command, error)) {
        return;
    } else if (s->json) {
        driver_json(s, &d);
    } else if (d.status == DEVMAN_STATE_RUNNING) {
        output_printf(&s->out, "%s (%s) runs, pid %u\n", d.driver, d.device, d.pid);
    } else if (!is_settled(d.status)) {
        output_printf(&s->out, "%s (%s) is not up yet (%s)\n", d.driver, d.device,
                      driver_state_name(d.status));
    } else {
        output_printf(&s->out, "%s (%s) does not run (%s); start %s brings it back\n", d.driver,
                      d.device, driver_state_name(d.status), d.device);
    }
}

/* ---- stop: not the device that the order itself came from */

/* Does @node serve what the shell's own session is on? */
static bool is_own(struct shell *s, uint64_t devman, const struct devman_node_state *node)
{
    struct terminal_place place;
    struct devman_node_state first;

    if (terminal_place(s->out.terminal, &place) != E_OK)
        return false;
    if (place.on == TERMINAL_ON_SCREEN)
        return strcmp(node->serves, "display") == 0 || strcmp(node->serves, "input") == 0;
    return strcmp(node->serves, "serial") == 0 &&
           devman_call_find(devman, "serial", 0, &first) == E_OK &&
           strcmp(first.where, node->where) == 0;
}

/* The word as seconds, or complain. */
static bool seconds_read(struct shell *s, const char *word, uint64_t *seconds)
{
    char *end;

    *seconds = strtoul(word, &end, 10);
    if (*word >= '0' && *word <= '9' && *end == '\0' && *seconds >= 1 && *seconds <= SECONDS_MAX)
        return true;
    shell_error(s, "stop: SECONDS is a number from 1 to %u, not %.40s", SECONDS_MAX, word);
    return false;
}

/* ---- the orders */

/* The device that an order is for: of kill and stop one that has a driver. */
static bool find(struct shell *s, enum devman_action action, const char *what,
                 struct devman_node_state *node)
{
    struct devman_driver_state driver;
    uint64_t devman;

    if (action == DEVMAN_ACTION_START || action == DEVMAN_ACTION_RESTART)
        return device_named(s, order_names[action], what, node);
    return driver_named(s, order_names[action], what, &driver) && devices_ask(s, &devman) &&
           !shell_failed(s, order_names[action], device_at(devman, driver.device, node));
}

static bool order(struct shell *s, enum devman_action action, const struct devman_node_state *node)
{
    uint64_t devman;
    int error;

    if (!devices_ask(s, &devman))
        return false;
    output_flush(&s->out); /* its driver may be the one */
    error = devman_call_control(devman, node->where, action);
    if (error != E_OK)
        complain(s, order_names[action], node, error);
    return error == E_OK;
}

static void run_order(struct shell *s, enum devman_action action, int argc, char **argv)
{
    struct devman_node_state node;
    uint64_t devman;

    if (argc < 2)
        shell_error(s, "%s: which driver? usage: %s", argv[0], command_find(argv[0])->usage);
    else if (find(s, action, argv[1], &node) && order(s, action, &node) && devices_ask(s, &devman))
        report(s, argv[0], devman, node.where);
}

struct bounds {
    const char *name;
    uint32_t min, max;
};

/* The word as a number within the bounds, or complain. */
static bool number_read(struct shell *s, const struct bounds *bounds, const char *word,
                        uint32_t *number)
{
    char *end;
    unsigned long value = strtoul(word, &end, 10);

    *number = (uint32_t)value;
    if (*word >= '0' && *word <= '9' && *end == '\0' && value >= bounds->min &&
        value <= bounds->max)
        return true;
    shell_error(s, "kill: %s is a number from %u to %u, not %.40s", bounds->name, bounds->min,
                bounds->max, word);
    return false;
}

/* How the driver at @path stands at this moment. */
static void print_json(struct shell *s, uint64_t devman, const char *path)
{
    struct devman_driver_state d;

    if (!shell_failed(s, "kill", driver_at(devman, path, &d)))
        driver_json(s, &d);
}

/* devman does it; the shell goes on. */
static void kill_often(struct shell *s, char **argv)
{
    static const struct bounds times_of = {"TIMES", 0, TIMES_MAX};
    static const struct bounds every_of = {"MS", 1, EVERY_MS_MAX};
    struct devman_node_state node;
    uint32_t times, every_ms;
    uint64_t devman;
    int error;

    if (!number_read(s, &times_of, argv[2], &times) ||
        !number_read(s, &every_of, argv[3], &every_ms) ||
        !find(s, DEVMAN_ACTION_KILL, argv[1], &node) || !devices_ask(s, &devman))
        return;
    error = devman_call_kill_often(devman, node.where, times, every_ms * 1000);
    if (error != E_OK)
        complain(s, "kill", &node, error);
    else if (s->json)
        print_json(s, devman, node.where);
    else if (times == 0)
        output_printf(&s->out, "%s (%s) is killed no more\n", node.driver, node.where);
    else
        output_printf(&s->out, "%s (%s) is killed %u times from now on\n", node.driver, node.where,
                      times);
}

/* So that a death can be had at each point of what it does next. */
static void kill_after(struct shell *s, char **argv)
{
    static const struct bounds n_of = {"N", 0, STEPS_MAX};
    struct devman_node_state node;
    uint32_t instructions;
    uint64_t devman;
    int error;

    if (!number_read(s, &n_of, argv[3], &instructions) ||
        !find(s, DEVMAN_ACTION_KILL, argv[1], &node) || !devices_ask(s, &devman))
        return;
    error = devman_call_die_after(devman, node.where, instructions);
    if (error != E_OK)
        complain(s, "kill", &node, error);
    else if (s->json)
        print_json(s, devman, node.where);
    else if (instructions == 0)
        output_printf(&s->out, "%s (%s) runs on\n", node.driver, node.where);
    else
        output_printf(&s->out, "%s (%s) is killed after %u more instructions\n", node.driver,
                      node.where, instructions);
}

void cmd_kill(struct shell *s, int argc, char **argv)
{
    if (argc == 3)
        shell_error(s, "kill: how often? usage: %s", command_find("kill")->usage);
    else if (argc == 4 && strcmp(argv[2], "after") == 0)
        kill_after(s, argv);
    else if (argc == 4)
        kill_often(s, argv);
    else
        run_order(s, DEVMAN_ACTION_KILL, argc, argv);
}

void cmd_restart(struct shell *s, int argc, char **argv)
{
    run_order(s, DEVMAN_ACTION_RESTART, argc, argv);
}

void cmd_start(struct shell *s, int argc, char **argv)
{
    run_order(s, DEVMAN_ACTION_START, argc, argv);
}

void cmd_stop(struct shell *s, int argc, char **argv)
{
    struct devman_node_state node;
    uint64_t devman, seconds = 0;

    if (argc < 2) {
        shell_error(s, "stop: which driver? usage: %s", command_find("stop")->usage);
        return;
    }
    if ((argc == 3 && !seconds_read(s, argv[2], &seconds)) || !devices_ask(s, &devman) ||
        !find(s, DEVMAN_ACTION_STOP, argv[1], &node))
        return;
    if (argc == 2 && is_own(s, devman, &node)) {
        shell_error(s,
                    "stop: this session is on %s itself and could not be told to start it; "
                    "stop %s SECONDS starts it again, and console move changes the device",
                    node.where, argv[1]);
        return;
    }
    if (!order(s, DEVMAN_ACTION_STOP, &node))
        return;
    if (argc == 3) {
        wait_or_interrupt(s, seconds * 1000000);
        if (!order(s, DEVMAN_ACTION_START, &node))
            return;
    }
    report(s, "stop", devman, node.where);
}
