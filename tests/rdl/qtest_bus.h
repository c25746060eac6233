/*
 * qtest_bus.h - the bus below generated accessors, when the devices are QEMU's models: each access
 * is a line of the qtest protocol on a socket. No guest runs; the program is the processor.
 */
#ifndef QTEST_BUS_H
#define QTEST_BUS_H

#include <regs/io.h>

#include <stddef.h>

/** Connect to QEMU's qtest socket at @path; false (and a message) if that fails. */
bool qtest_open(const char *path);

/** Copy @size bytes to and from the machine's memory at @address. */
void qtest_write(uint64_t address, const void *bytes, size_t size);
void qtest_read(uint64_t address, void *bytes, size_t size);

#endif
