/*
 * fuzz.c - the parser of configuration space against devices that lie: fuzz SEED ROUNDS. ECAM is
 * an array here, a few functions in it with plausible headers; each round changes some bytes.
 * Whatever they say: it ends, nothing is read or written outside of the space (the array's ends
 * are guarded by the sanitizer), and what comes out is consistent.
 */
#include "../../drivers/pci/acpi_route.h"
#include "../../drivers/pci/pci.h"
#include "check.h"

#include <regs/io.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUSES     4u
#define BUS_BYTES 0x100000u

unsigned passed, failed;
static uint8_t *space;
static const uint8_t *read_only; /* a function that ignores writes, as a dead one may */
static struct pci_access access = {.bus_first = 0, .bus_last = BUSES - 1};
static struct pci_tree tree, again;
static uint64_t state;
static unsigned accesses;

static uint32_t next(uint32_t below)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(state >> 33) % below;
}

/* ---- the bus: loads and stores to the array; no ports ---- */

#define MMIO(bits)                                                                                 \
    uint##bits##_t mmio_read##bits(uintptr_t address)                                              \
    {                                                                                              \
        uint##bits##_t value;                                                                      \
        accesses++;                                                                                \
        memcpy(&value, (const void *)address, sizeof(value));                                      \
        return value;                                                                              \
    }                                                                                              \
    void mmio_write##bits(uintptr_t address, uint##bits##_t value)                                 \
    {                                                                                              \
        accesses++;                                                                                \
        if (read_only == NULL || address - (uintptr_t)read_only >= PCI_ECAM_BYTES) {               \
            memcpy((void *)address, &value, sizeof(value));                                        \
        }                                                                                          \
    }                                                                                              \
    uint##bits##_t port_read##bits(uint16_t port)                                                  \
    {                                                                                              \
        (void)port;                                                                                \
        abort();                                                                                   \
    }                                                                                              \
    void port_write##bits(uint16_t port, uint##bits##_t value)                                     \
    {                                                                                              \
        (void)port;                                                                                \
        (void)value;                                                                               \
        abort();                                                                                   \
    }
MMIO(8)
MMIO(16)
MMIO(32)

/* ---- functions ---- */

static uint8_t *function_at(unsigned bus, unsigned slot, unsigned function)
{
    return space + bus * BUS_BYTES + (slot * 8 + function) * PCI_ECAM_BYTES;
}

static void put32(uint8_t *at, unsigned offset, uint32_t value)
{
    memcpy(at + offset, &value, sizeof(value));
}

/* A device with MSI at 0x50, MSI-X at 0x70, power management at 0x80. */
static void put_device(uint8_t *at)
{
    put32(at, 0x00, 0x11e81234);
    put32(at, 0x04, 0x00100007);
    put32(at, 0x08, 0x02000001);
    put32(at, 0x10, 0xfe000000);
    put32(at, 0x18, 0xfd00000c);
    put32(at, 0x34, 0x50);
    put32(at, 0x3c, 0x010b);
    put32(at, 0x50, 0x01807005);
    put32(at, 0x70, 0x00048011);
    put32(at, 0x80, 0x00030001);
}

static void put_bridge(uint8_t *at, unsigned secondary, unsigned subordinate)
{
    put32(at, 0x00, 0x00011b36);
    put32(at, 0x04, 0x00100007);
    put32(at, 0x08, 0x06040000);
    put32(at, 0x0c, 0x00010000);
    put32(at, 0x18, secondary << 8 | subordinate << 16);
    put32(at, 0x20, 0xfe00fd00);
    put32(at, 0x34, 0x40);
    put32(at, 0x40, 0x00000010);
}

static void put_all(void)
{
    memset(space, 0xff, (size_t)BUSES * BUS_BYTES);
    for (unsigned i = 0; i < 6; i++) {
        uint8_t *at = function_at(i % 2, 1 + i, 0);

        memset(at, 0, PCI_ECAM_BYTES);
        put_device(at);
    }
    memset(function_at(0, 0, 0), 0, 2 * PCI_ECAM_BYTES);
    put_bridge(function_at(0, 0, 0), 1, 3);
    function_at(0, 0, 0)[0x0e] |= 0x80;
    put_bridge(function_at(0, 0, 1), 0, 0);
    memset(function_at(1, 0, 0), 0, PCI_ECAM_BYTES);
    put_bridge(function_at(1, 0, 0), 2, 2);
}

/* Bytes where parsers look, more often than elsewhere. */
static void mutate(void)
{
    static const uint8_t hot[] = {0x04, 0x06, 0x0b, 0x0e, 0x10, 0x13, 0x18, 0x19,
                                  0x1a, 0x34, 0x3d, 0x40, 0x41, 0x50, 0x51, 0x52,
                                  0x70, 0x71, 0x72, 0x73, 0x74, 0x78, 0x80, 0x81};
    unsigned count = 1 + next(12);

    for (unsigned i = 0; i < count; i++) {
        uint8_t *at = function_at(next(2), next(8), next(8) == 0);
        unsigned offset = next(4) != 0 ? hot[next(sizeof(hot))] : next(0x100);
        static const uint8_t values[] = {0, 0xff, 0x40, 0x50, 0x70, 0x80, 0xfc, 1, 2, 5, 0x11};

        at[offset] = next(2) != 0 ? values[next(sizeof(values))] : (uint8_t)next(256);
    }
    read_only = next(4) == 0 ? function_at(next(2), next(8), 0) : NULL;
}

