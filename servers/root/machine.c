/*
 * machine.c - what ACPI says of the machine, into root's part of bootinfo; and to the kernel, where
 * its IO-APICs are. Tables lie in what the kernel calls device memory. Their pages are mapped while
 * they are read, and given back.
 */
#include "root.h"

#include "dmar.h"

#define PAGE         4096ull
#define PAGES_MAX    1024u
#define IOAPIC_USUAL 0xfec00000u

/* Pages at ROOT_TABLES_VA in order; some more than once. Those that follow each other in memory and
 * here are one window. */
static struct {
    uint64_t pa;
    uint32_t slot; /* its untyped; 0: it is mapped before, too, and this is a copy */
    uint32_t frame;
} pages[PAGES_MAX];
static unsigned page_count;

static uint64_t va_of(unsigned page)
{
    return ROOT_TABLES_VA + page * PAGE;
}

/* Map the page at @pa as the next. */
static bool add_page(uint64_t pa)
{
    struct spawn *self = &root.task[0].s;
    unsigned n = page_count, before = 0;
    int error;

    if (n == PAGES_MAX) {
        return false;
    }
    while (before < n && pages[before].pa != pa) {
        before++;
    }
    pages[n].pa = pa;
    pages[n].slot = 0;
    if (before == n) {
        error = device_map(pa, va_of(n), RIGHT_READ, &pages[n].slot, &pages[n].frame);
    } else {
        error = spawn_copy(self, pages[before].frame, RIGHT_READ, 0, &pages[n].frame);
        if (error == E_OK) {
            error = spawn_map(self, va_of(n), pages[n].frame, RIGHT_READ);
        }
    }
    page_count += error == E_OK;
    return error == E_OK;
}

/* The first of @count pages in order from @pa on, or page_count. */
static unsigned find_pages(uint64_t pa, unsigned count)
{
    unsigned run = 0;

    for (unsigned i = 0; i < page_count; i++) {
        run = pages[i].pa == pa + run * PAGE ? run + 1 : pages[i].pa == pa;
        if (run == count) {
            return i + 1 - count;
        }
    }
    return page_count;
}

const void *phys_window(uint64_t pa, uint64_t bytes)
{
    uint64_t first = pa & ~(PAGE - 1), count;
    unsigned at;

    if (pa == 0 || bytes == 0 || bytes > PAGES_MAX * PAGE || pa >= 1ull << UNTYPED_MAX_BITS) {
        return NULL;
    }
    count = (pa + bytes - first + PAGE - 1) / PAGE;
    at = find_pages(first, (unsigned)count);
    for (uint64_t i = 0; at + i >= page_count && i < count; i++) {
        if (!add_page(first + i * PAGE)) {
            return NULL;
        }
    }
    return (const uint8_t *)va_of(at) + (pa - first);
}

static void give_pages_back(void)
{
    while (page_count > 0) {
        page_count--;
        spawn_delete(&root.task[0].s, &pages[page_count].frame);
        if (pages[page_count].slot != 0) {
            device_give(pages[page_count].slot);
        }
    }
}

/* A machine whose MADT names none has one all the same. */
static void add_ioapics(const struct boot_acpi *acpi)
{
    static const struct boot_ioapic usual = {.pa = IOAPIC_USUAL, .requester = IOAPIC_ANONYMOUS};
    const struct boot_ioapic *list = acpi->ioapic_count != 0 ? acpi->ioapic : &usual;
    uint32_t count = acpi->ioapic_count != 0 ? acpi->ioapic_count : 1;

    for (uint32_t i = 0; i < count; i++) {
        int error = sys_op(BOOT_SLOT_DEVICE_CONTROL, OP_DEVICE_CONTROL_ADD_IOAPIC, list[i].pa,
                           list[i].gsi_base, list[i].requester, 0, 0, 0);
        device_keep(list[i].pa);
        if (error != E_OK) {
            syslog("the IO-APIC at 0x%lx is not used: %s", (unsigned long)list[i].pa,
                   quoll_strerror(error));
        }
    }
}

void machine_read(void)
{
    static struct dmar dmar;
    struct machine *machine = (struct machine *)root.info->own;
    struct acpi_table table;
    bool usable;

    acpi_parse(root.info->rsdp_pa, &machine->acpi, &table);
    usable = table.at != NULL && dmar_read(table, &machine->iommu, &dmar);
    if (table.at != NULL && !usable) {
        machine->iommu.state = BOOT_IOMMU_REFUSED;
        syslog("the IOMMU is not used: its table DMAR %s", dmar.wrong);
    }
    give_pages_back();
    if (usable) {
        dmar_name_ioapics(&dmar, &machine->acpi);
        dmar_check_rmrrs(root.info, &machine->iommu);
    }
    ((struct quoll_info *)QUOLL_INFO_VA)->cpu_count = machine->acpi.cpu_count;
    add_ioapics(&machine->acpi);
    iommu_start(machine);
}
