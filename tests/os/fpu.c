/*
 * fpu.c - what a thread has beside its general registers: FPU, SSE and AVX state, FS base, segment
 * registers. Threads that use them and threads that don't take turns in every way.
 */
#include "test.h"
#include <string.h>

#define XMM_OFFSET 160u /* in an FXSAVE image: 16 registers of 16 bytes */
#define ST_OFFSET  32u  /* 8 registers of 16 bytes, 10 used */
#define LOW        100u

static struct puppet p, q, r;
static uint64_t faults, ep;

static bool three(void)
{
    faults = lab_make(OBJ_ENDPOINT, 0);
    ep = lab_make(OBJ_ENDPOINT, 0);
    return puppet_make(&p, true, PUPPET_PRIORITY, faults) &&
           puppet_make(&q, true, PUPPET_PRIORITY, faults) &&
           puppet_make(&r, true, PUPPET_PRIORITY, faults) &&
           test_expect_error("FPU", OP0(p.thread, OP_THREAD_ENABLE_FPU), E_OK) &&
           test_expect_error("FPU", OP0(q.thread, OP_THREAD_ENABLE_FPU), E_OK);
}

static void put16(uint8_t *image, unsigned offset, uint16_t value)
{
    memcpy(image + offset, &value, sizeof value);
}

/* A whole FXSAVE image: control words, eight ST and sixteen XMM registers. */
static void make_image(uint8_t image[512], uint8_t seed)
{
    uint32_t mxcsr = 0x1f80 | (seed & 1u) << 13;

    memset(image, 0, 512);
    put16(image, 0, 0x27f); /* another precision than the start's */
    memcpy(image + 24, &mxcsr, sizeof mxcsr);
    image[4] = 0xff; /* all ST registers are in use */
    for (unsigned i = 0; i < 8; i++) {
        memset(image + ST_OFFSET + 16 * i, seed + (int)i, 8);
        put16(image, ST_OFFSET + 16 * i + 8, 0x3fff); /* a plain number */
        image[ST_OFFSET + 16 * i + 7] |= 0x80;
    }
    for (unsigned i = 0; i < 256; i++)
        image[XMM_OFFSET + i] = (uint8_t)(seed + i * 7);
}

static void load(struct puppet *of, uint8_t seed)
{
    make_image(of->page->fpu, seed);
    puppet_do(of, PUPPET_FPU_LOAD_ALL, 0);
}

/* Of an ST register's 16 bytes only ten are it. */
static bool same_registers(const uint8_t *image, const uint8_t *want)
{
    for (unsigned i = 0; i < 8; i++)
        if (!test_expect("an ST register",
                         memcmp(image + ST_OFFSET + 16 * i, want + ST_OFFSET + 16 * i, 10) == 0, 1))
            return false;
    return test_expect("XMM registers", memcmp(image + XMM_OFFSET, want + XMM_OFFSET, 256) == 0, 1);
}

/* What @of has now is the image of @seed. */
static bool has(struct puppet *of, uint8_t seed)
{
    uint8_t want[512];

    make_image(want, seed);
    memset(of->page->fpu, 0xee, 512);
    puppet_do(of, PUPPET_FPU_STORE_ALL, 0);
    return test_expect("the thread has stored its state", puppet_idle(of), 1) &&
           test_expect("control word and tags", memcmp(of->page->fpu, want, 5) == 0, 1) &&
           test_expect("MXCSR", memcmp(of->page->fpu + 24, want + 24, 4) == 0, 1) &&
           same_registers(of->page->fpu, want);
}

static bool is_fresh(struct puppet *of)
{
    static const uint8_t zero[512];
    const uint8_t *image = of->page->fpu;
    uint16_t control;
    uint32_t mxcsr;

    memset(of->page->fpu, 0xee, 512);
    puppet_do(of, PUPPET_FPU_STORE_ALL, 0);
    memcpy(&control, image, sizeof control);
    memcpy(&mxcsr, image + 24, sizeof mxcsr);
    return test_expect("the thread has stored its state", puppet_idle(of), 1) &&
           test_expect("control word", control, 0x37f) && test_expect("tags", image[4], 0) &&
           test_expect("MXCSR", mxcsr, 0x1f80) && same_registers(image, zero);
}

