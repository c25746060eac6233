/*
 * crc32.c - CRC-32 by eight tables, eight bytes a step.
 * The tables (8 KiB) are computed at the first use, which is single-threaded: during boot.
 * Method: M. Kounavis, F. Berry, "A Systematic Approach to Building High Performance,
 * Software-based, CRC Generators", Intel 2005 ("slicing-by-8").
 */
#include "lib/crc32.h"

#include <stdbool.h>

#define POLYNOMIAL 0xedb88320u

/* table[k][b]: the effect of byte b when k more bytes follow it in the step. */
static uint32_t table[8][256];
static bool table_ready;

static void table_fill(void)
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t crc = b;
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (POLYNOMIAL & (0u - (crc & 1u)));
        }
        table[0][b] = crc;
    }
    for (unsigned k = 1; k < 8; k++) {
        for (unsigned b = 0; b < 256; b++) {
            uint32_t before = table[k - 1][b];
            table[k][b] = (before >> 8) ^ table[0][before & 0xff];
        }
    }
    table_ready = true;
}

static uint32_t step_8(uint32_t crc, uint64_t word)
{
    uint64_t x = word ^ crc;
    return table[7][x & 0xff] ^ table[6][(x >> 8) & 0xff] ^ table[5][(x >> 16) & 0xff] ^
           table[4][(x >> 24) & 0xff] ^ table[3][(x >> 32) & 0xff] ^ table[2][(x >> 40) & 0xff] ^
           table[1][(x >> 48) & 0xff] ^ table[0][x >> 56];
}

uint32_t crc32_update(uint32_t crc, const void *data, uint64_t bytes)
{
    const uint8_t *p = data;

    if (!table_ready) {
        table_fill();
    }
    crc = ~crc;
    for (; bytes >= 8; bytes -= 8, p += 8) {
        uint64_t word;
        __builtin_memcpy(&word, p, sizeof word);
        crc = step_8(crc, word);
    }
    for (; bytes > 0; bytes--, p++) {
        crc = (crc >> 8) ^ table[0][(crc ^ *p) & 0xff];
    }
    return ~crc;
}
