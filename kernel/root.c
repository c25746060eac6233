/*
 * root.c - the first task is made by hand, at boot, from boot memory: its address space, its
 * capability space with all untyped memory, and the page that says what the machine is.
 * What is made here is never destroyed, so its tables keep no back references.
 */
#include <arch/cpu.h>
#include <arch/paging.h>
#include <arch/spec.h>
#include <boot/image.h>
#include <console/klog.h>
#include <console/panic.h>
#include <ipc/ipc.h>
#include <lib/string.h>
#include <object/cnode.h>
#include <object/slot.h>
#include <object/table.h>
#include <object/thread.h>
#include <quoll/bootinfo.h>
#include <quoll/info.h>
#include <root.h>
#include <sched/sched.h>
#include <sched/time.h>

#ifndef CONFIG_DEBUG
#define CONFIG_DEBUG 0
#endif
#ifndef CONFIG_FASTPATH
#define CONFIG_FASTPATH 1
#endif

#define ROOT_PRIORITY 200

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
    uint32_t type, flags;
    uint64_t offset, va, pa, file_bytes, bytes, align;
};

static struct boot_data *boot;
static struct table *space;
static struct slot *slots;

static struct slot *fill(uint32_t index, enum quoll_object type, uint64_t obj, unsigned size_bits,
                         uint8_t rights)
{
    if (index >= 1u << BOOT_CNODE_BITS) {
        boot_refuse("the boot image or the memory map is too large for the first task.");
    }
    slot_init(&slots[index], type, obj, rights);
    slots[index].size_bits = (uint8_t)size_bits;
    return &slots[index];
}

/* Map the page at @pa, making tables from boot memory. */
static void map_page(uint64_t va, uint64_t pa, uint64_t flags)
{
    struct table *t = space;

    for (unsigned level = 4; level > 1; level--) {
        uint64_t *e = &t->entry[va >> (3 + 9 * level) & 511];
        if (!*e) {
            struct table *child = boot_alloc(boot, 1 << TABLE_BITS);
            child->level = level - 1;
            child->parent = t;
            child->index = (uint32_t)(va >> (3 + 9 * level) & 511);
            *e = direct_pa(child) | PTE_PRESENT | PTE_WRITE | PTE_USER;
        }
        t = direct(*e & PTE_ADDR);
    }
    t->entry[va >> 12 & 511] = pa | flags | PTE_PRESENT | PTE_USER;
}

static uint64_t nx(void)
{
    return cpu_features.nx ? PTE_NX : 0;
}

static void load_segment(const uint8_t *file, const struct elf_segment *s)
{
    uint64_t start = s->va & ~(PAGE_BYTES - 1), end = s->va + s->bytes;
    uint64_t flags = (s->flags & 2 ? PTE_WRITE : 0) | (s->flags & 1 ? 0 : nx());

    for (uint64_t va = start; va < end; va += PAGE_BYTES) {
        uint8_t *page = boot_alloc(boot, PAGE_BYTES);
        uint64_t from = va < s->va ? s->va : va;
        uint64_t to =
            va + PAGE_BYTES < s->va + s->file_bytes ? va + PAGE_BYTES : s->va + s->file_bytes;
        if (from < to) {
            memcpy(page + (from - va), file + s->offset + (from - s->va), to - from);
        }
        map_page(va, direct_pa(page), flags);
    }
}

/* Load the static ELF64 file; returns its entry point. */
static uint64_t load_elf(const uint8_t *file, uint64_t bytes)
{
    const struct elf_header *h = (const struct elf_header *)file;
    static const uint8_t ident[5] = {0x7f, 'E', 'L', 'F', 2};

    if (bytes < sizeof *h || memcmp(h->ident, ident, sizeof ident) != 0 ||
        h->phentsize != sizeof(struct elf_segment) || h->phoff > bytes ||
        h->phnum > (bytes - h->phoff) / sizeof(struct elf_segment)) {
        boot_refuse(
            "the file \"root\" in the boot image is not an x86-64 program; build it again.");
    }
    const struct elf_segment *s = (const struct elf_segment *)(file + h->phoff);
    for (unsigned i = 0; i < h->phnum; i++, s++) {
        if (s->type != 1) {
            continue;
        }
        bool ok = s->offset <= bytes && s->file_bytes <= bytes - s->offset &&
                  s->file_bytes <= s->bytes && s->va < BOOTINFO_VA && s->bytes < BOOTINFO_VA &&
                  (s->flags & 3) != 3;
        if (!ok) {
            boot_refuse("the file \"root\" in the boot image has a segment out of range or both "
                        "writable and executable; build it again.");
        }
        load_segment(file, s);
    }
    return h->entry;
}

