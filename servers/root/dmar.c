/*
 * dmar.c - see dmar.h.
 * Source: VT-d specification 4.1: 8.1 (header), 8.3 (units), 8.3.1 (scopes), 8.4 (RMRR). Address
 * translation services (8.5), affinity (8.6) and names in ACPI's space (8.7) are of no interest.
 */
#include "dmar.h"

#include <string.h>

#define ENTRIES_OFFSET 48u /* header, width, flags, 10 reserved bytes */
#define ENTRY_BYTES    4u  /* type and length */
#define UNIT_BYTES     16u
#define RMRR_BYTES     24u
#define SCOPE_BYTES    6u /* and two for each step of the path */
#define INCLUDE_ALL    1u

enum entry_type { ENTRY_UNIT = 0, ENTRY_RMRR = 1 };
enum scope_type { SCOPE_ENDPOINT = 1, SCOPE_BRIDGE = 2, SCOPE_IOAPIC = 3, SCOPE_HPET = 4 };

/* What is being read, and to whom the scopes belong. */
struct reader {
    struct boot_iommu *out;
    struct dmar *dmar;
    bool of_rmrr;
};

static bool wrong(struct reader *r, const char *what)
{
    r->dmar->wrong = what;
    return false;
}

static uint16_t u16_at(const uint8_t *p)
{
    uint16_t value;
    memcpy(&value, p, sizeof(value));
    return value;
}

static uint64_t u64_at(const uint8_t *p)
{
    uint64_t value;
    memcpy(&value, p, sizeof(value));
    return value;
}

/* What is behind bridges is found by configuration space, which root does not read: an IO-APIC
 * there stays anonymous, and then interrupts are not remapped. */
static bool read_ioapic(struct reader *r, const uint8_t *s, unsigned steps)
{
    if (r->dmar->ioapic_count == DMAR_IOAPICS) {
        return wrong(r, "names too many IO-APICs");
    }
    if (steps == 1 && !r->of_rmrr) {
        r->dmar->ioapic[r->dmar->ioapic_count].id = s[4];
        r->dmar->ioapic[r->dmar->ioapic_count++].requester =
            (uint32_t)(s[5] << 8 | s[6] << 3 | s[7]);
    }
    return true;
}

static bool read_device(struct reader *r, const uint8_t *s, unsigned steps)
{
    struct boot_iommu *out = r->out;
    struct boot_scope *scope;

    if (out->scope_count == BOOT_MAX_SCOPES) {
        return wrong(r, "names too many devices");
    }
    scope = &out->scope[out->scope_count++];
    *scope =
        (struct boot_scope){.kind = s[0] == SCOPE_BRIDGE ? BOOT_SCOPE_BRIDGE : BOOT_SCOPE_DEVICE,
                            .of_rmrr = r->of_rmrr,
                            .of = (uint8_t)((r->of_rmrr ? out->rmrr_count : out->unit_count) - 1),
                            .bus = s[5],
                            .depth = (uint8_t)steps};
    for (unsigned i = 0; i < steps; i++) {
        scope->path[i] = (uint8_t)(s[SCOPE_BYTES + 2 * i] << 3 | s[SCOPE_BYTES + 2 * i + 1]);
    }
    return true;
}

/* The scope at @s, of @bytes bytes. */
static bool read_scope(struct reader *r, const uint8_t *s, uint32_t bytes)
{
    unsigned steps = (bytes - SCOPE_BYTES) / 2;

    if (steps == 0 || bytes % 2 != 0 || steps > BOOT_PATH) {
        return wrong(r, "has a path of a wrong length");
    }
    for (unsigned i = 0; i < steps; i++) {
        if (s[SCOPE_BYTES + 2 * i] > 31 || s[SCOPE_BYTES + 2 * i + 1] > 7) {
            return wrong(r, "has a path through a device that can't be");
        }
    }
    switch (s[0]) {
    case SCOPE_ENDPOINT:
    case SCOPE_BRIDGE:
    case SCOPE_HPET: /* the sender of its messages: a device like others */
        return read_device(r, s, steps);
    case SCOPE_IOAPIC:
        return read_ioapic(r, s, steps);
    default:
        return true;
    }
}

static bool read_scopes(struct reader *r, const uint8_t *at, uint32_t bytes)
{
    while (bytes > 0) {
        if (bytes < SCOPE_BYTES || at[1] < SCOPE_BYTES || at[1] > bytes) {
            return wrong(r, "has a device of a wrong length");
        }
        if (!read_scope(r, at, at[1])) {
            return false;
        }
        bytes -= at[1];
        at += at[1];
    }
    return true;
}

