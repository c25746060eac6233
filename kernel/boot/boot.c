/*
 * boot.c - one entry for both boot protocols, and the checks that both need.
 */
#include "boot/boot.h"

#include "boot/loader.h"
#include "boot/phys.h"
#include "console/kprintf.h"
#include "lib/string.h"

#define RSDP_COPY_BYTES 36u

void boot_copy_cmdline(struct boot_data *out, const char *text, uint64_t bytes)
{
    size_t room = sizeof out->cmdline - 1;
    size_t length = strnlen(text, bytes < room + 1 ? bytes : room + 1);

    if (length > room) {
        kprintf("boot: the command line is cut off after %zu bytes\n", room);
        length = room;
    }
    memcpy(out->cmdline, text, length);
    out->cmdline[length] = '\0';
}

const char *boot_parse(uint32_t magic, uint64_t info_pa, struct boot_data *out)
{
    const char *wrong;

    memset(out, 0, sizeof *out);
    if (magic == MULTIBOOT2_BOOT_MAGIC) {
        wrong = multiboot2_parse(info_pa, out);
    } else if (magic == PVH_BOOT_MAGIC) {
        wrong = pvh_parse(info_pa, out);
    } else {
        wrong = "it was started by an unknown kind of boot loader; "
                "use GRUB's multiboot2 command or a PVH loader such as qemu -kernel.";
    }
    if (wrong != NULL) {
        return wrong;
    }
    if (out->ram_count == 0) {
        return "the boot loader's memory map shows no usable memory; "
               "check the firmware's memory settings.";
    }
    if (out->rsdp_pa != 0) {
        /* Root gets this address: a loader's copy lies in RAM that would be handed out. */
        ranges_remove(out->ram, &out->ram_count, BOOT_MAX_RAM, out->rsdp_pa, RSDP_COPY_BYTES);
    }
    return NULL;
}
