/* sources: servers/lib/system_manifest.c servers/lib/system_manifest_key.c servers/lib/system_manifest_device.c servers/lib/manifest_text.c servers/lib/manifest_value.c servers/lib/irq_route.c */
/*
 * test_system_manifest.c - the system manifest's parser: what it takes, what it refuses and how,
 * the shipped manifest, and 200,000 mutations of it under the sanitizers.
 */
#include "mutate.h"

#include <quoll/abi.h>
#include <quoll/irq_route.h>
#include <quoll/system_manifest.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned passed, failed;

static void check(bool ok, const char *what)
{
    ok ? passed++ : failed++;
    if (!ok) {
        printf("FAILED: %s\n", what);
    }
}

#define NAMES "[task names]\nimage = names\npriority = 150\nprovides = names\n"
#define TASK  NAMES "[task a]\nimage = a\npriority = 1\nprovides = a\n"

#define DEVMAN "[task devman]\nimage = d\npriority = 1\nprovides = devman\n"

static struct manifest m;
static struct manifest_error e;

static bool parse(const char *text)
{
    size_t n = strlen(text);
    char *copy = malloc(n + 1); /* no byte behind the end may be read */
    bool ok;

    copy = realloc(copy, n > 0 ? n : 1);
    memcpy(copy, text, n);
    ok = manifest_parse(copy, n, &m, &e);
    free(copy);
    return ok;
}

static void refuse(const char *text, unsigned line, const char *part)
{
    bool ok = !parse(text) && e.line == line && strstr(e.text, part) != NULL;

    if (!ok) {
        printf("line %u: %s (expected %u: %s)\n", e.line, e.text, line, part);
    }
    check(ok, part);
}

static void test_values(void)
{
    const struct manifest_task *a = &m.task[1];

    check(parse(TASK "uses = names devman system # and\nports= 0x3f8-0x3ff 100\nirq = isa 4\n"
                     "irq=gsi 20 level low\nmmio = 0xfed00000  4k\nmmio=0xe0000000 2M\nuntyped = "
                     "4M-16M\nargs = one  two\r\nstack=8k\n"
                     "slots = 512\nirq-control = yes\nbudget = 5000/10000\nmax-priority = 9\n"
                     "devices = all\nboot-image = yes\ndma = unprotected\nopens = serial manage\n"
                     "sessions = 60\npower = yes\n"
                     "[task d]\nimage = d\npriority = 1\nprovides = devman\n"),
          "every key");
    check(m.count == 3 && strcmp(a->name, "a") == 0 && a->priority == 1 && a->max_priority == 9,
          "name and priorities");
    check(a->uses_count == 3 && strcmp(a->uses[1], "devman") == 0, "uses");
    check(a->port_count == 2 && a->ports[0].first == 0x3f8 && a->ports[0].last == 0x3ff &&
              a->ports[1].first == 100 && a->ports[1].last == 100,
          "ports");
    check(a->irq_count == 2 && a->irqs[0].is_isa && a->irqs[0].number == 4 && !a->irqs[1].is_isa &&
              a->irqs[1].level && a->irqs[1].active_low,
          "irqs");
    check(a->mmio_count == 2 && a->mmio[0].base == 0xfed00000 && a->mmio[0].bits == 12 &&
              a->mmio[1].base == 0xe0000000 && a->mmio[1].bits == 21,
          "mmio");
    check(a->untyped_min == 4 << 20 && a->untyped_max == 16 << 20, "untyped range");
    check(strcmp(a->args, "one  two") == 0 && a->stack_bytes == 8192 && a->slot_bits == 9,
          "args, stack, slots");
    check(a->irq_control && !a->cpu_control && a->budget_us == 5000 && a->period_us == 10000,
          "controls and budget");
    check(a->all_devices && a->boot_image && a->dma_unprotected && !m.task[2].dma_unprotected &&
              a->opens_count == 2 && strcmp(a->opens[1], "manage") == 0 && a->sessions == 60 &&
              a->power && !m.task[2].power && !m.task[2].all_devices && m.task[2].sessions == 0,
          "devices, boot image, opens");
    check(parse(TASK "uses = fs\nfiles = read   /cd0/a b\n[task f]\nimage = f\npriority = 1\n"
                     "provides = fs\nuses = fs\nfiles = read-write /\n") &&
              a->files == MANIFEST_FILES_READ && strcmp(a->files_root, "/cd0/a b") == 0 &&
              m.task[2].files == MANIFEST_FILES_READ_WRITE &&
              strcmp(m.task[2].files_root, "/") == 0 && m.task[0].files == MANIFEST_FILES_NONE,
          "files");
    check(m.task[0].max_priority == 150 && m.task[0].stack_bytes == 65536, "defaults");
    check(parse(TASK "uses = names devman\nopens = a\n" DEVMAN) && m.task[1].sessions == 4,
          "sessions where nothing is said");
}

