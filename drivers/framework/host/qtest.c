/*
 * qtest.c - see qtest.h. A command is a line, so is its answer; between answers QEMU says what the
 * pins do. Addresses of device memory are what the guest would use.
 */
#define _POSIX_C_SOURCE 200809L

#include "qtest.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PIECE        4096u
#define WRITES_AHEAD 256u

void (*qtest_on_write)(bool port, uint64_t place, unsigned bytes, uint64_t value);

static int qemu = -1;
static FILE *out;
static char in[2 * PIECE + 64];
static size_t in_used, line_bytes;
static unsigned unanswered;
static uint32_t pins, edges[QTEST_PINS];

_Noreturn static void end(const char *what, const char *text)
{
    (void)fprintf(stderr, "qtest: %s: %s\n", what, text);
    exit(2);
}

/* ---- lines of QEMU's */

/* More of what QEMU says; at most @wait_ms (-1: for ever) for it. */
static bool fill(int wait_ms)
{
    struct pollfd from = {.fd = qemu, .events = POLLIN};
    ssize_t n;

    if (poll(&from, 1, wait_ms) <= 0) {
        return false;
    }
    n = recv(qemu, in + in_used, sizeof(in) - in_used, 0);
    if (n <= 0) {
        end("QEMU has ended", "what it said is in its own output");
    }
    in_used += (size_t)n;
    return true;
}

/* The next whole line, if one is there; good until the next is asked for. */
static char *line_here(void)
{
    char *stop;

    memmove(in, in + line_bytes, in_used - line_bytes);
    in_used -= line_bytes;
    line_bytes = 0;
    stop = memchr(in, '\n', in_used);
    if (stop == NULL) {
        return NULL;
    }
    *stop = '\0';
    line_bytes = (size_t)(stop - in) + 1;
    return in;
}

/* Is it about a pin? */
static bool note_pin(const char *line)
{
    unsigned pin;

    if (sscanf(line, "IRQ raise %u", &pin) == 1 && pin < QTEST_PINS) {
        edges[pin] += (pins >> pin & 1) == 0;
        pins |= 1u << pin;
        return true;
    }
    if (sscanf(line, "IRQ lower %u", &pin) == 1 && pin < QTEST_PINS) {
        pins &= ~(1u << pin);
        return true;
    }
    return false;
}

/* The next of QEMU's answers, behind its OK. */
static const char *next_answer(void)
{
    for (;;) {
        char *line = line_here();

        if (line == NULL) {
            (void)fill(-1);
        } else if (strncmp(line, "OK", 2) == 0) {
            return line + 2;
        } else if (!note_pin(line)) {
            end("QEMU does not do that", line);
        }
    }
}

static void settle(void)
{
    (void)fflush(out);
    for (; unanswered > 0; unanswered--) {
        (void)next_answer();
    }
}

/* QEMU's answer to what was asked last. */
static const char *answer(void)
{
    settle();
    return next_answer();
}

void qtest_wait(unsigned us)
{
    const char *line;

    settle();
    if (line_bytes == in_used) {
        (void)fill((int)((us + 999) / 1000));
    }
    while ((line = line_here()) != NULL) {
        if (!note_pin(line)) {
            end("QEMU says without being asked", line);
        }
    }
}

/* ---- accesses */

static uint64_t bus_read(const char *what, uint64_t place)
{
    (void)fprintf(out, "%s 0x%" PRIx64 "\n", what, place);
    return strtoull(answer(), NULL, 16);
}

/* Writes are answered in order, so their answers can wait: that is ten times as fast. */
static void bus_write(const char *what, uint64_t place, uint64_t value)
{
    (void)fprintf(out, "%s 0x%" PRIx64 " 0x%" PRIx64 "\n", what, place, value);
    if (++unanswered == WRITES_AHEAD) {
        settle();
    }
}

static void note_write(bool port, uint64_t place, unsigned bytes, uint64_t value)
{
    if (qtest_on_write != NULL) {
        qtest_on_write(port, place, bytes, value);
    }
}

#define PORTS(bits, letter)                                                                        \
    uint##bits##_t port_read##bits(uint16_t port)                                                  \
    {                                                                                              \
        return (uint##bits##_t)bus_read("in" letter, port);                                        \
    }                                                                                              \
    void port_write##bits(uint16_t port, uint##bits##_t value)                                     \
    {                                                                                              \
        note_write(true, port, (bits) / 8, value);                                                 \
        bus_write("out" letter, port, value);                                                      \
    }
#define MMIO(bits, letter)                                                                         \
    uint##bits##_t mmio_read##bits(uintptr_t address)                                              \
    {                                                                                              \
        return (uint##bits##_t)bus_read("read" letter, address);                                   \
    }                                                                                              \
    void mmio_write##bits(uintptr_t address, uint##bits##_t value)                                 \
    {                                                                                              \
        note_write(false, address, (bits) / 8, value);                                             \
        bus_write("write" letter, address, value);                                                 \
    }
PORTS(8, "b")
PORTS(16, "w")
PORTS(32, "l")
MMIO(8, "b")
MMIO(16, "w")
MMIO(32, "l")
MMIO(64, "q")

void port_read32s(uint16_t port, void *to, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t word = port_read32(port);

        memcpy((char *)to + i * sizeof(word), &word, sizeof(word));
    }
}

void port_write32s(uint16_t port, const void *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t word;

        memcpy(&word, (const char *)from + i * sizeof(word), sizeof(word));
        port_write32(port, word);
    }
}

/* ---- memory and interrupts */

void qtest_write(uint64_t address, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;

    for (size_t at = 0; at < size; at += PIECE) {
        size_t n = size - at < PIECE ? size - at : PIECE;

        (void)fprintf(out, "write 0x%" PRIx64 " 0x%zx 0x", address + at, n);
        for (size_t i = 0; i < n; i++) {
            (void)fprintf(out, "%02x", from[at + i]);
        }
        (void)fputc('\n', out);
        (void)answer();
    }
}

void qtest_read(uint64_t address, void *bytes, size_t size)
{
    uint8_t *to = bytes;

    for (size_t at = 0; at < size; at += PIECE) {
        size_t n = size - at < PIECE ? size - at : PIECE;
        const char *text;

        (void)fprintf(out, "read 0x%" PRIx64 " 0x%zx\n", address + at, n);
        text = strstr(answer(), "0x");
        for (size_t i = 0; i < n && text != NULL; i++) {
            char digits[3] = {text[2 + 2 * i], text[3 + 2 * i], '\0'};

            to[at + i] = (uint8_t)strtoul(digits, NULL, 16);
        }
    }
}

void qtest_intercept(void)
{
    (void)fprintf(out, "irq_intercept_in ioapic\n");
    (void)answer();
    pins = 0;
    memset(edges, 0, sizeof(edges));
}

uint32_t qtest_pins(void)
{
    (void)mmio_read8(0); /* before its answer comes what QEMU has to say */
    return pins;
}

uint32_t qtest_take_edges(unsigned pin)
{
    uint32_t count = edges[pin];

    edges[pin] = 0;
    return count;
}

bool qtest_open(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    qemu = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (qemu < 0 || connect(qemu, (struct sockaddr *)&address, sizeof(address)) != 0) {
        perror(path);
        return false;
    }
    out = fdopen(qemu, "w");
    return out != NULL;
}
