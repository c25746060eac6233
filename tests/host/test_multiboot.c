/* sources: kernel/boot/boot.c kernel/boot/multiboot2.c kernel/boot/pvh.c kernel/boot/memmap.c */
/*
 * Both loaders' information and the memory map: good input, each kind of damage, the range
 * arithmetic against a bitmap of pages, and 200,000 mutations.
 */
#include "fake_phys.h"

#include "boot/boot.h"

#define INFO   0x8000u
#define LIST   0x9000u
#define MAP    0xa000u
#define TEXT   0xb000u
#define MODULE 0x20000u
#define MIB    0x100000ull

static struct boot_data boot;
static uint8_t pristine[PHYS_BYTES];
static uint64_t write_at;

static void reset(void)
{
    phys_release();
    memcpy(phys, pristine, sizeof phys);
    log_lines = 0;
}

static uint64_t put_map_entry(uint64_t at, uint64_t base, uint64_t bytes, uint32_t type)
{
    put64(at, base);
    put64(at + 8, bytes);
    put64(at + 16, type);
    return at + 24;
}

static uint64_t put_map(uint64_t at)
{
    at = put_map_entry(at, MIB, 63 * MIB, 1);
    at = put_map_entry(at, 0, 0x9fc00, 1);
    at = put_map_entry(at, 0x9fc00, 0x400, 2);
    at = put_map_entry(at, 32 * MIB + 100, 1, 3); /* reserved inside RAM wins */
    return put_map_entry(at, 0xfffffffffffff000ull, 0x10000, 1);
}

/* Begin a multiboot2 tag; its size is set by tag_end. */
static uint64_t tag_begin(uint32_t type)
{
    uint64_t tag = write_at;
    put32(tag, type);
    write_at += 8;
    return tag;
}

static void tag_end(uint64_t tag)
{
    put32(tag + 4, write_at - tag);
    write_at = (write_at + 7) & ~7ull;
}

static uint64_t tag_module, tag_map, tag_fb, tag_rsdp, tag_last;

static void seal_info(void)
{
    put32(INFO, write_at - INFO);
}

static void build_multiboot(void)
{
    memset(phys, 0, sizeof phys);
    write_at = INFO + 8;
    uint64_t tag = tag_begin(1);
    memcpy(phys + write_at, "debug quiet", 12);
    write_at += 12;
    tag_end(tag);
    tag_module = tag_begin(3);
    put32(write_at, MODULE);
    put32(write_at + 4, MODULE + 5000);
    write_at += 9;
    tag_end(tag_module);
    tag = tag_begin(3); /* a second module is not ours */
    put32(write_at, 0x30000);
    put32(write_at + 4, 0x31000);
    write_at += 9;
    tag_end(tag);
    tag_map = tag_begin(6);
    put32(write_at, 24);
    write_at = put_map(write_at + 8);
    tag_end(tag_map);
    tag_fb = tag_begin(8);
    put64(write_at, 0xfd000000);
    put32(write_at + 8, 4096);
    put32(write_at + 12, 1024);
    put32(write_at + 16, 768);
    phys[write_at + 20] = 32;
    phys[write_at + 21] = 1;
    write_at += 30;
    tag_end(tag_fb);
    tag_rsdp = tag_begin(14);
    memcpy(phys + write_at, "RSD PTR ", 8);
    uint8_t sum = 0;
    for (unsigned i = 0; i < 20; i++) {
        sum = (uint8_t)(sum + phys[write_at + i]);
    }
    phys[write_at + 8] = (uint8_t)(0 - sum);
    write_at += 20;
    tag_end(tag_rsdp);
    tag_last = tag_begin(0);
    tag_end(tag_last);
    seal_info();
    memcpy(pristine, phys, sizeof phys);
}

