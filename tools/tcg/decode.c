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

/* Opcodes that say it all, from first to last. */
struct range {
    uint8_t first, last;
    enum op op;
};

static const struct range one_byte_ops[] = {
    {0x6c, 0x6f, OP_PORT}, /* INS, OUTS */
    {0xcf, 0xcf, OP_IRETQ},
    {0xe4, 0xe7, OP_PORT}, /* IN, OUT with a port number */
    {0xec, 0xef, OP_PORT}, /* and with DX */
};

static const struct range two_byte_ops[] = {
    {0x06, 0x06, OP_OTHER},  /* CLTS */
    {0x07, 0x07, OP_SYSRET}, /* SYSRET */
    {0x08, 0x09, OP_OTHER},  /* INVD, WBINVD */
    {0x23, 0x23, OP_OTHER},  /* MOV to a debug register */
    {0x30, 0x30, OP_WRMSR},  /* WRMSR */
    {0x31, 0x31, OP_RDTSC},  /* RDTSC */
    {0x32, 0x32, OP_OTHER},  /* RDMSR */
    {0xa2, 0xa2, OP_OTHER},  /* CPUID */
};

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static enum op look_up(const struct range *list, size_t n, int opcode)
{
    for (size_t i = 0; i < n; i++) {
        if (opcode >= list[i].first && opcode <= list[i].last)
            return list[i].op;
    }
    return OP_NONE;
}

static bool is_prefix(uint8_t byte)
{
    static const uint8_t legacy[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
                                     0x66, 0x67, 0xf0, 0xf2, 0xf3};
    bool found = (byte & 0xf0) == 0x40; /* REX */

    for (size_t i = 0; i < LENGTH(legacy); i++)
        found = found || byte == legacy[i];
    return found;
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

    if (modrm < 0)
        return look_up(two_byte_ops, LENGTH(two_byte_ops), opcode);
    switch (opcode) {
    case 0x00: /* LLDT, LTR */
        return reg_field(modrm) == 2 || reg_field(modrm) == 3 ? OP_OTHER : OP_NONE;
    case 0x01:
        return group_0f01(modrm);
    case 0x22:
        return reg_field(modrm) == 3 ? OP_CR3 : OP_OTHER;
    case 0x38:
        return modrm == 0x82 && i->opsize ? OP_INVLPG : OP_NONE; /* INVPCID */
    case 0xae:
    case 0xc7:
        return is_fpu_save(opcode, modrm) ? OP_FPU : OP_NONE;
    default:
        return look_up(two_byte_ops, LENGTH(two_byte_ops), opcode);
    }
}

static enum op one_byte(const struct insn *i)
{
    int opcode = byte_at(i, 0), modrm = byte_at(i, 1);

    if (opcode == 0x0f)
        return two_bytes(i);
    if (opcode == 0x86 || opcode == 0x87)
        return is_memory(modrm) ? OP_LOCKED : OP_NONE;
    if (opcode == 0xf6 || opcode == 0xf7) /* DIV, IDIV */
        return modrm >= 0 && reg_field(modrm) >= 6 ? OP_OTHER : OP_NONE;
    return look_up(one_byte_ops, LENGTH(one_byte_ops), opcode);
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
