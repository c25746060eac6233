/*
 * device.c - Devices, and the authority over the IOMMU units.
 * The Devices of a bus share a context table, which lies in the first one's object: so blocking
 * what has no Device costs no memory, and nothing is left when the last one goes.
 * Invariants: a context entry is present exactly when its Device's slot names an IoSpace; a blocked
 * requester's is not, so its faults are recorded as such. An IoSpace has a domain number while a
 * Device is assigned to it. Under the kernel lock.
 */
#include <arch/ioapic.h>
#include <arch/timer.h>
#include <arch/vtd.h>
#include <ipc/irq.h>
#include <lib/string.h>
#include <object/control.h>
#include <object/device.h>
#include <object/invoke.h>
#include <object/slot.h>
#include <object/untyped.h>

#define REQUESTERS  0x10000u
#define DOMAINS_MAX 256

static struct device *on_bus[256]; /* the first one has the table */
static uint64_t domains[DOMAINS_MAX / 64] = {
    1}; /* in use; 0 means something where absent is cached */

/* An unused domain number, 0 if there is none. */
static uint32_t find_domain(void)
{
    for (uint32_t i = 1; i < vtd.domains; i++) {
        if (!(domains[i / 64] >> i % 64 & 1)) {
            return i;
        }
    }
    return 0;
}

static uint64_t silence_bit(const struct device *d)
{
    return d->silent ? VTD_NO_FAULT : 0;
}

static uint64_t *context_of(const struct device *d)
{
    return &on_bus[d->requester >> 8]->context[2 * (d->requester & 0xff)];
}

/* Block the device; then, unless @new is NULL, give it what @new says. */
static void set_context(const struct device *d, const uint64_t *new)
{
    uint64_t *entry = context_of(d);

    entry[0] = silence_bit(d);
    vtd_clean(entry, 8);
    vtd_flush_devices(); /* before the rest: no unit reads half of each */
    if (new) {
        entry[1] = new[1];
        vtd_clean(entry, 16);
        entry[0] = new[0] | silence_bit(d);
        vtd_clean(entry, 8);
        if (vtd.flags & IOMMU_CACHES_ABSENT) {
            vtd_flush_devices();
        }
    }
}

/* Take @d off its IoSpace. */
static void detach(struct device *d)
{
    struct iospace *s = (struct iospace *)d->space.obj;

    slot_clear(&d->space);
    set_context(d, NULL);
    if (!--s->devices) {
        domains[s->domain / 64] &= ~(1ull << s->domain % 64);
    }
}

static void attach(struct device *d, struct slot *space, uint32_t domain)
{
    struct iospace *s = (struct iospace *)space->obj;
    uint64_t new[2];

    if (!s->devices++) {
        s->domain = domain;
        domains[domain / 64] |= 1ull << domain % 64;
    }
    (void)slot_copy(space, &d->space, RIGHT_ALL, 0);
    vtd_clean(s->table.entry, sizeof s->table.entry);
    vtd_clean(s->top, sizeof s->top);
    vtd_context(d->unit, direct_pa(&s->table), direct_pa(s->top), s->domain, new);
    set_context(d, new);
}

void device_slot_lost(struct slot *s)
{
    detach((struct device *)((uint64_t)s & ~((1ull << DEVICE_BITS) - 1)));
}

void device_destroy(struct device *d)
{
    struct device **first = &on_bus[d->requester >> 8], **p = first;

    d->silent = 0;
    if (d->space.type != OBJ_NULL) {
        detach(d);
    } else {
        set_context(d, NULL);
    }
    while (*p != d) {
        p = &(*p)->next;
    }
    *p = d->next;
    if (p != first) {
        return;
    }
    if (*first) { /* the table moves to the next one, as it is */
        memcpy((*first)->context, d->context, sizeof d->context);
        vtd_clean((*first)->context, sizeof d->context);
    }
    vtd_set_bus(d->requester >> 8, *first ? direct_pa((*first)->context) : 0);
}

static void device_init(struct device *d, uint8_t unit, uint16_t requester)
{
    struct device **first = &on_bus[requester >> 8];

    d->unit = unit;
    d->requester = requester;
    d->space.flags = SLOT_IN_DEVICE;
    if (*first) {
        d->next = (*first)->next;
        (*first)->next = d;
    } else {
        *first = d;
        vtd_clean(d->context, sizeof d->context);
        vtd_set_bus(requester >> 8, direct_pa(d->context));
    }
}