/* ---- what must hold ---- */

static void check_capabilities(const struct pci_function *f)
{
    const struct pci_capabilities *c = &f->capability;

    CHECK(c->count <= 48);
    CHECK(c->msi == 0 || (c->msi >= 0x40 && c->msi <= 0xf4 && c->msi % 4 == 0));
    CHECK((c->msix != 0) == (f->msix.vectors != 0));
    for (unsigned i = 0; i < f->resource_count && c->msix != 0; i++) {
        const struct pci_resource *r = &f->resource[i];
        struct pci_window left = pci_mappable(f, r);

        if (r->bar == f->msix.table_bar) {
            uint64_t first = f->msix.table_offset, last = first + f->msix.vectors * 16ull - 1;

            CHECK(r->tables && last < r->size);
            CHECK(left.first > left.last || left.last < r->size);
            CHECK(left.first > left.last || left.last < first || left.first > last);
        }
    }
}

static void check_function(const struct pci_function *f)
{
    CHECK(f->resource_count <= PCI_RESOURCES_MAX && f->pin <= PCI_PINS);
    CHECK(f->parent == PCI_NO_PARENT || (unsigned)f->parent < tree.count);
    CHECK(f->parent == PCI_NO_PARENT ||
          tree.function[f->parent].behind.secondary == pci_bus_of(f->place));
    for (unsigned i = 0; i < f->resource_count; i++) {
        const struct pci_resource *r = &f->resource[i];

        CHECK(r->size != 0 && (r->size & (r->size - 1)) == 0 && r->bar < PCI_BARS);
        CHECK(!r->assigned || (r->base & (r->size - 1)) == 0);
    }
    check_capabilities(f);
}

/* What the filter refuses changes nothing; what it allows stays off BARs and MSI. */
static void check_filter(const struct pci_function *f)
{
    uint8_t *at = space + (size_t)f->place * PCI_ECAM_BYTES, before[0x100];
    static const uint8_t widths[] = {1, 2, 4, 3, 0};

    memcpy(before, at, sizeof(before));
    for (unsigned i = 0; i < 8; i++) {
        unsigned offset = next(0x108), bytes = widths[next(5)];
        uint32_t value = next(UINT32_MAX);
        const char *refused = pci_child_write(f, &access, offset, bytes, value);

        CHECK(refused == NULL || refused[0] != '\0');
        CHECK(refused != NULL || memcmp(at, before, 4) == 0);
        CHECK(memcmp(at + 0x10, before + 0x10, 0x1c) == 0);
        CHECK(((at[4] ^ before[4]) & 0x2f) == 0 && ((at[5] ^ before[5]) & 0xfd) == 0);
        CHECK(f->capability.msi == 0 ||
              memcmp(at + f->capability.msi, before + f->capability.msi, 10) == 0);
        CHECK(f->capability.msix == 0 ||
              memcmp(at + f->capability.msix, before + f->capability.msix, 12) == 0);
        if (refused != NULL) {
            CHECK(memcmp(at, before, sizeof(before)) == 0);
        }
        memcpy(before, at, sizeof(before));
    }
}

static void one_round(void)
{
    static const struct pci_space room = {.memory = {0xc0000000, 0xfebfffff},
                                          .io = {0xc000, 0xfeff}};
    struct config_device device;

    put_all();
    mutate();
    accesses = 0;
    pci_enumerate(&tree, &access, NULL, next(2) != 0);
    CHECK(accesses < 100000 && tree.count <= PCI_FUNCTIONS_MAX);
    (void)pci_assign(&tree, &access, &room);
    pci_route(&tree);
    for (unsigned i = 0; i < tree.count; i++) {
        const struct pci_function *f = &tree.function[i];

        check_function(f);
        check_filter(f);
        device = pci_config_of(&access, f);
        CHECK(pci_capability_after(&device, next(0x16), next(256)) < 0x100);
        (void)pci_msi_start(f, &device, (struct pci_message){0xfee00000, 0x30});
        pci_msi_stop(f, &device);
        tree.function[i].live = true;
    }
    pci_enumerate(&again, &access, &tree, false);
    CHECK(again.count <= PCI_FUNCTIONS_MAX);
}

int main(int count, char **arguments)
{
    unsigned rounds = count == 3 ? (unsigned)atoi(arguments[2]) : 0;

    if (rounds == 0) {
        return 2;
    }
    space = malloc((size_t)BUSES * BUS_BYTES);
    if (space == NULL) {
        return 2;
    }
    access.ecam_va = (uintptr_t)space;
    state = (uint64_t)atoi(arguments[1]);
    for (unsigned slot = 0; slot < PCI_SLOTS; slot++) {
        acpi_route_add_bus(0);
        CHECK(acpi_route_add(0, slot, slot % 4, &(struct acpi_route){.gsi = 16 + slot % 4}));
    }
    CHECK(!acpi_route_add(0, PCI_SLOTS, 0, &(struct acpi_route){0}));
    put_all();
    pci_enumerate(&tree, &access, NULL, false);
    CHECK(tree.count == 9 && tree.function[0].behind.secondary == 1);
    for (unsigned i = 0; i < rounds; i++) {
        one_round();
    }
    free(space);
    printf("%u passed, %u failed\n", rounds, failed); /* a round counts once */
    return failed != 0;
}
