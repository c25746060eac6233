/*
 * qtest_bus.c - see qtest_bus.h. Addresses of device memory are what the guest would use.
 */
#define _POSIX_C_SOURCE 200809L

#include "qtest_bus.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define QTEST_CHUNK  4096u
#define WRITES_AHEAD 256u

static FILE *qemu;
static unsigned unanswered;

/* The next of QEMU's answers, behind its `OK`. */
static const char *next_answer(void)
{
    static char line[2 * QTEST_CHUNK + 16];

    do {
        if (fgets(line, sizeof(line), qemu) == NULL) {
            (void)fprintf(stderr, "QEMU does not answer\n");
            exit(1);
        }
    } while (strncmp(line, "OK", 2) != 0);
    return line + 2;
}

static void settle(void)
{
    (void)fflush(qemu);
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

/* Send a command, return the number in its answer (`OK 0x..`). */
static uint64_t ask(const char *command)
{
    (void)fprintf(qemu, "%s\n", command);
    return strtoull(answer(), NULL, 16);
}

static uint64_t bus_read(const char *what, uint64_t place)
{
    char command[64];

    (void)snprintf(command, sizeof(command), "%s 0x%" PRIx64, what, place);
    return ask(command);
}

/* Writes are answered in order, so their answers can wait: that is ten times as fast. */
static void bus_write(const char *what, uint64_t place, uint64_t value)
{
    (void)fprintf(qemu, "%s 0x%" PRIx64 " 0x%" PRIx64 "\n", what, place, value);
    if (++unanswered == WRITES_AHEAD) {
        settle();
    }
}

#define PORTS(bits, letter)                                                                        \
    uint##bits##_t port_read##bits(uint16_t port)                                                  \
    {                                                                                              \
        return (uint##bits##_t)bus_read("in" letter, port);                                        \
    }                                                                                              \
    void port_write##bits(uint16_t port, uint##bits##_t value)                                     \
    {                                                                                              \
        bus_write("out" letter, port, value);                                                      \
    }
#define MMIO(bits, letter)                                                                         \
    uint##bits##_t mmio_read##bits(uintptr_t address)                                              \
    {                                                                                              \
        return (uint##bits##_t)bus_read("read" letter, address);                                   \
    }                                                                                              \
    void mmio_write##bits(uintptr_t address, uint##bits##_t value)                                 \
    {                                                                                              \
        bus_write("write" letter, address, value);                                                 \
    }
PORTS(8, "b")
PORTS(16, "w")
PORTS(32, "l")
MMIO(8, "b")
MMIO(16, "w")
MMIO(32, "l")
MMIO(64, "q")

void qtest_write(uint64_t address, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;

    for (size_t at = 0; at < size; at += QTEST_CHUNK) {
        size_t n = size - at < QTEST_CHUNK ? size - at : QTEST_CHUNK;

        (void)fprintf(qemu, "write 0x%" PRIx64 " 0x%zx 0x", address + at, n);
        for (size_t i = 0; i < n; i++) {
            (void)fprintf(qemu, "%02x", from[at + i]);
        }
        (void)fputc('\n', qemu);
        (void)answer();
    }
}

void qtest_read(uint64_t address, void *bytes, size_t size)
{
    uint8_t *to = bytes;

    for (size_t at = 0; at < size; at += QTEST_CHUNK) {
        size_t n = size - at < QTEST_CHUNK ? size - at : QTEST_CHUNK;
        const char *text;

        (void)fprintf(qemu, "read 0x%" PRIx64 " 0x%zx\n", address + at, n);
        text = strstr(answer(), "0x");
        for (size_t i = 0; i < n && text != NULL; i++) {
            char digits[3] = {text[2 + 2 * i], text[3 + 2 * i], '\0'};

            to[at + i] = (uint8_t)strtoul(digits, NULL, 16);
        }
    }
}

bool qtest_open(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (fd < 0) {
        perror("socket");
        return false;
    }
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        perror(path);
        return false;
    }
    qemu = fdopen(fd, "r+");
    return qemu != NULL;
}
