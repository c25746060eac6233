/*
 * syslog.c - the system log: one ring of text lines from the kernel, root and all tasks.
 * Byte n of everything ever written is ring[n % LOG_BYTES] while head - n <= LOG_BYTES. The
 * kernel's lines are taken over before each line and each read, so they stand in order.
 */
#include "root.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LOG_BYTES 32768u
#define KLOG_RING (BOOT_LOG_FRAMES * 4096u - 8u)

/* As the kernel lays it out: total bytes ever written, then the ring (kernel/console/klog.h). */
struct klog_view {
    uint64_t head;
    char ring[KLOG_RING];
};

static char ring[LOG_BYTES];
static uint64_t head;
static bool echo;
static const volatile struct klog_view *klog; /* null: not mapped */
static uint64_t klog_seen;

static void put(char c)
{
    ring[head++ % LOG_BYTES] = c;
}

static void put_echoed(char c)
{
    put(c);
    if (echo) {
        sys_debug_putc(c);
    }
}

/* Take over what the kernel has written since the last time. */
static void pull_kernel(void)
{
    uint64_t end;

    if (klog == NULL) {
        return;
    }
    end = klog->head;
    if (end - klog_seen > KLOG_RING) {
        klog_seen = end - KLOG_RING;
    }
    while (klog_seen < end) {
        put(klog->ring[klog_seen++ % KLOG_RING]);
    }
}

void syslog_line(const char *who, const char *text, size_t bytes)
{
    uint64_t us = ticks_to_us(rdtsc() - quoll_info()->boot_tsc);
    char start[80];

    pull_kernel();
    (void)snprintf(start, sizeof(start), "[%5lu.%06lu] %s: ", (unsigned long)(us / 1000000),
                   (unsigned long)(us % 1000000), who);
    for (const char *s = start; *s != '\0'; s++) {
        put_echoed(*s);
    }
    while (bytes > 0 && (text[bytes - 1] == '\n' || text[bytes - 1] == '\r')) {
        bytes--;
    }
    for (size_t i = 0; i < bytes; i++) {
        bool printable = (unsigned char)text[i] >= ' ' && text[i] != 0x7f;
        put_echoed(printable ? text[i] : '?'); /* a task can't forge another line */
    }
    put_echoed('\n');
}

void syslog(const char *format, ...)
{
    char text[320];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    syslog_line("root", text, strlen(text));
}

void syslog_echo(bool on)
{
    echo = on;
}

void syslog_map_kernel(void)
{
    for (unsigned i = 0; i < BOOT_LOG_FRAMES; i++) {
        int error = spawn_map(&root.task[0].s, ROOT_KLOG_VA + i * 4096u, BOOT_SLOT_LOG_FIRST + i,
                              RIGHT_READ);
        if (error != E_OK) {
            syslog("the kernel's log is missing here: its frame %u: error %d", i, error);
            return;
        }
    }
    klog = (const volatile struct klog_view *)ROOT_KLOG_VA;
}

size_t syslog_read(uint64_t at, uint64_t *first, char *to, size_t max)
{
    size_t n = 0;

    pull_kernel();
    if (head > LOG_BYTES && at < head - LOG_BYTES) {
        at = head - LOG_BYTES;
    }
    if (at > head) {
        at = head;
    }
    *first = at;
    while (n < max && at < head) {
        to[n++] = ring[at++ % LOG_BYTES];
    }
    return n;
}
