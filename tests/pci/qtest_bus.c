/*
 * qtest_bus.c - the qtest protocol: a command a line, an answer a line, and lines about
 * interrupts between them.
 */
#define _POSIX_C_SOURCE 200809L

#include "qtest_bus.h"

#include <regs/io.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PIECE     1024u
#define CONFIG_AT 0xcf8u

unsigned passed, failed;
void (*qtest_watch)(uint16_t place, uint32_t offset, unsigned bytes);
uint64_t qtest_ecam;
static FILE *qemu;
static uint32_t pins, config_address;
static char answer[4 * PIECE];

void qtest_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        perror(path);
        exit(2);
    }
    qemu = fdopen(fd, "r+");
}

/* Send a command, return what follows OK. */
static const char *ask(const char *command)
{
    (void)fprintf(qemu, "%s\n", command);
    (void)fflush(qemu);
    for (;;) {
        unsigned pin;

        if (fgets(answer, sizeof(answer), qemu) == NULL || strncmp(answer, "FAIL", 4) == 0) {
            (void)fprintf(stderr, "QEMU does not answer to %s\n", command);
            exit(2);
        }
        if (sscanf(answer, "IRQ raise %u", &pin) == 1) {
            pins |= 1u << pin;
        } else if (sscanf(answer, "IRQ lower %u", &pin) == 1) {
            pins &= ~(1u << pin);
        } else if (strncmp(answer, "OK", 2) == 0) {
            return answer + 2;
        }
    }
}

static uint64_t bus_read(const char *what, uint64_t place)
{
    char command[64];

    (void)snprintf(command, sizeof(command), "%s 0x%" PRIx64, what, place);
    return strtoull(ask(command), NULL, 16);
}

static void bus_write(const char *what, uint64_t place, uint64_t value)
{
    char command[96];

    (void)snprintf(command, sizeof(command), "%s 0x%" PRIx64 " 0x%" PRIx64, what, place, value);
    (void)ask(command);
}

static void see_port(uint16_t port, unsigned bytes, uint32_t value)
{
    if (port == CONFIG_AT && bytes == 4) {
        config_address = value;
    } else if (qtest_watch != NULL && port >= CONFIG_AT + 4 && port < CONFIG_AT + 8) {
        qtest_watch((uint16_t)(config_address >> 8), (config_address & 0xfc) + port % 4, bytes);
    }
}

static void see_memory(uint64_t address, unsigned bytes)
{
    if (qtest_watch != NULL && qtest_ecam != 0 && address >= qtest_ecam &&
        address < qtest_ecam + 0x10000000) {
        qtest_watch((uint16_t)((address - qtest_ecam) >> 12), address & 0xfff, bytes);
    }
}

#define PORTS(bits, letter)                                                                        \
    uint##bits##_t port_read##bits(uint16_t port)                                                  \
    {                                                                                              \
        return (uint##bits##_t)bus_read("in" letter, port);                                        \
    }                                                                                              \
    void port_write##bits(uint16_t port, uint##bits##_t value)                                     \
    {                                                                                              \
        see_port(port, (bits) / 8, value);                                                         \
        bus_write("out" letter, port, value);                                                      \
    }
#define MMIO(bits, letter)                                                                         \
    uint##bits##_t mmio_read##bits(uintptr_t address)                                              \
    {                                                                                              \
        return (uint##bits##_t)bus_read("read" letter, address);                                   \
    }                                                                                              \
    void mmio_write##bits(uintptr_t address, uint##bits##_t value)                                 \
    {                                                                                              \
        see_memory(address, (bits) / 8);                                                           \
        bus_write("write" letter, address, value);                                                 \
    }
PORTS(8, "b")
PORTS(16, "w")
PORTS(32, "l")
MMIO(8, "b")
MMIO(16, "w")
MMIO(32, "l")
MMIO(64, "q")

void qtest_read(uint64_t pa, void *to, size_t bytes)
{
    uint8_t *at = to;

    for (size_t done = 0; done < bytes;) {
        size_t n = bytes - done < PIECE ? bytes - done : PIECE;
        const char *hex;
        char command[64];

        (void)snprintf(command, sizeof(command), "read 0x%" PRIx64 " 0x%zx", pa + done, n);
        hex = ask(command);
        hex += strspn(hex, " ") + 2; /* 0x */
        for (size_t i = 0; i < n; i++) {
            unsigned byte = 0;

            (void)sscanf(hex + 2 * i, "%2x", &byte);
            at[done + i] = (uint8_t)byte;
        }
        done += n;
    }
}

void qtest_intercept(void)
{
    (void)ask("irq_intercept_in ioapic");
    pins = 0;
}

uint32_t qtest_pins(void)
{
    (void)ask("readb 0x0"); /* lets QEMU say what it has to */
    return pins;
}
