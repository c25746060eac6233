/*
 * elf_program.h - what of a program's ELF64 file its loader believes, after checking everything it
 * uses. No I/O and no kernel: tested and fuzzed on the host.
 */
#ifndef QUOLL_ELF_PROGRAM_H
#define QUOLL_ELF_PROGRAM_H

#include <stdint.h>

#define ELF_SEGMENTS 8

struct elf_segment {
    uint64_t va, offset;        /* offset: in the file */
    uint64_t file_bytes, bytes; /* the rest up to bytes is zero */
    unsigned rights;            /* RIGHT_READ, RIGHT_WRITE, RIGHT_EXEC */
};

struct elf_program {
    uint64_t entry;
    unsigned count;
    struct elf_segment segment[ELF_SEGMENTS];
};

/** Check the @bytes bytes at @file and fill @out. Every segment lies in [@low, @high), no two
 *  share a page, none is writable and executable. Returns a null pointer, or what is wrong
 *  ("is ..."), a continuation of the file's name. */
const char *elf_parse(const uint8_t *file, uint64_t bytes, uint64_t low, uint64_t high,
                      struct elf_program *out);

/** Where the program @file says that it begins, before that is checked; 0: it is no program. */
uint64_t elf_entry(const uint8_t *file, uint64_t bytes);

/** Copy what @file has for the page at @page_va of @segment to @page (4096 bytes, zeroed). */
void elf_fill_page(const uint8_t *file, const struct elf_segment *segment, uint64_t page_va,
                   uint8_t *page);

#endif
