/*
 * test_tlb.c - the kernel's tables and invalidations against a TLB that forgets nothing by itself:
 * tagged by PCID, with cached upper levels. After each step of a random life of address spaces
 * every translation that the TLB gives must be the one that the tables say. No emulator here has
 * a tagged TLB, so this is where a missing INVPCID shows; the last cases prove that it does.
 */
#define _GNU_SOURCE
#define ARCH_ASM_H
#define DIRECT_BASE 0x200000000000ull

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static uint64_t read_cr3(void);
static void write_cr3(uint64_t v);
static void invlpg(uint64_t va);
static void invpcid(uint64_t type, uint64_t pcid, uint64_t va);
static void wrmsr(uint32_t msr, uint64_t v)
{
    (void)msr;
    (void)v;
}

#include "../../kernel/arch/cpu.h"
#include "../../kernel/arch/vtd.h"
static struct thread me; /* whose handles are looked up */
#define current() (&me)

/* No device here: address spaces only. */
struct vtd vtd;
void vtd_clean(const void *p, uint64_t bytes)
{
    (void)p;
    (void)bytes;
}
void vtd_flush(uint32_t domain, uint64_t iova)
{
    (void)domain;
    (void)iova;
}

#include "../../kernel/arch/tlb.c"
#include "../../kernel/object/portmap.c"
#include "../../kernel/object/slot.c"
#include "../../kernel/object/table.c"

#define PHYS_BYTES (48u << 20)
#define STEPS      40000u

static unsigned passed, failed;

static void check(bool ok, const char *what)
{
    ok ? passed++ : failed++;
    if (!ok) {
        printf("FAILED: %s\n", what);
    }
}

static uint64_t random_state;

static unsigned pick(unsigned below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state % below);
}

/* ---- the addresses: two at each level, so that every level of table is shared and not shared */
#define ADDRESSES 33 /* the last is the I/O bitmap's */
#define LEAVES    32

static uint64_t address(unsigned i)
{
    if (i == LEAVES) {
        return IOPB_VA;
    }
    return (uint64_t)(i >> 4 & 1) << 39 | (uint64_t)(i >> 3 & 1) << 30 |
           (uint64_t)(i >> 2 & 1) << 21 | (uint64_t)(i & 3) << 12;
}

/* Which addresses share the table entry of @level (2 to 4) with address @i. */
static unsigned shared(unsigned i, unsigned level)
{
    return i == LEAVES ? LEAVES : i >> level;
}

/* ---- the TLB */
static uint64_t leaf[4096][ADDRESSES];     /* a copy of the entry that maps the page; 0 none */
static uint64_t upper[4096][5][ADDRESSES]; /* [level][shared()]: a copy of the entry above */
static uint64_t cr3;
static bool deaf;      /* INVPCID does nothing */
static bool forgiving; /* CR3 loads always flush */
static unsigned broken_rules;

static uint64_t read_cr3(void)
{
    return cr3;
}

static void forget_all(unsigned pcid)
{
    memset(leaf[pcid], 0, sizeof leaf[pcid]);
    memset(upper[pcid], 0, sizeof upper[pcid]);
}

static void write_cr3(uint64_t v)
{
    if (!cpu_features.pcid && v & (CR3_NO_FLUSH | CR3_PCID)) {
        broken_rules++; /* a fault */
    }
    cr3 = v & ~CR3_NO_FLUSH;
    if (!(v & CR3_NO_FLUSH) || forgiving) {
        forget_all(v & CR3_PCID);
    }
}

static void forget_address(unsigned pcid, uint64_t va)
{
    for (unsigned i = 0; i < ADDRESSES; i++) {
        bool same_large = leaf[pcid][i] & PTE_LARGE && !((address(i) ^ va) >> 21);
        if (address(i) == va || same_large) {
            leaf[pcid][i] = 0;
            for (unsigned level = 2; level <= 4; level++) {
                upper[pcid][level][shared(i, level)] = 0;
            }
        }
    }
}

static void invlpg(uint64_t va)
{
    forget_address(cr3 & CR3_PCID, va);
}

static void invpcid(uint64_t type, uint64_t pcid, uint64_t va)
{
    if (!cpu_features.pcid || pcid > CR3_PCID || type > 1) {
        broken_rules++;
    } else if (deaf) {
        return;
    } else if (type == 0) {
        forget_address((unsigned)pcid, va);
    } else {
        forget_all((unsigned)pcid);
    }
}

