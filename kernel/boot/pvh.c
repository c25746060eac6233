/*
 * pvh.c - reading Xen's hvm_start_info, which qemu -kernel passes in ebx.
 * Source: Xen, xen/include/public/arch-x86/hvm/start_info.h, versions 0 and 1.
 */
#include "boot/loader.h"
#include "boot/phys.h"
#include "lib/string.h"

#define MEMMAP_ENTRIES_MAX 4096u
#define MODULES_MAX        64u

struct start_info {
    uint32_t magic, version, flags, module_count;
    uint64_t modules_pa, cmdline_pa, rsdp_pa;
    uint64_t memmap_pa; /* from here on since version 1 */
    uint32_t memmap_count, reserved;
};
_Static_assert(sizeof(struct start_info) == 56, "hvm_start_info version 1");

struct module_entry {
    uint64_t pa, bytes, cmdline_pa, reserved;
};

static const char *read_module(const struct start_info *info, struct boot_data *out)
{
    struct module_entry module;
    const void *list;

    if (info->module_count == 0) {
        return NULL;
    }
    if (info->module_count > MODULES_MAX) {
        return "the PVH loader's module count is damaged; give one -initrd, the boot image.";
    }
    list = phys_window(info->modules_pa, info->module_count * sizeof module);
    if (list == NULL) {
        return "the PVH loader's module list lies outside the first 4 GiB; use another loader.";
    }
    memcpy(&module, list, sizeof module);
    if (phys_window(module.pa, module.bytes) == NULL) {
        return "the PVH loader put the boot image outside the first 4 GiB; "
               "check the -initrd option.";
    }
    out->module = (struct boot_range){.base = module.pa, .bytes = module.bytes};
    out->has_module = true;
    return NULL;
}

/* The string has no length: take bytes one by one, so none past its NUL is touched. */
static const char *read_cmdline(uint64_t pa, struct boot_data *out)
{
    char text[sizeof out->cmdline + 1];
    uint64_t n = 0;

    if (pa == 0) {
        return NULL;
    }
    while (n < sizeof text) {
        const char *c = phys_window(pa + n, 1);
        if (c == NULL) {
            return "the PVH loader's command line lies outside the first 4 GiB; "
                   "use another loader.";
        }
        text[n++] = *c;
        if (*c == '\0') {
            break;
        }
    }
    boot_copy_cmdline(out, text, n);
    return NULL;
}

static const char *read_memmap(const struct start_info *info, struct boot_data *out)
{
    const void *entries;

    if (info->memmap_count == 0 || info->memmap_count > MEMMAP_ENTRIES_MAX) {
        return "the PVH loader's memory map is missing or damaged; use a newer loader.";
    }
    entries =
        phys_window(info->memmap_pa, (uint64_t)info->memmap_count * sizeof(struct memmap_entry));
    if (entries == NULL) {
        return "the PVH loader's memory map lies outside the first 4 GiB; use another loader.";
    }
    memmap_read(entries, info->memmap_count, sizeof(struct memmap_entry), out);
    return NULL;
}

const char *pvh_parse(uint64_t info_pa, struct boot_data *out)
{
    struct start_info info;
    const char *wrong;
    const void *source = phys_window(info_pa, sizeof info);

    if (source == NULL) {
        return "the PVH start information lies outside the first 4 GiB; use another loader.";
    }
    memcpy(&info, source, sizeof info);
    if (info.magic != PVH_BOOT_MAGIC) {
        return "the PVH start information is damaged (wrong magic number); use another loader.";
    }
    if (info.version < 1) {
        return "the PVH loader gives no memory map (version 0); "
               "use a newer one, such as QEMU 4.0 or later.";
    }
    wrong = read_memmap(&info, out);
    if (wrong == NULL) {
        wrong = read_module(&info, out);
    }
    if (wrong == NULL) {
        wrong = read_cmdline(info.cmdline_pa, out);
    }
    out->rsdp_pa = info.rsdp_pa;
    return wrong;
}
