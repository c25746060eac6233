/*
 * bus.c - what generated accessors do on the bus, access by access.
 * Built for the host: a record of the accesses stands in for the hardware. Each expectation is the
 * record as text: r or w, the width, the place, the value, all in hexadecimal but the width.
 */
#include <regs/sample.h>
#include <regs/uart8250.h>
#include <regs/vga.h>

#include <regs/bochs_vbe.h>
#include <regs/cmos.h>
#include <regs/hpet.h>
#include <regs/i8042.h>
#include <regs/sample_table.h>

#include <stdio.h>
#include <string.h>

static unsigned passed, failed;
#define CHECK(c) ((c) ? (void)passed++ : (void)(failed++, printf("%d: %s\n", __LINE__, #c)))

static char seen[512];
static uint64_t to_read[8];
static unsigned reads;

static void record(char what, unsigned width, uint64_t place, uint64_t value)
{
    size_t at = strlen(seen);

    (void)snprintf(seen + at, sizeof(seen) - at, "%s%c%u %llx=%llx", at != 0 ? ", " : "", what,
                   width, (unsigned long long)place, (unsigned long long)value);
}

static uint64_t record_read(unsigned width, uint64_t place)
{
    uint64_t value = to_read[reads++];

    record('r', width, place, value);
    return value;
}

