/*
 * acpi.h - what the machine's ACPI tables say about PCI: which interrupt each slot's pins reach.
 * ACPICA runs behind it, once, when the driver starts; its answers stay in a table. Nothing here
 * is a heap for others: ACPICA has its own bounded pool (acpi_pool.c).
 */
#ifndef PCI_ACPI_H
#define PCI_ACPI_H

#include "config.h"

#include <stddef.h>

#define ACPI_ROUTES_MAX 1024
#define PCI_PINS        4

/* Memory that the tables may lie in or AML may read: mapped for this task at @va. */
struct acpi_window {
    uint64_t pa, bytes;
    uintptr_t va;
};

/* Ports that AML may use: first to last, both of them this task's. */
struct acpi_ports {
    uint16_t first, last;
};

/* What ACPICA gets of the machine. Whatever it asks for beyond is refused with an error that ends
 * the method that asked; nothing faults. Must stay valid for as long as the task. */
struct acpi_platform {
    uint64_t rsdp_pa;
    const struct acpi_window *windows;
    unsigned window_count;
    const struct acpi_ports *ports;
    unsigned port_count;
    const struct pci_access *config;
    uint64_t (*time_100ns)(void);
    void (*log)(const char *line);
};

struct acpi_route {
    uint32_t gsi; /* a pin of an IO-APIC; for an ISA interrupt its number */
    bool level, active_low;
    bool isa; /* named by an ISA descriptor: the MADT's overrides apply to gsi */
};

/** Read the tables, switch AML to IO-APIC mode (_PIC), and record every _PRT. Link devices that
 *  are off are set to one of their possible interrupts.
 *  Returns a null pointer, or what is wrong: then there are no routes. Once in a task's life. */
const char *acpi_start(const struct acpi_platform *platform);

/** Where pin @pin (0 is INTA#) of @slot on @bus arrives: true and *@route. False: the bus has no
 *  _PRT (acpi_bus_has_routes), or no entry for the pin, or its link device cannot be set. */
bool acpi_prt_route(unsigned bus, unsigned slot, unsigned pin, struct acpi_route *route);

/** Has @bus a _PRT? If not, its pins are those of the bridge in front of it. */
bool acpi_bus_has_routes(unsigned bus);

unsigned acpi_route_count(void);

/** Bytes of ACPICA's pool: the most that was ever in use, and how many there are. */
void acpi_pool_usage(uint64_t *peak, uint64_t *total);

#endif
