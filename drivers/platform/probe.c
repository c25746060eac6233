/*
 * probe.c - which of the platform's devices are there. A port that nobody answers reads as ones,
 * so each test looks for something that is not all ones, and puts back what it wrote. A device
 * that a driver uses is not touched.
 */
#include "platform.h"

#include <regs/cmos.h>
#include <regs/hpet.h>
#include <regs/i8042.h>
#include <regs/pit.h>
#include <regs/uart8250.h>
#include <regs/vga.h>

#define ABSENT        0xffu
#define PATTERN       0x5au
#define IDLE_READS    60000u     /* of a UART's status: at 1 us each, 600 bytes at 115200 baud */
#define PERIOD_FS_MAX 100000000u /* HPET 1.0a, section 2.3.4: 100 ns */
#define PIT_STATUS    0x28u      /* 82C54, read-back command: counter 2's status, not its count */
#define PIT_MODE_MAX  5u

/* ---- serial ports (PC16550D, sections 8.3 and 8.7) ---- */

static bool scratch_works(struct uart8250_regs uart)
{
    uint8_t before = uart8250_scr_read(uart);
    bool works;

    uart8250_scr_write(uart, PATTERN);
    works = uart8250_scr_read(uart) == PATTERN;
    uart8250_scr_write(uart, (uint8_t)~PATTERN);
    works = works && uart8250_scr_read(uart) == (uint8_t)~PATTERN;
    uart8250_scr_write(uart, before);
    return works;
}

/* In loop mode the modem's outputs are its inputs. What is being sent would come back: it may
 * finish before, in bounded time. */
static bool loop_works(struct uart8250_regs uart)
{
    struct uart8250_mcr before = uart8250_mcr_read(uart);
    struct uart8250_msr lines;
    bool works;

    for (unsigned i = 0; i < IDLE_READS && !uart8250_lsr_read(uart).idle; i++) {
    }
    uart8250_mcr_write(uart, (struct uart8250_mcr){.loop = true, .out2 = true, .rts = true});
    lines = uart8250_msr_read(uart);
    works = lines.dcd && lines.cts && !lines.dsr && !lines.ri;
    uart8250_mcr_write(uart, (struct uart8250_mcr){.loop = true, .dtr = true, .out1 = true});
    lines = uart8250_msr_read(uart);
    works = works && !lines.dcd && !lines.cts && lines.dsr && lines.ri;
    uart8250_mcr_write(uart, before);
    (void)uart8250_msr_read(uart); /* the lines' changes were ours */
    return works;
}

static bool com_is_there(uint16_t port)
{
    struct uart8250_regs uart = uart8250_regs_at(port);
    struct uart8250_lcr lcr = uart8250_lcr_read(uart), plain = lcr;
    struct uart8250_ier ier;
    bool is_there;

    if (!scratch_works(uart)) {
        return false;
    }
    plain.dlab = false; /* else the next register is a divisor */
    uart8250_lcr_write(uart, plain);
    ier = uart8250_ier_read(uart);
    uart8250_ier_write(uart, (struct uart8250_ier){.received = false});
    is_there = loop_works(uart);
    uart8250_ier_write(uart, ier);
    uart8250_lcr_write(uart, lcr);
    return is_there;
}

/* ---- the others ---- */

/* Only its status is looked at: a command would disturb who talks to the keyboard. */
static bool i8042_is_there(uint16_t port)
{
    struct i8042_control_regs control = i8042_control_regs_at((uint16_t)(port + 4));

    return i8042_control_status_raw(i8042_control_status_read(control)) != ABSENT;
}

/* The cursor's place takes a pattern. */
static bool vga_is_there(uint16_t port)
{
    struct vga_regs vga = vga_regs_at(port);
    struct vga_misc_set misc = vga_misc_set_of(vga_misc_raw(vga_misc_read(vga)));
    uint8_t index, before;
    bool is_there;

    if (vga_misc_set_raw(misc) == ABSENT) {
        return false;
    }
    if (!misc.colour) { /* its CRTC is at the other address: that it answers must do */
        return true;
    }
    index = vga_crtc_index_read(vga);
    before = vga_crtc_cursor_low_read(vga);
    vga_crtc_cursor_low_write(vga, PATTERN);
    is_there = vga_crtc_cursor_low_read(vga) == PATTERN;
    vga_crtc_cursor_low_write(vga, before);
    vga_crtc_index_write(vga, index);
    return is_there;
}

