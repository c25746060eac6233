/*
 * elf_symbols.h - from an address in a program to its function: for the log line of a death.
 * Reads the symbol table that the program's file in the boot image still has (only the debug
 * information is stripped). No I/O, believes no offset, bounded in time; tested on the host.
 */
#ifndef QUOLL_ELF_SYMBOLS_H
#define QUOLL_ELF_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

#define ELF_SYMBOLS_MAX 20000u /* more are not looked at */

/** The function that contains @address in the @bytes bytes of the ELF file at @file, as
 *  "name+0x1c" (or "name" at its first byte) into @text of @size bytes, cut off if longer;
 *  "?" if none does or the file has no good symbol table. Returns @text. */
const char *elf_symbol(const uint8_t *file, uint64_t bytes, uint64_t address, char *text,
                       size_t size);

#endif
