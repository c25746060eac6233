/* sources: servers/lib/elf_program.c servers/lib/image_file.c */
/*
 * test_elf_program.c - the ELF and boot image readers: a good file, each refusal, 300,000
 * mutations under the sanitizers with every accepted segment really copied.
 */
#include <elf.h>
#include <quoll/abi.h>
#include <quoll/elf_program.h>
#include <quoll/image.h>
#include <quoll/image_file.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOW  0x400000ull
#define HIGH 0x20000000ull
#define SIZE 0x3000u

static unsigned passed, failed;
static uint8_t good[SIZE];
static struct elf_program p;

static void check(bool ok, const char *what)
{
    ok ? passed++ : failed++;
    if (!ok) {
        printf("FAILED: %s\n", what);
    }
}

#define EH ((Elf64_Ehdr *)good)
#define PH ((Elf64_Phdr *)(good + 64))

static void make_good(void)
{
    memset(good, 0, sizeof(good));
    memcpy(EH->e_ident, "\177ELF\2\1\1", 7);
    EH->e_type = ET_EXEC;
    EH->e_machine = EM_X86_64;
    EH->e_version = 1;
    EH->e_entry = LOW + 16;
    EH->e_phoff = 64;
    EH->e_phentsize = sizeof(Elf64_Phdr);
    EH->e_phnum = 2;
    PH[0] = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, 0x1000, LOW, LOW, 0x800, 0x800, 4096};
    PH[1] = (Elf64_Phdr){PT_LOAD, PF_R | PF_W, 0x2010, LOW + 0x1010, 0, 0x20, 0x3000, 4096};
    memset(good + 0x1000, 0xaa, 0x800);
    memset(good + 0x2010, 0xbb, 0x20);
}

static void test_entry(void)
{
    make_good();
    check(elf_entry(good, sizeof(good)) == LOW + 16, "where it begins");
    check(elf_entry(good, 63) == 0, "too short to begin anywhere");
    EH->e_machine = EM_386;
    check(elf_entry(good, sizeof(good)) == 0, "no program of ours begins anywhere");
    make_good();
}

static const char *parse(void)
{
    return elf_parse(good, sizeof(good), LOW, HIGH, &p);
}

static void refuse(const char *part)
{
    const char *wrong = parse();

    check(wrong != NULL && strstr(wrong, part) != NULL, part);
    if (wrong == NULL || strstr(wrong, part) == NULL) {
        printf("  said: %s\n", wrong != NULL ? wrong : "fine");
    }
    make_good();
}

static void test_good(void)
{
    uint8_t page[4096] = {0};

    make_good();
    check(parse() == NULL && p.count == 2 && p.entry == LOW + 16, "a good file");
    check(p.segment[0].rights == (RIGHT_READ | RIGHT_EXEC) &&
              p.segment[1].rights == (RIGHT_READ | RIGHT_WRITE),
          "rights");
    elf_fill_page(good, &p.segment[1], LOW + 0x1000, page);
    check(page[0xf] == 0 && page[0x10] == 0xbb && page[0x2f] == 0xbb && page[0x30] == 0,
          "a page with data in its middle");
    memset(page, 0, sizeof(page));
    elf_fill_page(good, &p.segment[1], LOW + 0x2000, page);
    check(page[0] == 0 && page[4095] == 0, "a page of bss");
}

static void test_refusals(void)
{
    check(elf_parse(good, 63, LOW, HIGH, &p) != NULL, "shorter than its header");
    EH->e_ident[4] = ELFCLASS32;
    refuse("64-bit");
    EH->e_machine = EM_386;
    refuse("x86-64");
    EH->e_type = ET_DYN;
    refuse("static executable");
    EH->e_phnum = 17;
    refuse("number or size");
    EH->e_phoff = UINT64_MAX - 8;
    refuse("before its program headers");
    PH[0].p_offset = UINT64_MAX;
    refuse("before its segments");
    PH[0].p_filesz = UINT64_MAX;
    refuse("before its segments");
    PH[0].p_memsz = 0x10;
    refuse("larger in the file");
    PH[0].p_vaddr = LOW - 1;
    refuse("outside of the addresses");
    PH[1].p_memsz = UINT64_MAX;
    refuse("outside of the addresses");
    PH[0].p_flags |= PF_W;
    refuse("both writable and executable");
    PH[0].p_flags = PF_X;
    refuse("not readable");
    PH[1].p_vaddr = LOW + 0x900;
    refuse("one page");
    PH[1].p_type = PT_INTERP;
    refuse("dynamically linked");
    EH->e_entry = LOW + 0x800;
    refuse("entry point");
    EH->e_entry = LOW + 0x1010;
    refuse("entry point");
}

static void copy_all(const uint8_t *file)
{
    for (unsigned i = 0; i < p.count; i++) {
        const struct elf_segment *s = &p.segment[i];
        uint64_t pages = 0;
        for (uint64_t va = s->va & ~4095ull; va < s->va + s->bytes && pages < 64; va += 4096) {
            uint8_t page[4096];
            elf_fill_page(file, s, va, page);
            pages++;
        }
    }
}

static void test_fuzz(void)
{
    static const uint64_t values[] = {0, 1, 4095, 4096, SIZE, LOW, HIGH, UINT64_MAX, 1ull << 63};
    unsigned accepted = 0;

    srand(1);
    for (unsigned i = 0; i < 300000; i++) {
        size_t n = i % 3 == 0 ? (size_t)rand() % SIZE : SIZE;
        uint8_t *file = malloc(n + 1);
        uint8_t *exact;
        make_good();
        for (unsigned k = 0; k < 1u + (unsigned)rand() % 3; k++) {
            size_t at = (size_t)rand() % 176;
            if (rand() % 2 != 0) {
                good[at] = (uint8_t)rand();
            } else {
                memcpy(good + at / 8 * 8, &values[rand() % 9], 8);
            }
        }
        memcpy(file, good, n);
        exact = realloc(file, n > 0 ? n : 1);
        if (elf_parse(exact, n, LOW, HIGH, &p) == NULL) {
            accepted++;
            copy_all(exact);
        }
        free(exact);
    }
    check(accepted > 0, "some mutations still load");
}

static void test_image(void)
{
    static uint8_t image[8192];
    struct image_header h = {.magic = IMAGE_MAGIC, .bytes = sizeof(image), .count = 2};
    struct image_entry e[2] = {{.name = "root", .offset = 4096, .bytes = 10},
                               {.name = "bad", .offset = 4096, .bytes = 5000}};
    struct image_file f;

    memcpy(image, &h, sizeof(h));
    memcpy(image + sizeof(h), e, sizeof(e));
    check(image_find(image, sizeof(image), "root", &f) && f.data == image + 4096 && f.bytes == 10,
          "a file of the image");
    check(!image_find(image, sizeof(image), "none", &f), "a file that is not there");
    check(!image_find(image, sizeof(image), "bad", &f), "a file that ends behind the image");
    check(!image_find(image, 20, "root", &f), "an image without a header");
    h.count = UINT32_MAX;
    memcpy(image, &h, sizeof(h));
    check(!image_find(image, sizeof(image), "root", &f), "more entries than bytes");
    h.magic = 0;
    memcpy(image, &h, sizeof(h));
    check(!image_find(image, sizeof(image), "root", &f), "a bad magic number");
}

int main(void)
{
    test_good();
    test_refusals();
    test_fuzz();
    test_entry();
    test_image();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