static const char *const bad_roots[] = {"",           "disk0",     "//",       "/disk0/",
                                        "/disk0//a",  "/.",        "/..",      "/disk0/../a",
                                        "/disk0/./a", "/disk0/..", "/disk0\\a"};

static void test_refusals(void)
{
    char longline[700];

    refuse("", 0, "no task");
    refuse("image = x\n", 1, "outside of a section");
    refuse("[task a]\nimage = a\npriority = 1\n", 1, "provides = names");
    refuse("[task A]\n", 1, "bad task name");
    refuse("[driver a]\n", 1, "[task NAME]");
    refuse("[", 1, "[task NAME]");
    refuse("[task a\n", 1, "[task NAME]");
    refuse(NAMES "hello\n", 5, "key = value");
    refuse(NAMES "colour = red\n", 5, "unknown key 'colour'");
    refuse(NAMES "priority = 1\n", 5, "there twice");
    refuse(NAMES "[task a]\nimage = a\npriority = 200\n", 7, "1 to 199");
    refuse(NAMES "[task a]\nimage = a\npriority = 0\n", 7, "1 to 199");
    refuse(NAMES "[task a]\nimage = a\npriority = 18446744073709551617\n", 7, "1 to 199");
    refuse(NAMES "[task a]\npriority = 3\n", 5, "no image");
    refuse(NAMES "[task a]\nimage = a\n", 5, "no priority");
    refuse(TASK "max-priority = 0\n", 9, "1 to 199");
    refuse(TASK "uses = nobody\n", 5, "nobody provides nobody");
    refuse(TASK "uses = names names\n", 9, "twice");
    refuse(TASK "ports = 0x3ff-0x3f8\n", 9, "FIRST-LAST");
    refuse(TASK "ports = 0x10000\n", 9, "FIRST-LAST");
    refuse(TASK "ports = 1-5 5-9\n", 5, "task a's too");
    refuse(TASK "irq = isa 16\n", 9, "isa 0 to 15");
    refuse(TASK "irq = isa 4 level\n", 9, "isa 0 to 15");
    refuse(TASK "irq = gsi 4 high-ish\n", 9, "gsi N");
    refuse(TASK "mmio = 0xe0000000\n", 9, "ADDRESS SIZE");
    refuse(TASK "mmio = 0xe0000000 3M\n", 9, "power of two");
    refuse(TASK "mmio = 0xe0000000 1k\n", 9, "power of two");
    refuse(TASK "mmio = 0xe0001000 8k\n", 9, "multiple of it");
    refuse(TASK "mmio = 0x400000000000 4k\n", 9, "ADDRESS SIZE");
    refuse(TASK "mmio = 0xe0000000 4k,\n", 9, "ADDRESS SIZE");
    refuse(TASK "untyped = 3M\n", 9, "power of two");
    refuse(TASK "untyped = 16M-4M\n", 9, "power of two");
    refuse(TASK "slots = 100\n", 9, "power of two");
    refuse(TASK "stack = 5000\n", 9, "multiple of 4k");
    refuse(TASK "cpu-control = maybe\n", 9, "yes or no");
    refuse(TASK "device-control = 1\n", 9, "yes or no");
    refuse(TASK "restart = yes\n", 9, "restart: no");
    refuse(TASK "devices = some\n", 9, "devices: all");
    refuse(TASK "devices = all\n[task b]\nimage = b\npriority = 1\ndevices = all\n", 10,
           "task a's already");
    refuse(TASK "dma = yes\n", 9, "unprotected (where there is no IOMMU");
    refuse(TASK "boot-image = all\n", 9, "yes or no");
    refuse(TASK "opens = serial\n", 5, "add uses = devman");
    refuse(TASK "opens = serial serial\n", 9, "twice");
    refuse(TASK "power = on\n", 9, "yes or no");
    refuse(TASK "power = yes\n", 5, "add uses = system");
    refuse(TASK "files = read /\n", 5, "add uses = fs");
    refuse(TASK "files = write /\n", 9, "read or read-write");
    for (unsigned i = 0; i < sizeof(bad_roots) / sizeof(bad_roots[0]); i++) {
        char text[600];
        (void)snprintf(text, sizeof(text), TASK "files = read %s\n", bad_roots[i]);
        refuse(text, 9, "read or read-write");
    }
    refuse(TASK "sessions = 0\n", 9, "from 1 to 64");
    refuse(TASK "sessions = 65\n", 9, "from 1 to 64");
    refuse(TASK "sessions = 1\n", 5, "add opens");
    refuse(TASK "uses = devman\nopens = a\nsessions = 61\n" DEVMAN
                "[task b]\nimage = b\npriority = 1\nuses = devman\nopens = a\n",
           16, "there are 65 of all tasks");
    refuse(TASK "opens = Serial\n", 9, "interfaces of drivers");
    refuse(TASK "opens = a-name-that-is-too-long\n", 9, "interfaces of drivers");
    refuse(TASK "opens = a b c d e f g h i j k l m\n", 9, "at most 12");
    refuse(TASK "budget = 10/5\n", 9, "BUDGET/PERIOD");
    refuse(TASK "budget = 1/999\n", 9, "period 1000");
    refuse(TASK "image = /bin/sh\n", 9, "there twice");
    refuse(TASK "[task a]\nimage = a\npriority = 1\n", 9, "already defined in line 5");
    refuse(TASK "[task b]\nimage = a\npriority = 1\nprovides = a\n", 9, "already provided");
    refuse(NAMES "[task root]\nimage = a\npriority = 1\n", 5, "root task's own");
    refuse(NAMES "[task a]\nimage = a\npriority = 1\nirq = isa 4\n", 5, "add provides");
    refuse("\x01\n", 1, "control character");
    memset(longline, 'x', sizeof(longline));
    longline[sizeof(longline) - 1] = '\0';
    refuse(longline, 1, "too long");
}

