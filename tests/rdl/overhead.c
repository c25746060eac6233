/*
 * overhead.c - generated accessors beside what one would write by hand, in pairs gen_X and
 * hand_X. test_rdl.py compiles this with the drivers' flags and compares each pair's
 * instructions, which must be the same ones in the same order.
 */
#include <regs/bochs_vbe.h>
#include <regs/edu.h>
#include <regs/hpet.h>
#include <regs/i8042.h>
#include <regs/sample.h>
#include <regs/uart8250.h>
#include <regs/vga.h>

#define PAIR(result, name, parameters)                                                             \
    result gen_##name parameters;                                                                  \
    result hand_##name parameters;

/* ---- a data register ---- */

PAIR(uint8_t, data_read, (uint16_t base))

uint8_t gen_data_read(uint16_t base)
{
    return uart8250_rbr_read(uart8250_regs_at(base));
}

uint8_t hand_data_read(uint16_t base)
{
    return port_read8(base);
}

PAIR(void, data_write, (uint16_t base, uint8_t byte))

void gen_data_write(uint16_t base, uint8_t byte)
{
    uart8250_thr_write(uart8250_regs_at(base), byte);
}

void hand_data_write(uint16_t base, uint8_t byte)
{
    port_write8(base, byte);
}

/* ---- tests of bits ---- */

PAIR(bool, one_bit, (uint16_t base))

bool gen_one_bit(uint16_t base)
{
    return uart8250_lsr_read(uart8250_regs_at(base)).holding_empty;
}

bool hand_one_bit(uint16_t base)
{
    return (port_read8((uint16_t)(base + 5)) & 0x20) != 0;
}

PAIR(void, poll, (uint16_t base))

void gen_poll(uint16_t base)
{
    while (!uart8250_lsr_read(uart8250_regs_at(base)).idle) {
        __asm__ volatile("pause");
    }
}

void hand_poll(uint16_t base)
{
    while ((port_read8((uint16_t)(base + 5)) & 0x40) == 0) {
        __asm__ volatile("pause");
    }
}

PAIR(unsigned, several_bits, (uint16_t base, unsigned *overruns, unsigned *errors))

/* One read, three questions: what a receive loop does with the line status. */
unsigned gen_several_bits(uint16_t base, unsigned *overruns, unsigned *errors)
{
    struct uart8250_lsr lsr = uart8250_lsr_read(uart8250_regs_at(base));

    if (lsr.overrun) {
        ++*overruns;
    }
    if (lsr.parity_error || lsr.framing_error || lsr.got_break) {
        ++*errors;
    }
    return lsr.data_ready;
}

unsigned hand_several_bits(uint16_t base, unsigned *overruns, unsigned *errors)
{
    uint8_t lsr = port_read8((uint16_t)(base + 5));

    if ((lsr & 0x02) != 0) {
        ++*overruns;
    }
    if ((lsr & (0x04 | 0x08 | 0x10)) != 0) {
        ++*errors;
    }
    return lsr & 0x01;
}

PAIR(unsigned, enum_switch, (uint16_t base))

unsigned gen_enum_switch(uint16_t base)
{
    switch (uart8250_iir_read(uart8250_regs_at(base)).cause) {
    case UART8250_CAUSE_LINE:
        return 10;
    case UART8250_CAUSE_RECEIVED:
    case UART8250_CAUSE_TIMEOUT:
        return 20;
    default:
        return 30;
    }
}

unsigned hand_enum_switch(uint16_t base)
{
    unsigned iir = port_read8((uint16_t)(base + 2));

    switch (iir >> 1 & 7) {
    case 3:
        return 10;
    case 2:
    case 6:
        return 20;
    default:
        return 30;
    }
}

/* ---- values that are built ---- */

PAIR(void, constant, (uint16_t base))

void gen_constant(uint16_t base)
{
    uart8250_fcr_write(uart8250_regs_at(base),
                       (struct uart8250_fcr){.enable = true,
                                             .reset_rx = true,
                                             .reset_tx = true,
                                             .trigger = UART8250_TRIGGER_BYTES8});
}

void hand_constant(uint16_t base)
{
    port_write8((uint16_t)(base + 2), 0x01 | 0x02 | 0x04 | 0x80);
}

PAIR(void, number, (uintptr_t base, uint32_t limit))

void gen_number(uintptr_t base, uint32_t limit)
{
    sample_control_write(sample_regs_at(base), (struct sample_control){.enable = true,
                                                                       .speed = SAMPLE_SPEED_BURST,
                                                                       .limit = (uint16_t)limit});
}

