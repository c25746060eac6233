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
#include <string.h>

#define CAUSE_COMPUTED 1u           /* the device's own: a factorial is ready */
#define CAUSE_ASKED    2u           /* ours */
#define CAUSE_MOVED    0x100u       /* the device's: a transfer is over */
#define BUFFER_AT      0x40000u     /* the device's own buffer, as its transfers name it */
#define BUFFER_BYTES   4095u        /* of 4096: a transfer up to the last one ends QEMU 7.2 */
#define REACHED        (1ull << 28) /* it has so many addresses (its dma_mask can give it more) */
#define IDLE_MAX_US    500000u
#define POLL_US        100u

const struct idl_interface *const driver_interfaces[] = {&edu_desc, NULL};

static struct edu_regs regs;
static uint64_t computing, asking; /* callers that are kept; 0: none */
static uint32_t to_come;           /* interrupts, for the latter */
static bool storms;

/* The one transfer at a time. */
static uint64_t moving;       /* the caller that is kept for it; 0: none */
static uint32_t load_bytes;   /* that it is to get; 0: it has given some */
static unsigned char *shared; /* memory that the device reaches; a null pointer: none */
static uint64_t shared_at;    /* where it finds that */

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

static void share_memory(void)
{
    shared_at = driver_dma_address("buffer");
    if (shared_at + BUFFER_BYTES > REACHED) {
        driver_log("its memory lies at 0x%lx, where the device does not reach: no DMA",
                   (unsigned long)shared_at);
        return;
    }
    shared = driver_dma("buffer", NULL);
}

const char *driver_attach(void)
{
    edu_liveness_write(regs, 0x12345678);
    if (edu_liveness_read(regs) != ~0x12345678u) {
        return "it does not complement";
    }
    edu_status_set_interrupt_when_done(regs, true);
    if (driver_has("buffer")) {
        share_memory();
    }
    return NULL;
}

void driver_detach(void)
{
    (void)driver_quiet();
}

static void start(uint64_t from, uint64_t to, uint64_t bytes, enum edu_direction direction)
{
    const struct edu_dma_command command = {.run = true,
                                            .direction = direction,
                                            .interrupt = moving != 0};

    edu_dma_source_write(regs, from);
    edu_dma_destination_write(regs, to);
    edu_dma_count_write(regs, bytes);
    edu_dma_command_write(regs, command);
}

static void moved(void)
{
    uint64_t reply = moving;

    moving = 0;
    if (load_bytes == 0) {
        edu_answer_store(reply, E_OK);
    } else {
        edu_answer_load(reply, E_OK, shared, load_bytes);
    }
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
    if ((causes & CAUSE_MOVED) != 0 && moving != 0) {
        moved();
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

/* Keep the caller of a transfer of @bytes from or to @offset of the device's buffer. */
static int keep_mover(struct call *call, uint32_t offset, uint64_t bytes)
{
    if (shared == NULL) {
        return E_UNSUPPORTED;
    }
    if (offset + bytes > BUFFER_BYTES || bytes == 0) {
        return E_BAD_ARG;
    }
    if (edu_dma_command_read(regs).run || moving != 0) {
        return E_BUSY;
    }
    return call_keep(call, &moving);
}

int edu_serve_store(struct call *call, uint32_t offset, const uint8_t *data, size_t data_count)
{
    int error = keep_mover(call, offset, data_count);

    if (error == CALL_LATER) {
        load_bytes = 0;
        memcpy(shared, data, data_count);
        start(shared_at, BUFFER_AT + offset, data_count, EDU_DIRECTION_FROM_MEMORY);
    }
    return error;
}

int edu_serve_load(struct call *call, uint32_t offset, uint32_t count, uint8_t *result,
                   size_t *result_count)
{
    int error = keep_mover(call, offset, count);

    (void)result;
    (void)result_count;
    if (error == CALL_LATER) {
        load_bytes = count;
        start(BUFFER_AT + offset, shared_at, count, EDU_DIRECTION_TO_MEMORY);
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

/* Four octets, as an interrupt's message is. */
bool driver_wild_dma(uint64_t address, bool is_write)
{
    if (edu_dma_command_read(regs).run) {
        return false;
    }
    if (is_write) {
        start(BUFFER_AT, address, 4, EDU_DIRECTION_TO_MEMORY);
    } else {
        start(address, BUFFER_AT, 4, EDU_DIRECTION_FROM_MEMORY);
    }
    return true;
}
