/*
 * host.c - a driver's life and its loop on the host, as main.c has them in the system; its log goes
 * to the standard output.
 */
#include "internal.h"

#include <idl/driver.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define RINGS_MAX  64u
#define UNITS      16u
#define LEVELS_MAX 1000u /* deliveries of one interrupt that stays asserted */

unsigned host_passed, host_failed;
static char last_line[DRIVER_LINE_MAX + 1];

void host_end(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    exit(3);
}

/* ---- what the driver says */

void driver_log(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(last_line, sizeof(last_line), format, args);
    va_end(args);
    printf("log: %s\n", last_line);
}

void driver_end(const char *format, ...)
{
    char line[DRIVER_LINE_MAX + 1];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    host_end("the driver ended itself: %s", line);
}

static char units[UNITS][16];

void driver_unit(unsigned number, const char *name, bool present)
{
    if (number >= UNITS || strlen(name) >= sizeof(units[0])) {
        host_end("unit %u, %s: no such number or name", number, name);
    }
    (void)snprintf(units[number], sizeof(units[number]), "%s", present ? name : "");
}

const char *host_unit(unsigned number)
{
    return units[number];
}

const char *host_log(void)
{
    return last_line;
}

/* ---- its beginning */

static char *read_file(const char *path, size_t *bytes)
{
    static char text[16384];
    FILE *f = fopen(path, "r");

    if (f == NULL) {
        host_end("%s can't be read", path);
    }
    *bytes = fread(text, 1, sizeof(text), f);
    (void)fclose(f);
    return text;
}

void host_open(const char *socket, const char *manifest, const struct host_resource *resources,
               unsigned nth)
{
    static struct driver_manifest m;
    struct manifest_error error;
    size_t bytes;
    const char *text = read_file(manifest, &bytes);

    if (!driver_manifest_parse(text, bytes, &m, &error)) {
        host_end("%s:%u: %s", manifest, error.line, error.text);
    }
    if (!qtest_open(socket)) {
        exit(2);
    }
    host_map_pages();
    host_begin_dma(socket, &m);
    host_clock_start();
    host_find(&m, resources, nth);
    qtest_intercept();
}

const char *host_start(void)
{
    const char *why = ++host_info()->instance == 1 ? driver_probe() : NULL;

    why = why == NULL ? driver_quiet() : why;
    return why == NULL ? driver_attach() : why;
}

void host_stop(void)
{
    framework_leave_sessions();
    driver_detach();
}

/* ---- its loop */

bool framework_loses_next; /* nothing is injected here */

/* A driver has its own copy of the system's loop (loop.h), which nobody calls here. */
bool framework_serve(struct call *call)
{
    host_end("label 0x%x: the host's loop is host_poll", msg_label(&call->m));
}

static void ring(void)
{
    uint64_t bits = host_take_bells() | framework_rings_again();

    for (unsigned i = 0; bits != 0 && i < RINGS_MAX; i++) {
        framework_rung(bits);
        bits = framework_rings_again();
    }
}

static void deliver(unsigned index)
{
    uint64_t count;

    for (unsigned i = 0; (count = host_take_irq(index)) != 0; i++) {
        if (i == LEVELS_MAX) {
            host_end("interrupt %u comes without end: the driver does not silence it", index);
        }
        driver_irq(index, count);
        driver_status()->interrupts++;
    }
}

void host_poll(void)
{
    qtest_wait(0);
    for (unsigned i = 0; i < driver_info()->irq_count; i++) {
        deliver(i);
    }
    ring();
    if (framework_timer_is_due()) {
        driver_timer();
    }
}

bool host_until(bool (*is_so)(void))
{
    uint64_t end = host_real_us() + HOST_LIMIT_S * 1000000ull;

    for (;;) {
        host_poll();
        if (is_so()) {
            return true;
        }
        if (host_real_us() > end) {
            return false;
        }
        qtest_wait(1000);
    }
}

void host_run_us(uint64_t us)
{
    uint64_t end = driver_now_us() + us;

    do {
        host_poll();
        qtest_wait(1000);
    } while (driver_now_us() < end);
}

uint64_t host_interrupts(void)
{
    return driver_status()->interrupts;
}

uint64_t host_requests(void)
{
    return driver_status()->requests;
}

int host_done(void)
{
    printf("%u passed, %u failed\n", host_passed, host_failed);
    return host_failed != 0;
}