/* A thread that begins finds nothing of those before it. */
static void begins_clean(void)
{
    if (!three() || !is_fresh(&p))
        return;
    load(&p, 0x11);
    (void)(is_fresh(&q) && has(&p, 0x11));
}

static void whole_state_is_private(void)
{
    if (!three())
        return;
    load(&p, 0x21);
    load(&q, 0x42);
    (void)(has(&p, 0x21) && has(&q, 0x42) && has(&p, 0x21));
}

/* Messages from one to the other, which change nothing of it. */
static void through_messages(void)
{
    if (!three())
        return;
    load(&p, 0x13);
    load(&q, 0x24);
    for (unsigned i = 0; i < 3; i++) {
        puppet_recv(&q, ep);
        puppet_call(&p, ep, 0, i);
        EXPECT_OK(puppet_status(&q));
        puppet_reply(&q, 0, i);
        EXPECT_OK(puppet_status(&p));
    }
    (void)(has(&p, 0x13) && has(&q, 0x24));
}

/* A thread without the FPU between: it can't see what is in it, and spoils nothing. */
static void past_others(void)
{
    struct msg m;

    if (!three())
        return;
    load(&p, 0x15);
    puppet_recv(&r, ep);
    puppet_call(&p, ep, 0, 0);
    puppet_do(&r, PUPPET_FPU_STORE_ALL, 0);
    if (!puppet_fault(&r, faults, &m))
        return;
    EXPECT(msg_kind(&m), KIND_EXCEPTION);
    EXPECT(m.w[0], 7); /* #NM */
    EXPECT_OK(sys_reply(r.reply, &(struct msg){0}));
    EXPECT_OK(puppet_status(&p));
    if (!has(&p, 0x15))
        return;
    /* Allowed to, it goes on with a clean state. */
    EXPECT_OK(OP0(r.thread, OP_THREAD_ENABLE_FPU));
    EXPECT_OK(sys_reply(SLOT_REPLY + 1, &(struct msg){0}));
    EXPECT(puppet_idle(&r), 1);
    (void)(is_fresh(&r) && has(&p, 0x15));
}

static bool counts_on(const struct puppet *of, uint64_t spins)
{
    for (unsigned i = 0; i < 400 && of->page->spins <= spins; i++)
        test_sleep_us(3000);
    return test_expect("the thread has run", of->page->spins > spins, 1);
}

/* Preempted by another that uses it. */
static void preempted(void)
{
    if (!three())
        return;
    load(&p, 0x31);
    load(&q, 0x62);
    EXPECT_OK(OP1(p.thread, OP_THREAD_SET_PRIORITY, LOW));
    EXPECT_OK(OP1(q.thread, OP_THREAD_SET_PRIORITY, LOW));
    puppet_do(&p, PUPPET_HOLD, 0);
    puppet_do(&q, PUPPET_HOLD, 0);
    for (unsigned i = 0; i < 3; i++)
        if (!counts_on(&p, p.page->spins) || !counts_on(&q, q.page->spins))
            return;
    p.page->release = q.page->release = 1;
    for (unsigned i = 0; i < 400 && !(puppet_idle(&p) && puppet_idle(&q)); i++)
        test_sleep_us(3000);
    EXPECT_OK(OP1(p.thread, OP_THREAD_SET_PRIORITY, PUPPET_PRIORITY));
    EXPECT_OK(OP1(q.thread, OP_THREAD_SET_PRIORITY, PUPPET_PRIORITY));
    (void)(has(&p, 0x31) && has(&q, 0x62));
}

/* Enabled twice it is not cleared. */
static void enabled_twice(void)
{
    if (!three())
        return;
    load(&p, 0x71);
    EXPECT_OK(OP0(p.thread, OP_THREAD_ENABLE_FPU));
    (void)has(&p, 0x71);
}

/* ---- AVX */

static bool has_avx(void)
{
    uint32_t a = 1, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if (!(c >> 27 & 1) || !(c >> 28 & 1)) /* OSXSAVE, AVX */
        return false;
    __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    return (a & 6) == 6;
}

