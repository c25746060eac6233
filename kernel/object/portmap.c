/*
 * portmap.c - I/O ports at native speed: the bitmap is mapped just behind the TSS in its own
 * space, so that switching spaces switches it. A space without one has nothing mapped there, and
 * the access faults. A port belongs to at most one PortMap.
 * Source: Intel SDM vol. 1, 19.5.2 (I/O permission bit map): a set bit closes the port.
 */
#include <arch/paging.h>
#include <arch/spec.h>
#include <arch/tlb.h>
#include <lib/string.h>
#include <object/portmap.h>
#include <object/slot.h>

#define PORTS     65536u
#define WORD_BITS 64u
#define WORDS     (PORTS / WORD_BITS)

static uint64_t taken[WORDS]; /* ports in some PortMap; under the kernel lock */

const uint64_t *portmap_taken(void)
{
    return taken;
}

struct portmap *portmap_of_slot(struct slot *s)
{
    return (struct portmap *)((uint64_t)s & ~((1ull << PORTMAP_BITS) - 1));
}

int portmap_attach(struct portmap *p, struct slot *vspace)
{
    struct table *v = (struct table *)vspace->obj;
    const uint64_t flags = PTE_PRESENT | PTE_WRITE;

    if (v->ports) {
        return E_BUSY;
    }
    if (vspace->depth >= SLOT_DEPTH_MAX) {
        return E_LIMIT;
    }
    p->vspace.flags = SLOT_IN_PORTMAP;
    (void)slot_copy(vspace, &p->vspace, RIGHT_ALL, 0);
    memset(p->bitmap, 0xff, sizeof p->bitmap);
    p->pdpt[0] = direct_pa(p->pd) | flags;
    p->pd[0] = direct_pa(p->pt) | flags;
    p->pt[0] = direct_pa(p->bitmap) | flags;
    p->pt[1] = (direct_pa(p->bitmap) + PAGE_BYTES) | flags;
    v->entry[IOPB_SLOT] = direct_pa(p->pdpt) | flags;
    v->ports = p;
    return E_OK;
}

void portmap_detach(struct portmap *p)
{
    struct table *v = (struct table *)p->vspace.obj;

    for (unsigned i = 0; p->open_count && i < WORDS; i++) {
        taken[i] &= p->bitmap[i];
        p->bitmap[i] = ~0ull;
    }
    p->open_count = 0;
    if (p->vspace.type == OBJ_NULL) {
        return;
    }
    v->entry[IOPB_SLOT] = 0;
    v->ports = NULL;
    slot_clear(&p->vspace);
    tlb_flush_space(v->cr3);
}

static void open_ports(struct portmap *p, uint64_t word, uint64_t mask)
{
    taken[word] |= mask;
    p->bitmap[word] &= ~mask;
}

/* A few instructions for each word of the bitmaps: a grant of all ports is not interrupted. */
int portmap_grant(struct portmap *p, uint64_t first, uint64_t last)
{
    if (first > last || last >= PORTS) {
        return E_BAD_ARG;
    }
    first = spec_index(first, PORTS);
    last = spec_index(last, PORTS);
    uint64_t from = first / WORD_BITS, to = last / WORD_BITS;
    uint64_t head = ~0ull << first % WORD_BITS, tail = ~0ull >> (WORD_BITS - 1 - last % WORD_BITS);
    head &= from == to ? tail : ~0ull;
    tail &= from == to ? head : ~0ull;
    uint64_t clash = (taken[from] & head) | (taken[to] & tail);
    for (uint64_t i = from + 1; i < to; i++) {
        clash |= taken[i];
    }
    if (clash) {
        return E_BUSY;
    }
    open_ports(p, from, head);
    open_ports(p, to, tail);
    for (uint64_t i = from + 1; i < to; i++) {
        open_ports(p, i, ~0ull);
    }
    p->open_count += last - first + 1;
    return E_OK;
}
