/*
 * inject.c - faults that the shell has a driver commit. Wild DMA is aimed at a page of devman's own
 * that holds one octet throughout, so that everybody can see what has become of it.
 */
#include "devman.h"

#include <idl/devman_server.h>
#include <quoll/error.h>
#include <string.h>

#define TARGET_VA      0x000000005f001000ull /* behind devman's window, in the same table */
#define TARGET_CONTENT 0xc5
#define PAGE           4096u
#define MESSAGES_AT    0xfee00000ull /* Intel SDM vol. 3A, 10.11.1: of the first CPU */

static uint64_t target_address; /* physical; 0: not made */

static int make_target(void)
{
    uint32_t untyped, frame = slots_take(&devman.slots, 1);
    int error = frame == 0 ? E_LIMIT : pieces_take(&devman.memory, FRAME_4K_BITS, &untyped);

    if (error == E_OK) {
        error = sys_op(untyped, OP_UNTYPED_RETYPE, OBJ_FRAME, FRAME_4K_BITS, 0, frame, 1, 0);
    }
    if (error == E_OK) {
        error = spawn_map(&devman.self, TARGET_VA, frame, RIGHT_READ | RIGHT_WRITE);
    }
    if (error == E_OK) {
        target_address = pieces_find(&devman.memory, untyped)->base;
    }
    return error;
}

static bool needs_interrupts(enum devman_fault what)
{
    return what == DEVMAN_FAULT_IRQ_UNACKED || what == DEVMAN_FAULT_IRQ_STORM;
}

static bool needs_dma(enum devman_fault what)
{
    return what == DEVMAN_FAULT_WILD_DMA_WRITE || what == DEVMAN_FAULT_WILD_DMA_READ ||
           what == DEVMAN_FAULT_FORGED_IRQ;
}

static int aim(struct device *d, enum devman_fault what)
{
    int error = target_address == 0 ? make_target() : E_OK;

    if (error != E_OK) {
        return error;
    }
    memset((void *)TARGET_VA, TARGET_CONTENT, PAGE);
    d->info->inject_address = what == DEVMAN_FAULT_FORGED_IRQ ? MESSAGES_AT : target_address;
    return E_OK;
}

int devman_serve_inject(struct call *call, enum devman_fault what, const char *victim)
{
    struct device *d = NULL;
    int error = find_to_manage(call, victim, &d);

    if (error != E_OK) {
        return error;
    }
    if (d->state != DEVICE_RUNNING) {
        return E_BUSY;
    }
    if ((needs_interrupts(what) && d->irq_count == 0) ||
        (needs_dma(what) && d->dma.mode == DRIVER_DMA_OFF)) {
        return E_UNSUPPORTED;
    }
    error = needs_dma(what) ? aim(d, what) : E_OK;
    if (error == E_OK && what == DEVMAN_FAULT_IRQ_STORM) { /* only its driver knows if it can */
        error = d->injecting != 0 ? E_BUSY : call_keep(call, &d->injecting);
    }
    if (error == E_OK || error == CALL_LATER) {
        d->info->inject = (uint32_t)what + 1;
        d->info->inject_count++;
        (void)sys_signal(d->order);
    }
    return error;
}

int serve_injected(struct device *d, int status)
{
    uint64_t reply = d->injecting;

    if (reply == 0) {
        return E_BAD_ARG;
    }
    d->injecting = 0;
    devman_answer_inject(reply, status);
    return E_OK;
}

int devman_serve_target(struct call *call, struct devman_target_state *result)
{
    const volatile uint8_t *page = (const volatile uint8_t *)TARGET_VA;

    (void)call;
    result->address = target_address;
    result->content = TARGET_CONTENT;
    for (unsigned i = 0; target_address != 0 && i < PAGE; i++) {
        result->wrong += page[i] != TARGET_CONTENT;
    }
    return E_OK;
}
