/*
 * cmd_date.c - the time of day, from the clock's driver: a session for each command.
 */
#include <idl/clock.h>
#include <quoll/calendar.h>
#include <quoll/client_session.h>
#include <quoll/error.h>
#include <string.h>
#include "qsh.h"
#include "wait.h"

#define SLOT_SESSION (SLOT_FREE + 16) /* of sessions that last as long as a command */
#define BIT_SESSION  2ull             /* of SLOT_NOTIFY; a session without a queue never sets it */

static int clock_session(uint64_t devman, struct client_session *clock)
{
    *clock = (struct client_session){.devman = devman, .slots = SLOT_SESSION, .bits = BIT_SESSION};
    return client_session_open(clock, "clock", CLOCK_INTERFACE, CLOCK_RIGHTS_ALL, 0);
}

uint64_t clock_now(struct shell *s)
{
    struct client_session clock;
    struct clock_parts parts;
    uint64_t devman, seconds = 0;

    if (shell_lookup(s, SERVICE_DEVMAN, &devman) != E_OK || clock_session(devman, &clock) != E_OK)
        return 0;
    if (clock_call_read(clock.endpoint, &seconds, &parts) != E_OK)
        seconds = 0;
    client_session_close(&clock);
    return seconds;
}

static bool clock_open(struct shell *s, struct client_session *clock)
{
    uint64_t devman;
    int error;

    if (!shell_service(s, SERVICE_DEVMAN, &devman))
        return false;
    error = clock_session(devman, clock);
    if (error == E_NOT_FOUND)
        shell_error(s, "date: there is no clock; lsdev and devman explain say why");
    return error == E_OK || (error != E_NOT_FOUND && !shell_failed(s, "date", error));
}

static void print(struct shell *s, uint64_t seconds, const struct clock_parts *now)
{
    static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
    char text[CALENDAR_TEXT];
    struct json j;

    calendar_format(now, text);
    if (!s->json) {
        text[10] = ' ';
        text[19] = '\0';
        output_printf(&s->out, "%s UTC, %s\n", text, days[calendar_weekday(seconds)]);
        return;
    }
    j = json_begin(&s->out);
    json_u64(&j, "unix", seconds);
    json_string(&j, "iso", text);
    json_end(&j);
}

static void show(struct shell *s, const struct client_session *clock)
{
    struct clock_parts now;
    uint64_t seconds;
    int error = clock_call_read(clock->endpoint, &seconds, &now);

    if (error == E_IO)
        shell_error(s, "date: the clock does not know the time (log says why); date -s sets it");
    else if (!shell_failed(s, "date", error))
        print(s, seconds, &now);
}

void cmd_date(struct shell *s, int argc, char **argv)
{
    struct client_session clock;
    struct clock_parts wanted;
    const char *wrong = NULL;

    if (argc != 1 && (argc != 3 || strcmp(argv[1], "-s") != 0)) {
        shell_error(s, "date: %s usage: %s",
                    argc == 2 && strcmp(argv[1], "-s") == 0 ? "set it to what?"
                                                            : "the time to set stands behind -s;",
                    command_find("date")->usage);
        return;
    }
    if (argc == 3)
        wrong = calendar_parse(argv[2], &wanted);
    if (wrong) {
        shell_error(s, "date: %.40s: %s", argv[2], wrong);
        return;
    }
    if (!clock_open(s, &clock))
        return;
    if (argc == 1 ||
        !shell_failed(s, "date", clock_call_set(clock.endpoint, calendar_seconds(&wanted))))
        show(s, &clock);
    client_session_close(&clock);
}
