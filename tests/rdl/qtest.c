/*
 * qtest.c - the register files against QEMU's models of their devices, through the qtest protocol.
 * No guest runs: this program is the processor, its accessors' bus is a socket (its path is the
 * argument). What the models answer shows that places, bits, banks and indexes are as described.
 */
#include <regs/bochs_vbe.h>
#include <regs/cmos.h>
#include <regs/edu.h>
#include <regs/hpet.h>
#include <regs/i8042.h>
#include <regs/pit.h>
#include <regs/uart8250.h>
#include <regs/vga.h>

#include "../../drivers/framework/host/qtest.h"

#include <stdio.h>

#define EDU_AT    0xfe000000u
#define VGA_BAR2  0xfd000000u
#define HPET_AT   0xfed00000u
#define PCI_INDEX 0xcf8
#define PCI_DATA  0xcfc
#define EDU_ID    0x11e81234u
#define VGA_ID    0x11111234u
#define MEMORY_ON 0x02u
#define POLLS_MAX 100000u

static unsigned passed, failed;
#define CHECK(c) ((c) ? (void)passed++ : (void)(failed++, printf("%d: %s\n", __LINE__, #c)))

/* ---- PCI, as firmware would have left it ---- */

static uint32_t pci_read(unsigned slot, unsigned offset)
{
    port_write32(PCI_INDEX, 0x80000000u | slot << 11 | offset);
    return port_read32(PCI_DATA);
}

static void pci_write(unsigned slot, unsigned offset, uint32_t value)
{
    port_write32(PCI_INDEX, 0x80000000u | slot << 11 | offset);
    port_write32(PCI_DATA, value);
}

/* Put the BAR at @offset of the device @id to @address. */
static void pci_place(uint32_t id, unsigned offset, uint32_t address)
{
    unsigned slot = 0;

    while (slot < 32 && pci_read(slot, 0) != id) {
        slot++;
    }
    CHECK(slot < 32);
    pci_write(slot, offset, address);
    pci_write(slot, 4, MEMORY_ON);
}

/* ---- the devices ---- */

static void test_uart8250(void)
{
    struct uart8250_regs uart = uart8250_regs_at(0x3f8);
    struct uart8250_divisor divisor = uart8250_divisor_select(uart);
    struct uart8250_msr lines;

    uart8250_divisor_low_write(divisor, 0x34);
    uart8250_divisor_high_write(divisor, 0x12);
    uart8250_divisor_release(divisor);
    uart8250_scr_write(uart, 0x5a);
    CHECK(uart8250_scr_read(uart) == 0x5a && !uart8250_lcr_read(uart).dlab);
    divisor = uart8250_divisor_select(uart);
    CHECK(uart8250_divisor_low_read(divisor) == 0x34 &&
          uart8250_divisor_high_read(divisor) == 0x12);
    uart8250_divisor_release(divisor);
    uart8250_fcr_write(uart, (struct uart8250_fcr){.enable = true, .reset_rx = true});
    CHECK(uart8250_iir_read(uart).fifo == UART8250_FIFO_STATE_WORKING);
    uart8250_ier_set_transmitter(uart, true);
    CHECK(uart8250_iir_read(uart).cause == UART8250_CAUSE_TRANSMITTER);
    CHECK(uart8250_lsr_read(uart).idle && uart8250_lsr_read(uart).holding_empty);
    uart8250_mcr_write(uart, (struct uart8250_mcr){.loop = true, .out2 = true, .rts = true});
    lines = uart8250_msr_read(uart);
    CHECK(lines.dcd && lines.cts && !lines.dsr && !lines.ri);
    uart8250_thr_write(uart, 'q'); /* in loop mode it comes back */
    CHECK(uart8250_lsr_read(uart).data_ready && uart8250_rbr_read(uart) == 'q');
}

static uint8_t i8042_answer(struct i8042_control_regs control, struct i8042_data_regs data)
{
    for (unsigned i = 0; i < POLLS_MAX && !i8042_control_status_read(control).output_full; i++) {
    }
    return i8042_data_output_read(data);
}

