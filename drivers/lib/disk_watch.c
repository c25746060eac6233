/*
 * disk_watch.c - the watch over commands. Each command would set a timer and take it back; here one
 * runs out every half second as long as there is something to be looked after.
 */
#include "disk.h"

static uint64_t watched_until; /* 0: no timer is set */

void watch_until(uint64_t us)
{
    if (watched_until == 0 || us < watched_until) {
        watched_until = us;
        driver_set_timer(us);
    }
}

void watch(void)
{
    if (watched_until == 0) {
        watch_until(driver_now_us() + WATCH_US);
    }
}

void watch_over(void)
{
    watched_until = 0;
    disk_look(driver_now_us());
}
