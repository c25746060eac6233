/*
 * elf_symbols.c - the function at an address, from an ELF64 file's symbol table.
 * Source: System V ABI, chapter 4 (sections, symbol table, string table).
 * Invariant: no field is used before it has been compared with the file's size.
 */
#include <quoll/elf_header.h>
#include <quoll/elf_symbols.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct section {
    uint32_t name, type;
    uint64_t flags, va, offset, bytes;
    uint32_t link, info;
    uint64_t align, entry_bytes;
};
_Static_assert(sizeof(struct section) == 64, "section header");

struct symbol {
    uint32_t name;
    uint8_t info, other;
    uint16_t section;
    uint64_t value, bytes;
};
_Static_assert(sizeof(struct symbol) == 24, "symbol");

#define SHT_SYMTAB   2
#define SHT_STRTAB   3
#define STT_NOTYPE   0 /* assembly's labels */
#define STT_FUNC     2
#define SECTIONS_MAX 64
#define NAME_MAX     48

struct file {
    const uint8_t *data;
    uint64_t bytes;
};

struct table {
    struct section symbols, strings;
};

static bool has(const struct file *f, uint64_t offset, uint64_t bytes)
{
    return offset <= f->bytes && bytes <= f->bytes - offset;
}

static bool read_section(const struct file *f, const struct elf_header *h, unsigned i,
                         struct section *out)
{
    if (i >= h->shnum) {
        return false;
    }
    memcpy(out, f->data + h->shoff + i * sizeof(*out), sizeof(*out));
    return has(f, out->offset, out->bytes);
}

static bool find_table(const struct file *f, struct table *t)
{
    struct elf_header h;

    if (f->bytes < sizeof(h)) {
        return false;
    }
    memcpy(&h, f->data, sizeof(h));
    if (memcmp(h.ident, ELF_IDENT, strlen(ELF_IDENT)) != 0 ||
        h.shentsize != sizeof(struct section) || h.shnum > SECTIONS_MAX ||
        !has(f, h.shoff, h.shnum * sizeof(struct section))) {
        return false;
    }
    for (unsigned i = 0; i < h.shnum; i++) {
        if (read_section(f, &h, i, &t->symbols) && t->symbols.type == SHT_SYMTAB) {
            return read_section(f, &h, t->symbols.link, &t->strings) &&
                   t->strings.type == SHT_STRTAB;
        }
    }
    return false;
}

/* Does @s hold @address, or, without a size, begin at or before it? */
static bool covers(const struct symbol *s, uint64_t address)
{
    unsigned type = s->info & 15;

    if ((type != STT_FUNC && type != STT_NOTYPE) || s->section == 0 || address < s->value) {
        return false;
    }
    return s->bytes == 0 || address - s->value < s->bytes;
}

/* @a says more about an address in both: a sized symbol, then the one that begins later. */
static bool better(const struct symbol *a, const struct symbol *b)
{
    if ((a->bytes != 0) != (b->bytes != 0)) {
        return a->bytes != 0;
    }
    return a->value > b->value;
}

/* Copy the printable name at @offset of the strings; false if there is none. */
static bool copy_name(const struct file *f, const struct section *strings, uint64_t offset,
                      char name[NAME_MAX])
{
    size_t n = 0;

    for (; n + 1 < NAME_MAX && offset + n < strings->bytes; n++) {
        char c = (char)f->data[strings->offset + offset + n];
        if (c <= ' ' || c > '~') {
            break;
        }
        name[n] = c;
    }
    name[n] = '\0';
    return n > 0;
}

/* The symbol's section holds the address: a label without a size ends there at the latest. */
static bool in_section(const struct file *f, const struct symbol *s, uint64_t address)
{
    struct section section;
    struct elf_header h;

    memcpy(&h, f->data, sizeof(h));
    return read_section(f, &h, s->section, &section) && address >= section.va &&
           address - section.va < section.bytes;
}

const char *elf_symbol(const uint8_t *file, uint64_t bytes, uint64_t address, char *text,
                       size_t size)
{
    const struct file f = {file, bytes};
    struct symbol best = {0};
    char name[NAME_MAX] = "";
    struct table t;
    uint64_t count;

    (void)snprintf(text, size, "?");
    if (!find_table(&f, &t)) {
        return text;
    }
    count = t.symbols.bytes / sizeof(struct symbol);
    for (uint64_t i = 0; i < count && i < ELF_SYMBOLS_MAX; i++) {
        char other[NAME_MAX];
        struct symbol s;
        memcpy(&s, file + t.symbols.offset + i * sizeof(s), sizeof(s));
        if (covers(&s, address) && (name[0] == '\0' || better(&s, &best)) &&
            in_section(&f, &s, address) && copy_name(&f, &t.strings, s.name, other)) {
            memcpy(name, other, sizeof(name));
            best = s;
        }
    }
    if (name[0] != '\0' && address == best.value) {
        (void)snprintf(text, size, "%s", name);
    } else if (name[0] != '\0') {
        (void)snprintf(text, size, "%s+0x%lx", name, (unsigned long)(address - best.value));
    }
    return text;
}