static void avx_fill(struct puppet *of, uint64_t seed)
{
    for (unsigned i = 0; i < 64; i++)
        of->page->avx[i] = seed * 0x0101010101010101ull + i;
    puppet_do(of, PUPPET_AVX_LOAD_ALL, 0);
}

static bool avx_is(struct puppet *of, uint64_t seed)
{
    memset(of->page->avx, 0xee, sizeof of->page->avx);
    puppet_do(of, PUPPET_AVX_STORE_ALL, 0);
    for (unsigned i = 0; i < 64; i++)
        if (!test_expect("a quarter of a YMM register", of->page->avx[i],
                         seed == 0 ? 0 : seed * 0x0101010101010101ull + i))
            return false;
    return test_expect("the thread has stored its state", puppet_idle(of), 1);
}

/* All sixteen registers in full; without AVX the instruction is an invalid one. */
static void avx(void)
{
    struct msg m;

    if (!three())
        return;
    if (!has_avx()) {
        puppet_do(&p, PUPPET_AVX_STORE_ALL, 0);
        if (puppet_fault(&p, faults, &m))
            (void)test_expect("vector", m.w[0], 6);
        return;
    }
    if (!avx_is(&p, 0))
        return;
    avx_fill(&p, 0x11);
    if (!avx_is(&q, 0))
        return;
    avx_fill(&q, 0x22);
    if (!avx_is(&p, 0x11))
        return;
    puppet_recv(&q, ep);
    puppet_call(&p, ep, 0, 0);
    puppet_reply(&q, 0, 0);
    (void)(avx_is(&q, 0x22) && avx_is(&p, 0x11));
}

/* ---- FS */

/* Word @index of the page of a thread whose FS base is @base in the page. */
static uint64_t fs_word(struct puppet *of, uint64_t address)
{
    puppet_do(of, PUPPET_FS_READ, address);
    return puppet_idle(of) ? puppet_out(of, R_RAX) : ~0ull;
}

static void fs_base(void)
{
    uint64_t page, avx_va;

    if (!three())
        return;
    page = p.peer.page_va;
    avx_va = page + __builtin_offsetof(struct puppet_page, avx);
    for (unsigned i = 0; i < 8; i++) {
        p.page->avx[i] = 0x1000 + i;
        q.page->avx[i] = 0x2000 + i;
        r.page->avx[i] = 0x3000 + i;
    }
    EXPECT_OK(OP1(p.thread, OP_THREAD_SET_FS_BASE, avx_va));
    EXPECT_OK(OP1(q.thread, OP_THREAD_SET_FS_BASE, avx_va + 8));
    for (unsigned i = 0; i < 2; i++) {
        EXPECT(fs_word(&p, 8), 0x1001);
        EXPECT(fs_word(&q, 8), 0x2002);
        /* The third has none: its base is 0. */
        EXPECT(fs_word(&r, avx_va + 24), 0x3003);
        puppet_recv(&q, ep);
        puppet_call(&p, ep, 0, 0);
        puppet_reply(&q, 0, 0);
        puppet_recv(&r, ep);
        puppet_call(&p, ep, 0, 0);
        puppet_reply(&r, 0, 0);
    }
    EXPECT_OK(OP1(p.thread, OP_THREAD_SET_FS_BASE, 0));
    EXPECT(fs_word(&p, avx_va), 0x1000);
    EXPECT(fs_word(&q, 0), 0x2001);
}

/* A thread sets its own. */
static void own_fs_base(void)
{
    struct msg m = {.tag = msg_tag(OP_THREAD_SET_FS_BASE, 0, 0)};

    if (!three())
        return;
    m.w[0] = p.peer.page_va + __builtin_offsetof(struct puppet_page, avx);
    p.page->avx[1] = 0x77;
    puppet_sys(&p, SYS_CALL, p.thread, 0, &m);
    EXPECT_OK(puppet_status(&p));
    EXPECT(fs_word(&p, 8), 0x77);
    puppet_sys(&q, SYS_NULL, 0, 0, NULL);
    EXPECT(fs_word(&p, 8), 0x77);
}