/* Capabilities for [base, base + bytes) as the largest aligned powers of two. */
static void add_untyped(struct bootinfo *info, const struct boot_range *r, bool device)
{
    uint64_t at = r->base, left = r->bytes;

    while (left && info->untyped_count < BOOT_MAX_UNTYPED) { /* more pieces are left unused */
        unsigned bits = 63 - (unsigned)__builtin_clzll(left);
        if (at && (unsigned)__builtin_ctzll(at) < bits) {
            bits = (unsigned)__builtin_ctzll(at);
        }
        struct slot *s = fill(info->slot_free++, OBJ_UNTYPED, at, bits, RIGHT_ALL);
        s->flags = SLOT_OWNER | (device ? SLOT_DEVICE : 0);
        info->untyped[info->untyped_count++] =
            (struct boot_untyped){.pa = at, .size_bits = (uint8_t)bits, .is_device = device};
        at += 1ull << bits;
        left -= 1ull << bits;
    }
}

static void make_spaces(void)
{
    slots = boot_alloc(boot, sizeof(struct slot) << BOOT_CNODE_BITS);
    cnode_init(slots, 0);
    space = boot_alloc(boot, 1 << VSPACE_BITS);
    vspace_init(space);
    fill(BOOT_SLOT_CNODE, OBJ_CNODE, (uint64_t)slots, BOOT_CNODE_BITS, RIGHT_ALL);
    fill(BOOT_SLOT_VSPACE, OBJ_VSPACE, (uint64_t)space, 0, RIGHT_ALL);
    fill(BOOT_SLOT_IRQ_CONTROL, OBJ_IRQ_CONTROL, 0, 0, RIGHT_ALL);
    fill(BOOT_SLOT_IOPORT_CONTROL, OBJ_IOPORT_CONTROL, 0, 0, RIGHT_ALL);
    fill(BOOT_SLOT_CPU_CONTROL, OBJ_CPU_CONTROL, 0, 0, RIGHT_ALL);
    fill(BOOT_SLOT_DEVICE_CONTROL, OBJ_DEVICE_CONTROL, 0, 0, RIGHT_ALL);
}

static void make_buffer_and_stack(void)
{
    uint64_t buffer = direct_pa(boot_alloc(boot, PAGE_BYTES));

    map_page(ROOT_BUFFER_VA, buffer, PTE_WRITE | nx());
    fill(BOOT_SLOT_BUFFER, OBJ_FRAME, buffer, FRAME_4K_BITS, RIGHT_READ | RIGHT_WRITE);
    for (uint64_t va = ROOT_STACK_TOP - ROOT_STACK_BYTES; va < ROOT_STACK_TOP; va += PAGE_BYTES) {
        map_page(va, direct_pa(boot_alloc(boot, PAGE_BYTES)), PTE_WRITE | nx());
    }
    for (uint32_t i = 0; i < BOOT_LOG_FRAMES; i++) {
        fill(BOOT_SLOT_LOG_FIRST + i, OBJ_FRAME, image_pa(&klog) + i * PAGE_BYTES, FRAME_4K_BITS,
             RIGHT_READ);
    }
}

/* What all may know: quoll/info.h. */
static void make_info(uint64_t boot_tsc)
{
    struct quoll_info *info = boot_alloc(boot, PAGE_BYTES);

    *info = (struct quoll_info){.magic = QUOLL_INFO_MAGIC,
                                .abi_version = QUOLL_ABI_VERSION,
                                .cpu_count = 1, /* root corrects it */
                                .features = cpu_feature_bits(),
                                .build = (CONFIG_DEBUG ? QUOLL_BUILD_DEBUG : 0) |
                                         (CONFIG_FASTPATH ? QUOLL_BUILD_FASTPATH : 0) |
                                         (CONFIG_SPEC ? QUOLL_BUILD_SPEC : 0),
                                .tsc_hz = cpu_self()->tsc_hz,
                                .boot_tsc = boot_tsc};
    map_page(QUOLL_INFO_VA, direct_pa(info), PTE_WRITE | nx());
    fill(BOOT_SLOT_INFO, OBJ_FRAME, direct_pa(info), FRAME_4K_BITS, RIGHT_READ);
}

