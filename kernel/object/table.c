/*
 * table.c - mapping and unmapping of tables and frames.
 * Invariant: entry e of table t is present below the kernel's half exactly when back[e] names a
 * slot whose badge names (t, e). W^X: no entry is both writable and executable.
 * IoSpaces have the same tables with entries of another kind (VT-d specification 4.1, section 9.8):
 * bit 0 lets devices read, bit 1 write, bit 7 makes a large page, as in the processor's.
 */
#include <arch/cpu.h>
#include <arch/paging.h>
#include <arch/tlb.h>
#include <arch/vtd.h>
#include <lib/string.h>
#include <object/invoke.h>
#include <object/portmap.h>
#include <object/slot.h>
#include <object/table.h>

#define RIGHTS_RWX      (RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC)
#define ENTRIES_A_SHARE 64
#define IO_READ         PTE_PRESENT
#define IO_WRITE        PTE_WRITE

void vspace_init(struct table *v)
{
    v->level = 4;
    paging_copy_kernel_half(v->entry);
    v->entry[IOPB_SLOT] = 0;
    v->cr3 = tlb_space_new(direct_pa(v));
}

void iospace_init(struct iospace *s)
{
    s->table.level = 3;
    s->table.io = 1;
    s->top[0] = direct_pa(&s->table) | IO_READ | IO_WRITE;
}

/* The entry at device address @iova of @s has changed, or (@page false) all of them may have. */
static void iospace_flush(const struct iospace *s, uint64_t iova, bool page)
{
    if (s->devices) {
        vtd_flush(s->domain, page ? iova : VTD_ALL);
    }
}

/* No TLB may go on using what was @t's entry @index: one address of the space for a page,
 * everything for a table or a large page. */
static void flush(const struct table *t, uint32_t index)
{
    uint64_t va = (uint64_t)index << (3 + 9 * t->level);
    bool page = t->level == 1;

    while (t->level < 4) {
        if (!t->parent) { /* detached: it was flushed when it was taken out */
            if (t->io && t->level == 3) {
                iospace_flush((const struct iospace *)t, va, page);
            }
            return;
        }
        index = t->index;
        t = t->parent;
        va |= (uint64_t)index << (3 + 9 * t->level);
    }
    if (page) {
        tlb_flush_page(t->cr3, va);
    } else {
        tlb_flush_space(t->cr3);
    }
}

void table_unmap(struct slot *s)
{
    struct table *t = mapping_table(s);
    uint32_t index = mapping_index(s);

    t->entry[index] = 0;
    t->back[index] = 0;
    if (t->io) {
        vtd_clean(&t->entry[index], sizeof t->entry[index]);
    }
    flush(t, index);
    s->badge = 0;
    if (s->type != OBJ_FRAME) {
        ((struct table *)s->obj)->parent = NULL;
    }
}

void table_mapping_moved(struct slot *s)
{
    if (s->badge) {
        mapping_table(s)->back[mapping_index(s)] = slot_link(s);
    }
}

bool table_clear(struct table *t)
{
    uint32_t count = t->level == 4 ? DIRECT_SLOT : 512, cleared = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (!t->back[i]) {
            continue;
        }
        if (cleared++ == ENTRIES_A_SHARE) {
            return false;
        }
        table_unmap(slot_at(t->back[i]));
    }
    return true;
}

bool vspace_destroy(struct table *v)
{
    if (!table_clear(v)) {
        return false;
    }
    if (v->ports) {
        portmap_detach(v->ports);
    }
    tlb_space_end(v->cr3);
    return true;
}

/* The table that holds @va's entry of @level in space @v of @top levels, or NULL with the level of
 * the first missing table in *@missing, or 0 there when a large page is in the way. */
static inline struct table *find_table(struct table *v, unsigned top, uint64_t va, unsigned level,
                                       uint64_t *missing)
{
    struct table *t = v;

#pragma GCC unroll 3
    for (unsigned l = top; l > 1; l--) {
        if (l == level) {
            break;
        }
        uint64_t e = t->entry[va >> (3 + 9 * l) & 511];
        if ((e & (PTE_PRESENT | PTE_LARGE)) != PTE_PRESENT) { /* no top entry is large */
            *missing = e ? 0 : l - 1;
            return NULL;
        }
        t = direct(e & PTE_ADDR);
    }
    return t;
}

static void map_entry(struct table *t, uint32_t index, struct slot *s, uint64_t entry)
{
    t->entry[index] = entry;
    t->back[index] = slot_link(s);
    s->badge = direct_pa(t) | index;
}