/* An FS base that was bad is none: the one before stays. */
static void bad_fs_base(void)
{
    if (!three())
        return;
    p.page->avx[2] = 0x99;
    EXPECT_OK(OP1(p.thread, OP_THREAD_SET_FS_BASE,
                  p.peer.page_va + __builtin_offsetof(struct puppet_page, avx)));
    EXPECT_ERROR(OP1(p.thread, OP_THREAD_SET_FS_BASE, USER_TOP), E_BAD_ARG);
    EXPECT(fs_word(&p, 16), 0x99);
}

/* ---- segment registers */

static void segments(void)
{
    static const uint64_t clean[] = {0x23, 0x1b, 0, 0, 0, 0}; /* cs ss ds es fs gs */

    if (!three())
        return;
    puppet_do(&p, PUPPET_SEGMENTS_STORE, 0);
    for (unsigned i = 0; i < 6; i++)
        EXPECT(p.page->segments[i], clean[i]);
    /* The same behind a fault, and in a message. */
    puppet_recv(&p, ep);
    puppet_call(&q, ep, 0, 0);
    puppet_do(&p, PUPPET_SEGMENTS_STORE, 0);
    for (unsigned i = 0; i < 6; i++)
        EXPECT(p.page->segments[i], clean[i]);
}

/* What another has loaded into DS to GS may be seen (docs/caveats.md), never a selector of the
 * kernel's; and it changes nobody's FS base. */
static void segments_of_others(void)
{
    static const uint64_t allowed[] = {0, 0x1b, 0x23};
    uint64_t avx_va;

    if (!three())
        return;
    avx_va = p.peer.page_va + __builtin_offsetof(struct puppet_page, avx);
    p.page->avx[0] = 0xf5;
    EXPECT_OK(OP1(p.thread, OP_THREAD_SET_FS_BASE, avx_va));
    for (unsigned i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        puppet_do(&q, PUPPET_SEGMENTS_LOAD, allowed[i]);
        EXPECT(puppet_idle(&q), 1);
        puppet_do(&r, PUPPET_SEGMENTS_STORE, 0);
        EXPECT(r.page->segments[0], 0x23);
        EXPECT(r.page->segments[1], 0x1b);
        for (unsigned k = 2; k < 6; k++)
            EXPECT(r.page->segments[k] == 0 || r.page->segments[k] == allowed[i], 1);
        EXPECT(fs_word(&p, 0), 0xf5);
        EXPECT(fs_word(&r, avx_va), r.page->avx[0]);
    }
    puppet_do(&q, PUPPET_SEGMENTS_LOAD, 0); /* as it was */
}

/* No other selector can be loaded. */
static void no_other_selector(void)
{
    static const uint64_t bad[] = {0x08, 0x10, 0x28, 0x38, 0x0b, 0x13, 0x2b, 0x40, 0xfff8};
    struct msg m;

    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (!three())
            return;
        puppet_do(&p, PUPPET_SEGMENTS_LOAD, bad[i]);
        if (!puppet_fault(&p, faults, &m))
            return;
        EXPECT(msg_kind(&m), KIND_EXCEPTION);
        EXPECT(m.w[0], 13);
        puppets_record();
        puppets_begin();
        lab_end();
        lab_begin();
    }
}

static const struct test list[] = {
    {"kernel.fpu.begins_clean", begins_clean},
    {"kernel.fpu.whole_state_is_private", whole_state_is_private},
    {"kernel.fpu.through_messages", through_messages},
    {"kernel.fpu.past_others", past_others},
    {"kernel.fpu.preempted", preempted},
    {"kernel.fpu.enabled_twice", enabled_twice},
    {"kernel.fpu.avx", avx},
    {"kernel.fpu.fs_base", fs_base},
    {"kernel.fpu.own_fs_base", own_fs_base},
    {"kernel.fpu.bad_fs_base", bad_fs_base},
    {"kernel.fpu.segments", segments},
    {"kernel.fpu.segments_of_others", segments_of_others},
    {"kernel.fpu.no_other_selector", no_other_selector},
};

TEST_AREA(tests_fpu);
