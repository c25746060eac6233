/*
 * multiboot2.c - reading the Multiboot2 information block that GRUB passes in ebx.
 * Every length is checked against what is left of the block before its bytes are used.
 * Source: Multiboot2 Specification 2.0, section 3.6 "Boot information format".
 */
#include "boot/loader.h"
#include "boot/phys.h"
#include "console/kprintf.h"
#include "lib/string.h"

#define INFO_BYTES_MAX 0x100000u /* GRUB's is a few KiB */

enum tag_type {
    TAG_END = 0,
    TAG_CMDLINE = 1,
    TAG_MODULE = 3,
    TAG_MEMMAP = 6,
    TAG_FRAMEBUFFER = 8,
    TAG_RSDP_V1 = 14,
    TAG_RSDP_V2 = 15,
};

struct tag {
    uint32_t type, bytes;
};

struct tag_module {
    struct tag tag;
    uint32_t start_pa, end_pa; /* then the module's arguments */
};

struct tag_memmap {
    struct tag tag;
    uint32_t entry_bytes, entry_version; /* then the entries */
};

#define FRAMEBUFFER_RGB 1u
struct tag_framebuffer {
    struct tag tag;
    uint64_t pa;
    uint32_t pitch, width, height;
    uint8_t bpp, type;
    uint16_t reserved; /* then the colours' layout */
};
_Static_assert(sizeof(struct tag_framebuffer) == 32, "fixed part of the framebuffer tag");

#define RSDP_V1_BYTES 20u
#define RSDP_V2_BYTES 36u

static const char *const too_short =
    "the boot loader's information block has a tag that is too short; use GRUB 2.06 or later.";

static const char *read_module(const uint8_t *at, uint32_t bytes, struct boot_data *out)
{
    struct tag_module module;

    if (out->has_module) {
        return NULL; /* only the first one is ours */
    }
    if (bytes < sizeof module) {
        return too_short;
    }
    memcpy(&module, at, sizeof module);
    if (module.start_pa == 0 || module.end_pa <= module.start_pa) {
        return "the boot image that the boot loader names is empty; "
               "check the module2 line of grub.cfg.";
    }
    out->module.base = module.start_pa;
    out->module.bytes = module.end_pa - module.start_pa;
    out->has_module = true;
    return NULL;
}

static const char *read_memmap(const uint8_t *at, uint32_t bytes, struct boot_data *out)
{
    struct tag_memmap map;

    if (bytes < sizeof map) {
        return too_short;
    }
    memcpy(&map, at, sizeof map);
    if (map.entry_bytes < sizeof(struct memmap_entry) || map.entry_bytes % 8 != 0) {
        return "the boot loader's memory map has entries of an unknown size; "
               "use GRUB 2.06 or later.";
    }
    if (out->ram_count != 0) {
        return NULL; /* a second map would undo what the first one reserved */
    }
    memmap_read(at + sizeof map, (bytes - sizeof map) / map.entry_bytes, map.entry_bytes, out);
    return NULL;
}

/* A framebuffer that makes no sense is ignored: the serial line still works. */
static const char *read_framebuffer(const uint8_t *at, uint32_t bytes, struct boot_data *out)
{
    struct tag_framebuffer fb;

    if (bytes < sizeof fb) {
        return too_short;
    }
    memcpy(&fb, at, sizeof fb);
    if (fb.type != FRAMEBUFFER_RGB) {
        return NULL;
    }
    bool depth_known = fb.bpp == 16 || fb.bpp == 24 || fb.bpp == 32;
    bool size_sane = fb.width != 0 && fb.width <= 16384 && fb.height != 0 && fb.height <= 16384 &&
                     fb.pitch <= 0x40000 && fb.pitch >= fb.width * (fb.bpp / 8u);
    if (!depth_known || !size_sane || fb.pa == 0 || fb.pa >= 1ull << 46) {
        kprintf("boot: ignoring a framebuffer of %ux%u, %u bits, pitch %u at 0x%lx\n", fb.width,
                fb.height, fb.bpp, fb.pitch, fb.pa);
        return NULL;
    }
    out->framebuffer = (struct boot_framebuffer){
        .pa = fb.pa, .width = fb.width, .height = fb.height, .pitch = fb.pitch, .bpp = fb.bpp};
    return NULL;
}

/* @pa: where the tag lies; a version 2 RSDP replaces a version 1, whatever their order. */
static const char *read_rsdp(const struct tag *tag, uint64_t pa, struct boot_data *out,
                             bool *have_v2)
{
    uint32_t need = tag->type == TAG_RSDP_V2 ? RSDP_V2_BYTES : RSDP_V1_BYTES;

    if (tag->bytes < sizeof *tag + need) {
        return too_short;
    }
    if (!*have_v2) {
        out->rsdp_pa = pa + sizeof *tag;
        *have_v2 = tag->type == TAG_RSDP_V2;
    }
    return NULL;
}

static const char *read_tag(const uint8_t *at, const struct tag *tag, uint64_t pa,
                            struct boot_data *out, bool *have_v2)
{
    switch (tag->type) {
    case TAG_CMDLINE:
        boot_copy_cmdline(out, (const char *)at + sizeof *tag, tag->bytes - sizeof *tag);
        return NULL;
    case TAG_MODULE:
        return read_module(at, tag->bytes, out);
    case TAG_MEMMAP:
        return read_memmap(at, tag->bytes, out);
    case TAG_FRAMEBUFFER:
        return read_framebuffer(at, tag->bytes, out);
    case TAG_RSDP_V1:
    case TAG_RSDP_V2:
        return read_rsdp(tag, pa, out, have_v2);
    default:
        return NULL;
    }
}

/* Section 3.6.2: tags start at multiples of 8; the last one has type 0 and size 8. */
static const char *read_tags(const uint8_t *info, uint32_t total, uint64_t info_pa,
                             struct boot_data *out)
{
    uint32_t offset = 8;
    bool have_v2 = false;

    while (total - offset >= sizeof(struct tag)) {
        struct tag tag;
        memcpy(&tag, info + offset, sizeof tag);
        if (tag.bytes < sizeof tag || tag.bytes > total - offset) {
            return "the boot loader's information block has a tag of a wrong size; "
                   "use GRUB 2.06 or later.";
        }
        if (tag.type == TAG_END) {
            return NULL;
        }
        const char *wrong = read_tag(info + offset, &tag, info_pa + offset, out, &have_v2);
        if (wrong != NULL) {
            return wrong;
        }
        uint32_t padded = (tag.bytes + 7u) & ~7u;
        if (padded > total - offset) {
            break;
        }
        offset += padded;
    }
    return "the boot loader's information block has no end; use GRUB 2.06 or later.";
}

const char *multiboot2_parse(uint64_t info_pa, struct boot_data *out)
{
    uint32_t total;
    const void *head = phys_window(info_pa, 8);

    if (head == NULL || info_pa % 8 != 0) {
        return "the boot loader's information block is not where it can be read; "
               "use GRUB 2.06 or later.";
    }
    memcpy(&total, head, sizeof total);
    if (total < 16 || total > INFO_BYTES_MAX) {
        return "the boot loader's information block has an impossible size; "
               "use GRUB 2.06 or later.";
    }
    const uint8_t *info = phys_window(info_pa, total);
    if (info == NULL) {
        return "the boot loader's information block ends outside the first 4 GiB; "
               "use GRUB 2.06 or later.";
    }
    return read_tags(info, total, info_pa, out);
}
