/*
 * check_space.c - page tables against capabilities, both ways; I/O ports against their owners.
 * That no frame overlaps an object needs no walk here: both were cut from untypeds, and
 * check_tree.c has found that nothing was cut twice.
 */
#include <arch/cpu.h>
#include <arch/paging.h>
#include <debug/check.h>
#include <object/portmap.h>
#include <object/slot.h>
#include <object/table.h>

#define PTE_ACCESSED 32ull /* the processor sets it */

void check_mapping(const struct slot *s)
{
    const struct table *t = mapping_table(s);
    uint32_t i = mapping_index(s);

    if (!s->badge || !check_pointer("space: table of a mapping", s, t, 4096)) {
        return;
    }
    check_seen.mappings++;
    if (!SAME("space: capability of an entry", &t->back[i], t->back[i], slot_link(s))) {
        return;
    }
    uint64_t e = t->entry[i], pa = e & PTE_ADDR;
    if (s->type != OBJ_FRAME) {
        const struct table *child = (const struct table *)s->obj;
        SAME("space: table", &t->entry[i], pa, direct_pa(child));
        SAME("space: place of a table", child, child->level << 9 | child->index,
             (t->level - 1) << 9 | i);
        SAME("space: parent of a table", child, child->parent, t);
        SAME("space: copy of a table's capability", s, s->flags & SLOT_OWNER, SLOT_OWNER);
        return;
    }
    SAME("space: frame", &t->entry[i], pa, s->obj);
    SAME("space: size of a frame", s, s->size_bits, 3 + 9 * t->level);
    SAME("space: size of a page", &t->entry[i], !(e & PTE_LARGE), t->level == 1);
    CHECK("space: right to write", s, e, !(e & PTE_WRITE) || s->rights & RIGHT_WRITE);
}

static void check_kernel_half(const struct table *v)
{
    const uint64_t *kernel = direct(paging_kernel_cr3());
    uint64_t map = v->ports ? direct_pa(v->ports->pdpt) | PTE_PRESENT | PTE_WRITE : 0;

    for (uint32_t i = DIRECT_SLOT; i < 512; i++) {
        uint64_t e = v->entry[i] & ~PTE_ACCESSED, want = i == IOPB_SLOT ? map : kernel[i];
        SAME("space: kernel's half", &v->entry[i], e, want & ~PTE_ACCESSED);
    }
}

void check_table(const struct table *t, bool boot)
{
    const uint64_t flags = PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_NX;
    uint32_t count = t->level == 4 ? DIRECT_SLOT : 512;
    bool io = t->io;

    if (t->level == 4) {
        check_kernel_half(t);
    } else if (io && t->level == 3) {
        check_seen.devices -= ((const struct iospace *)t)->devices;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t e = t->entry[i];
        bool leaf = t->level == 1 || e & PTE_LARGE;
        check_seen.mappings -= t->back[i] != 0;
        if (!e && !t->back[i]) {
            continue;
        }
        SAME("space: entry for users", &t->entry[i], e & PTE_PRESENT && e & PTE_USER, !io);
        CHECK("space: write or execute", &t->entry[i], e,
              io || !leaf || !cpu_features.nx || (e & flags) != (flags & ~PTE_NX));
        CHECK("space: entry without a capability", &t->entry[i], e, t->back[i] || boot);
        if (!t->back[i] && boot && !leaf) {
            check_table(direct(e & PTE_ADDR), boot);
        }
    }
}

/* The bits of @map, XORed with @flip, that are set. */
static uint64_t count_bits(const uint64_t *map, uint64_t flip)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < 1024; i++) {
        for (uint64_t bits = map[i] ^ flip; bits; bits &= bits - 1) {
            count++;
        }
    }
    return count;
}

void check_portmap(const struct portmap *p)
{
    const struct table *v = (const struct table *)p->vspace.obj;

    check_place(&p->vspace, SLOT_IN_PORTMAP);
    check_seen.ports += p->open_count;
    CHECK("port: map of its space", p, v, !v || v->ports == p);
    SAME("port: number of open ones", p, p->open_count, count_bits(p->bitmap, ~0ull));
    for (unsigned i = 0; i < 1024; i++) {
        SAME("port: open and not taken", p, ~(p->bitmap[i] | portmap_taken()[i]), 0);
    }
}

void check_ports(void)
{
    check_seen.ports -= count_bits(portmap_taken(), 0);
}
