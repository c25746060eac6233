/*
 * checksum.c - the Internet's checksum (RFC 1071), eight bytes an instruction: lwIP's own takes two
 * bytes with several.
 */
#include <arch/cc.h>
#include <string.h>

#define BLOCK 64

/* One's complement addition. */
static uint64_t add(uint64_t sum, uint64_t word)
{
    sum += word;
    return sum + (sum < word);
}

/* The carry goes from one word to the next, so that it is added once for a block. */
static uint64_t add_block(uint64_t sum, const uint8_t *at)
{
    __asm__("addq 0(%1), %0\n\tadcq 8(%1), %0\n\tadcq 16(%1), %0\n\tadcq 24(%1), %0\n\t"
            "adcq 32(%1), %0\n\tadcq 40(%1), %0\n\tadcq 48(%1), %0\n\tadcq 56(%1), %0\n\t"
            "adcq $0, %0"
            : "+r"(sum)
            : "r"(at), "m"(*(const uint8_t(*)[BLOCK])at)
            : "cc");
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

    for (; count >= BLOCK; count -= BLOCK, at += BLOCK) {
        sum = add_block(sum, at);
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