/* The same in an IoSpace. A unit may have noted that nothing was there. */
static void map_io_entry(struct table *t, uint32_t index, struct slot *s, uint64_t entry)
{
    map_entry(t, index, s, entry);
    vtd_clean(&t->entry[index], sizeof t->entry[index]);
    if (vtd.flags & IOMMU_CACHES_ABSENT) {
        flush(t, index);
    }
}

/* @io is a constant: each kind of space gets code of its own. */
static inline __attribute__((always_inline)) int map_table(struct slot *cap, const uint64_t *w,
                                                           uint64_t *out, bool io)
{
    struct slot *s;
    unsigned top = io ? 3 : 4;
    uint64_t end = io ? IOVA_TOP : USER_TOP;
    int e = invoke_cap(w[1], io ? OBJ_IO_TABLE : OBJ_TABLE, RIGHT_MANAGE, &s);

    if (e) {
        return e;
    }
    if (w[0] >= end) {
        return E_BAD_ARG;
    }
    if (s->badge || !(s->flags & SLOT_OWNER)) {
        return E_BUSY;
    }
    struct table *v = (struct table *)cap->obj, *child = (struct table *)s->obj;
    uint64_t missing = 0, va = spec_index(w[0], end);
    if (find_table(v, top, va, 1, &missing) || !missing) {
        return E_EXISTS;
    }
    if (child->level && child->level != missing) {
        return E_BAD_ARG; /* it has been used at another level and still has entries */
    }
    uint64_t none;
    struct table *parent = find_table(v, top, va, (unsigned)missing + 1, &none);
    uint32_t index = (uint32_t)(va >> (3 + 9 * parent->level) & 511);
    child->level = (uint32_t)missing;
    child->parent = parent;
    child->index = index;
    if (io) {
        vtd_clean(child->entry, sizeof child->entry);
        map_io_entry(parent, index, s, direct_pa(child) | IO_READ | IO_WRITE);
    } else {
        map_entry(parent, index, s, direct_pa(child) | PTE_PRESENT | PTE_WRITE | PTE_USER);
    }
    out[0] = missing;
    return E_OK;
}

/* Entry bits for @rights and @cache, or 0 when they are not to be had. */
static uint64_t entry_bits(const struct slot *s, uint64_t rights, uint64_t cache)
{
    uint64_t e = PTE_PRESENT | PTE_USER;

    if (rights & ~(uint64_t)RIGHTS_RWX || !(rights & RIGHT_READ) || cache > CACHE_WRITE_COMBINING ||
        (rights & (RIGHT_WRITE | RIGHT_EXEC)) == (RIGHT_WRITE | RIGHT_EXEC)) {
        return 0;
    }
    e |= rights & RIGHT_WRITE ? PTE_WRITE : 0;
    e |= !(rights & RIGHT_EXEC) && cpu_features.nx ? PTE_NX : 0;
    if (cache == CACHE_UNCACHED || (cache == CACHE_DEFAULT && s->flags & SLOT_DEVICE)) {
        e |= PTE_PCD | PTE_PWT;
    } else if (cache == CACHE_WRITE_COMBINING) {
        e |= PTE_PWT;
    }
    return e;
}

static int map_frame(struct slot *cap, const uint64_t *w, uint64_t *out)
{
    struct slot *s;
    int e = thread_cap(current(), w[1], OBJ_FRAME, 0, &s);

    if (e) {
        return e;
    }
    uint64_t bits = entry_bits(s, w[2], w[3]);
    uint64_t bytes = 1ull << s->size_bits;
    if (!bits || w[0] & (bytes - 1) || w[0] + (bytes - 1) >= USER_TOP) {
        return E_BAD_ARG;
    }
    if (w[2] & ~(uint64_t)s->rights) {
        return E_NO_RIGHT;
    }
    if (s->badge) {
        return E_BUSY;
    }
    unsigned level = s->size_bits == FRAME_4K_BITS ? 1 : s->size_bits == FRAME_2M_BITS ? 2 : 3;
    if (level > 2 && !cpu_features.pages_1g) {
        return E_BAD_ARG;
    }
    uint64_t missing = 0, va = spec_index(w[0], USER_TOP);
    struct table *t = find_table((struct table *)cap->obj, 4, va, level, &missing);
    if (!t) {
        out[0] = missing;
        return missing ? E_NO_TABLE : E_EXISTS;
    }
    uint32_t index = (uint32_t)(va >> (3 + 9 * level) & 511);
    if (t->entry[index]) {
        return E_EXISTS;
    }
    map_entry(t, index, s, s->obj | bits | (level > 1 ? PTE_LARGE : 0));
    return E_OK;
}

