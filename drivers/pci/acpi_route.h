/*
 * acpi_route.h - how acpi_prt.c fills the table of routes.
 */
#ifndef PCI_ACPI_ROUTE_H
#define PCI_ACPI_ROUTE_H

#include "acpi.h"

/** @bus has a _PRT. */
void acpi_route_add_bus(unsigned bus);

/** A pin's route; false: there is no such slot or pin, or no room. */
bool acpi_route_add(unsigned bus, unsigned slot, unsigned pin, const struct acpi_route *route);

/** How many pins arrive at @gsi. */
unsigned acpi_route_users(uint32_t gsi);

#endif