static bool hpet_is_there(const struct platform_machine *machine)
{
    struct hpet_capabilities capabilities;

    if (machine->hpet_pa == 0 || machine->hpet_va == 0) {
        return false;
    }
    capabilities = hpet_capabilities_read(hpet_regs_at(machine->hpet_va));
    return capabilities.period_fs != 0 && capabilities.period_fs <= PERIOD_FS_MAX;
}

#define HPET_STRIDE 0x20u /* section 2.3.1: of the comparators, up to 32 */

/* Tn_FSB_INT_DEL_CAP (section 2.3.8), of all that there are. */
static bool hpet_reaches_memory(uintptr_t va)
{
    unsigned last = hpet_capabilities_read(hpet_regs_at(va)).last_timer;
    bool does = false;

    for (unsigned i = 0; i <= last; i++) {
        struct hpet_regs from_i = hpet_regs_at(va + (uintptr_t)i * HPET_STRIDE);
        does |= hpet_timer_configuration_read(from_i, 0).fsb_capable;
    }
    return does;
}

/* An input that PCI can use, too: the ISA's are edges, which can't be shared, and on some machines
 * (QEMU's pc) there is no other. First those that PCI's devices on QEMU's q35 use least. */
struct platform_hpet platform_hpet_interrupt(uintptr_t va)
{
    static const uint8_t order[] = {19, 18, 17, 16, 20, 21, 22, 23};
    uint32_t inputs = hpet_timer_routes_read(hpet_regs_at(va), 0);
    struct platform_hpet found = {
        .has_message = hpet_timer_configuration_read(hpet_regs_at(va), 0).fsb_capable,
        .reaches_memory = hpet_reaches_memory(va)};

    for (unsigned i = 0; i < sizeof(order) && !found.has_pin; i++) {
        found.has_pin = (inputs >> order[i] & 1) != 0;
        found.gsi = found.has_pin ? order[i] : 0;
    }
    return found;
}

/* The speaker's counter says its mode and how it is read; the counts go on. */
static bool pit_is_there(uint16_t port)
{
    struct pit_regs pit = pit_regs_at(port);
    struct pit_control status;

    pit_control_write(pit, pit_control_of((uint8_t)(PIT_SELECT_READ_BACK << 6 | PIT_STATUS)));
    status = pit_control_of(pit_counter_read(pit, 2));
    return status.mode <= PIT_MODE_MAX || (pit_control_raw(status) & 0x3f) != 0x3f;
}

/* The bits of status D that have no meaning are zero (MC146818A, register D). */
static bool cmos_is_there(uint16_t port)
{
    struct cmos_regs cmos = cmos_regs_at(port);

    return cmos_status_a_raw(cmos_status_a_read(cmos)) != ABSENT &&
           cmos_status_b_raw(cmos_status_b_read(cmos)) != ABSENT;
}

static bool is_there(const struct platform_device *device, const struct platform_machine *machine)
{
    uint16_t port = (uint16_t)device->resource[0].base;

    switch (device->kind) {
    case PLATFORM_COM:
        return com_is_there(port);
    case PLATFORM_I8042:
        return i8042_is_there(port);
    case PLATFORM_VGA:
        return vga_is_there(port);
    case PLATFORM_HPET:
        return hpet_is_there(machine);
    case PLATFORM_PIT:
        return pit_is_there(port);
    default:
        return cmos_is_there(port);
    }
}

uint32_t platform_probe(const struct platform_machine *machine)
{
    uint32_t found = 0;

    for (unsigned i = 0; i < PLATFORM_DEVICES; i++) {
        if ((machine->live >> i & 1) != 0 || is_there(&platform_devices[i], machine)) {
            found |= 1u << i;
        }
    }
    return found;
}
