/*
 * line.c - the chip itself: is it one, how it is set, what its line status says.
 */
#include "uart8250.h"

#include <driver.h>

#define CLOCK_HZ 1843200u /* of a PC's UARTs; the rate is this / 16 / divisor (section 8.3) */
#define DRAIN_US 20000u   /* 17 characters at 9600 baud take 18 ms */
#define POLL_US  100u

struct uart uart;

void line_interrupts(struct uart8250_ier ier)
{
    if (uart8250_ier_raw(ier) != uart8250_ier_raw(uart.ier)) {
        uart.ier = ier;
        uart8250_ier_write(uart.regs, ier);
    }
}

static bool scratch_keeps(struct uart8250_regs regs, uint8_t value)
{
    uart8250_scr_write(regs, value);
    return uart8250_scr_read(regs) == value;
}

/* Section 8.10: two patterns stick. Section 8.8, loop mode: the outputs come back as inputs, and
 * nothing leaves the chip. */
const char *line_detect(struct uart8250_regs regs)
{
    uint8_t scratch = uart8250_scr_read(regs);
    struct uart8250_mcr mcr = uart8250_mcr_read(regs);
    struct uart8250_msr msr;
    bool keeps = scratch_keeps(regs, 0x5a) && scratch_keeps(regs, 0xa5);

    uart8250_scr_write(regs, scratch);
    if (!keeps) {
        return "no UART answers (scratchpad)";
    }
    uart8250_mcr_write(regs, (struct uart8250_mcr){.loop = true, .out2 = true, .rts = true});
    msr = uart8250_msr_read(regs);
    uart8250_mcr_write(regs, mcr);
    if (!msr.dcd || !msr.cts || msr.dsr || msr.ri) {
        return "no UART answers (loop mode)";
    }
    return NULL;
}

struct uart8250_lsr line_status(void)
{
    struct uart8250_lsr lsr = uart8250_lsr_read(uart.regs);

    uart.count.overruns += lsr.overrun;
    uart.count.parity_errors += lsr.parity_error;
    uart.count.breaks += lsr.got_break;
    uart.count.framing_errors += lsr.framing_error && !lsr.got_break;
    return lsr;
}

/* ---- setting it */

static const enum uart8250_parity parities[SERIAL_PARITY_COUNT] = {
    [SERIAL_PARITY_NONE] = UART8250_PARITY_NONE,   [SERIAL_PARITY_ODD] = UART8250_PARITY_ODD,
    [SERIAL_PARITY_EVEN] = UART8250_PARITY_EVEN,   [SERIAL_PARITY_MARK] = UART8250_PARITY_MARK,
    [SERIAL_PARITY_SPACE] = UART8250_PARITY_SPACE,
};

int line_set(const struct serial_line *setting)
{
    uint32_t divisor = CLOCK_HZ / 16 / setting->baud;
    struct uart8250_divisor bank;

    if (divisor == 0 || divisor > UINT16_MAX || CLOCK_HZ / 16 % setting->baud != 0) {
        return E_UNSUPPORTED;
    }
    bank = uart8250_divisor_select(uart.regs);
    uart8250_divisor_low_write(bank, (uint8_t)divisor);
    uart8250_divisor_high_write(bank, (uint8_t)(divisor >> 8));
    uart8250_divisor_release(bank);
    uart8250_lcr_write(uart.regs, (struct uart8250_lcr){.word_length = (enum uart8250_word_length)(
                                                            setting->data_bits - 5),
                                                        .stop_bits = setting->stop_bits == 2
                                                                         ? UART8250_STOP_BITS_TWO
                                                                         : UART8250_STOP_BITS_ONE,
                                                        .parity = parities[setting->checked_by]});
    uart.line = *setting;
    return E_OK;
}

/* A line that is held back does not take it, and that is no fault of this chip's. */
void line_drain(void)
{
    for (unsigned waited = 0; !line_status().idle && waited < DRAIN_US; waited += POLL_US) {
        driver_await_us(POLL_US);
    }
}

const char *line_set_up(void)
{
    static const struct serial_line usual = {.baud = 115200, .data_bits = 8, .stop_bits = 1};
    const char *wrong;

    uart8250_lcr_write(uart.regs, (struct uart8250_lcr){.word_length = UART8250_WORD_LENGTH_BITS8});
    wrong = line_detect(uart.regs);
    if (wrong != NULL) {
        return wrong;
    }
    line_drain(); /* what a predecessor, or the firmware, has put into the FIFO */
    (void)line_set(&usual);
    /* Section 8.5: FIFOs that are on already keep what is in them. */
    uart8250_fcr_write(uart.regs,
                       (struct uart8250_fcr){.enable = true, .trigger = UART8250_TRIGGER_BYTES8});
    if (uart8250_iir_read(uart.regs).fifo != UART8250_FIFO_STATE_WORKING) {
        return "the UART has no working FIFO (8250 or 16550, a 16550A is needed)";
    }
    uart8250_mcr_write(uart.regs, (struct uart8250_mcr){.dtr = true, .rts = true, .out2 = true});
    return NULL;
}