/* Entry bits for @rights, or 0 when they are not to be had. */
static uint64_t io_bits(uint64_t rights)
{
    if (rights & ~(uint64_t)(RIGHT_READ | RIGHT_WRITE)) {
        return 0;
    }
    return (rights & RIGHT_READ ? IO_READ : 0) | (rights & RIGHT_WRITE ? IO_WRITE : 0);
}

/* May the @bytes, a power of two, at @iova be mapped? */
static bool iova_is_good(uint64_t iova, uint64_t bytes)
{
    uint64_t end = iova + bytes;

    return !(iova & (bytes - 1)) && iova >= IOVA_MIN && iova < IOVA_TOP && end <= IOVA_TOP &&
           (end <= IOVA_MSI_WINDOW || iova >= IOVA_MSI_WINDOW + (1 << 20));
}

static int map_io_frame(struct slot *cap, const uint64_t *w, uint64_t *out)
{
    struct slot *s;
    int e = invoke_cap(w[1], OBJ_FRAME, 0, &s);

    if (e) {
        return e;
    }
    unsigned level = s->size_bits == FRAME_4K_BITS ? 1 : 2;
    if (!io_bits(w[2]) ||
        s->size_bits > (vtd.flags & IOMMU_LARGE_PAGES ? FRAME_2M_BITS : FRAME_4K_BITS) ||
        !iova_is_good(w[0], 1ull << s->size_bits)) {
        return E_BAD_ARG;
    }
    if (w[2] & ~(uint64_t)s->rights) {
        return E_NO_RIGHT;
    }
    if (s->badge) {
        return E_BUSY;
    }
    uint64_t missing = 0, iova = spec_index(w[0], IOVA_TOP);
    struct table *t = find_table((struct table *)cap->obj, 3, iova, level, &missing);
    if (!t) {
        out[0] = missing;
        return missing ? E_NO_TABLE : E_EXISTS;
    }
    uint32_t index = (uint32_t)(iova >> (3 + 9 * level) & 511);
    if (t->entry[index]) {
        return E_EXISTS;
    }
    map_io_entry(t, index, s, s->obj | io_bits(w[2]) | (level > 1 ? PTE_LARGE : 0));
    return E_OK;
}

int iospace_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out)
{
    switch (op) {
    case OP_IOSPACE_MAP_TABLE:
        return map_table(cap, w, out, true);
    case OP_IOSPACE_MAP:
        return map_io_frame(cap, w, out);
    default:
        return E_BAD_CALL;
    }
}

int vspace_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out)
{
    switch (op) {
    case OP_VSPACE_MAP_TABLE:
        return map_table(cap, w, out, false);
    case OP_VSPACE_MAP:
        return map_frame(cap, w, out);
    default:
        return E_BAD_CALL;
    }
}

int table_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out)
{
    (void)w;
    (void)out;
    _Static_assert((int)OP_TABLE_UNMAP == (int)OP_IO_TABLE_UNMAP, "one function for both");
    if (op != OP_TABLE_UNMAP) {
        return E_BAD_CALL;
    }
    if (!cap->badge) {
        return E_NOT_MAPPED;
    }
    table_unmap(cap);
    return E_OK;
}

static int protect_frame(struct slot *s, uint64_t rights)
{
    struct table *t = mapping_table(s);
    uint64_t bits = t->io ? io_bits(rights) : entry_bits(s, rights, CACHE_DEFAULT);

    if (!bits) {
        return E_BAD_ARG;
    }
    if (rights & ~(uint64_t)s->rights) {
        return E_NO_RIGHT;
    }
    uint32_t index = mapping_index(s);
    uint64_t keep = PTE_ADDR | PTE_PCD | PTE_PWT | PTE_LARGE;
    t->entry[index] = (t->entry[index] & keep) | (bits & ~(uint64_t)(PTE_PCD | PTE_PWT));
    if (t->io) {
        vtd_clean(&t->entry[index], sizeof t->entry[index]);
    }
    flush(t, index);
    return E_OK;
}

int frame_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out)
{
    switch (op) {
    case OP_FRAME_UNMAP:
        if (!cap->badge) {
            return E_NOT_MAPPED;
        }
        table_unmap(cap);
        return E_OK;
    case OP_FRAME_PROTECT:
        return cap->badge ? protect_frame(cap, w[0]) : E_NOT_MAPPED;
    case OP_FRAME_INFO:
        out[0] = cap->obj;
        out[1] = cap->size_bits;
        out[2] = cap->badge != 0;
        out[3] = (cap->flags & SLOT_DEVICE) != 0;
        return E_OK;
    default:
        return E_BAD_CALL;
    }
}