static int create(const uint64_t *w)
{
    struct slot *ut, *cnode, *to;
    void *object;

    if (!vtd.on || w[1] >= vtd_unit_count() || w[2] >= REQUESTERS) {
        return E_BAD_ARG;
    }
    int e = control_payer(w[0], w[3], &ut, &cnode, &to);
    for (struct device *d = on_bus[w[2] >> 8]; !e && d; d = d->next) {
        e = d->requester == w[2] ? E_EXISTS : E_OK;
    }
    if (!e) {
        e = untyped_make(ut, cnode, to, OBJ_DEVICE, DEVICE_BITS, &object);
    }
    if (!e) {
        device_init(object, (uint8_t)w[1], (uint16_t)w[2]);
    }
    return e;
}

/* Before anything can use a device. */
static int set_up(uint32_t op, const uint64_t *w, uint64_t *out)
{
    bool far = (w[0] | w[1] | w[2]) >> UNTYPED_MAX_BITS;

    if (op == OP_DEVICE_CONTROL_ADD_IOAPIC &&
        (far || w[0] & 15 || w[1] > UINT32_MAX || w[2] > IOAPIC_ANONYMOUS)) {
        return E_BAD_ARG;
    }
    if (op == OP_DEVICE_CONTROL_ADD_UNIT &&
        (far || w[0] & (PAGE_BYTES - 1) || w[1] & 7 || w[3] > PAGE_BYTES / 16 ||
         w[2] % PAGE_BYTES + 16 * w[3] > PAGE_BYTES || w[4] > 1)) {
        return E_BAD_ARG;
    }
    if (vtd.closed || irq_free_vectors() != IRQ_VECTORS) {
        return E_BUSY;
    }
    if (op == OP_DEVICE_CONTROL_ADD_IOAPIC) {
        return ioapic_add(w) ? E_OK : E_BAD_ARG;
    }
    if (op == OP_DEVICE_CONTROL_ADD_UNIT) {
        return vtd_add_unit(w) ? E_OK : E_BAD_ARG;
    }
    vtd.closed = true;
    vtd_tables(out);
    return E_OK;
}

static int start(const uint64_t *w)
{
    if (!vtd.closed || vtd.on || !vtd_unit_count() || irq_free_vectors() != IRQ_VECTORS) {
        return E_BUSY;
    }
    vtd_start((uint32_t)w[0], w[1] < DOMAINS_MAX ? (uint32_t)w[1] : DOMAINS_MAX);
    return E_OK;
}

int device_control_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out)
{
    (void)cap;
    switch (op) {
    case OP_DEVICE_CONTROL_ADD_IOAPIC:
    case OP_DEVICE_CONTROL_ADD_UNIT:
    case OP_DEVICE_CONTROL_CLOSE:
        return set_up(op, w, out);
    case OP_DEVICE_CONTROL_START:
        return start(w);
    case OP_DEVICE_CONTROL_CREATE:
        return create(w);
    default:
        break;
    }
    if (op != OP_DEVICE_CONTROL_INFO && op != OP_DEVICE_CONTROL_FETCH) {
        return E_BAD_CALL;
    }
    if (!vtd.on || w[0] >= vtd_unit_count()) {
        return E_BAD_ARG;
    }
    if (op == OP_DEVICE_CONTROL_FETCH) {
        return vtd_fetch((unsigned)w[0], out) ? E_OK : E_BUSY;
    }
    out[0] = vtd.flags;
    out[1] = vtd_faults_lost((unsigned)w[0]);
    return E_OK;
}

static int assign(struct device *d, uint64_t handle)
{
    struct slot *space = NULL;
    uint32_t domain = 0;

    if (handle) {
        int e = invoke_cap(handle, OBJ_IOSPACE, RIGHT_MANAGE, &space);
        if (e) {
            return e;
        }
        domain = ((struct iospace *)space->obj)->devices ? 0 : find_domain();
        if (space->depth >= SLOT_DEPTH_MAX ||
            (!domain && !((struct iospace *)space->obj)->devices)) {
            return E_LIMIT;
        }
    }
    if (d->space.type != OBJ_NULL) {
        detach(d);
    }
    if (space) {
        attach(d, space, domain);
    }
    return E_OK;
}

static int silence(struct device *d, uint64_t on)
{
    uint64_t *entry = context_of(d);

    if (on > 1) {
        return E_BAD_ARG;
    }
    d->silent = (uint8_t)on;
    entry[0] = (entry[0] & ~VTD_NO_FAULT) | silence_bit(d);
    vtd_clean(entry, 8);
    vtd_flush_devices();
    return E_OK;
}

int device_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out)
{
    struct device *d = (struct device *)cap->obj;

    switch (op) {
    case OP_DEVICE_ASSIGN:
        return assign(d, w[0]);
    case OP_DEVICE_SILENCE:
        return silence(d, w[0]);
    case OP_DEVICE_INFO:
        out[0] = d->unit;
        out[1] = d->requester;
        out[2] = d->space.type != OBJ_NULL;
        out[3] = d->silent;
        return E_OK;
    default:
        return E_BAD_CALL;
    }
}
