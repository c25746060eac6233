/*
 * checksum.c - the Internet's checksum (RFC 1071), eight bytes at a time: lwIP's own takes two.
 */
#include <arch/cc.h>
#include <string.h>

static uint64_t load(const uint8_t *at)
{
    uint64_t word;

    __builtin_memcpy(&word, at, sizeof(word)); /* of any alignment */
    return word;
}

/* One's complement addition. */
static uint64_t add(uint64_t sum, uint64_t word)
{
    sum += word;
    return sum + (sum < word);
}

/* The last bytes, up to seven. */
static uint64_t rest(const uint8_t *at, unsigned count)
{
    uint64_t word = 0;

    for (unsigned i = 0; i < count; i++) {
        word |= (uint64_t)at[i] << 8 * i;
    }
    return word;
}

uint16_t net_checksum(const void *bytes, int count)
{
    const uint8_t *at = bytes;
    uint64_t sum = 0;

    for (; count >= 32; count -= 32, at += 32) {
        sum = add(sum, load(at));
        sum = add(sum, load(at + 8));
        sum = add(sum, load(at + 16));
        sum = add(sum, load(at + 24));
    }
    for (; count >= 8; count -= 8, at += 8) {
        sum = add(sum, load(at));
    }
    sum = add(sum, rest(at, (unsigned)count));
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}
