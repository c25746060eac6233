/*
 * driver.c - the handlers. Nothing waits here: a reader who comes while the chip changes its time
 * is answered later, when the timer has come. The chip's interrupt is not used.
 */
#include "rtc.h"

#include <driver.h>
#include <idl/clock_desc.h>
#include <idl/clock_server.h>
#include <quoll/calendar.h>
#include <quoll/task.h>
#include <regs/cmos_table.h>
#include <regs/table.h>
#include <regs_lines.h>

#define AGAIN_US  300u
#define TRIES_MAX 16u /* twice as long as an update takes */
_Static_assert(AGAIN_US *TRIES_MAX > 2 * RTC_UPDATE_US, "no update lasts so long");

const struct idl_interface *const driver_interfaces[] = {&clock_desc, NULL};

static struct cmos_regs chip;
static const char *known_wrong;        /* what was last told to be wrong */
static uint64_t readers[TASK_REPLIES]; /* who waits for the end of an update; 0: free */
static unsigned tries;                 /* since the first of them came */

const char *driver_probe(void)
{
    return rtc_detect(cmos_regs_at(driver_ports("regs")));
}

const char *driver_quiet(void)
{
    chip = cmos_regs_at(driver_ports("regs"));
    rtc_silence(chip);
    return NULL;
}

/* Says it once in the log, not at each read. */
static void note_wrong(const char *why)
{
    if (why != NULL && why != known_wrong) {
        driver_log("the time is not known: %s; date -s sets it", why);
    }
    known_wrong = why;
}

const char *driver_attach(void)
{
    struct clock_parts now;
    const char *why;

    (void)rtc_read(chip, &now, &why);
    note_wrong(why);
    return NULL;
}

bool driver_message(struct call *call)
{
    return clock_dispatch(call);
}

static int read_chip(struct clock_parts *now)
{
    const char *why;
    int error = rtc_read(chip, now, &why);

    if (error != E_BUSY) {
        note_wrong(why);
    }
    return error;
}

static bool anybody_waits(void)
{
    for (unsigned i = 0; i < TASK_REPLIES; i++) {
        if (readers[i] != 0) {
            return true;
        }
    }
    return false;
}

static int wait_for_update(struct call *call)
{
    unsigned i = 0;
    int error;

    while (readers[i] != 0) { /* not all are: one Reply is always free */
        i++;
    }
    if (!anybody_waits()) {
        tries = 0;
        driver_set_timer(driver_now_us() + AGAIN_US);
    }
    error = call_keep(call, &readers[i]);
    if (error != CALL_LATER) {
        readers[i] = 0;
    }
    return error;
}

int clock_serve_read(struct call *call, uint64_t *result, struct clock_parts *now)
{
    int error = read_chip(now);

    if (error == E_BUSY) {
        return wait_for_update(call);
    }
    *result = error == E_OK ? calendar_seconds(now) : 0;
    return error;
}

void driver_timer(void)
{
    struct clock_parts now = {0};
    int error = read_chip(&now);

    if (error == E_BUSY && ++tries < TRIES_MAX) {
        driver_set_timer(driver_now_us() + AGAIN_US);
        return;
    }
    if (error == E_BUSY) {
        note_wrong("an update of it never ends");
        error = E_IO;
    }
    for (unsigned i = 0; i < TASK_REPLIES; i++) {
        uint64_t reply = readers[i];
        readers[i] = 0;
        if (reply != 0) {
            clock_answer_read(reply, error, error == E_OK ? calendar_seconds(&now) : 0, &now);
        }
    }
}

int clock_serve_set(struct call *call, uint64_t to)
{
    struct clock_parts t = calendar_parts(to);

    (void)call;
    rtc_set(chip, &t);
    return E_OK;
}

bool driver_regs_line(unsigned index, char *text, size_t size)
{
    return regs_line_at(&cmos_regs_table, regs_bus_at(driver_ports("regs")), index, text, size);
}
