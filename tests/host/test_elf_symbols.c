/* sources: servers/lib/elf_symbols.c */
/*
 * test_elf_symbols.c - function names for addresses: a good table, tables that lie, this test's
 * own executable, and 200,000 mutations under the sanitizers.
 */
#include <elf.h>
#include <quoll/elf_symbols.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE 1024u
#define TEXT 0x400000ull

static unsigned passed, failed;
static uint8_t good[SIZE];

static void check(bool ok, const char *what)
{
    ok ? passed++ : failed++;
    if (!ok) {
        printf("FAILED: %s\n", what);
    }
}

#define EH      ((Elf64_Ehdr *)good)
#define SH      ((Elf64_Shdr *)(good + 64))
#define SYM     ((Elf64_Sym *)(good + 320))
#define STRINGS ((char *)good + 640)

/* Sections: none, text, symbols, strings. Symbols: none, start (a label), open and inner, data. */
static void make_good(void)
{
    memset(good, 0, sizeof(good));
    memcpy(EH->e_ident, "\177ELF\2\1\1", 7);
    EH->e_shoff = 64;
    EH->e_shentsize = sizeof(Elf64_Shdr);
    EH->e_shnum = 4;
    SH[1] = (Elf64_Shdr){.sh_type = SHT_PROGBITS, .sh_addr = TEXT, .sh_size = 0x200};
    SH[2] = (Elf64_Shdr){.sh_type = SHT_SYMTAB,
                         .sh_offset = 320,
                         .sh_size = 5 * sizeof(Elf64_Sym),
                         .sh_link = 3};
    SH[3] = (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_offset = 640, .sh_size = 64};
    SYM[1] = (Elf64_Sym){1, STT_NOTYPE, 0, 1, TEXT, 0};
    SYM[2] = (Elf64_Sym){7, STT_FUNC, 0, 1, TEXT + 0x40, 0x40};
    SYM[3] = (Elf64_Sym){12, STT_FUNC, 0, 1, TEXT + 0x50, 0x10};
    SYM[4] = (Elf64_Sym){18, STT_OBJECT, 0, 1, TEXT + 0x100, 0x40};
    memcpy(STRINGS, "\0start\0open\0inner\0data", 23);
}

static bool is(uint64_t address, const char *want)
{
    char text[64];

    return strcmp(elf_symbol(good, SIZE, address, text, sizeof(text)), want) == 0;
}

static void test_good(void)
{
    char small[6];

    make_good();
    check(is(TEXT + 0x40, "open"), "a function's first byte");
    check(is(TEXT + 0x41, "open+0x1") && is(TEXT + 0x7f, "open+0x3f"), "inside of it");
    check(is(TEXT + 0x5c, "inner+0xc"), "the function that begins later");
    check(is(TEXT, "start") && is(TEXT + 0x90, "start+0x90"), "a label without a size");
    check(is(TEXT + 0x110, "start+0x110"), "data is no function");
    check(is(TEXT - 1, "?") && is(TEXT + 0x200, "?") && is(0, "?") && is(UINT64_MAX, "?"),
          "addresses outside");
    check(strcmp(elf_symbol(good, SIZE, TEXT + 0x41, small, sizeof(small)), "open+") == 0,
          "cut off to the caller's size");
}

static void test_lies(void)
{
    make_good();
    EH->e_shoff = UINT64_MAX - 3;
    check(is(TEXT + 0x40, "?"), "section headers behind the file");
    make_good();
    EH->e_shnum = 65535;
    check(is(TEXT + 0x40, "?"), "too many sections");
    make_good();
    SH[2].sh_size = UINT64_MAX;
    check(is(TEXT + 0x40, "?"), "symbols behind the file");
    make_good();
    SH[2].sh_link = 77;
    check(is(TEXT + 0x40, "?"), "no such string table");
    make_good();
    SH[3].sh_size = UINT64_MAX - 600;
    check(is(TEXT + 0x40, "?"), "strings behind the file");
    make_good();
    SYM[2].st_name = UINT32_MAX;
    check(is(TEXT + 0x40, "start+0x40"), "a name behind the strings");
    make_good();
    memset(STRINGS + 7, 'x', 57);
    check(!is(TEXT + 0x40, "?"), "a name without an end");
    make_good();
    SYM[2].st_value = UINT64_MAX - 1;
    SYM[2].st_size = 1000;
    check(is(TEXT + 0x48, "start+0x48"), "a function that wraps around");
    make_good();
    STRINGS[8] = '\n';
    check(is(TEXT + 0x41, "o+0x1"), "control characters don't get into the log");
    make_good();
    check(elf_symbol(good, 63, TEXT, (char[8]){0}, 8)[0] == '?', "shorter than its header");
}

/* A real file, with more symbols than a driver has. */
static void test_real(void)
{
    static uint8_t file[8u << 20];
    FILE *f = fopen("/proc/self/exe", "rb");
    size_t n = f != NULL ? fread(file, 1, sizeof(file), f) : 0;
    bool found = false;

    if (f != NULL) {
        fclose(f);
    }
    for (uint64_t address = 0; address < n && !found; address++) {
        char text[64];
        found = strcmp(elf_symbol(file, n, address, text, sizeof(text)), "main") == 0;
    }
    check(found, "main in this program");
}

static void test_fuzz(void)
{
    static const uint64_t values[] = {0, 1, 24, SIZE, TEXT, UINT64_MAX, 1ull << 63};
    bool ended = true;

    srand(1);
    for (unsigned i = 0; i < 200000; i++) {
        size_t n = i % 3 == 0 ? (size_t)rand() % SIZE : SIZE;
        uint8_t *exact = malloc(n + 1);
        char text[32];

        make_good();
        for (unsigned k = 0; k < 1u + (unsigned)rand() % 3; k++) {
            size_t at = (size_t)rand() % 700;
            if (rand() % 2 != 0) {
                good[at] = (uint8_t)rand();
            } else {
                memcpy(good + at, &values[(size_t)rand() % 7], 8);
            }
        }
        exact = realloc(exact, n > 0 ? n : 1);
        memcpy(exact, good, n);
        elf_symbol(exact, n, TEXT + (uint64_t)rand() % 0x210, text, sizeof(text));
        ended = ended && memchr(text, '\0', sizeof(text)) != NULL && text[0] != '\0';
        free(exact);
    }
    check(ended, "every answer is a text");
}

int main(void)
{
    test_good();
    test_lies();
    test_real();
    test_fuzz();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