static struct bootinfo *make_bootinfo(uint64_t ram_bytes)
{
    struct bootinfo *info = boot_alloc(boot, BOOTINFO_PAGES * PAGE_BYTES);

    info->magic = BOOTINFO_MAGIC;
    info->ram_bytes = ram_bytes;
    info->image_bytes = boot->module.bytes;
    memcpy(info->cmdline, boot->cmdline, sizeof info->cmdline);
    info->framebuffer = boot->framebuffer;
    info->rsdp_pa = boot->rsdp_pa;
    for (uint32_t i = 0; i < BOOTINFO_PAGES; i++) {
        map_page(BOOTINFO_VA + i * PAGE_BYTES, direct_pa(info) + i * PAGE_BYTES, PTE_WRITE | nx());
        fill(BOOT_SLOT_BOOTINFO + i, OBJ_FRAME, direct_pa(info) + i * PAGE_BYTES, FRAME_4K_BITS,
             RIGHT_READ);
    }
    return info;
}

/* For root to read; the frames can be executed too, so that programs' pages are shared. */
static void map_image(struct bootinfo *info)
{
    uint64_t pages = (boot->module.bytes + PAGE_BYTES - 1) / PAGE_BYTES;

    info->image_first = BOOT_SLOT_FIRST;
    info->image_count = (uint32_t)pages;
    for (uint32_t i = 0; i < pages; i++) {
        uint64_t pa = boot->module.base + i * PAGE_BYTES;
        map_page(BOOTIMAGE_VA + i * PAGE_BYTES, pa, nx());
        fill(info->image_first + i, OBJ_FRAME, pa, FRAME_4K_BITS, RIGHT_READ | RIGHT_EXEC);
    }
    info->slot_free = info->image_first + info->image_count;
    info->untyped_first = info->slot_free;
}

static void make_thread(uint64_t entry)
{
    struct thread *t = thread_init(boot_alloc(boot, PAGE_BYTES));
    struct budget *b = boot_alloc(boot, PAGE_BYTES);

    budget_init(b, 0, 0, PRIORITY_MAX);
    fill(BOOT_SLOT_THREAD, OBJ_THREAD, (uint64_t)t, 0, RIGHT_ALL);
    fill(BOOT_SLOT_BUDGET, OBJ_BUDGET, (uint64_t)b, 0, RIGHT_ALL);
    static const uint32_t from[][2] = {{TS_CNODE, BOOT_SLOT_CNODE},
                                       {TS_VSPACE, BOOT_SLOT_VSPACE},
                                       {TS_BUFFER, BOOT_SLOT_BUFFER},
                                       {TS_BUDGET, BOOT_SLOT_BUDGET}};
    for (unsigned i = 0; i < 4; i++) {
        (void)slot_copy(&slots[from[i][1]], &t->slots[from[i][0]], RIGHT_ALL, 0);
    }
    t->n.prio = ROOT_PRIORITY;
    thread_refresh(t);
    struct regs *r = thread_regs(t);
    r->rip = entry;
    r->rsp = ROOT_STACK_TOP;
    sched_wake(t);
}

void root_create(struct boot_data *data, struct boot_range *devices, unsigned device_count,
                 uint64_t boot_tsc, uint64_t ram_bytes)
{
    const void *file;
    uint64_t bytes;

    boot = data;
    if (!image_find(direct(boot->module.base), "root", &file, &bytes)) {
        boot_refuse("the boot image has no file \"root\"; build it again with \"make iso\".");
    }
    make_spaces();
    uint64_t entry = load_elf(file, bytes);
    make_buffer_and_stack();
    make_info(boot_tsc);
    struct bootinfo *info = make_bootinfo(ram_bytes);
    map_image(info);
    make_thread(entry);
    for (unsigned i = 0; i < boot->ram_count; i++) {
        add_untyped(info, &boot->ram[i], false);
    }
    info->kernel_bytes = ram_bytes - ranges_bytes(boot->ram, boot->ram_count);
    for (unsigned i = 0; i < device_count; i++) {
        add_untyped(info, &devices[i], true);
    }
}
