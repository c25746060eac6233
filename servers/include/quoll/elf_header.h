/*
 * elf_header.h - the header of an ELF64 file, as it lies there.
 * Source: System V ABI, chapter 4 (ELF header).
 */
#ifndef QUOLL_ELF_HEADER_H
#define QUOLL_ELF_HEADER_H

#include <stdint.h>

#define ELF_IDENT "\177ELF\2\1\1" /* 64 bits, little-endian, version 1 */

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
_Static_assert(sizeof(struct elf_header) == 64, "ELF header");

#endif
