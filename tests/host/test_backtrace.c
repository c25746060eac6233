/* sources: kernel/console/format.c kernel/console/kprintf.c kernel/console/klog.c */
/*
 * Addresses to names, and chains of frames that are broken in every way.
 */
#include <stdio.h>
#include <string.h>

#define __data_start test_data_start /* the host has one, too */
#include "../../kernel/debug/symbols.c"

/* What the linker script and tools/symbols.py make: code, data with a stack in it, and a table of
 * three functions with their names behind it. */
uint8_t test_code[256], test_data[1024];
__asm__(".globl __text_start, __text_end, test_data_start, __kernel_end\n"
        ".set __text_start, test_code\n.set __text_end, test_code + 256\n"
        ".set test_data_start, test_data\n.set __kernel_end, test_data + 1024\n"
        ".data\n.balign 8\n.globl symbol_table, symbol_table_end\n"
        "symbol_table: .long 0, 24, 64, 30, 128, 37\n"
        "symbol_table_end: .asciz \"first\", \"second\", \"third\"\n.text\n");

static unsigned passed, failed;
static char printed[8192];
static size_t printed_bytes;

void console_put(char c)
{
    printed[printed_bytes++] = c;
    printed[printed_bytes] = '\0';
}

void kdb_print_regs(const struct regs *r)
{
    kprintf("registers of %lx\n", r->rip);
}

static void check(int good, const char *what, int line)
{
    if (good) {
        passed++;
    } else {
        failed++;
        printf("line %d: FAILED: %s\n%s", line, what, printed);
    }
}
#define CHECK(x) check((x), #x, __LINE__)

static uint64_t *word(unsigned i)
{
    return (uint64_t *)test_data + i;
}

/* Frame at word @at: its caller's frame at @caller (an address), the return address code + @offset.
 */
static uint64_t *frame(unsigned at, uint64_t caller, unsigned offset)
{
    word(at)[0] = caller;
    word(at)[1] = (uint64_t)test_code + offset;
    return word(at);
}

static bool shows(const struct regs *r, const void *f, const char *const *lines)
{
    const char *at = printed;

    printed_bytes = 0;
    kdb_print_calls(r, f);
    at = strstr(at, "backtrace:\n");
    for (at = at ? at + 11 : NULL; at && *lines; lines++) {
        const char *found = strstr(at, *lines), *end = strchr(at, '\n');
        at = found && found < end ? end + 1 : NULL;
    }
    return at && !*at;
}
#define SHOWS(r, f, ...) CHECK(shows(r, f, (const char *const[]){__VA_ARGS__, NULL}))

static void test_names(void)
{
    SHOWS(NULL, frame(0, 0, 1), "first+0x1");
    SHOWS(NULL, frame(0, 0, 63), "first+0x3f");
    SHOWS(NULL, frame(0, 0, 64), "first+0x40"); /* behind a call that never returns */
    SHOWS(NULL, frame(0, 0, 65), "second+0x1");
    SHOWS(NULL, frame(0, 0, 255), "third+0x7f");
    SHOWS(NULL, frame(0, 0, 256), "third+0x80");
    SHOWS(NULL, frame(0, 0, 257), "(not kernel code)");
    SHOWS(NULL, frame(0, 0, 0), "(not kernel code)");
}

static void test_chains(void)
{
    uint64_t *newest = frame(0, (uint64_t)frame(4, (uint64_t)frame(8, 0, 200), 70), 5);

    SHOWS(NULL, newest, "first+0x5", "second+0x6", "third+0x48");
    word(8)[0] = (uint64_t)word(4); /* back to a newer frame */
    SHOWS(NULL, newest, "first+0x5", "second+0x6", "third+0x48", "not followed");
    word(8)[0] = (uint64_t)word(8); /* to itself */
    SHOWS(NULL, newest, "first+0x5", "second+0x6", "third+0x48", "not followed");
    static const uint64_t bad[] = {1, 0x1000, 0xdeadbeefdeadbeef, ~0ull, ~7ull, 0x8000000000000000};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        word(8)[0] = bad[i];
        SHOWS(NULL, newest, "first+0x5", "second+0x6", "third+0x48", "not followed");
    }
    word(8)[0] = (uint64_t)word(12) + 4; /* misaligned */
    SHOWS(NULL, newest, "first+0x5", "second+0x6", "third+0x48", "not followed");
    word(8)[0] = (uint64_t)word(127); /* only half of it inside */
    SHOWS(NULL, newest, "first+0x5", "second+0x6", "third+0x48", "not followed");
    word(8)[0] = (uint64_t)frame(126, 0, 2); /* the last place */
    SHOWS(NULL, newest, "first+0x5", "second+0x6", "third+0x48", "first+0x2");
    SHOWS(NULL, (void *)0x123, "not followed");
    for (unsigned i = 0; i + 2 < 128; i += 2) {
        (void)frame(i, (uint64_t)word(i + 2), 3);
    }
    (void)shows(NULL, word(0), (const char *const[]){NULL}); /* 63 frames: 32 are enough */
    CHECK(strstr(printed, "not followed") && printed_bytes < 40 * 40);
}

static void test_exception(void)
{
    struct regs r = {.rip = (uint64_t)test_code + 64, .rbp = (uint64_t)frame(0, 0, 5)};

    SHOWS(&r, NULL, "second+0x0", "first+0x5");
    CHECK(strstr(printed, "registers of") == printed);
    r.rip = 16; /* a jump to nowhere */
    SHOWS(&r, NULL, "(not kernel code)", "first+0x5");
    r.rbp = 77; /* and no frame */
    SHOWS(&r, NULL, "(not kernel code)", "not followed");
}

int main(void)
{
    test_names();
    test_chains();
    test_exception();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
