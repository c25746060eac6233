/*
 * device.h - devices that a test commands itself, as sources of interrupts: the PIT on every
 * machine, the second serial port and QEMU's edu where the machine has them.
 * Their memory and ports belong to the lab that device_ports or edu_open was called in.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#define PIT_GSI  2u
#define COM2_GSI 3u
#define COM2     0x2f8u

static inline void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t in8(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/** Look which devices there are, once; before the first test. */
void devices_find(void);

bool has_one_edu(void);
/** Two edu on one IO-APIC pin. */
bool has_edu(void);
bool has_com2(void);
/** The TSC counts instructions, and devices run in its time: what happens is the same each run. */
bool is_exact_machine(void);

/** Take these devices from their drivers until the test's end; false fails the test. */
bool device_borrow(void);

/** The same, and open the ports of the PIT, which is stopped, the PCI
 *  configuration space and, where it is, COM2; false fails the test. */
bool device_ports(void);
/** Put back what a test has changed that a driver counts on: where the edu are. */
void devices_restore(void);

/** An Irq on @gsi into a slot of the lab, its handle; 0 fails the test. */
uint64_t device_irq(uint64_t gsi, uint64_t flags);

/** Let @us microseconds pass; not part of the test's results. */
void device_wait_us(uint64_t us);

/** One edge, and it has come when this returns. */
void pit_edge(void);

/** From now on an edge every @ticks of the PIT's clock, until device_ports; counts them from 0. */
void pit_run(unsigned ticks);
/** Edges since pit_run; waits until the next is at least a quarter of a period away. */
uint64_t pit_edges(void);

struct edu {
    volatile uint32_t *reg;
    unsigned slot; /* on bus 0 */
    uint64_t gsi;
};

/** Both edu, silent, with pin interrupts; false fails the test. */
bool edu_open(struct edu e[2]);
/** @e sends the message (@address, @data) instead of using its pin. */
void edu_use_msi(const struct edu *e, uint64_t address, uint32_t data);
/** Raise: the line rises, or a message is sent. Acknowledge: the line falls. */
void edu_raise(const struct edu *e);
/** Raise while this task waits; returns when it has been done. */
void edu_raise_later(const struct edu *e);
void edu_acknowledge(const struct edu *e);

/** Let @e move @bytes between its memory (at @offset, up to 4 KiB in all) and device address @to,
 *  and wait until it has tried. */
void edu_write(const struct edu *e, uint64_t to, unsigned offset, unsigned bytes);
void edu_read(const struct edu *e, uint64_t from, unsigned offset, unsigned bytes);
/** The requester id of @e. */
uint64_t edu_requester(const struct edu *e);
/** Does each device send only the interrupts that were made for it? */
bool interrupts_are_remapped(void);

#endif