/* The entry that maps address @i in the loaded space, through the TLB or without. */
static uint64_t translate(unsigned i, bool through_tlb)
{
    unsigned pcid = cr3 & CR3_PCID, level = 4;
    uint64_t e = cr3;

    if (through_tlb && leaf[pcid][i]) {
        return leaf[pcid][i];
    }
    for (unsigned l = 2; through_tlb && l <= 4; l++) {
        if (upper[pcid][l][shared(i, l)]) {
            e = upper[pcid][l][shared(i, l)];
            level = l - 1;
            break;
        }
    }
    for (;; level--) {
        e = ((uint64_t *)direct(e & PTE_ADDR))[address(i) >> (3 + 9 * level) & 511];
        if (!(e & PTE_PRESENT)) {
            return 0;
        }
        if (level == 1 || (level < 4 && e & PTE_LARGE)) {
            break;
        }
        if (through_tlb) {
            upper[pcid][level][shared(i, level)] = e;
        }
    }
    if (through_tlb) {
        leaf[pcid][i] = e;
    }
    return e;
}

/* ---- what the kernel's files need from the rest of it */
struct cpu_features cpu_features;
static struct slot *slots; /* a handle is an index */
static uint64_t kernel_top;

void paging_copy_kernel_half(uint64_t *top)
{
    (void)top;
}

uint64_t paging_kernel_cr3(void)
{
    return kernel_top;
}

int invoke_cap(uint64_t handle, enum quoll_object type, uint8_t rights, struct slot **out)
{
    return thread_cap(&me, handle, type, rights, out);
}

/* ---- the world */
#define SPACES 6
#define TABLES 48
#define FRAMES 40 /* the last four are large */

enum { FIRST_SPACE = 1, FIRST_TABLE = 16, FIRST_FRAME = 80, PORTMAP = 140, SLOTS = 256 };

static uint64_t used_bytes;
static struct portmap *ports;

static void *take(uint64_t bytes)
{
    uint64_t at = (used_bytes + bytes - 1) & ~(bytes - 1);

    used_bytes = at + bytes;
    if (used_bytes > PHYS_BYTES) {
        abort();
    }
    return direct(at);
}

static void make_slot(unsigned handle, enum quoll_object type, uint64_t obj, unsigned size_bits)
{
    slots[handle] = (struct slot){.obj = obj,
                                  .type = (uint8_t)type,
                                  .rights = RIGHT_ALL,
                                  .flags = SLOT_OWNER,
                                  .size_bits = (uint8_t)size_bits};
}

static struct table *space(unsigned i)
{
    return (struct table *)slots[FIRST_SPACE + i].obj;
}

static void world_make(bool pcid, uint64_t seed)
{
    random_state = seed;
    used_bytes = 1 << 20;
    memset(direct(0), 0, PHYS_BYTES);
    memset(leaf, 0, sizeof leaf);
    memset(upper, 0, sizeof upper);
    memset(pcids, 0, sizeof pcids);
    memset(taken, 0, sizeof taken);
    pcids[0] = 1;
    cpu_features = (struct cpu_features){.pcid = pcid};
    kernel_top = direct_pa(take(PAGE_BYTES));
    slots = take(SLOTS * sizeof *slots);
    me.cnode = slots;
    me.cnode_slots = SLOTS;
    write_cr3(kernel_top);
    for (unsigned i = 0; i < SPACES; i++) {
        make_slot(FIRST_SPACE + i, OBJ_VSPACE, (uint64_t)take(1 << VSPACE_BITS), 0);
    }
    for (unsigned i = 0; i < TABLES; i++) {
        make_slot(FIRST_TABLE + i, OBJ_TABLE, (uint64_t)take(1 << TABLE_BITS), 0);
    }
    for (unsigned i = 0; i < FRAMES; i++) {
        unsigned bits = i < FRAMES - 4 ? FRAME_4K_BITS : FRAME_2M_BITS;
        make_slot(FIRST_FRAME + i, OBJ_FRAME, direct_pa(take(1ull << bits)), bits);
    }
    ports = take(1 << PORTMAP_BITS);
}

static void spaces_init(void)
{
    for (unsigned i = 0; i < SPACES; i++) {
        vspace_init(space(i));
    }
}

static void try_map(void)
{
    struct slot *v = &slots[FIRST_SPACE + pick(SPACES)];
    uint64_t va = address(pick(LEAVES)), out[6];
    uint64_t w[6] = {va, FIRST_FRAME + pick(FRAMES),
                     pick(2) ? RIGHT_READ : RIGHT_READ | RIGHT_WRITE};

    if (slots[w[1]].size_bits == FRAME_2M_BITS) {
        w[0] &= ~((2ull << 20) - 1);
    }
    while (vspace_op(v, OP_VSPACE_MAP, w, out) == E_NO_TABLE) {
        uint64_t t[6] = {va, FIRST_TABLE + pick(TABLES)};
        if (vspace_op(v, OP_VSPACE_MAP_TABLE, t, out) != E_OK) {
            return;
        }
    }
}

