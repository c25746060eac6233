/*
 * edu.c - QEMU's edu, a PCI device to learn from: the driver of docs/write-a-driver.md. Answers
 * that take an interrupt are given by its handler; their callers are kept until then.
 * Source: QEMU 7.2, docs/specs/edu.txt.
 */
#include <idl/edu_desc.h>
#include <idl/edu_server.h>
#include <loop.h>
#include <regs/edu.h>
#include <regs/edu_table.h>
#include <regs_lines.h>

#define CAUSE_COMPUTED 1u /* the device's own: a factorial is ready */
#define CAUSE_ASKED    2u /* ours */
#define IDLE_MAX_US    500000u
#define POLL_US        100u

const struct idl_interface *const driver_interfaces[] = {&edu_desc, NULL};

static struct edu_regs regs;
static uint64_t computing, asking; /* callers that are kept; 0: none */
static uint32_t to_come;           /* interrupts, for the latter */
static bool storms;

const char *driver_probe(void)
{
    struct edu_identification id;

    regs = edu_regs_at((uintptr_t)driver_mmio("regs", NULL));
    id = edu_identification_read(regs);
    return id.magic == 0xed && id.major == 1 ? NULL : "its identification is not edu's, version 1";
}

/* A computation can't be stopped, nor a transfer that a driver with DMA has begun. */
static bool is_idle(void)
{
    return !edu_status_read(regs).computing && !edu_dma_command_read(regs).run;
}

const char *driver_quiet(void)
{
    regs = edu_regs_at((uintptr_t)driver_mmio("regs", NULL));
    edu_status_set_interrupt_when_done(regs, false);
    for (unsigned waited = 0; !is_idle(); waited += POLL_US) {
        if (waited >= IDLE_MAX_US) {
            return "it does not become idle";
        }
        driver_await_us(POLL_US);
    }
    edu_interrupt_acknowledge_write(regs, edu_interrupt_status_read(regs));
    return NULL;
}

const char *driver_attach(void)
{
    edu_liveness_write(regs, 0x12345678);
    if (edu_liveness_read(regs) != ~0x12345678u) {
        return "it does not complement";
    }
    edu_status_set_interrupt_when_done(regs, true);
    return NULL;
}

void driver_detach(void)
{
    (void)driver_quiet();
}

/* The line may be shared: without a cause the interrupt was another device's. */
void driver_irq(unsigned index, uint64_t count)
{
    uint32_t causes = edu_interrupt_status_read(regs);
    uint64_t reply;

    (void)index;
    (void)count;
    if (storms) {
        return;
    }
    edu_interrupt_acknowledge_write(regs, causes);
    if ((causes & CAUSE_COMPUTED) != 0 && computing != 0) {
        reply = computing;
        computing = 0;
        edu_answer_factorial(reply, E_OK, edu_factorial_read(regs));
    }
    if ((causes & CAUSE_ASKED) != 0 && asking != 0) {
        if (--to_come != 0) {
            edu_interrupt_raise_write(regs, CAUSE_ASKED);
            return;
        }
        reply = asking;
        asking = 0;
        edu_answer_interrupt(reply, E_OK);
    }
}

DRIVER_SERVES(EDU_INTERFACE, edu_dispatch)

int edu_serve_liveness(struct call *call, uint32_t number, uint32_t *result)
{
    (void)call;
    edu_liveness_write(regs, number);
    *result = edu_liveness_read(regs);
    return E_OK;
}

int edu_serve_factorial(struct call *call, uint32_t n, uint32_t *result)
{
    int error;

    (void)result;
    if (computing != 0) {
        return E_BUSY;
    }
    error = call_keep(call, &computing);
    if (error == CALL_LATER) {
        edu_factorial_write(regs, n);
    }
    return error;
}

int edu_serve_interrupt(struct call *call, uint32_t count)
{
    int error;

    if (asking != 0) {
        return E_BUSY;
    }
    error = call_keep(call, &asking);
    if (error == CALL_LATER) {
        to_come = count;
        edu_interrupt_raise_write(regs, CAUSE_ASKED);
    }
    return error;
}

bool driver_regs_line(unsigned index, char *text, size_t size)
{
    return regs_line_at(&edu_regs_table, regs_bus_at(regs.base), index, text, size);
}

bool driver_storm(void)
{
    storms = true;
    edu_interrupt_raise_write(regs, CAUSE_ASKED);
    return true;
}
