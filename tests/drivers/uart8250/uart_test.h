/*
 * uart_test.h - what the parts of the 8250 driver's test on the host share: the far end of the
 * line, which is a socket of QEMU's, and QEMU's monitor.
 */
#ifndef UART_TEST_H
#define UART_TEST_H

#include <host.h>
#include <stddef.h>

#define MANIFEST "drivers/uart8250/uart8250.manifest"
#define COM1_IRQ 4u

extern const struct host_resource com1[];

/** Connect to QEMU's sockets. */
void line_open(const char *line, const char *monitor);

/** Send @n bytes to the UART; they wait in the socket until it takes them. */
void line_send(const void *bytes, size_t n);

/** Take up to @n bytes that the UART has sent; how many there were. */
size_t line_take(void *bytes, size_t n);

/** Have QEMU send a break. */
void line_break(void);

/** A session with all rights. */
struct host_session *open_serial(unsigned data_pages);

/** Write @n bytes through @s and wait until the driver is done. E_OK, or what went wrong. */
int write_all(struct host_session *s, const void *bytes, size_t n);

/** Each seed its own sequence: a hostile client against the driver. */
void test_fuzz(uint32_t seed, unsigned rounds);

#endif
