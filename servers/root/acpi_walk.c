/*
 * acpi_walk.c - from the RSDP to the tables that matter.
 * No table is believed: each is checked for reach, length and checksum before it is read.
 */
#include "tables.h"

#include <string.h>

#define TABLE_BYTES_MAX 0x400000u /* the largest DSDTs known are below 1 MiB */
#define COMPLAINTS_MAX  16u

struct acpi_header { /* section 5.2.6 */
    char signature[4];
    uint32_t bytes; /* with this header */
    uint8_t revision, checksum;
    char oem[18];
    char creator[8];
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_header) == ACPI_HEADER_BYTES, "ACPI table header");

struct rsdp { /* section 5.2.5.3 */
    char signature[8];
    uint8_t checksum; /* of the first 20 bytes */
    char oem[6];
    uint8_t revision;
    uint32_t rsdt_pa;
    uint32_t bytes; /* from here on since revision 2 */
    uint64_t xsdt_pa;
    uint8_t extended_checksum, reserved[3];
} __attribute__((packed));
_Static_assert(sizeof(struct rsdp) == 36, "ACPI 2.0 RSDP");
#define RSDP_V1_BYTES 20u

#define BIOS_PA    0xe0000u
#define BIOS_BYTES 0x20000u

#define FADT_OFF_DSDT   40u /* section 5.2.9 */
#define FADT_OFF_X_DSDT 140u

static unsigned complaints;

void acpi_complain(const char *signature, const char *what)
{
    char shown[5] = "";

    if (complaints >= COMPLAINTS_MAX) {
        return;
    }
    complaints++;
    for (unsigned i = 0; i < 4 && signature[i] != '\0'; i++) {
        shown[i] = signature[i] >= ' ' && signature[i] <= '~' ? signature[i] : '?';
    }
    syslog("acpi: %s: %s", shown, what);
    if (complaints == COMPLAINTS_MAX) {
        syslog("acpi: more like this is not shown");
    }
}

static bool sum_is_zero(const void *data, uint64_t bytes)
{
    const uint8_t *p = data;
    uint8_t sum = 0;
    for (uint64_t i = 0; i < bytes; i++) {
        sum = (uint8_t)(sum + p[i]);
    }
    return sum == 0;
}

/* The table at @pa if it can be read, its length is sane and its checksum right, else NULL with a
 * line in the log. Section 5.2.6. */
static const struct acpi_header *acpi_table(uint64_t pa)
{
    struct acpi_header header;
    const void *source = phys_window(pa, sizeof(header));

    if (source == NULL) {
        acpi_complain("table", "lies where it cannot be read, skipped");
        return NULL;
    }
    memcpy(&header, source, sizeof(header));
    if (header.bytes < sizeof(header) || header.bytes > TABLE_BYTES_MAX) {
        acpi_complain(header.signature, "impossible length, skipped");
        return NULL;
    }
    source = phys_window(pa, header.bytes);
    if (source == NULL || !sum_is_zero(source, header.bytes)) {
        acpi_complain(header.signature, "wrong checksum or out of reach, skipped");
        return NULL;
    }
    return source;
}

/* Section 5.2.5.3; false if there is no sound RSDP at @pa. */
static bool rsdp_read(uint64_t pa, struct rsdp *out)
{
    const void *source = phys_window(pa, RSDP_V1_BYTES);

    if (source == NULL || memcmp(source, "RSD PTR ", 8) != 0 ||
        !sum_is_zero(source, RSDP_V1_BYTES)) {
        return false;
    }
    memset(out, 0, sizeof(*out));
    memcpy(out, source, RSDP_V1_BYTES);
    if (out->revision < 2) {
        return true;
    }
    source = phys_window(pa, sizeof(*out));
    if (source == NULL || !sum_is_zero(source, sizeof(*out))) {
        acpi_complain("RSDP", "its second part is damaged, using the first");
        return true; /* xsdt_pa is still 0 */
    }
    memcpy(out, source, sizeof(*out));
    return true;
}

/* Section 5.2.5.1: the BIOS area, at multiples of 16. Where the RSDP is in the EBDA instead, the
 * boot loader has said so. */
static uint64_t rsdp_find(struct rsdp *out)
{
    const void *area = phys_window(BIOS_PA, BIOS_BYTES);

    for (uint64_t at = 0; area != NULL && at < BIOS_BYTES; at += 16) {
        if (rsdp_read(BIOS_PA + at, out)) {
            return BIOS_PA + at;
        }
    }
    return 0;
}

