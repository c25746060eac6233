/*
 * driver.c - the handlers. One interrupt: main loop, driver_irq, receive_pull and transmit_fill.
 * The interrupt is an ISA edge: the next one comes only if the line has fallen, so the handler
 * works until the UART says that nothing is pending.
 */
#include "uart8250.h"

#include <idl/serial_desc.h>
#include <idl/serial_queue.h>
#include <idl/serial_server.h>
#include <loop.h>
#include <regs/table.h>
#include <regs/uart8250_table.h>
#include <regs_lines.h>

#define PASSES_MAX    4u /* of one interrupt, before other work gets its turn */
#define STORM_TOGGLES 256u

const struct idl_interface *const driver_interfaces[] = {&serial_desc, NULL};

/* inject irq-storm: each toggle of ETBEI with an empty holding register is an interrupt (section
 * 8.7). */
static bool storms;
static void toggle(void);

/* A set_line that waits for the line to be idle. */
static struct {
    uint64_t reply; /* 0: none */
    struct serial_line line;
} setting;

const char *driver_probe(void)
{
    return line_detect(uart8250_regs_at(driver_ports("regs")));
}

/* No interrupt from here on; the chip touches no memory. What is in the FIFOs stays. */
const char *driver_quiet(void)
{
    uart.regs = uart8250_regs_at(driver_ports("regs"));
    uart8250_lcr_write(uart.regs, (struct uart8250_lcr){.word_length = UART8250_WORD_LENGTH_BITS8});
    uart8250_ier_write(uart.regs, (struct uart8250_ier){0});
    return NULL;
}

const char *driver_attach(void)
{
    const char *wrong = line_set_up();

    if (wrong != NULL) {
        return wrong;
    }
    receive_pull();
    (void)uart8250_msr_read(uart.regs); /* what is latched would hold the interrupt line high */
    line_interrupts((struct uart8250_ier){.received = true, .line = true});
    return NULL;
}

/* What the chip has taken goes out before its ports are anybody else's. */
void driver_detach(void)
{
    uart8250_ier_write(uart.regs, (struct uart8250_ier){0});
    line_drain();
}

void driver_irq(unsigned index, uint64_t count)
{
    (void)index;
    (void)count;
    if (storms) {
        toggle();
        return;
    }
    for (unsigned pass = 0; pass < PASSES_MAX; pass++) {
        if (uart8250_iir_read(uart.regs).none) {
            return;
        }
        receive_pull();
        transmit_fill();
        (void)uart8250_msr_read(uart.regs);
    }
    /* There is more: break the line for a moment, so that the next edge comes. */
    uart8250_ier_write(uart.regs, (struct uart8250_ier){0});
    uart8250_ier_write(uart.regs, uart.ier);
}

void driver_timer(void)
{
    transmit_poll();
}

/* ---- queues */

void serial_start_write(struct queue_driver *queue, const struct queue_request *request)
{
    transmit_start(driver_session_of(queue), request);
}

void serial_start_read(struct queue_driver *queue, const struct queue_request *request)
{
    receive_start(driver_session_of(queue), request);
}

void driver_session_rung(unsigned s)
{
    struct queue_request request;

    while (driver_take(s, &request)) {
        if (request.op == QUEUE_OP_FLUSH) {
            transmit_flush(s, request.seq);
        } else {
            serial_dispatch_request(driver_queue(s), &request);
        }
    }
}

void driver_session_closed(unsigned s)
{
    transmit_forget(s);
    receive_forget(s);
}

/* ---- methods */

DRIVER_SERVES(SERIAL_INTERFACE, serial_dispatch)

int serial_serve_get_line(struct call *call, struct serial_line *result)
{
    (void)call;
    *result = uart.line;
    return E_OK;
}

int serial_serve_set_line(struct call *call, const struct serial_line *wanted)
{
    int error;

    if (setting.reply != 0) {
        return E_BUSY;
    }
    if (transmit_is_idle()) {
        return line_set(wanted);
    }
    error = call_keep(call, &setting.reply);
    if (error == CALL_LATER) {
        setting.line = *wanted;
        transmit_watch();
    }
    return error;
}

bool driver_awaits_idle(void)
{
    return setting.reply != 0;
}

void driver_line_idle(void)
{
    uint64_t reply = setting.reply;

    if (reply != 0) {
        setting.reply = 0;
        serial_answer_set_line(reply, line_set(&setting.line));
    }
}

int serial_serve_stats(struct call *call, struct serial_statistics *result)
{
    (void)call;
    *result = uart.count;
    return E_OK;
}

/* ---- for the shell */

bool driver_regs_line(unsigned index, char *text, size_t size)
{
    return regs_line_at(&uart8250_regs_table, regs_bus_at(driver_ports("regs")), index, text, size);
}

static void toggle(void)
{
    for (unsigned i = 0; i < STORM_TOGGLES; i++) {
        uart8250_ier_write(uart.regs, (struct uart8250_ier){0});
        uart8250_ier_write(uart.regs, (struct uart8250_ier){.transmitter = true});
    }
}

bool driver_storm(void)
{
    storms = true;
    toggle();
    return true;
}
