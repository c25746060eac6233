/*
 * qtest.h - the machine below drivers that run on the host: QEMU's device models, through its qtest
 * protocol on a socket. The program is the processor: each access of an accessor is a line to QEMU,
 * and no guest runs. The only implementation of the protocol; tools/qtest.py starts such a QEMU.
 */
#ifndef HOST_QTEST_H
#define HOST_QTEST_H

#include <regs/io.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QTEST_PINS 24 /* of the IO-APIC */

/** Connect to QEMU's socket at @path; false, and a message, if that fails. Whatever fails later,
 *  an unknown command or a QEMU that has ended, ends the program with a message. */
bool qtest_open(const char *path);

/** Copy @size bytes to and from the machine's memory at @address. */
void qtest_write(uint64_t address, const void *bytes, size_t size);
void qtest_read(uint64_t address, void *bytes, size_t size);

/** From now on the IO-APIC's pins are seen here and not there. */
void qtest_intercept(void);

/** Bit n: pin n is asserted, as far as was seen since qtest_intercept. */
uint32_t qtest_pins(void);

/** How often pin @pin has risen since this was asked last; what QEMU said up to the last access. */
uint32_t qtest_take_edges(unsigned pin);

/** Let up to @us microseconds of the host's time pass, less if QEMU says something. */
void qtest_wait(unsigned us);

/* Called before each write of an accessor: to a port (true) or to memory. A null pointer: none. */
extern void (*qtest_on_write)(bool port, uint64_t place, unsigned bytes, uint64_t value);

#endif