static void build_pvh(void)
{
    memset(phys, 0, sizeof phys);
    put32(INFO, PVH_BOOT_MAGIC);
    put32(INFO + 4, 1);
    put32(INFO + 12, 1);
    put64(INFO + 16, LIST);
    put64(INFO + 24, TEXT);
    put64(INFO + 40, MAP);
    put32(INFO + 48, (put_map(MAP) - MAP) / 24);
    put64(LIST, MODULE);
    put64(LIST + 8, 5000);
    memcpy(phys + TEXT, "debug quiet", 12);
    memcpy(pristine, phys, sizeof phys);
}

static bool ram_is_good(void)
{
    return boot.ram_count == 3 && boot.ram[0].base == 0 && boot.ram[1].base == MIB &&
           boot.ram[1].bytes == 31 * MIB && boot.ram[2].base == 32 * MIB + 4096 &&
           boot.ram[2].bytes == 32 * MIB - 4096;
}

static const char *parse(uint32_t magic)
{
    return boot_parse(magic, INFO, &boot);
}

static bool says(uint32_t magic, const char *part)
{
    const char *wrong = parse(magic);
    bool good = wrong != NULL && strstr(wrong, part) != NULL;
    if (!good) {
        fprintf(stderr, "said: %s\n", wrong == NULL ? "nothing" : wrong);
    }
    reset();
    return good;
}
#define MB_SAYS(part)  CHECK(says(MULTIBOOT2_BOOT_MAGIC, part))
#define PVH_SAYS(part) CHECK(says(PVH_BOOT_MAGIC, part))

static void check_common(void)
{
    CHECK(strcmp(boot.cmdline, "debug quiet") == 0);
    CHECK(boot.has_module && boot.module.base == MODULE && boot.module.bytes == 5000);
}

static void test_multiboot(void)
{
    build_multiboot();
    CHECK(parse(MULTIBOOT2_BOOT_MAGIC) == NULL);
    check_common();
    CHECK(boot.framebuffer.pa == 0xfd000000 && boot.framebuffer.width == 1024 &&
          boot.framebuffer.height == 768 && boot.framebuffer.pitch == 4096 &&
          boot.framebuffer.bpp == 32);
    CHECK(boot.rsdp_pa == tag_rsdp + 8);
    /* The page of the loader's copy is taken out; the rest of the map is as given. */
    CHECK(boot.ram_count == 4 && boot.ram[0].bytes == INFO && boot.ram[1].base == INFO + 4096 &&
          boot.ram[1].bytes == 0x9f000 - INFO - 4096 && boot.ram[2].bytes == 31 * MIB &&
          boot.ram[3].base == 32 * MIB + 4096);
    reset();
    put32(tag_module, 77);
    put32(tag_module + 24, 77); /* both modules unknown tags now */
    CHECK(parse(MULTIBOOT2_BOOT_MAGIC) == NULL && !boot.has_module);
    reset();
    phys[tag_fb + 29] = 2; /* EGA text */
    CHECK(parse(MULTIBOOT2_BOOT_MAGIC) == NULL && boot.framebuffer.pa == 0 && log_lines == 0);
    reset();
    put32(tag_fb + 16, 100); /* pitch too small */
    CHECK(parse(MULTIBOOT2_BOOT_MAGIC) == NULL && boot.framebuffer.pa == 0 && log_lines == 1);
    reset();
}

