/*
 * clock.c - the time that files get: the clock's, asked when it is needed and at most once a
 * second. Without a clock it is FAT's first day.
 */
#include "server.h"

#include <idl/clock.h>
#include <quoll/info.h>

#define FAT_FIRST_YEAR 1980
#define FAT_FIRST_DAY  (1u << 21 | 1u << 16)

static struct client_session session = {.devman = SLOT_DEVMAN,
                                        .slots = SLOT_SESSIONS + SESSION_CLOCK * SESSION_SLOTS,
                                        .place = SESSION_CLOCK};

static int ask(struct clock_parts *now)
{
    uint64_t seconds;
    int error = session.is_open
                    ? E_OK
                    : client_session_open(&session, "clock", CLOCK_INTERFACE, CLOCK_RIGHT_READ, 0);

    if (error == E_OK) {
        error = clock_call_read(session.endpoint, &seconds, now);
    }
    if (error == E_GONE) { /* opened again when it is next needed */
        client_session_close(&session);
    }
    return error;
}

DWORD get_fattime(void)
{
    static DWORD known = FAT_FIRST_DAY;
    static uint64_t until_tsc;
    struct clock_parts now;

    if (rdtsc() >= until_tsc) {
        known = FAT_FIRST_DAY;
        if (ask(&now) == E_OK && now.year >= FAT_FIRST_YEAR && now.year < FAT_FIRST_YEAR + 128) {
            known = (DWORD)(now.year - FAT_FIRST_YEAR) << 25 | (DWORD)now.month << 21 |
                    (DWORD)now.day << 16 | (DWORD)now.hour << 11 | (DWORD)now.minute << 5 |
                    (DWORD)now.second >> 1;
        }
        until_tsc = rdtsc() + quoll_info()->tsc_hz;
    }
    return known;
}
