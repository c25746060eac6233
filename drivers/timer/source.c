/*
 * source.c - see source.h. Behind each deadline of the hardware stands the framework's timer, a
 * little later: what comes first serves. An interrupt that does not come costs its clients
 * LATE_NS; after LOST_MAX of them in a row the hardware is not relied on any more.
 */
#include "source.h"

#include "hpet.h"
#include "list.h"
#include "pit.h"

#include <driver.h>
#include <regs/hpet_table.h>
#include <regs/pit_table.h>
#include <regs/table.h>
#include <regs_lines.h>

#define LATE_NS       2000000u
#define LOST_MAX      3u
#define APART_NS      100000u        /* between two interrupts, however many timers there are */
#define AHEAD_MAX_NS  3600000000000u /* what is further away is looked at once an hour */
#define KERNEL_RES_NS 1000u          /* the framework counts microseconds */

enum by { BY_KERNEL, BY_PIN, BY_MESSAGE, BY_PIT };

static struct {
    enum by by; /* how deadlines come */
    bool has_hpet;
    struct hpet hpet;
    struct pit_regs pit;
    uint64_t armed_ns; /* what for; LIST_NEVER: nothing */
    uint64_t last_ns;  /* when it was armed last */
    unsigned lost;     /* interrupts in a row */
    bool storms;
} source = {.armed_ns = LIST_NEVER};

static struct hpet_regs hpet_at(void)
{
    return hpet_regs_at((uintptr_t)driver_mmio("hpet", NULL));
}

static struct pit_regs pit_at(void)
{
    return pit_regs_at(driver_ports("pit"));
}

const char *source_probe(void)
{
    if (driver_has("hpet")) {
        return hpet_detect(hpet_at());
    }
    return driver_has("pit") ? pit_detect(pit_at()) : "neither an HPET nor a PIT";
}

void source_silence(void)
{
    if (driver_has("hpet")) {
        hpet_silence(hpet_at());
    } else {
        pit_silence(pit_at());
    }
}

/* ---- which one */

static enum by choose_hpet(void)
{
    uint64_t address;
    uint32_t data;

    if (driver_has("irq") && hpet_use_pin(&source.hpet, driver_irq_gsi("irq"))) {
        return BY_PIN;
    }
    if (driver_has("message")) {
        driver_msi_message("message", &address, &data);
        if (hpet_use_message(&source.hpet, address, data)) {
            return BY_MESSAGE;
        }
    }
    return BY_KERNEL;
}

static void say_what(void)
{
    static const char *const how[] = {[BY_KERNEL] = "the kernel's deadlines",
                                      [BY_PIN] = "interrupts by a pin",
                                      [BY_MESSAGE] = "interrupts by messages",
                                      [BY_PIT] = "interrupts by a pin"};

    driver_log("%s, %u ns, with %s%s", source.has_hpet ? "HPET" : "PIT", source_resolution_ns(),
               how[source.by],
               source.has_hpet && !source.hpet.is_64 ? "; the clock is the kernel's" : "");
}

const char *source_start(void)
{
    source.has_hpet = driver_has("hpet");
    if (source.has_hpet) {
        hpet_start(&source.hpet, hpet_at());
        source.by = choose_hpet();
    } else {
        source.pit = pit_at();
        source.by = driver_has("irq") ? BY_PIT : BY_KERNEL;
    }
    say_what();
    return NULL;
}

/* ---- time */

uint64_t source_now_ns(void)
{
    if (source.has_hpet && source.hpet.is_64) {
        return hpet_now_ns(&source.hpet);
    }
    return driver_now_us() * 1000;
}

uint32_t source_resolution_ns(void)
{
    switch (source.by) {
    case BY_KERNEL:
        return KERNEL_RES_NS;
    case BY_PIT:
        return PIT_RESOLUTION_NS;
    default:
        return hpet_resolution_ns(&source.hpet);
    }
}

/* ---- deadlines */

/* False: the hardware has missed it. */
static bool arm_hardware(uint64_t ns)
{
    if (source.storms) {
        return true; /* it has other things to do */
    }
    if (source.by == BY_PIT) {
        pit_arm(source.pit, ns);
    } else if (source.by != BY_KERNEL) {
        return hpet_arm(&source.hpet, ns);
    }
    return true;
}

/* Round up: a timer is never early. */
static uint64_t us_of(uint64_t ns)
{
    return ns / 1000 + 1;
}

void source_arm(uint64_t deadline_ns)
{
    uint64_t now = source_now_ns(), wait, spare = source.by == BY_KERNEL ? 0 : LATE_NS;

    if (deadline_ns == source.armed_ns) {
        return;
    }
    source.armed_ns = deadline_ns;
    if (deadline_ns == LIST_NEVER) {
        driver_set_timer(0); /* an interrupt that still comes finds nothing */
        return;
    }
    wait = deadline_ns > now ? deadline_ns - now : 0;
    wait = wait < AHEAD_MAX_NS ? wait : AHEAD_MAX_NS;
    if (wait < APART_NS && now - source.last_ns < APART_NS) {
        wait = APART_NS;
    }
    source.last_ns = now;
    if (!arm_hardware(wait)) {
        spare = 0;
    }
    driver_set_timer(driver_now_us() + us_of(wait + spare));
}

void source_interrupt(void)
{
    if (source.storms) {
        return; /* not acknowledged: a level stays asserted */
    }
    if (source.by == BY_PIN) {
        (void)hpet_acknowledge(&source.hpet);
    }
    source.lost = 0;
    source.armed_ns = LIST_NEVER;
}

void source_timer(void)
{
    uint64_t now = source_now_ns();
    bool is_late = now >= source.armed_ns && now - source.armed_ns >= LATE_NS / 2;

    if (source.by != BY_KERNEL && is_late && ++source.lost == LOST_MAX) {
        driver_log("%u interrupts in a row were lost: from now on by the kernel's deadlines",
                   source.lost);
        source_silence();
        source.by = BY_KERNEL;
    }
    source.armed_ns = LIST_NEVER;
}

bool source_storm(void)
{
    source.storms = source.by != BY_KERNEL;
    if (source.by == BY_PIT) {
        pit_storm(source.pit);
    } else if (source.storms) {
        hpet_storm(&source.hpet);
    }
    return source.storms;
}

bool source_regs_line(unsigned index, char *text, size_t size)
{
    if (source.has_hpet) {
        return regs_line_at(&hpet_regs_table, regs_bus_at((uintptr_t)driver_mmio("hpet", NULL)),
                            index, text, size);
    }
    return regs_line_at(&pit_regs_table, regs_bus_at(driver_ports("pit")), index, text, size);
}
