/*
 * spawn_irq.c - interrupt sources: made and bound to the endpoint where they arrive. See spawn.h.
 */
#include "spawn_internal.h"

int spawn_irq(struct spawn *s, struct spawn_irq *irq)
{
    struct spawn_control c = {.control = s->maker->irq_control,
                              .op = OP_IRQ_CONTROL_CREATE,
                              .slot_word = 3,
                              .m = {.w = {0, irq->gsi, irq->flags, 0, irq->requester}}};
    int error = spawn_make_control(s, IRQ_BITS, &c);

    if (error != E_OK) {
        return error;
    }
    error = sys_op(c.slot, OP_IRQ_BIND, irq->endpoint, irq->badge, 0, 0, 0, 0);
    if (error != E_OK) {
        spawn_delete(s, &c.slot);
        return error;
    }
    irq->slot = c.slot;
    irq->msi_address = (irq->flags & IRQ_MSI) != 0 ? c.m.w[0] : 0;
    irq->msi_data = (irq->flags & IRQ_MSI) != 0 ? (uint32_t)c.m.w[1] : 0;
    return E_OK;
}
