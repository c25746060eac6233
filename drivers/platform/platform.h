/*
 * platform.h - the bus of devices that no bus announces: what a PC has had since 1984.
 * probe.c finds out which are there and leaves each as it was; commands.c says what may be sent to
 * the keyboard controller. Plain C over generated accessors: builds for the host too.
 */
#ifndef PLATFORM_PLATFORM_H
#define PLATFORM_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum platform_kind {
    PLATFORM_COM,
    PLATFORM_I8042,
    PLATFORM_VGA,
    PLATFORM_HPET,
    PLATFORM_PIT,
    PLATFORM_CMOS,
};

enum platform_resource_kind {
    PLATFORM_PORTS,
    PLATFORM_MEMORY,
    PLATFORM_IRQ, /* an ISA interrupt: the MADT's overrides apply */
};

struct platform_resource {
    const char *name;
    uint8_t kind;        /* enum platform_resource_kind */
    uint64_t base, size; /* bytes or ports; of an interrupt 1 */
};

#define PLATFORM_RESOURCES_MAX 4
#define PLATFORM_DEVICES       9

struct platform_device {
    const char *name;  /* "com1" */
    const char *match; /* what a driver's manifest names: "com" */
    uint8_t kind;      /* enum platform_kind */
    uint8_t resource_count;
    struct platform_resource resource[PLATFORM_RESOURCES_MAX];
};

/** All that could be there, PLATFORM_DEVICES of them; constant. The HPET's address is not in it:
 *  see platform_probe. */
extern const struct platform_device platform_devices[PLATFORM_DEVICES];

/* What the PIT is reported as on a machine with an HPET: no driver wants that, so its ports and its
 * pin, an edge that can't be shared, stay free. */
#define PLATFORM_PIT_SPARE "pit-spare"

/* What an HPET is reported as whose registers reach memory: no driver wants that either, so nobody
 * holds them, and the PIT is not spare. docs/security.md says why. */
#define PLATFORM_HPET_FSB "hpet-fsb"

/* How the HPET's first comparator can interrupt. */
struct platform_hpet {
    bool has_pin, has_message;
    bool reaches_memory; /* one of its comparators, whichever, can write where it is told to */
    uint32_t
        gsi; /* with has_pin: a level-triggered, active-low input as PCI's, which can be shared */
};

/** Find that out from the registers at @va. */
struct platform_hpet platform_hpet_interrupt(uintptr_t va);

/* What the prober knows of the machine. */
struct platform_machine {
    uint64_t hpet_pa;  /* ACPI's; 0: none */
    uintptr_t hpet_va; /* where that page is mapped for this task */
    uint32_t live;     /* bit n: a driver uses platform_devices[n]; it is there, and not touched */
};

/** Bit n of the answer: platform_devices[n] is there. */
uint32_t platform_probe(const struct platform_machine *machine);

/* ---- the keyboard controller's commands (port 0x64) ---- */

struct i8042_command {
    uint8_t first, last; /* a range of commands */
    uint8_t arguments;   /* bytes that the caller writes to port 0x60 next */
    uint8_t answers;     /* bytes that come to port 0x60 then */
    const char *what;
    const char *refused; /* a null pointer: it may be sent; else why not */
};

/** Port 0x64, read. */
uint8_t i8042_status(void);

/** The entry of @command; every command has one. */
const struct i8042_command *i8042_command_find(uint8_t command);

/** Send it. Returns a null pointer, or why not: refused, or the controller takes nothing within
 *  the time that it has (250 ms of its own clock: bounded reads of its status). */
const char *i8042_command_send(uint8_t command);

#endif