void hand_number(uintptr_t base, uint32_t limit)
{
    *(volatile uint32_t *)base = 0x01 | 3 << 1 | 0x10 | limit << 16;
}

PAIR(void, condition, (uint16_t base, unsigned used))

void gen_condition(uint16_t base, unsigned used)
{
    uart8250_mcr_write(uart8250_regs_at(base),
                       (struct uart8250_mcr){.dtr = true, .out2 = true, .rts = used < 100});
}

void hand_condition(uint16_t base, unsigned used)
{
    port_write8((uint16_t)(base + 4), (uint8_t)(0x01 | 0x08 | (used < 100) << 1));
}

PAIR(void, variable, (uint16_t base, bool rts))

void gen_variable(uint16_t base, bool rts)
{
    uart8250_mcr_write(uart8250_regs_at(base),
                       (struct uart8250_mcr){.dtr = true, .out2 = true, .rts = rts});
}

void hand_variable(uint16_t base, bool rts)
{
    port_write8((uint16_t)(base + 4), (uint8_t)(0x01 | 0x08 | rts << 1));
}

/* ---- read, change one field, write back ---- */

PAIR(void, set_bit, (uint16_t base))

void gen_set_bit(uint16_t base)
{
    uart8250_mcr_set_rts(uart8250_regs_at(base), true);
}

void hand_set_bit(uint16_t base)
{
    port_write8((uint16_t)(base + 4), (uint8_t)(port_read8((uint16_t)(base + 4)) | 0x02));
}

PAIR(void, clear_bit, (uint16_t base))

void gen_clear_bit(uint16_t base)
{
    uart8250_mcr_set_rts(uart8250_regs_at(base), false);
}

void hand_clear_bit(uint16_t base)
{
    port_write8((uint16_t)(base + 4), port_read8((uint16_t)(base + 4)) & (uint8_t)~0x02);
}

PAIR(void, copy_bit, (uint16_t base, bool on))

void gen_copy_bit(uint16_t base, bool on)
{
    uart8250_mcr_set_rts(uart8250_regs_at(base), on);
}

void hand_copy_bit(uint16_t base, bool on)
{
    uint32_t mcr = port_read8((uint16_t)(base + 4));

    port_write8((uint16_t)(base + 4), (uint8_t)((mcr & ~0x02u) | (uint32_t)on << 1));
}

PAIR(void, bank, (uint16_t base, uint16_t divisor))

void gen_bank(uint16_t base, uint16_t divisor)
{
    struct uart8250_divisor bank = uart8250_divisor_select(uart8250_regs_at(base));

    uart8250_divisor_low_write(bank, (uint8_t)divisor);
    uart8250_divisor_high_write(bank, (uint8_t)(divisor >> 8));
    uart8250_divisor_release(bank);
}

void hand_bank(uint16_t base, uint16_t divisor)
{
    port_write8((uint16_t)(base + 3), (uint8_t)(port_read8((uint16_t)(base + 3)) | 0x80));
    port_write8(base, (uint8_t)divisor);
    port_write8((uint16_t)(base + 1), (uint8_t)(divisor >> 8));
    port_write8((uint16_t)(base + 3), port_read8((uint16_t)(base + 3)) & 0x7f);
}

/* ---- index and data, at a base that is known: ports fold into the instructions ---- */

PAIR(void, cursor, (uint16_t at))

void gen_cursor(uint16_t at)
{
    struct vga_regs vga = vga_regs_at(0x3c0);

    vga_crtc_cursor_high_write(vga, (uint8_t)(at >> 8));
    vga_crtc_cursor_low_write(vga, (uint8_t)at);
}

void hand_cursor(uint16_t at)
{
    port_write8(0x3d4, 0x0e);
    port_write8(0x3d5, (uint8_t)(at >> 8));
    port_write8(0x3d4, 0x0f);
    port_write8(0x3d5, (uint8_t)at);
}

PAIR(void, indexed_update, (void))

void gen_indexed_update(void)
{
    vga_crtc_cursor_start_set_off(vga_regs_at(0x3c0), true);
}

void hand_indexed_update(void)
{
    port_write8(0x3d4, 0x0a);
    port_write8(0x3d5, (uint8_t)(port_read8(0x3d5) | 0x20));
}

PAIR(void, flip_flop, (unsigned colour, uint8_t entry))

void gen_flip_flop(unsigned colour, uint8_t entry)
{
    vga_text_palette_write(vga_regs_at(0x3c0), colour, entry);
}

