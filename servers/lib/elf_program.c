/*
 * elf_program.c - checks a static x86-64 ELF file and finds its segments.
 * Source: System V ABI, chapters 4 and 5 (object files, program loading).
 * Invariant: no field is used before it has been compared with the file's size.
 */
#include <quoll/abi.h>
#include <quoll/elf_header.h>
#include <quoll/elf_program.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define PAGE 4096u

struct elf_phdr {
    uint32_t type, flags;
    uint64_t offset, va, pa, file_bytes, bytes, align;
};
_Static_assert(sizeof(struct elf_phdr) == 56, "program header");

#define ET_EXEC    2
#define EM_X86_64  62
#define PT_LOAD    1
#define PT_DYNAMIC 2
#define PT_INTERP  3
#define PT_TLS     7
#define PF_X       1
#define PF_W       2
#define PF_R       4
#define PHDRS_MAX  16

static const char *check_header(const struct elf_header *h, uint64_t bytes)
{
    if (memcmp(h->ident, ELF_IDENT, strlen(ELF_IDENT)) != 0) {
        return "is not a 64-bit little-endian ELF file";
    }
    if (h->machine != EM_X86_64 || h->version != 1) {
        return "is not for x86-64";
    }
    if (h->type != ET_EXEC) {
        return "is not a static executable (link it without -pie)";
    }
    if (h->phentsize != sizeof(struct elf_phdr) || h->phnum == 0 || h->phnum > PHDRS_MAX) {
        return "has a bad number or size of program headers";
    }
    if (h->phoff > bytes || bytes - h->phoff < (uint64_t)h->phnum * sizeof(struct elf_phdr)) {
        return "ends before its program headers";
    }
    return NULL;
}

static const char *check_segment(const struct elf_phdr *p, uint64_t bytes, uint64_t low,
                                 uint64_t high)
{
    if (p->offset > bytes || p->file_bytes > bytes - p->offset) {
        return "ends before its segments do";
    }
    if (p->file_bytes > p->bytes) {
        return "has a segment that is larger in the file than in memory";
    }
    if (p->va < low || p->va > high || p->bytes > high - p->va) {
        return "has a segment outside of the addresses for programs";
    }
    if ((p->flags & PF_R) == 0 || (p->flags & ~(uint32_t)(PF_R | PF_W | PF_X)) != 0) {
        return "has a segment that is not readable or has unknown flags";
    }
    if ((p->flags & PF_W) != 0 && (p->flags & PF_X) != 0) {
        return "has a segment that is both writable and executable";
    }
    return NULL;
}

static bool shares_page(const struct elf_segment *a, const struct elf_segment *b)
{
    uint64_t a_first = a->va / PAGE, a_last = (a->va + a->bytes - 1) / PAGE;
    uint64_t b_first = b->va / PAGE, b_last = (b->va + b->bytes - 1) / PAGE;

    return a_first <= b_last && b_first <= a_last;
}

static const char *add_segment(const struct elf_phdr *p, struct elf_program *out)
{
    struct elf_segment *s = &out->segment[out->count];

    if (out->count == ELF_SEGMENTS) {
        return "has too many segments";
    }
    *s = (struct elf_segment){.va = p->va,
                              .offset = p->offset,
                              .file_bytes = p->file_bytes,
                              .bytes = p->bytes,
                              .rights = RIGHT_READ};
    if ((p->flags & PF_W) != 0) {
        s->rights |= RIGHT_WRITE;
    }
    if ((p->flags & PF_X) != 0) {
        s->rights |= RIGHT_EXEC;
    }
    for (unsigned i = 0; i < out->count; i++) {
        if (shares_page(&out->segment[i], s)) {
            return "has two segments in one page";
        }
    }
    out->count++;
    return NULL;
}

static const char *check_phdr(const struct elf_phdr *p, uint64_t bytes, uint64_t low, uint64_t high,
                              struct elf_program *out)
{
    const char *wrong;

    if (p->type == PT_INTERP || p->type == PT_DYNAMIC || p->type == PT_TLS) {
        return "is dynamically linked or uses thread-local storage";
    }
    if (p->type != PT_LOAD || p->bytes == 0) {
        return NULL;
    }
    wrong = check_segment(p, bytes, low, high);
    return wrong != NULL ? wrong : add_segment(p, out);
}

static bool entry_is_code(const struct elf_program *program)
{
    for (unsigned i = 0; i < program->count; i++) {
        const struct elf_segment *s = &program->segment[i];
        if ((s->rights & RIGHT_EXEC) != 0 && program->entry >= s->va &&
            program->entry - s->va < s->file_bytes) {
            return true;
        }
    }
    return false;
}

uint64_t elf_entry(const uint8_t *file, uint64_t bytes)
{
    struct elf_header header;

    if (bytes < sizeof(header)) {
        return 0;
    }
    memcpy(&header, file, sizeof(header));
    return check_header(&header, bytes) == NULL ? header.entry : 0;
}

const char *elf_parse(const uint8_t *file, uint64_t bytes, uint64_t low, uint64_t high,
                      struct elf_program *out)
{
    struct elf_header header;
    const char *wrong;

    if (bytes < sizeof(header)) {
        return "is too short for an ELF header";
    }
    memcpy(&header, file, sizeof(header));
    wrong = check_header(&header, bytes);
    out->entry = header.entry;
    out->count = 0;
    for (unsigned i = 0; wrong == NULL && i < header.phnum; i++) {
        struct elf_phdr phdr;
        memcpy(&phdr, file + header.phoff + i * sizeof(phdr), sizeof(phdr));
        wrong = check_phdr(&phdr, bytes, low, high, out);
    }
    if (wrong == NULL && !entry_is_code(out)) {
        wrong = "has its entry point outside of its code";
    }
    return wrong;
}

void elf_fill_page(const uint8_t *file, const struct elf_segment *segment, uint64_t page_va,
                   uint8_t *page)
{
    uint64_t data_end = segment->va + segment->file_bytes;
    uint64_t from = segment->va > page_va ? segment->va : page_va;
    uint64_t to = data_end < page_va + PAGE ? data_end : page_va + PAGE;

    if (from < to) {
        memcpy(page + (from - page_va), file + segment->offset + (from - segment->va), to - from);
    }
}
