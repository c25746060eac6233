/* sources: tools/tcg/decode.c tools/tcg/lines.c */
/*
 * test_tcg.c - what the counting plugin does without QEMU: telling expensive instructions by their
 * bytes, and sets of lines.
 */
#include <stdio.h>
#include <string.h>
#include "tools/tcg/decode.h"
#include "tools/tcg/lines.h"

static unsigned passed, failed;

static void check(bool ok, const char *what)
{
    ok ? passed++ : failed++;
    if (!ok)
        printf("FAILED: %s\n", what);
}

/* Assembled by nasm. */
static const struct {
    const char *text;
    uint8_t bytes[9];
    uint8_t size;
    int op;
} insns[] = {
    {"mov cr3, rax", {0x0f, 0x22, 0xd8}, 3, OP_CR3},
    {"mov cr3, r12", {0x41, 0x0f, 0x22, 0xdc}, 4, OP_CR3},
    {"mov cr4, rax", {0x0f, 0x22, 0xe0}, 3, OP_OTHER},
    {"mov rax, cr3", {0x0f, 0x20, 0xd8}, 3, OP_NONE},
    {"wrmsr", {0x0f, 0x30}, 2, OP_WRMSR},
    {"rdmsr", {0x0f, 0x32}, 2, OP_OTHER},
    {"swapgs", {0x0f, 0x01, 0xf8}, 3, OP_SWAPGS},
    {"iretq", {0x48, 0xcf}, 2, OP_IRETQ},
    {"sysretq", {0x48, 0x0f, 0x07}, 3, OP_SYSRET},
    {"syscall", {0x0f, 0x05}, 2, OP_NONE},
    {"invlpg [rdi]", {0x0f, 0x01, 0x3f}, 3, OP_INVLPG},
    {"invpcid rax, [rdi]", {0x66, 0x48, 0x0f, 0x38, 0x82, 0x07}, 6, OP_INVLPG},
    {"lidt [rdi]", {0x0f, 0x01, 0x1f}, 3, OP_OTHER},
    {"sidt [rdi]", {0x0f, 0x01, 0x0f}, 3, OP_NONE},
    {"clac", {0x0f, 0x01, 0xca}, 3, OP_NONE},
    {"ltr ax", {0x0f, 0x00, 0xd8}, 3, OP_OTHER},
    {"lock inc dword [rdi]", {0xf0, 0xff, 0x07}, 3, OP_LOCKED},
    {"lock cmpxchg [rdi], rcx", {0xf0, 0x48, 0x0f, 0xb1, 0x0f}, 5, OP_LOCKED},
    {"cmpxchg [rdi], ecx", {0x0f, 0xb1, 0x0f}, 3, OP_NONE},
    {"xchg [rdi], rax", {0x48, 0x87, 0x07}, 3, OP_LOCKED},
    {"xchg rcx, rax", {0x48, 0x87, 0xc1}, 3, OP_NONE},
    {"in al, dx", {0xec}, 1, OP_PORT},
    {"out 0x43, al", {0xe6, 0x43}, 2, OP_PORT},
    {"out dx, ax", {0x66, 0xef}, 2, OP_PORT},
    {"rep outsb", {0xf3, 0x6e}, 2, OP_PORT},
    {"rdtsc", {0x0f, 0x31}, 2, OP_RDTSC},
    {"rdtscp", {0x0f, 0x01, 0xf9}, 3, OP_RDTSC},
    {"xsave [rdi]", {0x0f, 0xae, 0x27}, 3, OP_FPU},
    {"xrstor [rdi]", {0x0f, 0xae, 0x2f}, 3, OP_FPU},
    {"fxsave64 [rdi]", {0x48, 0x0f, 0xae, 0x07}, 4, OP_FPU},
    {"xsaves64 [rdi]", {0x48, 0x0f, 0xc7, 0x2f}, 4, OP_FPU},
    {"cmpxchg16b [rdi]", {0x48, 0x0f, 0xc7, 0x0f}, 4, OP_NONE},
    {"lfence", {0x0f, 0xae, 0xe8}, 3, OP_NONE},
    {"clts", {0x0f, 0x06}, 2, OP_OTHER},
    {"cpuid", {0x0f, 0xa2}, 2, OP_OTHER},
    {"div rcx", {0x48, 0xf7, 0xf1}, 3, OP_OTHER},
    {"neg rcx", {0x48, 0xf7, 0xd9}, 3, OP_NONE},
    {"mov eax, 0xcf", {0xb8, 0xcf, 0, 0, 0}, 5, OP_NONE},
    {"rep movsq", {0xf3, 0x48, 0xa5}, 3, OP_NONE},
    {"nop", {0x90}, 1, OP_NONE},
    {"a two-byte opcode cut off", {0x0f}, 1, OP_NONE},
    {"a group without its operand", {0x0f, 0x01}, 2, OP_NONE},
    {"prefixes only", {0xf0, 0x66, 0x48}, 3, OP_NONE},
    {"nothing", {0}, 0, OP_NONE},
};