static void test_i8042(void)
{
    struct i8042_control_regs control = i8042_control_regs_at(0x64);
    struct i8042_data_regs data = i8042_data_regs_at(0x60);
    struct i8042_configuration_bits bits = {.keyboard_interrupt = true, .translate = true};

    i8042_control_command_write(control, I8042_CONTROL_COMMAND_SELF_TEST);
    CHECK(i8042_answer(control, data) == 0x55);
    CHECK(i8042_control_status_read(control).system);
    i8042_control_command_write(control, I8042_CONTROL_COMMAND_WRITE_CONFIGURATION);
    i8042_data_input_write(data, i8042_configuration_bits_raw(bits));
    i8042_control_command_write(control, I8042_CONTROL_COMMAND_READ_CONFIGURATION);
    bits = i8042_configuration_bits_of(i8042_answer(control, data));
    CHECK(bits.keyboard_interrupt && bits.translate && !bits.auxiliary_interrupt);
    i8042_control_command_write(control, I8042_CONTROL_COMMAND_WRITE_AUXILIARY);
    i8042_data_input_write(data, 0xf4); /* the mouse acknowledges */
    CHECK(i8042_control_status_read(control).auxiliary && i8042_answer(control, data) == 0xfa);
}

static void test_vga(void)
{
    struct vga_regs vga = vga_regs_at(0x3c0);

    vga_misc_set_write(vga, (struct vga_misc_set){.colour = true, .clock = VGA_CLOCK_MHZ28});
    CHECK(vga_misc_read(vga).colour && vga_misc_read(vga).clock == VGA_CLOCK_MHZ28);
    vga_crtc_cursor_low_write(vga, 0x5a);
    vga_crtc_cursor_start_set_off(vga, true);
    CHECK(vga_crtc_cursor_low_read(vga) == 0x5a && vga_crtc_cursor_start_read(vga).off);
    for (unsigned i = 0; i < 16; i++) {
        vga_text_palette_write(vga, i, (uint8_t)(i * 3));
    }
    CHECK(vga_text_palette_read(vga, 0) == 0 && vga_text_palette_read(vga, 15) == 45);
    vga_attribute_mode_write(vga, (struct vga_attribute_mode){.blink = true});
    CHECK(vga_attribute_mode_read(vga).blink && !vga_attribute_mode_read(vga).graphics);
    (void)vga_input_status_1_read(vga);
    CHECK(vga_attribute_index_read(vga).show); /* the picture is back */
    vga_sequencer_map_mask_write(vga, 0x3);
    CHECK(vga_sequencer_map_mask_read(vga) == 0x3);
    vga_graphics_misc_write(vga, (struct vga_graphics_misc){.window = VGA_WINDOW_COLOUR32});
    CHECK(vga_graphics_misc_read(vga).window == VGA_WINDOW_COLOUR32);
    vga_dac_write_index_write(vga, 200);
    vga_dac_data_write(vga, 63);
    vga_dac_data_write(vga, 1);
    vga_dac_data_write(vga, 2);
    CHECK(vga_dac_write_index_read(vga) == 201);
    vga_dac_read_index_write(vga, 200);
    CHECK(vga_dac_state_read(vga) == VGA_DAC_STATE_FOR_READING);
    CHECK(vga_dac_data_read(vga) == 63 && vga_dac_data_read(vga) == 1);
}

static void test_bochs_vbe(void)
{
    struct bochs_vbe_ports_regs ports = bochs_vbe_ports_regs_at(0x1ce);
    struct bochs_vbe_regs memory = bochs_vbe_regs_at(VGA_BAR2);

    pci_place(VGA_ID, 0x18, VGA_BAR2);
    CHECK(bochs_vbe_ports_id_read(ports) == BOCHS_VBE_PORTS_VBE_VERSION_V5);
    bochs_vbe_ports_xres_write(ports, 1024);
    bochs_vbe_ports_yres_write(ports, 768);
    bochs_vbe_ports_bits_per_pixel_write(ports, 32);
    bochs_vbe_ports_enable_write(ports,
                                 (struct bochs_vbe_ports_enable){.enabled = true, .linear = true});
    CHECK(bochs_vbe_ports_virtual_width_read(ports) == 1024);
    CHECK(bochs_vbe_id_read(memory) == BOCHS_VBE_VBE_VERSION_V5);
    CHECK(bochs_vbe_xres_read(memory) == 1024 && bochs_vbe_yres_read(memory) == 768);
    CHECK(bochs_vbe_enable_read(memory).linear && bochs_vbe_memory_read(memory) == 256);
}

