/*
 * privileged.c - instructions that user level must not have the use of: each gives its exception,
 * and its thread can be let go on elsewhere. The instructions are in
 * puppet.asm, in the same order.
 */
#include "test.h"
#include <stdio.h>

#define INVALID    6u
#define PROTECTION 13u
#define STEP       16u /* bytes from one to the next */

extern const char puppet_blob[], puppet_instructions[], puppet_instructions_end[];

static const struct {
    const char *name;
    uint8_t vector;
} expected[] = {
    {"hlt", PROTECTION},
    {"cli", PROTECTION},
    {"sti", PROTECTION},
    {"clts", PROTECTION},
    {"invd", PROTECTION},
    {"wbinvd", PROTECTION},
    {"invlpg", PROTECTION},
    {"lgdt", PROTECTION},
    {"lidt", PROTECTION},
    {"lldt", PROTECTION},
    {"ltr", PROTECTION},
    {"lmsw", PROTECTION},
    {"mov from cr0", PROTECTION},
    {"mov from cr2", PROTECTION},
    {"mov from cr3", PROTECTION},
    {"mov from cr4", PROTECTION},
    {"mov from cr8", PROTECTION},
    {"mov to cr0", PROTECTION},
    {"mov to cr3", PROTECTION},
    {"mov to cr4", PROTECTION},
    {"mov to cr8", PROTECTION},
    {"mov from dr0", PROTECTION},
    {"mov from dr6", PROTECTION},
    {"mov from dr7", PROTECTION},
    {"mov to dr0", PROTECTION},
    {"mov to dr7", PROTECTION},
    {"rdmsr", PROTECTION},
    {"wrmsr", PROTECTION},
    {"swapgs", PROTECTION},
    {"sysret", PROTECTION},
    {"in", PROTECTION},
    {"out", PROTECTION},
    {"int 0x80", PROTECTION},
    {"int 0", PROTECTION},
    {"int 2", PROTECTION},
    {"int 8", PROTECTION},
    {"int 14", PROTECTION},
    {"int 32", PROTECTION},
    {"int 255", PROTECTION},
    {"ud2", INVALID},
    {"int3", 3},
};
#define COUNT (sizeof expected / sizeof expected[0])

static struct puppet p;
static uint64_t faults;

/* The thread that has faulted waits for orders again. */
static bool start_over(void)
{
    struct quoll_buffer *own = (struct quoll_buffer *)TASK_BUFFER_VA;
    struct msg m;

    if (!test_expect_error("reading", OP0(p.thread, OP_THREAD_READ_REGS), E_OK))
        return false;
    m = test_out;
    m.tag = msg_tag(OP_THREAD_WRITE_REGS, 12, 0);
    own->words[15 - MSG_REG_WORDS] = p.peer.entry;
    own->words[16 - MSG_REG_WORDS] = p.peer.page_va;
    if (!test_expect_error("writing", sys_call(p.thread, &m), E_OK))
        return false;
    p.page->done = p.done;
    return test_expect_error("answering", sys_reply(SLOT_REPLY + 1, &(struct msg){0}), E_OK);
}

static bool prepare(void)
{
    faults = lab_make(OBJ_ENDPOINT, 0);
    return puppet_make(&p, true, PUPPET_PRIORITY, faults);
}

static uint64_t instruction(unsigned i)
{
    return p.peer.entry + (uint64_t)(puppet_instructions - puppet_blob) + STEP * i;
}

/* Instruction @i faults with @vector, RIP at it (or behind it, for the traps). */
static bool faults_with(unsigned i, const char *name, unsigned vector)
{
    struct msg m;

    puppet_do(&p, PUPPET_JUMP, instruction(i));
    return test_expect(name, puppet_idle(&p), 0) && puppet_fault(&p, faults, &m) &&
           test_expect(name, msg_kind(&m), KIND_EXCEPTION) && test_expect(name, m.w[0], vector) &&
           test_expect(name, m.w[1] - instruction(i), vector == 3 || vector == 1 ? 1 : 0) &&
           start_over();
}

static void all(void)
{
    /* Behind these stand those that UMIP forbids, SYSENTER and INT1. */
    EXPECT((uint64_t)(puppet_instructions_end - puppet_instructions), STEP * (COUNT + 7));
    if (!prepare())
        return;
    for (unsigned i = 0; i < COUNT; i++)
        if (!faults_with(i, expected[i].name, expected[i].vector))
            return;
    /* And it is as good a thread as before. */
    puppet_sys(&p, SYS_NULL, 0, 0, NULL);
    EXPECT_OK(puppet_status(&p));
}

static bool has_umip(void)
{
    uint32_t a = 0, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if (a < 7)
        return false;
    a = 7;
    c = 0;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return c >> 2 & 1;
}

/* Where the CPU can forbid it, nobody reads where the kernel's tables lie. */
static void table_addresses(void)
{
    static const char *const names[] = {"sgdt", "sidt", "sldt", "str", "smsw"};

    if (!prepare())
        return;
    for (unsigned i = 0; i < 5; i++) {
        if (has_umip()) {
            if (!faults_with((unsigned)COUNT + i, names[i], PROTECTION))
                return;
        } else {
            puppet_do(&p, PUPPET_JUMP, instruction((unsigned)COUNT + i));
            if (!test_expect(names[i], puppet_idle(&p), 1))
                return;
        }
    }
}

/* Where CPUs and emulators differ: either of two exceptions. */
static void either(unsigned i, unsigned one, unsigned other)
{
    struct msg m;

    if (!prepare())
        return;
    puppet_do(&p, PUPPET_JUMP, instruction(i));
    if (puppet_fault(&p, faults, &m))
        EXPECT(m.w[0] == one || m.w[0] == other, 1);
}

/* The other way into a kernel, which leads nowhere: AMD's CPUs do not know it in long mode. */
static void sysenter(void)
{
    either((unsigned)COUNT + 5, PROTECTION, INVALID);
}

/* A debug trap that needs no right; QEMU does not know it. */
static void int1(void)
{
    either((unsigned)COUNT + 6, 1, INVALID);
}

static const struct test list[] = {
    {"kernel.privileged.all", all},
    {"kernel.privileged.table_addresses", table_addresses},
    {"kernel.privileged.sysenter", sysenter},
    {"kernel.privileged.int1", int1},
};

TEST_AREA(tests_privileged);