static void test_irq_route(void)
{
    struct boot_acpi acpi = {.iso_count = 2};
    struct manifest_irq irq = {.number = 4, .is_isa = true};
    uint32_t gsi, flags;

    acpi.iso[0] = (struct boot_iso){.irq = 0, .gsi = 2};
    acpi.iso[1] = (struct boot_iso){.irq = 9, .gsi = 21, .level = 1, .active_low = 1};
    irq_route(&acpi, &irq, &gsi, &flags);
    check(gsi == 4 && flags == 0, "ISA without an override: its own pin, edge, high");
    irq.number = 9;
    irq_route(&acpi, &irq, &gsi, &flags);
    check(gsi == 21 && flags == (IRQ_LEVEL | IRQ_ACTIVE_LOW), "ISA with an override");
    irq = (struct manifest_irq){.number = 9, .level = true};
    irq_route(&acpi, &irq, &gsi, &flags);
    check(gsi == 9 && flags == IRQ_LEVEL, "a GSI is taken as it is");
}

static void test_fuzz(const char *good, size_t bytes)
{
    unsigned accepted = 0, silent = 0;

    for (unsigned i = 0; i < 200000; i++) {
        size_t n = bytes;
        char *text = malloc(bytes);
        memcpy(text, good, bytes);
        mutate(text, &n);
        text = realloc(text, n);
        if (manifest_parse(text, n, &m, &e)) {
            accepted++;
        } else if (e.text[0] == '\0') {
            silent++;
        }
        free(text);
    }
    check(accepted > 0, "some mutations are still manifests");
    check(silent == 0, "every refusal says why");
}

int main(void)
{
    static char text[65536];
    FILE *f = fopen("boot/system.manifest", "r");
    size_t n;

    if (f == NULL) {
        f = fopen("../../boot/system.manifest", "r");
    }
    n = f != NULL ? fread(text, 1, sizeof(text) - 1, f) : 0;
    if (f != NULL) {
        fclose(f);
    }
    test_values();
    test_refusals();
    test_irq_route();
    check(manifest_parse(text, n, &m, &e), "the shipped manifest");
    if (e.text[0] != '\0') {
        printf("system.manifest:%u: %s\n", e.line, e.text);
    }
    test_fuzz(n > 0 ? text : TASK, n > 0 ? n : sizeof(TASK) - 1);
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