static void test_decode(void)
{
    static const char *const names[] = OP_NAMES;

    check(sizeof names / sizeof names[0] == OP_COUNT, "a name for each kind");
    for (size_t i = 0; i < sizeof insns / sizeof insns[0]; i++)
        check((int)decode_op(insns[i].bytes, insns[i].size) == insns[i].op, insns[i].text);
}

static void test_marks(void)
{
    for (unsigned prefix = 0; prefix < 256; prefix++) {
        uint8_t rdtsc[3] = {(uint8_t)prefix, 0x0f, 0x31};
        bool is_mark = prefix >= MARK_BEGIN && prefix <= MARK_SERIES_END;

        check(decode_mark(rdtsc, 3) == (is_mark ? prefix : MARK_NONE), "marks and no others");
    }
    check(decode_mark((const uint8_t[]){0x0f, 0x31}, 2) == MARK_NONE, "a plain rdtsc");
    check(decode_mark((const uint8_t[]){0x41, 0x0f, 0x30}, 3) == MARK_NONE, "not rdtsc");
}

static struct lines set;

static void test_lines(void)
{
    uint64_t hash;

    lines_clear(&set);
    lines_add(&set, 0xffff800000000040, LINE_READ);
    lines_add(&set, 0xffff80000000007f, LINE_WRITE);
    lines_add(&set, 0xffff800000000080, LINE_READ);
    check(set.count == 2, "one line for the addresses of 64 bytes");
    check(set.list[0].number == 0xffff800000000040 >> 6 && set.list[0].how == 3, "read, written");
    check(set.list[1].how == LINE_READ, "only read");
    hash = lines_hash(&set);
    lines_clear(&set);
    check(set.count == 0 && lines_hash(&set) != hash, "emptied");
    lines_add(&set, 0xffff800000000040, LINE_READ | LINE_WRITE);
    lines_add(&set, 0xffff800000000080, LINE_READ);
    check(lines_hash(&set) == hash, "the same lines again");
    lines_add(&set, 0xffff800000000080, LINE_WRITE);
    check(lines_hash(&set) != hash, "a line that is now written");
    for (uint64_t i = 0; i <= LINES_MAX; i++) {
        lines_add(&set, i << LINE_SHIFT, LINE_READ);
        lines_add(&set, i << LINE_SHIFT, LINE_READ);
    }
    check(set.overflow && set.count == LINES_MAX, "too many are noticed");
    lines_clear(&set);
    check(!set.overflow && set.count == 0, "and forgotten");
    set.epoch = UINT32_MAX;
    lines_add(&set, 64, LINE_READ);
    lines_clear(&set);
    lines_add(&set, 64, LINE_READ);
    lines_add(&set, 64, LINE_READ);
    check(set.count == 1, "after four thousand million rounds");
}

int main(void)
{
    test_decode();
    test_marks();
    test_lines();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
