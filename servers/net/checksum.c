/*
 * checksum.c - the Internet's checksum (RFC 1071), eight bytes an instruction: lwIP's own takes two
 * bytes with several.
 */
#include "lwip/arch/cc.h"

#include <string.h>

#define BLOCK 64

/* One's complement addition. */
static uint64_t add(uint64_t sum, uint64_t word)
{
    sum += word;
    return sum + (sum < word);
}

/* Of @blocks, at least one. The carry goes from word to word and from block to block, so it is
 * added once, at the end: neither lea nor dec touches it. */
static uint64_t add_blocks(uint64_t sum, const uint8_t **at, unsigned blocks)
{
    __asm__("clc\n"
            "0:\tadcq 0(%1), %0\n\tadcq 8(%1), %0\n\tadcq 16(%1), %0\n\t"
            "adcq 24(%1), %0\n\tadcq 32(%1), %0\n\tadcq 40(%1), %0\n\t"
            "adcq 48(%1), %0\n\tadcq 56(%1), %0\n\t"
            "leaq 64(%1), %1\n\tdecl %2\n\tjnz 0b\n\t"
            "adcq $0, %0"
            : "+r"(sum), "+r"(*at), "+r"(blocks)
            :
            : "cc", "memory");
    return sum;
}

/* The next @bytes, at most eight, of any alignment. */
static inline uint64_t load(const uint8_t **at, unsigned bytes)
{
    uint64_t word = 0;

    __builtin_memcpy(&word, *at, bytes);
    *at += bytes;
    return word;
}

uint16_t net_checksum(const void *bytes, int count)
{
    const uint8_t *at = bytes;
    uint64_t sum = 0;

    if (count >= BLOCK) {
        sum = add_blocks(sum, &at, (unsigned)count / BLOCK);
        count %= BLOCK;
    }
    for (; count >= 8; count -= 8) {
        sum = add(sum, load(&at, 8));
    }
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum += (count & 4) != 0 ? load(&at, 4) : 0;
    sum += (count & 2) != 0 ? load(&at, 2) : 0;
    sum += (count & 1) != 0 ? *at : 0;
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}
