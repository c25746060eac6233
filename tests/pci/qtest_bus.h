/*
 * qtest_bus.h - the bus of a driver's core on the host: QEMU's devices through the qtest protocol.
 * Besides the accessors' functions (regs/io.h) it has memory, interrupts, and a watch over
 * writes to configuration space.
 */
#ifndef TESTS_PCI_QTEST_BUS_H
#define TESTS_PCI_QTEST_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern unsigned passed, failed;
#define CHECK(c)                                                                                   \
    ((c) ? (void)passed++ : (void)(failed++, printf("%s:%d: %s\n", __FILE__, __LINE__, #c)))

/** Connect to QEMU's socket at @path; ends the program if that fails. */
void qtest_connect(const char *path);

/** Copy guest memory. */
void qtest_read(uint64_t pa, void *to, size_t bytes);

/** From now on the IO-APIC's pins are seen here and not there. */
void qtest_intercept(void);

/** Bit n: pin n is asserted, as far as was seen since qtest_intercept. */
uint32_t qtest_pins(void);

/** Every write to configuration space, by whichever way, calls @watch; a null pointer: none. */
extern void (*qtest_watch)(uint16_t place, uint32_t offset, unsigned bytes);
/** Where the watch believes ECAM to be. */
extern uint64_t qtest_ecam;

#endif
