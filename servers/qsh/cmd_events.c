/*
 * cmd_events.c - what has happened to devices and drivers: what devman still has, and what comes.
 */
#include <quoll/error.h>
#include <quoll/members.h>
#include <string.h>
#include "devices.h"
#include "wait.h"

#define POLL_US 50000u

static void event_json(struct shell *s, const struct devman_event_record *e)
{
    struct json j = json_begin(&s->out);

    members_of_event(&j, e);
    json_end(&j);
}

/* "driver-died" is "died" here: the columns say of what. */
static void event_row(struct shell *s, const struct devman_event_record *e)
{
    const char *name = event_name(e->what);
    const char *dash = strchr(name, '-');
    const char *driver = e->driver[0] ? e->driver : "-";

    output_printf(&s->out, "%5llu %6llu.%06llu %-9s %-18s ", (ull)e->serial_number,
                  (ull)e->time_us / 1000000, (ull)e->time_us % 1000000, dash ? dash + 1 : name,
                  e->device);
    if (e->text[0])
        output_printf(&s->out, "%-9s %s\n", driver, e->text);
    else
        output_printf(&s->out, "%s\n", driver);
}

/* All events after number *@last, which moves on. False: devman could not be asked. */
static bool print_new(struct shell *s, uint64_t devman, uint64_t *last)
{
    struct devman_event_record event;
    int error;

    while ((error = devman_call_event(devman, *last, false, &event)) == E_OK) {
        if (!s->json && event.serial_number > *last + 1)
            output_printf(&s->out, "      (%llu older ones are not kept)\n",
                          (ull)(event.serial_number - *last - 1));
        *last = event.serial_number;
        if (s->json)
            event_json(s, &event);
        else
            event_row(s, &event);
    }
    output_flush(&s->out);
    return error == E_NOT_FOUND || !shell_failed(s, "events", error);
}

void cmd_events(struct shell *s, int argc, char **argv)
{
    bool follows = argc == 2 && strcmp(argv[1], "follow") == 0;
    uint64_t devman, last = 0;

    if (argc == 2 && !follows) {
        shell_error(s, "events: %.40s is not follow; usage: %s", argv[1],
                    command_find("events")->usage);
        return;
    }
    if (!devices_ask(s, &devman))
        return;
    if (!s->json)
        output_printf(&s->out, "%5s %13s %-9s %-18s %-9s %s\n", "NO", "TIME (s)", "EVENT", "DEVICE",
                      "DRIVER", "WHY");
    while (print_new(s, devman, &last) && follows) {
        if (wait_or_interrupt(s, POLL_US))
            return;
    }
}

const char *follow_word(struct shell *s, size_t index)
{
    (void)s;
    return index == 0 ? "follow" : NULL;
}
