/* sources: servers/net/checksum.c */
/*
 * test_checksum.c - the Internet's checksum beside RFC 1071's own two bytes at a time: every length
 * up to some blocks, every alignment, and bytes that make it carry.
 */
#include "../../servers/net/lwip/arch/cc.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTHS 600
#define ALIGNED 9

static uint16_t plainly(const uint8_t *bytes, int count)
{
    uint32_t sum = 0;

    for (int i = 0; i < count; i++) {
        sum += (uint32_t)bytes[i] << (i % 2 != 0 ? 8 : 0); /* as a little-endian CPU loads it */
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)sum;
}

/* Exactly so many bytes, so that the sanitizer sees a look past them. */
static bool is_right(const uint8_t *from, int count, unsigned aligned)
{
    uint8_t *bytes = malloc((size_t)count + aligned);
    bool right;

    memcpy(bytes + aligned, from, (size_t)count);
    right = net_checksum(bytes + aligned, count) == plainly(from, count);
    free(bytes);
    return right;
}

int main(void)
{
    static uint8_t kinds[4][LENGTHS];
    unsigned long passed = 0, failed = 0;

    srand(1);
    memset(kinds[1], 0xff, LENGTHS);
    for (unsigned i = 0; i < LENGTHS; i++) {
        kinds[2][i] = (uint8_t)rand();
        kinds[3][i] = (uint8_t)(rand() % 8 != 0 ? 0xff : rand());
    }
    for (unsigned kind = 0; kind < 4; kind++) {
        for (unsigned aligned = 0; aligned < ALIGNED; aligned++) {
            for (int count = 1; count <= LENGTHS; count++) {
                bool right = is_right(kinds[kind], count, aligned);
                passed += right;
                failed += !right;
            }
        }
    }
    printf("%lu passed, %lu failed\n", passed, failed);
    return failed != 0;
}
