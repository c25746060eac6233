/*
 * cpu.c - what depends on the processor: the info page, TLB entries that outlive a switch of
 * address spaces, AVX state. An emulator whose TLB is not tagged can't fail the TLB's tests:
 * tests/system/test_cpu.py watches the invalidations that they cause.
 */
#include "cpu.h"
#include <string.h>

#define RW (RIGHT_READ | RIGHT_WRITE)

_Static_assert(LAB_CODE_VA == 0x400000, "PUPPET in cpu.asm");
_Static_assert(__builtin_offsetof(struct puppet_page, in) == 32 && R_RSI == 4, "IN_RSI in cpu.asm");

bool cpu_puppet(struct puppet *p, uint64_t ep)
{
    uint64_t frame = lab_make(OBJ_FRAME, FRAME_4K_BITS);
    void *here = lab_map_here(frame);

    if (here == NULL || !puppet_make(p, true, PUPPET_PRIORITY, ep))
        return false;
    memcpy(here, cpu_blob, (size_t)(cpu_blob_end - cpu_blob));
    return lab_map(p->peer.vspace, CPU_CODE_VA, frame, RIGHT_READ | RIGHT_EXEC) == E_OK;
}

uint64_t cpu_code(const char *code)
{
    return CPU_CODE_VA + (uint64_t)(code - cpu_blob);
}

void cpu_run(struct puppet *p, const char *code, uint64_t argument)
{
    p->page->in[R_RSI] = argument;
    puppet_do(p, PUPPET_JUMP, cpu_code(code));
}

/* ---- the info page */

static void info_page(void)
{
    const struct quoll_info *info = quoll_info();

    EXPECT(info->magic, QUOLL_INFO_MAGIC);
    EXPECT(info->abi_version, QUOLL_ABI_VERSION);
    EXPECT(info->cpu_count >= 1, 1);
    EXPECT(info->tsc_hz > 1000000, 1);
    EXPECT(rdtsc() > info->boot_tsc, 1);
    EXPECT(info->build & QUOLL_BUILD_DEBUG ? E_OK : E_BAD_CALL, sys_debug(DEBUG_PUTC, '\n'));
}

static void info_page_is_mapped_again(void)
{
    uint64_t copy = lab_copy(SLOT_INFO, RIGHT_ALL, 0), va = lab_va(1);

    EXPECT_ERROR(OP3(SLOT_VSPACE, OP_VSPACE_MAP, va, copy, RW), E_NO_RIGHT);
    EXPECT_OK(lab_map(SLOT_VSPACE, va, copy, RIGHT_READ));
    EXPECT(memcmp((const void *)va, quoll_info(), 4096), 0);
    EXPECT_ERROR(OP1(copy, OP_FRAME_PROTECT, RW), E_NO_RIGHT);
}

static void info_page_is_read_only(void)
{
    struct puppet p;
    struct msg m;
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);

    MAKE_PUPPET(&p, false, ep);
    puppet_do(&p, PUPPET_WRITE, QUOLL_INFO_VA);
    if (!puppet_fault(&p, ep, &m))
        return;
    EXPECT(msg_kind(&m), KIND_PAGE_FAULT);
    EXPECT(m.w[0], QUOLL_INFO_VA);
    EXPECT(m.w[2], 7); /* present, write, user */
}

/* ---- the TLB */

static const uint64_t va = 0x40005000ull;

/* A puppet in a space of its own, with a frame at va that begins with @byte and has been read. */
static bool reader(struct puppet *p, uint64_t ep, uint8_t byte, uint64_t *frame)
{
    uint8_t *here;

    *frame = lab_make(OBJ_FRAME, FRAME_4K_BITS);
    here = lab_map_here(*frame);
    if (here == NULL || !puppet_make(p, true, PUPPET_PRIORITY, ep))
        return false;
    *here = byte;
    (void)lab_map(p->peer.vspace, va, *frame, RW);
    puppet_do(p, PUPPET_READ, va);
    return test_expect("what the puppet reads", puppet_out(p, R_RAX) & 0xff, byte);
}

static bool faults_at_va(struct puppet *p, uint64_t ep)
{
    struct msg m;

    puppet_do(p, PUPPET_READ, va);
    return puppet_fault(p, ep, &m) && test_expect("the address of the fault", m.w[0], va);
}