static void test_multiboot_damage(void)
{
    CHECK(says(0x2badb002, "unknown kind of boot loader"));
    CHECK(boot_parse(MULTIBOOT2_BOOT_MAGIC, INFO + 4, &boot) != NULL);
    CHECK(boot_parse(MULTIBOOT2_BOOT_MAGIC, 0, &boot) != NULL);
    CHECK(boot_parse(MULTIBOOT2_BOOT_MAGIC, ~7ull, &boot) != NULL);
    for (uint32_t total = 0; total < write_at - INFO; total++) { /* cut off anywhere */
        put32(INFO, total);
        CHECK(parse(MULTIBOOT2_BOOT_MAGIC) != NULL);
        reset();
    }
    put32(INFO, 0xffffffff);
    MB_SAYS("impossible size");
    put32(INFO, 0xffff8);
    MB_SAYS("outside the first 4 GiB");
    put32(tag_map + 4, 7);
    MB_SAYS("wrong size");
    put32(tag_map + 4, 0xfffffff9);
    MB_SAYS("wrong size");
    put32(tag_last, 99);
    MB_SAYS("no end");
    put32(tag_map + 8, 0);
    MB_SAYS("unknown size");
    put32(tag_map + 8, 20);
    MB_SAYS("unknown size");
    put32(tag_map, 99);
    MB_SAYS("no usable memory");
    put32(tag_module + 12, MODULE);
    MB_SAYS("empty");
    put32(tag_rsdp, 15);
    MB_SAYS("too short");
    phys[INFO + 8 + 4] = 8; /* a command line without a byte; the tag after it is then garbage */
    CHECK(parse(MULTIBOOT2_BOOT_MAGIC) != NULL);
    reset();
    put32(INFO + 8 + 4, 8 + 11); /* no NUL within the tag */
    CHECK(parse(MULTIBOOT2_BOOT_MAGIC) == NULL && strcmp(boot.cmdline, "debug quiet") == 0);
    reset();
}

static void test_pvh(void)
{
    build_pvh();
    CHECK(parse(PVH_BOOT_MAGIC) == NULL);
    check_common();
    CHECK(ram_is_good() && boot.framebuffer.pa == 0 && boot.rsdp_pa == 0);
    reset();
    memset(phys + TEXT, 'x', 300);
    CHECK(parse(PVH_BOOT_MAGIC) == NULL && strlen(boot.cmdline) == 255);
    reset();
    put64(INFO + 24, 0);
    put32(INFO + 12, 0);
    CHECK(parse(PVH_BOOT_MAGIC) == NULL && boot.cmdline[0] == 0 && !boot.has_module);
    reset();
    put32(INFO, 1);
    PVH_SAYS("wrong magic");
    put32(INFO + 4, 0);
    PVH_SAYS("version 0");
    put32(INFO + 12, 65);
    PVH_SAYS("module count");
    put64(INFO + 16, ~0ull);
    PVH_SAYS("module list");
    put64(LIST, 1ull << 32);
    PVH_SAYS("boot image outside");
    put64(LIST + 8, ~0ull);
    PVH_SAYS("boot image outside");
    put64(LIST + 8, 0);
    PVH_SAYS("boot image outside");
    put64(INFO + 24, PHYS_BYTES);
    PVH_SAYS("command line");
    memset(phys + PHYS_BYTES - 3, 'x', 3);
    put64(INFO + 24, PHYS_BYTES - 3);
    PVH_SAYS("command line");
    put32(INFO + 48, 0);
    PVH_SAYS("missing or damaged");
    put32(INFO + 48, 0xffffffff);
    PVH_SAYS("missing or damaged");
    put64(INFO + 40, ~0ull);
    PVH_SAYS("memory map lies outside");
    CHECK(boot_parse(PVH_BOOT_MAGIC, ~0ull, &boot) != NULL);
}

static bool ranges_sound(const struct boot_range *r, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (r[i].bytes == 0 || r[i].base + r[i].bytes < r[i].base ||
            (i > 0 && r[i - 1].base + r[i - 1].bytes >= r[i].base)) {
            return false;
        }
    }
    return true;
}

