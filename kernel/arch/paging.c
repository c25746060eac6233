/*
 * paging.c - the kernel's mappings. Invariant: no page is both writable and executable through
 * any address: the image's text is read-only in the direct map, too.
 * Runs at boot on the loader's tables, which map the first 4 GiB at DIRECT_BASE.
 */
#include <arch/asm.h>
#include <arch/cpu.h>
#include <arch/paging.h>
#include <console/panic.h>
#include <lib/string.h>

#define MIB2 (2ull << 20)
#define GIB  (1ull << 30)

extern uint8_t __text_start[], __text_end[], __rodata_start[], __rodata_end[], __data_start[],
    __kernel_end[];

static uint64_t kernel_top[512] __attribute__((aligned(4096)));
static uint64_t device_table[512] __attribute__((aligned(4096)));
static unsigned device_pages;
static uint64_t nx; /* PTE_NX where the CPU has it */

void *boot_alloc(struct boot_data *boot, uint64_t bytes)
{
    for (unsigned i = boot->ram_count; i-- > 0;) {
        struct boot_range *r = &boot->ram[i];
        uint64_t end = r->base + r->bytes;
        uint64_t top = end > 4 * GIB ? 4 * GIB : end;
        if (r->base < 0x100000 || top < r->base || top - r->base < bytes || top != end) {
            continue;
        }
        r->bytes -= bytes;
        void *p = direct(top - bytes);
        memset(p, 0, bytes);
        return p;
    }
    panic("no RAM left at boot for %lu bytes", bytes);
}

/* The entry of @va in the table of @level (1 to 3), making the tables above it. */
static uint64_t *walk(struct boot_data *boot, uint64_t va, unsigned level)
{
    uint64_t *table = kernel_top;

    for (unsigned l = 4; l > level; l--) {
        uint64_t *e = &table[va >> (3 + 9 * l) & 511];
        if (!(*e & PTE_PRESENT)) {
            *e = direct_pa(boot_alloc(boot, PAGE_BYTES)) | PTE_PRESENT | PTE_WRITE;
        }
        table = direct(*e & PTE_ADDR);
    }
    return &table[va >> (3 + 9 * level) & 511];
}

static void map_pages(struct boot_data *boot, uint64_t va, uint64_t pa, uint64_t bytes,
                      uint64_t flags)
{
    for (uint64_t o = 0; o < bytes; o += PAGE_BYTES) {
        *walk(boot, va + o, 1) = (pa + o) | flags | PTE_PRESENT;
    }
}

static uint64_t global(void)
{
    return cpu_features.pge ? PTE_GLOBAL : 0;
}

static void map_image(struct boot_data *boot)
{
    uint64_t text = (uint64_t)__text_start, ro = (uint64_t)__rodata_start,
             data = (uint64_t)__data_start;

    map_pages(boot, text, text - KERNEL_BASE, (uint64_t)__text_end - text, global());
    map_pages(boot, ro, ro - KERNEL_BASE, (uint64_t)__rodata_end - ro, global() | nx);
    map_pages(boot, data, data - KERNEL_BASE, (uint64_t)__kernel_end - data,
              global() | nx | PTE_WRITE);
}

/* One 2 MiB region of the direct map; by pages where the kernel's text or constants lie in it. */
static void map_direct_2m(struct boot_data *boot, uint64_t pa, uint64_t cache)
{
    uint64_t ro_start = image_pa(__text_start), ro_end = image_pa(__rodata_end);

    if (pa + MIB2 <= ro_start || pa >= ro_end) {
        uint64_t *e = walk(boot, DIRECT_BASE + pa, 2);
        if (!(*e & PTE_PRESENT)) {
            *e = pa | PTE_PRESENT | PTE_WRITE | PTE_LARGE | nx | global() | cache;
        }
        return;
    }
    for (uint64_t p = pa; p < pa + MIB2; p += PAGE_BYTES) {
        uint64_t w = p >= ro_start && p < ro_end ? 0 : PTE_WRITE;
        *walk(boot, DIRECT_BASE + p, 1) = p | PTE_PRESENT | w | nx | global();
    }
}

static void map_direct(struct boot_data *boot, uint64_t base, uint64_t bytes, uint64_t cache)
{
    uint64_t end = base + bytes;
    uint64_t pa = base & ~(MIB2 - 1);

    while (pa < end) {
        if (cpu_features.pages_1g && !(pa & (GIB - 1)) && end - pa >= GIB && pa >= GIB) {
            *walk(boot, DIRECT_BASE + pa, 3) =
                pa | PTE_PRESENT | PTE_WRITE | PTE_LARGE | nx | global() | cache;
            pa += GIB;
        } else {
            map_direct_2m(boot, pa, cache);
            pa += MIB2;
        }
    }
}

void paging_init(struct boot_data *boot)
{
    nx = cpu_features.nx ? PTE_NX : 0;
    map_direct(boot, 0, MIB2, 0);
    map_direct(boot, image_pa(__text_start), (uint64_t)(__kernel_end - __text_start), 0);
    /* by index: boot_alloc shrinks the ranges meanwhile, but never below what is mapped */
    static struct boot_range all[BOOT_MAX_RAM];
    unsigned count = boot->ram_count;
    memcpy(all, boot->ram, sizeof all);
    for (unsigned i = 0; i < count; i++) {
        map_direct(boot, all[i].base, all[i].bytes, 0);
    }
    if (boot->has_module) {
        map_direct(boot, boot->module.base, boot->module.bytes, 0);
    }
    if (boot->framebuffer.pa) {
        uint64_t bytes = (uint64_t)boot->framebuffer.pitch * boot->framebuffer.height;
        map_direct(boot, boot->framebuffer.pa, bytes, PTE_PWT | PTE_PCD);
    }
    map_image(boot);
    void *cpu_page = boot_alloc(boot, PAGE_BYTES);
    map_pages(boot, CPU_VA, direct_pa(cpu_page), PAGE_BYTES, nx | PTE_WRITE | global());
    *walk(boot, DEVICE_BASE, 2) = image_pa(device_table) | PTE_PRESENT | PTE_WRITE;
    write_cr3(image_pa(kernel_top));
}

void *paging_map_device(uint64_t pa)
{
    uint64_t page = pa & ~(PAGE_BYTES - 1);

    if (device_pages == 512) {
        panic("more than 512 device pages");
    }
    device_table[device_pages] = page | PTE_PRESENT | PTE_WRITE | PTE_PCD | PTE_PWT | nx;
    return (void *)(DEVICE_BASE + device_pages++ * PAGE_BYTES + (pa & (PAGE_BYTES - 1)));
}

void paging_copy_kernel_half(uint64_t *top)
{
    memcpy(top + DIRECT_SLOT, kernel_top + DIRECT_SLOT, 256 * sizeof *top);
}

uint64_t paging_kernel_cr3(void)
{
    return image_pa(kernel_top);
}
