/*
 * decode.c - see decode.h. Every field is read after its place was found to be within the frame.
 */
#include "decode.h"

#include <stdarg.h>
#include <stdio.h>

#define ETHERNET_BYTES 14u
#define IP_BYTES       20u

struct text {
    char *at;
    size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(t->at + t->used, t->size - t->used, format, args);
    va_end(args);
    t->used += n > 0 ? (size_t)n : 0;
    t->used = t->used < t->size ? t->used : t->size - 1;
}

static unsigned u16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static uint32_t u32(const uint8_t *at)
{
    return (uint32_t)u16(at) << 16 | u16(at + 2);
}

static void add_address(struct text *t, const uint8_t *at)
{
    add(t, "%u.%u.%u.%u", at[0], at[1], at[2], at[3]);
}

static void add_mac(struct text *t, const uint8_t *at)
{
    add(t, "%02x:%02x:%02x:%02x:%02x:%02x", at[0], at[1], at[2], at[3], at[4], at[5]);
}

static void add_arp(struct text *t, const uint8_t *p, size_t n)
{
    if (n < 28) {
        add(t, "ARP, cut off");
    } else if (u16(p + 6) == 1) {
        add(t, "ARP who has ");
        add_address(t, p + 24);
        add(t, " tell ");
        add_address(t, p + 14);
    } else {
        add(t, "ARP ");
        add_address(t, p + 14);
        add(t, " is at ");
        add_mac(t, p + 8);
    }
}

static void add_tcp(struct text *t, const uint8_t *p, size_t n)
{
    static const char names[] = "FSRPAU";
    size_t head = n >= 20 ? (size_t)(p[12] >> 4) * 4 : 0;

    if (head < 20 || head > n) {
        add(t, ": TCP, cut off");
        return;
    }
    add(t, ": TCP %u > %u ", u16(p), u16(p + 2));
    for (unsigned i = 0; i < sizeof(names) - 1; i++) {
        if ((p[13] >> i & 1) != 0) {
            add(t, "%c", names[i]);
        }
    }
    add(t, " seq %u ack %u win %u length %lu", u32(p + 4), u32(p + 8), u16(p + 14), n - head);
}

static void add_icmp(struct text *t, const uint8_t *p, size_t n)
{
    if (n < 8) {
        add(t, ": ICMP, cut off");
    } else if (p[0] == 8 || p[0] == 0) {
        add(t, ": ICMP echo %s, id %u seq %u length %lu", p[0] == 8 ? "request" : "answer",
            u16(p + 4), u16(p + 6), n - 8);
    } else {
        add(t, ": ICMP type %u code %u", p[0], p[1]);
    }
}

static void add_ip(struct text *t, const uint8_t *p, size_t n)
{
    size_t head = n >= IP_BYTES ? (size_t)(p[0] & 15u) * 4 : 0,
           all = n >= IP_BYTES ? u16(p + 2) : 0;

    if (head < IP_BYTES || all < head || all > n || p[0] >> 4 != 4) {
        add(t, "IP, malformed");
        return;
    }
    add_address(t, p + 12);
    add(t, " > ");
    add_address(t, p + 16);
    if ((u16(p + 6) & 0x1fff) != 0) {
        add(t, ": fragment at %u, length %lu", (u16(p + 6) & 0x1fff) * 8, all - head);
    } else if (p[9] == 6) {
        add_tcp(t, p + head, all - head);
    } else if (p[9] == 17 && all - head >= 8) {
        add(t, ": UDP %u > %u length %lu", u16(p + head), u16(p + head + 2), all - head - 8);
    } else if (p[9] == 1) {
        add_icmp(t, p + head, all - head);
    } else {
        add(t, ": protocol %u length %lu", p[9], all - head);
    }
}

void decode_frame(const uint8_t *frame, size_t length, char *text, size_t size)
{
    struct text t = {text, size, 0};

    text[0] = '\0';
    if (length < ETHERNET_BYTES) {
        add(&t, "a frame of %lu bytes", length);
    } else if (u16(frame + 12) == 0x0800) {
        add_ip(&t, frame + ETHERNET_BYTES, length - ETHERNET_BYTES);
    } else if (u16(frame + 12) == 0x0806) {
        add_arp(&t, frame + ETHERNET_BYTES, length - ETHERNET_BYTES);
    } else {
        add_mac(&t, frame + 6);
        add(&t, " > ");
        add_mac(&t, frame);
        add(&t, ": type %04x length %lu", u16(frame + 12), length - ETHERNET_BYTES);
    }
}
