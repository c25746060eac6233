/*
 * control.c - authority that is not memory: interrupts, ports, CPU time. Each create names the
 * untyped that pays for the object.
 */
#include <arch/ioapic.h>
#include <arch/vtd.h>
#include <ipc/ipc.h>
#include <ipc/irq.h>
#include <object/control.h>
#include <object/invoke.h>
#include <object/portmap.h>
#include <object/slot.h>
#include <object/untyped.h>
#include <sched/time.h>

int control_payer(uint64_t payer, uint64_t index, struct slot **ut, struct slot **cnode,
                  struct slot **to)
{
    int e = invoke_cap(payer, OBJ_UNTYPED, RIGHT_MANAGE, ut);

    if (!e) {
        e = invoke_cnode_slot(0, index, to, cnode);
    }
    return !e && (*to)->type != OBJ_NULL ? E_EXISTS : e;
}

static bool source_exists(uint64_t gsi, uint64_t flags, uint64_t requester)
{
    if (flags & IRQ_MSI) {
        return flags == IRQ_MSI && !gsi && requester <= UINT16_MAX;
    }
    if (flags & IRQ_IOMMU) {
        return flags == IRQ_IOMMU && vtd.on && gsi < vtd_unit_count() && !requester;
    }
    return !requester && gsi <= UINT32_MAX && ioapic_has((uint32_t)gsi) &&
           !(flags & ~(uint64_t)(IRQ_LEVEL | IRQ_ACTIVE_LOW));
}

static int create_irq(const uint64_t *w, uint64_t *out)
{
    struct slot *ut, *cnode, *to;
    uint64_t info[MSG_REG_WORDS];
    uint32_t source;
    void *object;

    if (!source_exists(w[1], w[2], w[4])) {
        return E_BAD_ARG;
    }
    int e = control_payer(w[0], w[3], &ut, &cnode, &to);
    if (!e) {
        e = irq_find_source(w[1], (uint32_t)w[2], &source);
    }
    if (!e) {
        e = untyped_make(ut, cnode, to, OBJ_IRQ, IRQ_BITS, &object);
    }
    if (e) {
        return e;
    }
    irq_create(object, source, (uint32_t)(w[1] | w[4]), (uint32_t)w[2]);
    irq_info(object, info);
    if (w[2] == IRQ_MSI) {
        out[0] = info[5];
        out[1] = info[0];
    }
    return E_OK;
}

int irq_control_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out)
{
    (void)cap;
    switch (op) {
    case OP_IRQ_CONTROL_CREATE:
        return create_irq(w, out);
    case OP_IRQ_CONTROL_INFO:
        out[0] = cpu_self()->stray_interrupts;
        out[1] = irq_free_vectors();
        return E_OK;
    default:
        return E_BAD_CALL;
    }
}

int ioport_control_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out)
{
    struct slot *ut, *cnode, *to, *target;
    void *object;
    int e;

    (void)cap;
    (void)out;
    switch (op) {
    case OP_IOPORT_CONTROL_CREATE:
        e = invoke_cap(w[1], OBJ_VSPACE, RIGHT_MANAGE, &target);
        if (!e) {
            e = control_payer(w[0], w[2], &ut, &cnode, &to);
        }
        if (!e && ((struct table *)target->obj)->ports) {
            e = E_BUSY;
        }
        if (!e && target->depth >= SLOT_DEPTH_MAX) {
            e = E_LIMIT;
        }
        if (!e) {
            e = untyped_make(ut, cnode, to, OBJ_PORTMAP, PORTMAP_BITS, &object);
        }
        return e ? e : portmap_attach(object, target);
    case OP_IOPORT_CONTROL_GRANT:
        e = invoke_cap(w[0], OBJ_PORTMAP, RIGHT_MANAGE, &target);
        return e ? e : portmap_grant((struct portmap *)target->obj, w[1], w[2]);
    default:
        return E_BAD_CALL;
    }
}

int cpu_control_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out)
{
    struct slot *ut, *cnode, *to;
    void *object;

    (void)cap;
    (void)out;
    if (op != OP_CPU_CONTROL_CREATE) {
        return E_BAD_CALL;
    }
    bool limited = w[1] && w[1] < w[2];
    if (w[3] > PRIORITY_MAX || w[1] > w[2] || w[2] > UINT32_MAX ||
        (limited && w[2] < BUDGET_PERIOD_MIN_US)) {
        return E_BAD_ARG;
    }
    int e = control_payer(w[0], w[4], &ut, &cnode, &to);
    if (!e) {
        e = untyped_make(ut, cnode, to, OBJ_BUDGET, BUDGET_BITS, &object);
    }
    if (!e) {
        budget_init(object, (uint32_t)w[1], (uint32_t)w[2], w[3]);
    }
    return e;
}

/* A limit has a period; without one nothing else may be given. The badge says what to signal. */
static int set_irq_limit(struct irq *irq, const uint64_t *w)
{
    struct slot *manager = NULL;

    if (w[0] > UINT32_MAX || w[1] > UINT32_MAX || !w[0] != !w[1] || (!w[0] && w[2])) {
        return E_BAD_ARG;
    }
    int e = w[2] ? invoke_cap(w[2], OBJ_NOTIFICATION, RIGHT_SEND, &manager) : E_OK;
    if (!e && manager && !manager->badge) {
        e = E_BAD_ARG;
    }
    return e ? e : irq_set_limit(irq, (uint32_t)w[0], w[1], manager);
}

int irq_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out)
{
    struct irq *irq = (struct irq *)cap->obj;
    struct slot *ep;
    int e;

    switch (op) {
    case OP_IRQ_BIND:
        e = invoke_cap(w[0], OBJ_ENDPOINT, RIGHT_RECV, &ep);
        return e ? e : irq_bind(irq, ep, w[1]);
    case OP_IRQ_UNBIND:
        irq_unbind(irq);
        return E_OK;
    case OP_IRQ_INFO:
        irq_info(irq, out);
        return E_OK;
    case OP_IRQ_SET_LIMIT:
        return set_irq_limit(irq, w);
    default:
        return E_BAD_CALL;
    }
}

int notification_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out)
{
    (void)out;
    if (op != OP_NOTIFICATION_SET_DEADLINE) {
        return E_BAD_CALL;
    }
    if (w[0] && !w[1]) {
        return E_BAD_ARG;
    }
    time_set_deadline((struct notification *)cap->obj, w[0], w[1]);
    return E_OK;
}

int portmap_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out)
{
    (void)w;
    if (op != OP_PORTMAP_INFO) {
        return E_BAD_CALL;
    }
    out[0] = ((struct portmap *)cap->obj)->open_count;
    return E_OK;
}

int budget_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out)
{
    const struct budget *b = (const struct budget *)cap->obj;

    (void)w;
    if (op != OP_BUDGET_INFO) {
        return E_BAD_CALL;
    }
    time_charge();
    out[0] = b->consumed;
    out[1] = b->max_prio;
    out[2] = b->budget_us;
    out[3] = b->period_us;
    return E_OK;
}
