/*
 * acpi_route.c - the table of interrupt routes: acpi_prt.c fills it once, the core asks it.
 */
#include "acpi_route.h"

#define BUSES 256u

struct entry {
    uint8_t bus, slot, pin;
    struct acpi_route route;
};

static struct entry entries[ACPI_ROUTES_MAX];
static unsigned entry_count;
static uint8_t bus_is_known[BUSES / 8];

void acpi_route_add_bus(unsigned bus)
{
    bus_is_known[bus / 8] |= (uint8_t)(1u << bus % 8);
}

bool acpi_route_add(unsigned bus, unsigned slot, unsigned pin, const struct acpi_route *route)
{
    if (entry_count == ACPI_ROUTES_MAX || bus >= BUSES || slot >= PCI_SLOTS || pin >= PCI_PINS) {
        return false;
    }
    entries[entry_count++] = (struct entry){.bus = (uint8_t)bus,
                                            .slot = (uint8_t)slot,
                                            .pin = (uint8_t)pin,
                                            .route = *route};
    return true;
}

unsigned acpi_route_users(uint32_t gsi)
{
    unsigned users = 0;

    for (unsigned i = 0; i < entry_count; i++) {
        users += entries[i].route.gsi == gsi;
    }
    return users;
}

bool acpi_prt_route(unsigned bus, unsigned slot, unsigned pin, struct acpi_route *route)
{
    for (unsigned i = 0; i < entry_count; i++) {
        const struct entry *e = &entries[i];

        if (e->bus == bus && e->slot == slot && e->pin == pin) {
            *route = e->route;
            return true;
        }
    }
    return false;
}

bool acpi_bus_has_routes(unsigned bus)
{
    return bus < BUSES && (bus_is_known[bus / 8] >> bus % 8 & 1) != 0;
}

unsigned acpi_route_count(void)
{
    return entry_count;
}