static void page_of_other_space(void)
{
    struct puppet p;
    uint64_t frame, ep = lab_make(OBJ_ENDPOINT, 0);

    if (!reader(&p, ep, 0x11, &frame))
        return;
    EXPECT_OK(OP0(frame, OP_FRAME_UNMAP));
    (void)faults_at_va(&p, ep);
}

static void table_of_other_space(void)
{
    struct puppet p;
    uint64_t tables[3], frame = lab_make(OBJ_FRAME, FRAME_4K_BITS);
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0), far = va + (1ull << 39);

    MAKE_PUPPET(&p, true, ep);
    for (unsigned i = 0; i < 3; i++) {
        tables[i] = lab_make(OBJ_TABLE, 0);
        EXPECT_OK(OP2(p.peer.vspace, OP_VSPACE_MAP_TABLE, far, tables[i]));
    }
    EXPECT_OK(lab_map(p.peer.vspace, far, frame, RW));
    puppet_do(&p, PUPPET_READ, far);
    EXPECT(puppet_idle(&p), 1);
    EXPECT_OK(OP0(tables[1], OP_TABLE_UNMAP));
    puppet_do(&p, PUPPET_READ, far);
    EXPECT(puppet_idle(&p), 0);
}

/* The second space gets the first one's PCID, and maps another page at the same address. */
static void space_after_another(void)
{
    struct puppet p, q;
    uint64_t frame, ep = lab_make(OBJ_ENDPOINT, 0);

    if (!reader(&p, 0, 0x11, &frame))
        return;
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, p.peer.vspace));
    if (!reader(&q, ep, 0x22, &frame))
        return;
    EXPECT_OK(OP0(frame, OP_FRAME_UNMAP));
    (void)faults_at_va(&q, ep);
}

/* Another space is loaded when a space dies, or this one: the puppet deletes its own. */
static void space_that_is_loaded(void)
{
    struct puppet p;
    struct msg m = {.tag = msg_tag(OP_CNODE_DELETE, 0, 0)};

    MAKE_PUPPET(&p, true, 0);
    m.w[0] = p.peer.vspace;
    puppet_sys(&p, SYS_CALL, SLOT_CNODE, 0, &m);
    EXPECT(slot_type(p.peer.vspace), OBJ_NULL);
    EXPECT_OK(OP0(p.thread, OP_THREAD_INFO));
    EXPECT(test_out.w[0], THREAD_STOPPED);
}

/* ---- AVX */

static bool avx_puppet(struct puppet *p, uint64_t ep)
{
    return cpu_puppet(p, ep) &&
           test_expect_error("FPU", OP0(p->thread, OP_THREAD_ENABLE_FPU), E_OK);
}

static void avx_is_private(void)
{
    struct puppet p, q;
    struct msg m;
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);

    if (!avx_puppet(&p, ep) || !avx_puppet(&q, ep))
        return;
    if (!(quoll_info()->features & QUOLL_HAS_avx)) {
        cpu_run(&p, cpu_avx_load, 0x1111);
        if (puppet_fault(&p, ep, &m))
            (void)test_expect("the vector that AVX raises where there is none", m.w[0], 6);
        return;
    }
    cpu_run(&q, cpu_avx_store, 0);
    EXPECT(puppet_out(&q, R_RAX), 0);
    cpu_run(&p, cpu_avx_load, 0x1111);
    cpu_run(&q, cpu_avx_store, 0);
    EXPECT(puppet_out(&q, R_RAX), 0);
    cpu_run(&q, cpu_avx_load, 0x2222);
    cpu_run(&p, cpu_avx_store, 0);
    EXPECT(puppet_out(&p, R_RAX), 0x1111);
    cpu_run(&q, cpu_avx_store, 0);
    EXPECT(puppet_out(&q, R_RAX), 0x2222);
}

static const struct test list[] = {
    {"kernel.cpu.info_page", info_page},
    {"kernel.cpu.info_page_is_mapped_again", info_page_is_mapped_again},
    {"kernel.cpu.info_page_is_read_only", info_page_is_read_only},
    {"kernel.cpu.page_of_other_space", page_of_other_space},
    {"kernel.cpu.table_of_other_space", table_of_other_space},
    {"kernel.cpu.space_after_another", space_after_another},
    {"kernel.cpu.space_that_is_loaded", space_that_is_loaded},
    {"kernel.cpu.avx_is_private", avx_is_private},
};

TEST_AREA(tests_cpu);
