/*
 * cmd_inspect.c - what devman says of a device (devman explain), and what its driver says through
 * a session of the interface inspect (devman describe, regs).
 */
#include <idl/inspect.h>
#include <quoll/client_session.h>
#include <quoll/error.h>
#include <string.h>
#include "devices.h"

#define SLOT_INSPECT (SLOT_FREE + 16)
#define BIT_INSPECT  2ull /* of SLOT_NOTIFY; a session without a queue never sets it */

static void line_print(struct shell *s, const char *device, const char *text)
{
    struct json j;

    if (!s->json) {
        output_string(&s->out, text);
        output_string(&s->out, "\n");
        return;
    }
    j = json_begin(&s->out);
    json_string(&j, "device", device);
    json_string(&j, "line", text);
    json_end(&j);
}

static void explain(struct shell *s, const char *what)
{
    struct devman_node_state node;
    char text[201];
    uint64_t devman;
    int error;

    if (!devices_ask(s, &devman) || !device_named(s, "devman explain", what, &node))
        return;
    for (uint32_t i = 0; (error = devman_call_explain(devman, node.where, i, text)) == E_OK; i++)
        line_print(s, node.where, text);
    if (error != E_NOT_FOUND)
        (void)shell_failed(s, "devman explain", error);
}

static bool session_open(struct shell *s, const char *command,
                         const struct devman_driver_state *driver, struct client_session *session)
{
    uint64_t devman;
    int error;

    if (!devices_ask(s, &devman))
        return false;
    *session =
        (struct client_session){.devman = devman, .slots = SLOT_INSPECT, .bits = BIT_INSPECT};
    error = client_session_open(session, driver->device, INSPECT_INTERFACE, INSPECT_RIGHTS_ALL, 0);
    if (error == E_GONE && driver->status == DEVMAN_STATE_RUNNING) /* a moment ago */
        shell_error(s, "%s: %s (%s) ended before it answered; drivers says why", command,
                    driver->driver, driver->device);
    else if (error == E_GONE)
        shell_error(s, "%s: %s (%s) does not run (%s); start %s brings it back", command,
                    driver->driver, driver->device, driver_state_name(driver->status),
                    driver->device);
    else if (error == E_NO_RIGHT)
        shell_error(s,
                    "%s: this shell may not ask drivers: its task lacks opens = inspect in the "
                    "system manifest",
                    command);
    else
        (void)shell_failed(s, command, error);
    return error == E_OK;
}

/* Lines that the driver gives, by number. */
static void ask_driver(struct shell *s, const char *command, const char *what,
                       int (*line)(uint64_t, uint32_t, char[INSPECT_LINE_MAX + 1]))
{
    struct devman_driver_state driver;
    struct client_session session;
    char text[INSPECT_LINE_MAX + 1];
    int error = E_OK;
    uint32_t i = 0;

    if (!driver_named(s, command, what, &driver) || !session_open(s, command, &driver, &session))
        return;
    for (; !input_interrupted(&s->in); i++) {
        error = line(session.endpoint, i, text);
        if (error != E_OK)
            break;
        line_print(s, driver.device, text);
    }
    client_session_close(&session);
    if (error == E_NOT_FOUND && i == 0)
        shell_error(s, "%s: %s (%s) has none to show", command, driver.driver, driver.device);
    else if (error == E_GONE || error == E_DEAD || error == E_BAD_CAP)
        shell_error(s, "%s: %s (%s) ended before it answered; drivers says why", command,
                    driver.driver, driver.device);
    else if (error != E_NOT_FOUND)
        (void)shell_failed(s, command, error);
}

void cmd_regs(struct shell *s, int argc, char **argv)
{
    if (argc < 2)
        shell_error(s, "regs: of which driver? usage: %s", command_find("regs")->usage);
    else
        ask_driver(s, "regs", argv[1], inspect_call_regs);
}

static void memory(struct shell *s)
{
    struct devman_usage used = {0};
    uint64_t devman;
    struct json j;

    if (!devices_ask(s, &devman) ||
        shell_failed(s, "devman memory", devman_call_used(devman, &used)))
        return;
    if (!s->json) {
        output_printf(&s->out, "%llu KiB, %u slots, %u pieces for drivers, devices and sessions\n",
                      (ull)used.memory / 1024, used.slots, used.pieces);
        return;
    }
    j = json_begin(&s->out);
    json_u64(&j, "memory_bytes", used.memory);
    json_u64(&j, "slots", used.slots);
    json_u64(&j, "pieces", used.pieces);
    json_end(&j);
}

static void toll(struct shell *s, const char *what)
{
    struct devman_driver_state driver;
    struct devman_toll t = {0};
    uint64_t devman;
    struct json j;

    if (!driver_named(s, "devman toll", what, &driver) || !devices_ask(s, &devman) ||
        shell_failed(s, "devman toll", devman_call_killed(devman, driver.device, &t)))
        return;
    if (!s->json) {
        output_printf(&s->out, "%s (%s): %u kills, %u in a handler, %u with requests; %u to come\n",
                      driver.driver, driver.device, t.kills, t.in_handler, t.with_requests, t.left);
        return;
    }
    j = json_begin(&s->out);
    json_string(&j, "device", driver.device);
    json_u64(&j, "kills", t.kills);
    json_u64(&j, "in_handler", t.in_handler);
    json_u64(&j, "with_requests", t.with_requests);
    json_u64(&j, "left", t.left);
    json_end(&j);
}

void cmd_devman(struct shell *s, int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "explain") == 0)
        explain(s, argv[2]);
    else if (argc == 3 && strcmp(argv[1], "describe") == 0)
        ask_driver(s, "devman describe", argv[2], inspect_call_describe);
    else if (argc == 2 && strcmp(argv[1], "memory") == 0)
        memory(s);
    else if (argc == 3 && strcmp(argv[1], "toll") == 0)
        toll(s, argv[2]);
    else
        shell_error(s, "devman: explain or describe what, or memory? usage: %s",
                    command_find("devman")->usage);
}

const char *devman_word(struct shell *s, size_t index)
{
    static const char *const verbs[] = {"explain", "describe", "memory", "toll"};

    if (s->word_at == 1)
        return index < 4 ? verbs[index] : NULL;
    return device_word(s, index);
}