static bool read_unit(struct reader *r, const uint8_t *e, uint32_t bytes)
{
    struct boot_iommu *out = r->out;
    struct boot_unit unit = {.number = BOOT_NO_UNIT};

    if (bytes < UNIT_BYTES) {
        return wrong(r, "has a unit that is too short");
    }
    unit.all = e[4] & INCLUDE_ALL;
    unit.segment = u16_at(e + 6);
    unit.pa = u64_at(e + 8);
    if (out->unit_count == BOOT_MAX_UNITS) {
        return wrong(r, "has too many units");
    }
    if (unit.pa == 0 || unit.pa % 4096 != 0 || unit.pa >> 46 != 0) {
        return wrong(r, "has a unit at an address that can't be");
    }
    for (uint32_t i = 0; i < out->unit_count; i++) {
        if (out->unit[i].pa == unit.pa) {
            return wrong(r, "has a unit twice");
        }
        if (out->unit[i].all && unit.all && out->unit[i].segment == unit.segment) {
            return wrong(r, "has two units for all the rest");
        }
    }
    out->unit[out->unit_count++] = unit;
    r->of_rmrr = false;
    return read_scopes(r, e + UNIT_BYTES, bytes - UNIT_BYTES);
}

static bool read_rmrr(struct reader *r, const uint8_t *e, uint32_t bytes)
{
    struct boot_iommu *out = r->out;

    if (bytes < RMRR_BYTES) {
        return wrong(r, "has a reserved region that is too short");
    }
    if (out->rmrr_count == BOOT_MAX_RMRRS) {
        return wrong(r, "has too many reserved regions");
    }
    out->rmrr[out->rmrr_count++] =
        (struct boot_rmrr){.segment = u16_at(e + 6), .base = u64_at(e + 8), .last = u64_at(e + 16)};
    r->of_rmrr = true;
    return read_scopes(r, e + RMRR_BYTES, bytes - RMRR_BYTES);
}

static bool read_entries(struct reader *r, const uint8_t *at, uint32_t bytes)
{
    while (bytes > 0) {
        uint32_t length = bytes >= ENTRY_BYTES ? u16_at(at + 2) : 0;
        bool good = true;
        if (length < ENTRY_BYTES || length > bytes) {
            return wrong(r, "has an entry of a wrong length");
        }
        if (u16_at(at) == ENTRY_UNIT) {
            good = read_unit(r, at, length);
        } else if (u16_at(at) == ENTRY_RMRR) {
            good = read_rmrr(r, at, length);
        }
        if (!good) {
            return false;
        }
        bytes -= length;
        at += length;
    }
    return r->out->unit_count != 0 || wrong(r, "has no unit");
}

bool dmar_read(struct acpi_table table, struct boot_iommu *out, struct dmar *dmar)
{
    struct reader r = {.out = out, .dmar = dmar};
    bool good;

    *dmar = (struct dmar){0};
    out->unit_count = out->scope_count = out->rmrr_count = 0;
    good = table.bytes >= ENTRIES_OFFSET
               ? read_entries(&r, table.at + ENTRIES_OFFSET, table.bytes - ENTRIES_OFFSET)
               : wrong(&r, "is too short");
    if (!good) {
        out->unit_count = out->scope_count = out->rmrr_count = 0;
    }
    return good;
}

void dmar_name_ioapics(const struct dmar *dmar, struct boot_acpi *acpi)
{
    for (uint32_t i = 0; i < acpi->ioapic_count; i++) {
        for (unsigned j = 0; j < dmar->ioapic_count; j++) {
            if (dmar->ioapic[j].id == acpi->ioapic[i].id) {
                acpi->ioapic[i].requester = dmar->ioapic[j].requester;
            }
        }
    }
}

/* Is every byte what the kernel hands out as device memory? The rest is RAM, or the kernel's. */
static bool is_reserved(const struct bootinfo *info, uint64_t first, uint64_t last)
{
    uint64_t at = first;
    bool found = true;

    while (found && at <= last) {
        found = false;
        for (uint32_t i = 0; !found && i < info->untyped_count && i < BOOT_MAX_UNTYPED; i++) {
            const struct boot_untyped *u = &info->untyped[i];
            found = u->is_device != 0 && at >= u->pa && at - u->pa < 1ull << u->size_bits;
            at = found ? u->pa + (1ull << u->size_bits) : at;
        }
    }
    return found;
}

void dmar_check_rmrrs(const struct bootinfo *info, struct boot_iommu *iommu)
{
    for (uint32_t i = 0; i < iommu->rmrr_count; i++) {
        struct boot_rmrr *r = &iommu->rmrr[i];
        bool maps = r->base % 4096 == 0 && r->last % 4096 == 4095 && r->base < r->last &&
                    r->base >= IOVA_MIN && r->last < IOVA_TOP &&
                    (r->last < IOVA_MSI_WINDOW || r->base >= IOVA_MSI_WINDOW + 0x100000);
        r->usable = maps && is_reserved(info, r->base, r->last);
        if (!r->usable) {
            syslog("acpi: DMAR: a device wants the memory from 0x%lx to 0x%lx, which %s: it is "
                   "refused",
                   (unsigned long)r->base, (unsigned long)r->last,
                   maps ? "is not reserved" : "no device can be given");
        }
    }
}