/* Random adds and removes of whole pages, against one bit a page. */
static void test_ranges(void)
{
    bool good = true;
    for (unsigned round = 0; round < 2000; round++) {
        bool page[64] = {false};
        struct boot_range r[40];
        unsigned count = 0;
        for (unsigned step = 0; step < 20; step++) {
            uint64_t first = next_random() % 64;
            uint64_t pages = next_random() % (65 - first);
            bool add = next_random() % 2 != 0;
            uint64_t inset = add || pages == 0 ? 0 : next_random() % 4096; /* rounds outwards */
            uint64_t bytes = pages * 4096 - inset;
            (add ? ranges_add : ranges_remove)(r, &count, 40, first * 4096 + inset, bytes);
            memset(page + first, add, pages);
        }
        good = good && ranges_sound(r, count);
        for (uint64_t p = 0; p < 64; p++) {
            bool in = false;
            for (unsigned i = 0; i < count; i++) {
                in = in || (p * 4096 >= r[i].base && p * 4096 < r[i].base + r[i].bytes);
            }
            good = good && in == page[p];
        }
    }
    CHECK(good);
}

static void test_ranges_full(void)
{
    struct boot_range *r = malloc(2 * sizeof *r); /* exact: one past it is an error */
    unsigned count = 0;
    ranges_add(r, &count, 2, 0, 100 * 4096);
    ranges_add(r, &count, 2, 200 * 4096, 10 * 4096);
    ranges_add(r, &count, 2, 300 * 4096, 20 * 4096); /* drops the smallest */
    CHECK(count == 2 && r[1].base == 300 * 4096 && log_lines == 1);
    ranges_add(r, &count, 2, 200 * 4096, 10 * 4096); /* is the smallest itself */
    CHECK(count == 2 && r[1].base == 300 * 4096 && log_lines == 2);
    ranges_remove(r, &count, 2, 10 * 4096, 4096); /* no room for a split: the larger part stays */
    CHECK(count == 2 && r[0].base == 11 * 4096 && r[0].bytes == 89 * 4096 && log_lines == 3);
    ranges_remove(r, &count, 2, 0, UINT64_MAX);
    CHECK(count == 0);
    ranges_add(r, &count, 2, 4095, 4098);
    ranges_add(r, &count, 2, 20000, 1000);
    CHECK(ranges_bytes(r, count) == 5098);
    ranges_align(r, &count);
    CHECK(count == 1 && r[0].base == 4096 && r[0].bytes == 4096);
    ranges_add(r, &count, 2, UINT64_MAX - 5, 5); /* beyond what can be addressed */
    CHECK(count == 1);
    free(r);
    log_lines = 0;
}

/* Where the search for the RSDP, which takes long, ends at once. */
static void put_rsdp(uint64_t at)
{
    memcpy(phys + at, "RSD PTR ", 8);
    phys[at + 8] = (uint8_t)(0 - 0x21f);
}

static void fuzz(uint32_t magic, uint64_t info_bytes)
{
    unsigned accepted = 0;
    bool sound = true;
    put_rsdp(0xe0000);
    for (unsigned i = 0; i < 100000; i++) {
        static const uint32_t places[] = {INFO, LIST, MAP, TEXT};
        for (uint64_t n = 1 + next_random() % 4; n > 0; n--) {
            uint32_t place = places[magic == PVH_BOOT_MAGIC ? next_random() % 4 : 0];
            uint64_t range = place == INFO ? info_bytes : 160;
            phys[place + next_random() % range] = (uint8_t)next_random();
        }
        if (boot_parse(magic, INFO, &boot) == NULL) {
            accepted++;
            sound = sound && boot.ram_count <= BOOT_MAX_RAM &&
                    ranges_sound(boot.ram, boot.ram_count) &&
                    memchr(boot.cmdline, 0, sizeof boot.cmdline) != NULL;
        }
        phys_release();
        memcpy(phys + INFO, pristine + INFO, 0x4000);
    }
    CHECK(sound && accepted > 1000 && accepted < 100000);
}

int main(void)
{
    test_ranges();
    test_ranges_full();
    test_multiboot();
    test_multiboot_damage();
    fuzz(MULTIBOOT2_BOOT_MAGIC, write_at - INFO);
    test_pvh();
    fuzz(PVH_BOOT_MAGIC, 56);
    phys_release();
    return report();
}
