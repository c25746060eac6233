/*
 * klog.h - the kernel log: a ring of text that root reads through read-only frames.
 * Layout of the KLOG_BYTES: head, then the ring. Byte n of everything ever written is
 * ring[n % KLOG_RING_BYTES] as long as head - n <= KLOG_RING_BYTES. A reader loads head, copies,
 * loads head again, and drops what the second value says has been overwritten.
 */
#ifndef CONSOLE_KLOG_H
#define CONSOLE_KLOG_H

#include <stdint.h>

#define KLOG_BYTES      16384u
#define KLOG_RING_BYTES (KLOG_BYTES - 8u)

struct klog_page {
    uint64_t head; /* total bytes ever written; only grows */
    char ring[KLOG_RING_BYTES];
};
_Static_assert(sizeof(struct klog_page) == KLOG_BYTES, "the log is whole pages");

/* Page-aligned, in .bss; KLOG_BYTES / 4096 frames. Written by klog_put only. */
extern struct klog_page klog;

/** Append one byte. Any CPU at any time; bytes of two CPUs may interleave. */
void klog_put(char c);

/** Call @put for each byte of the last @lines lines still in the ring. */
void klog_tail(unsigned lines, void (*put)(char c));

#endif