/* @table lies at @pa: tables_pa and tables_bytes reach over it. */
static void note(const struct acpi_header *table, uint64_t pa, struct boot_acpi *out)
{
    uint64_t bytes = table->bytes, end = out->tables_pa + out->tables_bytes;

    if (out->tables_bytes == 0 || pa < out->tables_pa) {
        out->tables_pa = pa;
    }
    end = out->tables_bytes == 0 || pa + bytes > end ? pa + bytes : end;
    out->tables_bytes = end - out->tables_pa;
}

/* Section 5.2.9: the DSDT stands in the FADT alone. */
static uint64_t dsdt_of(const struct acpi_header *fadt)
{
    const uint8_t *table = (const uint8_t *)fadt;
    uint64_t pa = 0;

    if (fadt->bytes >= FADT_OFF_X_DSDT + 8) {
        memcpy(&pa, table + FADT_OFF_X_DSDT, 8);
    }
    if (pa == 0 && fadt->bytes >= FADT_OFF_DSDT + 4) {
        memcpy(&pa, table + FADT_OFF_DSDT, 4);
    }
    return pa;
}

static void read_fadt(const struct acpi_header *fadt, struct boot_acpi *out)
{
    uint64_t pa = dsdt_of(fadt);
    const struct acpi_header *dsdt = acpi_table(pa);

    if (dsdt != NULL) {
        note(dsdt, pa, out);
    }
    if (dsdt != NULL && memcmp(dsdt->signature, "DSDT", 4) != 0) {
        acpi_complain("DSDT", "another table stands in its place");
        dsdt = NULL;
    }
    fadt_read((struct acpi_table){(const uint8_t *)fadt, fadt->bytes},
              (struct acpi_table){(const uint8_t *)dsdt, dsdt != NULL ? dsdt->bytes : 0}, out);
}

static void read_table(uint64_t pa, struct boot_acpi *out, struct acpi_table *dmar)
{
    const struct acpi_header *header = acpi_table(pa);
    struct acpi_table table;

    if (header == NULL) {
        return;
    }
    note(header, pa, out);
    table = (struct acpi_table){(const uint8_t *)header, header->bytes};
    if (memcmp(header->signature, "APIC", 4) == 0) {
        madt_read(table, out);
    } else if (memcmp(header->signature, "FACP", 4) == 0) {
        read_fadt(header, out);
    } else if (memcmp(header->signature, "HPET", 4) == 0) {
        hpet_read(table, out);
    } else if (memcmp(header->signature, "MCFG", 4) == 0) {
        mcfg_read(table, out);
    } else if (memcmp(header->signature, "DMAR", 4) == 0 && dmar->at == NULL) {
        *dmar = table;
    }
}

/* Sections 5.2.7 and 5.2.8: entries of 4 bytes in the RSDT, of 8 in the XSDT. */
static bool read_root_table(uint64_t pa, const char *signature, unsigned entry_bytes,
                            struct boot_acpi *out, struct acpi_table *dmar)
{
    const struct acpi_header *root = acpi_table(pa);

    if (root == NULL) {
        return false;
    }
    if (memcmp(root->signature, signature, 4) != 0) {
        acpi_complain(signature, "another table stands in its place");
        return false;
    }
    note(root, pa, out);
    for (uint32_t at = sizeof(*root); at + entry_bytes <= root->bytes; at += entry_bytes) {
        uint64_t table_pa = 0;
        memcpy(&table_pa, (const uint8_t *)root + at, entry_bytes);
        read_table(table_pa, out, dmar);
    }
    return true;
}

void acpi_parse(uint64_t rsdp_pa, struct boot_acpi *out, struct acpi_table *dmar)
{
    struct rsdp rsdp;

    complaints = 0;
    memset(out, 0, sizeof(*out));
    *dmar = (struct acpi_table){0};
    out->cpu_count = 1;
    out->has_8259 = 1; /* a machine without a MADT is an old PC */
    if (rsdp_pa == 0 || !rsdp_read(rsdp_pa, &rsdp)) {
        rsdp_pa = rsdp_find(&rsdp);
    }
    if (rsdp_pa == 0) {
        syslog("acpi: no RSDP found");
        return;
    }
    out->rsdp_pa = rsdp_pa;
    if (rsdp.xsdt_pa != 0 && read_root_table(rsdp.xsdt_pa, "XSDT", 8, out, dmar)) {
        return;
    }
    if (rsdp.rsdt_pa != 0) {
        (void)read_root_table(rsdp.rsdt_pa, "RSDT", 4, out, dmar);
    }
}