static void test_hpet(void)
{
    struct hpet_regs hpet = hpet_regs_at(HPET_AT);
    struct hpet_capabilities capabilities = hpet_capabilities_read(hpet);
    uint32_t before;

    CHECK(capabilities.vendor == 0x8086 && capabilities.period_fs == 10000000);
    CHECK(capabilities.last_timer == 2 && capabilities.counter_is_64);
    CHECK(hpet_timer_configuration_read(hpet, 0).periodic_capable);
    hpet_timer_configuration_set_route(hpet, 1, 20);
    CHECK(hpet_timer_configuration_read(hpet, 1).route == 20);
    CHECK((hpet_timer_routes_read(hpet, 1) >> 20 & 1) != 0);
    hpet_timer_comparator_low_write(hpet, 2, 0x1234);
    CHECK(hpet_timer_comparator_low_read(hpet, 2) == 0x1234);
    hpet_counter_low_write(hpet, 77);
    CHECK(hpet_counter_low_read(hpet) == 77); /* halted */
    hpet_configuration_set_enable(hpet, true);
    before = hpet_counter_low_read(hpet);
    CHECK(before >= 77 && hpet_configuration_read(hpet).enable);
}

static void test_pit(void)
{
    struct pit_regs pit = pit_regs_at(0x40);
    struct system_control_regs control = system_control_regs_at(0x61);
    bool refresh = system_control_port_b_read(control).refresh;
    unsigned count;

    system_control_port_b_set_gate2(control, false);
    CHECK(!system_control_port_b_read(control).gate2);
    CHECK(system_control_port_b_read(control).refresh != refresh); /* toggles with each read */
    pit_control_write(pit, (struct pit_control){.select = PIT_SELECT_COUNTER2,
                                                .access = PIT_ACCESS_BOTH,
                                                .mode = PIT_MODE_SQUARE_WAVE});
    pit_counter_write(pit, 2, 0x34);
    pit_counter_write(pit, 2, 0x12);
    pit_control_write(pit, (struct pit_control){.select = PIT_SELECT_COUNTER2,
                                                .access = PIT_ACCESS_LATCH});
    count = pit_counter_read(pit, 2);
    count |= (unsigned)pit_counter_read(pit, 2) << 8;
    CHECK(count > 0 && count <= 0x1234);
}

static void test_cmos(void)
{
    struct cmos_regs cmos = cmos_regs_at(0x70);

    CHECK(cmos_status_d_read(cmos) && cmos_status_b_read(cmos).hour24);
    CHECK(cmos_status_a_read(cmos).divider == CMOS_DIVIDER_KHZ32);
    CHECK(cmos_century_read(cmos) == 0x20); /* BCD */
    cmos_status_b_set_set(cmos, true);
    cmos_year_write(cmos, 0x99);
    CHECK(cmos_year_read(cmos) == 0x99);
    cmos_alarm_minutes_write(cmos, 0x59);
    CHECK(cmos_alarm_minutes_read(cmos) == 0x59);
    (void)cmos_status_c_read(cmos);
    CHECK(!cmos_status_c_read(cmos).interrupt); /* the first read has cleared it */
}

static void test_edu(void)
{
    struct edu_regs edu = edu_regs_at(EDU_AT);

    pci_place(EDU_ID, 0x10, EDU_AT);
    CHECK(edu_identification_read(edu).magic == 0xed && edu_identification_read(edu).major == 1);
    edu_liveness_write(edu, 0x12345678);
    CHECK(edu_liveness_read(edu) == ~0x12345678u);
    edu_factorial_write(edu, 5);
    for (unsigned i = 0; i < POLLS_MAX && edu_status_read(edu).computing; i++) {
    }
    CHECK(edu_factorial_read(edu) == 120);
    edu_interrupt_raise_write(edu, 0x6);
    CHECK(edu_interrupt_status_read(edu) == 0x6);
    edu_interrupt_acknowledge_write(edu, 0x2);
    CHECK(edu_interrupt_status_read(edu) == 0x4);
    edu_dma_source_write(edu, 0x100000);
    edu_dma_count_write(edu, 16);
    CHECK(edu_dma_source_read(edu) == 0x100000 && edu_dma_count_read(edu) == 16);
    CHECK(!edu_dma_command_read(edu).run);
}

int main(int count, char **arguments)
{
    if (count != 2 || !qtest_open(arguments[1])) {
        return 2;
    }
    test_uart8250();
    test_i8042();
    test_vga();
    test_bochs_vbe();
    test_hpet();
    test_pit();
    test_cmos();
    test_edu();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
