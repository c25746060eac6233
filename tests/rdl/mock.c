/*
 * mock.c - the mock: a driver's function under test sees the same accessors, the test scripts what
 * they read and takes what they wrote. Also that the mock notices what a test forgot.
 */
#include <regs/hpet.h>
#include <regs/sample.h>
#include <regs/uart8250.h>
#include <regs/vga.h>

#include <stdio.h>
#include <string.h>

static unsigned passed, failed;
#define CHECK(c) ((c) ? (void)passed++ : (void)(failed++, printf("%d: %s\n", __LINE__, #c)))

static const struct uart8250_regs com1 = {0x3f8};

/* ---- what a driver would have ---- */

static void set_divisor(struct uart8250_regs uart, uint16_t divisor)
{
    struct uart8250_divisor bank = uart8250_divisor_select(uart);

    uart8250_divisor_low_write(bank, (uint8_t)divisor);
    uart8250_divisor_high_write(bank, (uint8_t)(divisor >> 8));
    uart8250_divisor_release(bank);
}

/* Returns how many bytes came, and counts lost ones. */
static unsigned receive(struct uart8250_regs uart, uint8_t *to, unsigned max, unsigned *lost)
{
    unsigned n = 0;

    while (n < max) {
        struct uart8250_lsr lsr = uart8250_lsr_read(uart);

        *lost += lsr.overrun;
        if (!lsr.data_ready) {
            break;
        }
        to[n++] = uart8250_rbr_read(uart);
    }
    return n;
}

/* ---- scripts ---- */

static void test_script(void)
{
    uint8_t bytes[4] = {0};
    unsigned lost = 0;

    regs_mock_reset();
    uart8250_lsr_will_read(com1, (struct uart8250_lsr){.data_ready = true});
    uart8250_lsr_will_read(com1, (struct uart8250_lsr){.data_ready = true, .overrun = true});
    uart8250_lsr_will_read(com1, (struct uart8250_lsr){.idle = true});
    uart8250_rbr_will_read(com1, 'o');
    uart8250_rbr_will_read(com1, 'k');
    CHECK(receive(com1, bytes, 4, &lost) == 2 && memcmp(bytes, "ok", 2) == 0 && lost == 1);
    CHECK(regs_mock_is_done());
}

static void test_writes_in_order(void)
{
    struct uart8250_lcr lcr;
    uint8_t byte;

    regs_mock_reset();
    uart8250_lcr_will_read(com1, (struct uart8250_lcr){.word_length = UART8250_WORD_LENGTH_BITS8});
    uart8250_lcr_will_read(com1, (struct uart8250_lcr){.word_length = UART8250_WORD_LENGTH_BITS8,
                                                       .dlab = true});
    set_divisor(com1, 0x0102);
    CHECK(uart8250_lcr_was_written(com1, &lcr) && lcr.dlab &&
          lcr.word_length == UART8250_WORD_LENGTH_BITS8);
    CHECK(uart8250_divisor_low_was_written(com1, &byte) && byte == 2);
    CHECK(uart8250_divisor_high_was_written(com1, &byte) && byte == 1);
    CHECK(uart8250_lcr_was_written(com1, &lcr) && !lcr.dlab);
    CHECK(regs_mock_is_done());
}

/* Values come back as they went in, whatever their way over the bus. */
static void test_values(void)
{
    static const struct sample_regs at = {0x1000};
    struct sample_latches_write latches;
    struct sample_status_write status;
    struct sample_table table;
    uint32_t mask;
    uint8_t credit;
    bool gate;

    regs_mock_reset();
    sample_latches_write(at, (struct sample_latches_write){.clear_lost = 2, .filter = 5});
    CHECK(sample_latches_was_written(at, &latches) && latches.clear_lost == 2 &&
          !latches.set_held && !latches.toggle_flipped && latches.filter == 5);
    sample_latches_will_read(at, (struct sample_latches){.lost = 3, .flipped = true});
    CHECK(sample_latches_read(at).lost == 3);
    sample_status_will_read(at, (struct sample_status){.done = true, .depth = 9});
    sample_status_clear_done(at);
    CHECK(sample_status_was_written(at, &status) && status.clear_done && !status.clear_failed &&
          status.depth == 9);
    sample_table_write(at, sample_table_with_frame((struct sample_table){.kind = 2}, 0x123));
    CHECK(sample_table_was_written(at, &table) && sample_table_frame(table) == 0x123);
    sample_credit_write(at, 2, 0xf);
    CHECK(sample_credit_was_written(at, 2, &credit) && credit == 0xf);
    sample_gate_will_read(at, true);
    CHECK(sample_gate_read(at));
    sample_gate_write(at, true);
    CHECK(sample_gate_was_written(at, &gate) && gate);
    hpet_interrupt_status_write((struct hpet_regs){0}, 6);
    CHECK(hpet_interrupt_status_was_written((struct hpet_regs){0}, &mask) && mask == 6);
    CHECK(regs_mock_is_done());
}

/* ---- a model behind the hooks ---- */

static uint64_t palette[16];

static uint64_t model_read(void *context, const struct regs_access *access)
{
    (void)context;
    return strcmp(access->name, "vga.text.palette") == 0 ? palette[access->index] : 0;
}

static void model_write(void *context, const struct regs_access *access)
{
    unsigned *writes = context;

    ++*writes;
    palette[access->index] = access->value;
}

static void test_hooks(void)
{
    struct vga_regs vga = vga_regs_at(0x3c0);
    unsigned writes = 0;

    regs_mock_reset();
    regs_mock.on_read = model_read;
    regs_mock.on_write = model_write;
    regs_mock.context = &writes;
    vga_text_palette_write(vga, 9, 0x2a);
    CHECK(writes == 1 && vga_text_palette_read(vga, 9) == 0x2a);
    CHECK(vga_graphics_misc_read(vga).window == VGA_WINDOW_KB128);
}

/* ---- what the mock refuses ---- */

static void test_mistakes(void)
{
    struct uart8250_mcr mcr = {0};
    uint8_t byte;

    regs_mock_reset();
    CHECK(uart8250_scr_read(com1) == 0 && regs_mock.mistakes == 1); /* nobody said what */
    regs_mock_reset();
    uart8250_scr_will_read(uart8250_regs_at(0x2f8), 1);
    CHECK(uart8250_scr_read(com1) == 0 && !regs_mock_is_done()); /* another device's */
    regs_mock_reset();
    uart8250_scr_will_read(com1, 1);
    CHECK(!regs_mock_is_done()); /* never read */
    regs_mock_reset();
    uart8250_scr_write(com1, 1);
    CHECK(!regs_mock_is_done()); /* never taken */
    regs_mock_reset();
    uart8250_scr_write(com1, 1);
    CHECK(!uart8250_mcr_was_written(com1, &mcr) && !mcr.rts); /* another register */
    CHECK(uart8250_scr_was_written(com1, &byte) && byte == 1);
    CHECK(!uart8250_scr_was_written(com1, &byte)); /* only once */
    regs_mock_reset();
    for (unsigned i = 0; i <= REGS_MOCK_ACCESSES_MAX; i++) {
        uart8250_scr_write(com1, 1);
    }
    CHECK(regs_mock.recorded == REGS_MOCK_ACCESSES_MAX && regs_mock.mistakes == 1);
}

int main(void)
{
    test_script();
    test_writes_in_order();
    test_values();
    test_hooks();
    test_mistakes();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