void hand_flip_flop(unsigned colour, uint8_t entry)
{
    (void)port_read8(0x3da);
    port_write8(0x3c0, (uint8_t)colour);
    port_write8(0x3c0, entry & 0x3f);
}

PAIR(uint16_t, wide_index, (void))

uint16_t gen_wide_index(void)
{
    return bochs_vbe_ports_yres_read(bochs_vbe_ports_regs_at(0x1ce));
}

uint16_t hand_wide_index(void)
{
    port_write16(0x1ce, 2);
    return port_read16(0x1cf);
}

/* ---- device memory ---- */

PAIR(void, doorbell, (uintptr_t base, uint64_t *ring, uint64_t address))

/* What was written to memory before is there when the device starts. */
void gen_doorbell(uintptr_t base, uint64_t *ring, uint64_t address)
{
    struct edu_regs edu = edu_regs_at(base);

    edu_dma_source_write(edu, address);
    *ring = address;
    edu_dma_command_write(edu, (struct edu_dma_command){.run = true,
                                                        .direction = EDU_DIRECTION_TO_MEMORY});
}

void hand_doorbell(uintptr_t base, uint64_t *ring, uint64_t address)
{
    *(volatile uint64_t *)(base + 0x80) = address;
    __asm__ volatile("" : : : "memory");
    *ring = address;
    __asm__ volatile("" : : : "memory");
    *(volatile uint32_t *)(base + 0x98) = 0x01 | 0x02;
}

PAIR(uint64_t, two_halves, (uintptr_t base))

uint64_t gen_two_halves(uintptr_t base)
{
    return hpet_capabilities_read(hpet_regs_at(base)).period_fs;
}

uint64_t hand_two_halves(uintptr_t base)
{
    (void)*(volatile uint32_t *)base;
    return *(volatile uint32_t *)(base + 4);
}

PAIR(void, element, (uintptr_t base, unsigned timer, uint32_t at))

void gen_element(uintptr_t base, unsigned timer, uint32_t at)
{
    hpet_timer_comparator_low_write(hpet_regs_at(base), timer, at);
}

void hand_element(uintptr_t base, unsigned timer, uint32_t at)
{
    *(volatile uint32_t *)(base + 0x108 + timer * 0x20u) = at;
}

PAIR(void, acknowledge, (uintptr_t base))

/* Writing one clears: the other bits of the register stay, the other status bits are not hit. */
void gen_acknowledge(uintptr_t base)
{
    sample_status_clear_done(sample_regs_at(base));
}

void hand_acknowledge(uintptr_t base)
{
    uint32_t status = *(volatile uint32_t *)(base + 0x04);

    *(volatile uint32_t *)(base + 0x04) = (status & ~0x07u) | 0x01;
}

/* ---- structures in memory ---- */

struct descriptor {
    uint64_t address;
    uint16_t length;
    uint8_t flags;
    uint8_t status;
    uint8_t rest[12];
};

PAIR(void, fill, (void *ring, unsigned i, uint64_t address, uint16_t length))

void gen_fill(void *ring, unsigned i, uint64_t address, uint16_t length)
{
    struct sample_descriptor *d = (struct sample_descriptor *)ring + i;

    sample_descriptor_address_write(d, address);
    sample_descriptor_length_write(d, length);
    sample_descriptor_flags_write(d,
                                  (struct sample_descriptor_flags){.last = true, .report = true});
}

void hand_fill(void *ring, unsigned i, uint64_t address, uint16_t length)
{
    volatile struct descriptor *d = (struct descriptor *)ring + i;

    d->address = address;
    d->length = length;
    d->flags = 0x01 | 0x08;
}

PAIR(bool, is_done, (const void *ring, unsigned i))

bool gen_is_done(const void *ring, unsigned i)
{
    return sample_descriptor_status_read((const struct sample_descriptor *)ring + i);
}

bool hand_is_done(const void *ring, unsigned i)
{
    return (((const volatile struct descriptor *)ring)[i].status & 0x01) != 0;
}

/* ---- several fields of one register ---- */

PAIR(void, change_two, (uint16_t base))

void gen_change_two(uint16_t base)
{
    struct uart8250_regs uart = uart8250_regs_at(base);
    struct uart8250_lcr lcr = uart8250_lcr_read(uart);

    lcr.word_length = UART8250_WORD_LENGTH_BITS8;
    lcr.send_break = false;
    uart8250_lcr_write(uart, lcr);
}

void hand_change_two(uint16_t base)
{
    uint8_t lcr = port_read8((uint16_t)(base + 3));

    port_write8((uint16_t)(base + 3), (uint8_t)((lcr & ~(0x03 | 0x40)) | 0x03));
}
