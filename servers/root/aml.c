/*
 * aml.c - finding one constant package in AML without an interpreter.
 * Source: ACPI 6.5 section 20.2: NameOp 0x08, PackageOp 0x12, PkgLength, ZeroOp, OneOp, prefixes.
 */
#include "tables.h"

#include <string.h>

#define NAME_OP     0x08
#define PACKAGE_OP  0x12
#define ZERO_OP     0x00
#define ONE_OP      0x01
#define BYTE_PREFIX 0x0a
#define ROOT_CHAR   '\\'

/* What is left of the byte code; reading past the end fails and stays failed. */
struct cursor {
    const uint8_t *at, *end;
    bool failed;
};

static uint8_t take(struct cursor *c)
{
    if (c->at == c->end) {
        c->failed = true;
        return 0;
    }
    return *c->at++;
}

/* Section 20.2.4: the two top bits tell how many bytes follow. Narrows the cursor to it. */
static void enter_package(struct cursor *c)
{
    const uint8_t *start = c->at;
    uint8_t lead = take(c);
    uint32_t more = lead >> 6;
    uint32_t length = more == 0 ? lead & 0x3fu : lead & 0x0fu;

    for (uint32_t i = 0; i < more; i++) {
        length |= (uint32_t)take(c) << (4 + 8 * i);
    }
    if (c->failed || length > (uint64_t)(c->end - start) || start + length < c->at) {
        c->failed = true;
        return;
    }
    c->end = start + length; /* PkgLength counts its own bytes */
}

static uint8_t take_small_constant(struct cursor *c)
{
    uint8_t op = take(c);

    if (op == BYTE_PREFIX) {
        return take(c);
    }
    if (op != ZERO_OP && op != ONE_OP) {
        c->failed = true;
    }
    return op;
}

static bool read_s5(const uint8_t *after_name, const uint8_t *end, uint8_t *typ_a, uint8_t *typ_b)
{
    struct cursor c = {.at = after_name, .end = end};

    if (take(&c) != PACKAGE_OP) {
        return false;
    }
    enter_package(&c);
    uint8_t elements = take(&c);
    uint8_t a = take_small_constant(&c);
    uint8_t b = elements >= 2 ? take_small_constant(&c) : 0;
    if (c.failed || elements == 0 || a > 7 || b > 7) { /* SLP_TYP has three bits */
        return false;
    }
    *typ_a = a;
    *typ_b = b;
    return true;
}

/* Name (_S5_, ...) or Name (\_S5_, ...): anything else only mentions it. */
static bool is_named_here(const uint8_t *aml, uint64_t at)
{
    if (at >= 1 && aml[at - 1] == NAME_OP) {
        return true;
    }
    return at >= 2 && aml[at - 1] == ROOT_CHAR && aml[at - 2] == NAME_OP;
}

bool aml_find_s5(const uint8_t *aml, uint64_t bytes, uint8_t *typ_a, uint8_t *typ_b)
{
    for (uint64_t at = 0; at + 4 <= bytes; at++) {
        if (aml[at] == '_' && memcmp(aml + at, "_S5_", 4) == 0 && is_named_here(aml, at) &&
            read_s5(aml + at + 4, aml + bytes, typ_a, typ_b)) {
            return true;
        }
    }
    return false;
}