#define BUS(bits)                                                                                  \
    uint##bits##_t port_read##bits(uint16_t port)                                                  \
    {                                                                                              \
        return (uint##bits##_t)record_read(bits, port);                                            \
    }                                                                                              \
    void port_write##bits(uint16_t port, uint##bits##_t value)                                     \
    {                                                                                              \
        record('w', bits, port, value);                                                            \
    }                                                                                              \
    uint##bits##_t config_read##bits(struct config_device *device, uint32_t offset)                \
    {                                                                                              \
        return (uint##bits##_t)record_read(bits, (uintptr_t)device + offset);                      \
    }                                                                                              \
    void config_write##bits(struct config_device *device, uint32_t offset, uint##bits##_t value)   \
    {                                                                                              \
        record('w', bits, (uintptr_t)device + offset, value);                                      \
    }
#define MMIO(bits)                                                                                 \
    uint##bits##_t mmio_read##bits(uintptr_t address)                                              \
    {                                                                                              \
        return (uint##bits##_t)record_read(bits, address);                                         \
    }                                                                                              \
    void mmio_write##bits(uintptr_t address, uint##bits##_t value)                                 \
    {                                                                                              \
        record('w', bits, address, value);                                                         \
    }
BUS(8)
BUS(16)
BUS(32)
MMIO(8)
MMIO(16)
MMIO(32)
MMIO(64)

/* Was that all? Forgets it. */
static bool saw(const char *want)
{
    bool same = strcmp(seen, want) == 0;

    if (!same) {
        printf("saw  %s\nwant %s\n", seen, want);
    }
    seen[0] = '\0';
    reads = 0;
    return same;
}

static const struct sample_regs at = {0x1000};

static void test_plain(void)
{
    struct sample_control control;

    to_read[0] = 0x12340019;
    control = sample_control_read(at);
    CHECK(saw("r32 1000=12340019"));
    CHECK(control.enable && control.speed == SAMPLE_SPEED_SLOW && control.busy &&
          control.limit == 0x1234);
    sample_control_write(at, (struct sample_control){.speed = SAMPLE_SPEED_BURST, .limit = 0xabcd});
    CHECK(saw("w32 1000=abcd0016")); /* and the reserved one */
    to_read[0] = 0xffffffff;
    sample_control_set_enable(at, false);
    CHECK(saw("r32 1000=ffffffff, w32 1000=fffffffe"));
    to_read[0] = 0;
    sample_control_set_limit(at, 0x8001);
    CHECK(saw("r32 1000=0, w32 1000=80010010"));
    to_read[0] = 0xffff;
    sample_control_set_speed(at, SAMPLE_SPEED_FAST);
    CHECK(saw("r32 1000=ffff, w32 1000=fffb"));
    CHECK(sample_control_raw(sample_control_of(0xdeadbeef)) == (0xdeadbeef | 0x10));
}

static void test_ones_clear(void)
{
    struct sample_status status;

    to_read[0] = 0x1ab05;
    status = sample_status_read(at);
    CHECK(saw("r32 1004=1ab05"));
    CHECK(status.done && !status.failed && status.stuck && status.depth == 0xab && status.idle);
    sample_status_write(at, (struct sample_status_write){.clear_failed = true, .depth = 7});
    CHECK(saw("w32 1004=702"));
    to_read[0] = 0x1ab07; /* the other two are set and must not be cleared */
    sample_status_clear_done(at);
    CHECK(saw("r32 1004=1ab07, w32 1004=1ab01"));
    to_read[0] = 0x1ab07;
    sample_status_set_depth(at, 0x11);
    CHECK(saw("r32 1004=1ab07, w32 1004=11100"));
}

static void test_other_effects(void)
{
    struct sample_latches latches;
    struct sample_switches switches;

    to_read[0] = 0x00aa0003;
    CHECK(sample_events_read(at).threshold == 0xaa);
    CHECK(saw("r32 1008=aa0003"));
    sample_events_write(at, (struct sample_events_write){.threshold = 0x55});
    CHECK(saw("w32 1008=550000"));
    to_read[0] = 0x13;
    switches = sample_switches_read(at);
    CHECK(saw("r8 100c=13"));
    CHECK(switches.armed && switches.led == 1 && switches.mute);
    sample_switches_write(at, (struct sample_switches_write){.toggle_led = 5, .mute = true});
    CHECK(saw("w8 100c=1a"));
    to_read[0] = 0x1f;
    sample_switches_toggle_led(at, 2);
    CHECK(saw("r8 100c=1f, w8 100c=14"));
    to_read[0] = 0x1f;
    sample_switches_set_armed(at);
    CHECK(saw("r8 100c=1f, w8 100c=11"));
    to_read[0] = 0x52;
    latches = sample_latches_read(at);
    CHECK(saw("r16 100e=52"));
    CHECK(latches.lost == 2 && !latches.held && !latches.flipped && latches.filter == 5);
    sample_latches_write(at, (struct sample_latches_write){.clear_lost = 1, .filter = 3});
    CHECK(saw("w16 100e=3e")); /* zeros act: everything else is a one */
    to_read[0] = 0xff52;
    sample_latches_toggle_flipped(at);
    CHECK(saw("r16 100e=ff52, w16 100e=ff57"));
    to_read[0] = 0x52;
    sample_latches_set_filter(at, 9);
    CHECK(saw("r16 100e=52, w16 100e=9f"));
    to_read[0] = 77;
    CHECK(sample_total_read(at) == 77);
    CHECK(saw("r32 1010=4d"));
    sample_total_write(at);
    CHECK(saw("w32 1010=0"));
}

static void test_single_fields(void)
{
    to_read[0] = 0x80000000;
    CHECK(sample_gate_read(at));
    CHECK(saw("r32 1014=80000000"));
    sample_gate_write(at, true);
    CHECK(saw("w32 1014=80000000"));
    sample_doorbell_write(at, 3);
    CHECK(saw("w32 1018=3"));
    to_read[0] = 0xfff5;
    CHECK(sample_pool_read(at) == 0xff5);
    CHECK(saw("r32 1060=fff5"));
    hpet_interrupt_status_write((struct hpet_regs){0}, 0x4);
    CHECK(saw("w32 20=4"));
}

static void test_parts_and_wholes(void)
{
    struct sample_wide wide;

    to_read[0] = 0x11112222;
    to_read[1] = 0x33334444;
    wide = sample_wide_read(at);
    CHECK(saw("r32 1020=11112222, r32 1024=33334444"));
    CHECK(wide.low == 0x11112222 && wide.high == 0x33334444);
    sample_wide_write(at, (struct sample_wide){.low = 0xaaaabbbb, .high = 0xccccdddd});
    CHECK(saw("w32 1020=aaaabbbb, w32 1024=ccccdddd"));
    to_read[0] = 1;
    to_read[1] = 2;
    sample_wide_set_high(at, 9);
    CHECK(saw("r32 1020=1, r32 1024=2, w32 1020=1, w32 1024=9"));
    sample_address_write(at, 0x123456789abcdef0);
    CHECK(saw("w64 1028=123456789abcdef0"));
}

static void test_large_field(void)
{
    struct sample_table table;

    to_read[0] = 0xfedcba9876543003;
    table = sample_table_read(at);
    CHECK(saw("r64 1030=fedcba9876543003"));
    CHECK(table.present && table.kind == 1);
    CHECK(sample_table_frame(table) == 0xfedcba9876543);
    CHECK(sample_table_frame(table) << 12 == 0xfedcba9876543000); /* no bit is lost */
    table = sample_table_with_frame((struct sample_table){.present = true}, 0x9000000000001);
    sample_table_write(at, table);
    CHECK(saw("w64 1030=9000000000001001"));
    to_read[0] = 0xffffffffffffffff;
    sample_table_set_frame(at, 0x2);
    CHECK(saw("r64 1030=ffffffffffffffff, w64 1030=2fff"));
}

static void test_arrays(void)
{
    to_read[0] = 0xf6;
    CHECK(sample_credit_read(at, 3) == 6);
    CHECK(saw("r32 1058=f6"));
    sample_filter_range_write(at, 1, 2, (struct sample_filter_range){.first = 1, .last = 9});
    CHECK(saw("w16 1094=901"));
    to_read[0] = 5;
    CHECK(sample_filter_hits_read(at, 1) == 5);
    CHECK(saw("r8 1098=5"));
    to_read[0] = 0;
    hpet_timer_configuration_set_enable((struct hpet_regs){0x100}, 2, true);
    CHECK(saw("r32 240=0, w32 240=4"));
}

static void test_config(void)
{
    struct sample_config_regs config =
        sample_config_regs_at((struct config_device *)(uintptr_t)0xc000);

    to_read[0] = 0x8086;
    CHECK(sample_config_vendor_read(config) == 0x8086);
    CHECK(saw("r16 c000=8086"));
    to_read[0] = 0x0003;
    sample_config_command_set_master(config, true);
    CHECK(saw("r16 c004=3, w16 c004=7"));
}

static void test_memory(void)
{
    static struct sample_descriptor ring[2];
    uint8_t bytes[sizeof(ring)];

    sample_descriptor_address_write(&ring[1], 0x1122334455667788);
    sample_descriptor_length_write(&ring[1], 0x99aa);
    sample_descriptor_flags_write(&ring[1], (struct sample_descriptor_flags){.report = true});
    sample_descriptor_status_write(&ring[1], true);
    sample_descriptor_option_data_write(&ring[1], 1, 1, 0x5c);
    memcpy(bytes, ring, sizeof(bytes));
    CHECK(sizeof(ring[0]) == 24 && bytes[0] == 0);
    CHECK(memcmp(bytes + 24, "\x88\x77\x66\x55\x44\x33\x22\x11\xaa\x99\x08\x01\0\0\0\0", 16) == 0);
    CHECK(bytes[24 + 0x10 + 4 + 3] == 0x5c);
    CHECK(sample_descriptor_status_read(&ring[1]) && !sample_descriptor_status_read(&ring[0]));
    sample_descriptor_flags_set_last(&ring[1], true);
    CHECK(ring[1].flags == 0x09);
    CHECK(i8042_configuration_bits_raw(
              (struct i8042_configuration_bits){.system = true, .translate = true}) == 0x44);
    CHECK(saw("")); /* memory is no device */
}

static void test_banks(void)
{
    struct uart8250_regs uart = uart8250_regs_at(0x3f8);
    struct uart8250_divisor divisor;
    struct sample_bank_tuning tuning;

    to_read[0] = 0x03;
    divisor = uart8250_divisor_select(uart);
    CHECK(saw("r8 3fb=3, w8 3fb=83"));
    uart8250_divisor_low_write(divisor, 1);
    uart8250_divisor_high_write(divisor, 0);
    CHECK(saw("w8 3f8=1, w8 3f9=0"));
    to_read[0] = 0x83;
    uart8250_divisor_release(divisor);
    CHECK(saw("r8 3fb=83, w8 3fb=3"));
    tuning = sample_bank_tuning_select(sample_bank_regs_at(0x20)); /* one field: no need to read */
    CHECK(saw("w8 22=2"));
    sample_bank_tuning_trim_write(tuning, 9);
    CHECK(saw("w8 23=9"));
    sample_bank_tuning_release(tuning);
    CHECK(saw("w8 22=0"));
}

static void test_indexed(void)
{
    struct vga_regs vga = vga_regs_at(0x3c0);
    struct bochs_vbe_ports_regs vbe = bochs_vbe_ports_regs_at(0x1ce);

    vga_crtc_cursor_low_write(vga, 0x12);
    CHECK(saw("w8 3d4=f, w8 3d5=12"));
    to_read[0] = 0x0d;
    CHECK(vga_crtc_cursor_start_read(vga).line == 0x0d);
    CHECK(saw("w8 3d4=a, r8 3d5=d"));
    to_read[0] = 0x0d;
    vga_crtc_cursor_start_set_off(vga, true);
    CHECK(saw("w8 3d4=a, r8 3d5=d, w8 3d5=2d"));
    to_read[0] = 0;
    to_read[1] = 0x0c;
    CHECK(vga_attribute_mode_read(vga).blink);
    CHECK(saw("r8 3da=0, w8 3c0=30, r8 3c1=c"));
    to_read[0] = 0;
    to_read[1] = 0x0c;
    to_read[2] = 0;
    vga_attribute_mode_set_blink(vga, false); /* the flip-flop wants it all again */
    CHECK(saw("r8 3da=0, w8 3c0=30, r8 3c1=c, r8 3da=0, w8 3c0=30, w8 3c0=4"));
    to_read[1] = 0;
    vga_text_palette_write(vga, 7, 0x3f);
    CHECK(saw("r8 3da=0, w8 3c0=7, w8 3c0=3f"));
    bochs_vbe_ports_xres_write(vbe, 1024);
    CHECK(saw("w16 1ce=1, w16 1cf=400"));
    to_read[0] = 0xb0c5;
    CHECK(bochs_vbe_ports_id_read(vbe) == BOCHS_VBE_PORTS_VBE_VERSION_V5);
    CHECK(saw("w16 1ce=0, r16 1cf=b0c5"));
    to_read[0] = 0x80;
    CHECK(cmos_status_d_read(cmos_regs_at(0x70)));
    CHECK(saw("w8 70=d, r8 71=80"));
    sample_bank_analog_gain_write(sample_bank_regs_at(0x20), 3, 0x0a);
    CHECK(saw("w8 20=13, w8 21=a"));
}

static unsigned lines;

static void count_line(void *context, const char *text)
{
    (void)context;
    lines += text[0] != '\0';
}

/* The dump's own way to the bus. */
static void test_dump_bus(void)
{
    struct regs_bus port = regs_bus_at(0x20), config = regs_bus_at(0xc000);
    struct sample_descriptor one = {.length = 0x1234};
    struct regs_bus memory = regs_bus_at((uintptr_t)&one), mmio = regs_bus_at(0x1000);

    to_read[0] = 0xab;
    CHECK(port.read(&port, REGS_PORT, 3, 8) == 0xab);
    port.write(&port, REGS_PORT, 2, 16, 0x55);
    port.write(&port, REGS_PORT, 4, 32, 0x66);
    CHECK(saw("r8 23=ab, w16 22=55, w32 24=66"));
    to_read[0] = 0xcd;
    CHECK(config.read(&config, REGS_CONFIG, 4, 32) == 0xcd);
    config.write(&config, REGS_CONFIG, 6, 16, 1);
    config.write(&config, REGS_CONFIG, 9, 8, 2);
    CHECK(saw("r32 c004=cd, w16 c006=1, w8 c009=2"));
    CHECK(memory.read(&memory, REGS_MEMORY, 8, 16) == 0x1234);
    memory.write(&memory, REGS_MEMORY, 0, 64, 7);
    CHECK(one.address == 7);
    to_read[0] = 0x1122334455667788;
    CHECK(mmio.read(&mmio, REGS_MMIO, 0x28, 64) == 0x1122334455667788);
    mmio.write(&mmio, REGS_MMIO, 0, 32, 9);
    CHECK(saw("r64 1028=1122334455667788, w32 1000=9"));
    regs_dump(&sample_descriptor_regs_table, &memory, count_line, NULL);
    CHECK(lines > 10 && saw(""));
}

int main(void)
{
    test_dump_bus();
    test_plain();
    test_ones_clear();
    test_other_effects();
    test_single_fields();
    test_parts_and_wholes();
    test_large_field();
    test_arrays();
    test_config();
    test_memory();
    test_banks();
    test_indexed();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
