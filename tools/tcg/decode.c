/*
 * decode.c - see decode.h. Only as much of the encoding as these instructions need: prefixes,
 * one or two bytes of opcode, and the ModRM byte behind them. Source: Intel SDM vol. 2.
 */
#include "decode.h"
#include <stdbool.h>

struct insn {
    const uint8_t *at, *end;
    bool lock, opsize;
};

static int byte_at(const struct insn *i, size_t offset)
{
    return offset < (size_t)(i->end - i->at) ? i->at[offset] : -1;
}

static bool is_prefix(uint8_t byte)
{
    switch (byte) {
    case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65: /* segments */
    case 0x66: case 0x67: case 0xf0: case 0xf2: case 0xf3:
        return true;
    default:
        return (byte & 0xf0) == 0x40; /* REX */
    }
}

static void skip_prefixes(struct insn *i)
{
    for (; i->at < i->end && is_prefix(*i->at); i->at++) {
        i->lock = i->lock || *i->at == 0xf0;
        i->opsize = i->opsize || *i->at == 0x66;
    }
}

static int reg_field(int modrm)
{
    return (modrm >> 3) & 7;
}

static bool is_memory(int modrm)
{
    return modrm >= 0 && modrm < 0xc0;
}

/* 0F 01: descriptor tables, INVLPG, and a nest of instructions without operands. */
static enum op group_0f01(int modrm)
{
    if (modrm == 0xf8)
        return OP_SWAPGS;
    if (modrm == 0xf9)
        return OP_RDTSC; /* RDTSCP */
    if (is_memory(modrm) && reg_field(modrm) == 7)
        return OP_INVLPG;
    /* LGDT, LIDT, LMSW. What is left (CLAC, STAC, SMSW, SGDT, ...) is cheap. */
    if (is_memory(modrm) && (reg_field(modrm) == 2 || reg_field(modrm) == 3))
        return OP_OTHER;
    return modrm >= 0 && reg_field(modrm) == 6 ? OP_OTHER : OP_NONE;
}

/* 0F AE and 0F C7: FXSAVE, FXRSTOR, XSAVE, XRSTOR, XSAVEOPT; XSAVEC, XSAVES, XRSTORS. */
static bool is_fpu_save(int opcode, int modrm)
{
    int reg = reg_field(modrm);

    if (!is_memory(modrm))
        return false;
    return opcode == 0xae ? reg == 0 || reg == 1 || reg >= 4 : reg >= 3 && reg <= 5;
}

static enum op two_bytes(const struct insn *i)
{
    int opcode = byte_at(i, 1), modrm = byte_at(i, 2);

    switch (opcode) {
    case 0x01: return group_0f01(modrm);
    case 0x07: return OP_SYSRET;
    case 0x22: return modrm >= 0 && reg_field(modrm) == 3 ? OP_CR3 : OP_OTHER;
    case 0x30: return OP_WRMSR;
    case 0x31: return OP_RDTSC;
    case 0x06: case 0x08: case 0x09: case 0x23: case 0x32: case 0xa2:
        return OP_OTHER; /* CLTS, INVD, WBINVD, MOV to DR, RDMSR, CPUID */
    case 0x00: /* LLDT, LTR */
        return modrm >= 0 && (reg_field(modrm) == 2 || reg_field(modrm) == 3) ? OP_OTHER : OP_NONE;
    case 0x38: return modrm == 0x82 && i->opsize ? OP_INVLPG : OP_NONE; /* INVPCID */
    case 0xae: case 0xc7:
        return is_fpu_save(opcode, modrm) ? OP_FPU : OP_NONE;
    default: return OP_NONE;
    }
}

static enum op one_byte(const struct insn *i)
{
    int opcode = byte_at(i, 0), modrm = byte_at(i, 1);

    switch (opcode) {
    case 0x0f: return two_bytes(i);
    case 0xcf: return OP_IRETQ;
    case 0x86: case 0x87:
        return is_memory(modrm) ? OP_LOCKED : OP_NONE;
    case 0x6c: case 0x6d: case 0x6e: case 0x6f:
    case 0xe4: case 0xe5: case 0xe6: case 0xe7:
    case 0xec: case 0xed: case 0xee: case 0xef:
        return OP_PORT;
    case 0xf6: case 0xf7:
        return modrm >= 0 && reg_field(modrm) >= 6 ? OP_OTHER : OP_NONE; /* DIV, IDIV */
    default: return OP_NONE;
    }
}

enum op decode_op(const uint8_t *bytes, size_t n)
{
    struct insn i = {bytes, bytes + n, false, false};

    skip_prefixes(&i);
    return i.lock && i.at < i.end ? OP_LOCKED : one_byte(&i);
}

enum mark decode_mark(const uint8_t *bytes, size_t n)
{
    if (n != 3 || bytes[1] != 0x0f || bytes[2] != 0x31)
        return MARK_NONE;
    return bytes[0] >= MARK_BEGIN && bytes[0] <= MARK_SERIES_END ? (enum mark)bytes[0] : MARK_NONE;
}