/* A table is taken out, or dies and is made anew. */
static void end_table(void)
{
    struct slot *s = &slots[FIRST_TABLE + pick(TABLES)];

    if (s->badge) {
        table_unmap(s);
    }
    if (pick(2)) {
        table_clear((struct table *)s->obj);
        memset((void *)s->obj, 0, 1 << TABLE_BITS);
    }
}

static void new_space(void)
{
    struct table *v = space(pick(SPACES));

    vspace_destroy(v);
    broken_rules += (cr3 & PTE_ADDR) == direct_pa(v); /* its memory will be something else's */
    memset(v, 0, 1 << VSPACE_BITS);
    vspace_init(v);
}

static void change_ports(void)
{
    if (ports->vspace.type == OBJ_NULL) {
        memset(ports, 0, sizeof *ports);
        (void)portmap_attach(ports, &slots[FIRST_SPACE + pick(SPACES)]);
    } else {
        portmap_detach(ports);
    }
}

/* As the scheduler and the fastpath do. */
static void enter(uint64_t to)
{
    if ((to & ~CR3_NO_FLUSH) != cr3) {
        write_cr3(to);
    }
}

static void one_step(void)
{
    struct slot *frame = &slots[FIRST_FRAME + pick(FRAMES)];
    uint64_t w[6] = {pick(2) ? RIGHT_READ : RIGHT_READ | RIGHT_WRITE}, out[6];

    switch (pick(16)) {
    default:
        try_map();
        break;
    case 6:
    case 7:
    case 8:
        (void)frame_op(frame, OP_FRAME_UNMAP, w, out);
        break;
    case 9:
    case 10:
        (void)frame_op(frame, OP_FRAME_PROTECT, w, out);
        break;
    case 11:
        end_table();
        break;
    case 12:
        if (!pick(4)) {
            new_space();
        }
        break;
    case 13:
        change_ports();
        break;
    case 14:
        enter(pick(4) ? space(pick(SPACES))->cr3 : kernel_top);
        break;
    }
}

/* Use some addresses in one space; how many of them the TLB translates otherwise than the tables.
 */
static unsigned look(void)
{
    unsigned stale = 0;

    enter(space(pick(SPACES))->cr3);
    for (unsigned n = 0; n < 12; n++) {
        unsigned i = pick(ADDRESSES);
        stale += translate(i, true) != translate(i, false);
    }
    return stale;
}

static unsigned life(void)
{
    unsigned stale = 0;

    spaces_init();
    for (unsigned i = 0; i < STEPS; i++) {
        one_step();
        stale += look();
    }
    return stale;
}

static void numbers(void)
{
    world_make(true, 1);
    spaces_init();
    bool distinct = true;
    for (unsigned i = 1; i < SPACES; i++) {
        distinct = distinct && (space(i)->cr3 & CR3_PCID) != (space(i - 1)->cr3 & CR3_PCID);
    }
    check(distinct && space(0)->cr3 & CR3_NO_FLUSH, "spaces have numbers of their own");
    unsigned more = 0;
    while (tlb_space_new(PAGE_BYTES) & CR3_PCID) {
        more++;
    }
    check(more == PCIDS - 1 - SPACES, "there are 4,095 numbers");
    check(tlb_space_new(PAGE_BYTES) == PAGE_BYTES, "then a space has number 0, and loads flush");
    uint64_t number = space(2)->cr3 & CR3_PCID;
    leaf[number][0] = upper[number][4][0] = PTE_PRESENT;
    tlb_space_end(space(2)->cr3);
    check(!leaf[number][0] && !upper[number][4][0], "nothing is left under a number that is free");
    check((tlb_space_new(PAGE_BYTES) & CR3_PCID) == number, "a number is used again");
}

int main(void)
{
    void *memory = mmap((void *)DIRECT_BASE, PHYS_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    if (memory != (void *)DIRECT_BASE) {
        return 2;
    }
    numbers();
    for (uint64_t seed = 1; seed <= 5; seed++) {
        world_make(true, seed);
        check(life() == 0, "nothing stale with PCIDs");
        world_make(false, seed);
        check(life() == 0, "nothing stale without PCIDs");
        world_make(true, seed);
        while (tlb_space_new(PAGE_BYTES) & CR3_PCID) {
        }
        check(life() == 0, "nothing stale when no number is free");
    }
    check(broken_rules == 0, "nothing done that the CPU would refuse");
    deaf = true;
    world_make(true, 1);
    check(life() > 0, "without INVPCID something is stale");
    forgiving = true;
    world_make(true, 1);
    check(life() == 0, "an emulator that flushes at each load can't tell");
    printf("%u passed, %u failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
