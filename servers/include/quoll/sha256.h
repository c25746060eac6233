/*
 * sha256.h - SHA-256 (FIPS 180-4). All bounds are the caller's: nothing is allocated.
 */
#ifndef QUOLL_SHA256_H
#define QUOLL_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
#define SHA256_BLOCK 64

struct sha256 {
    uint32_t state[8];
    uint64_t bytes; /* taken so far */
    uint8_t block[SHA256_BLOCK];
};

void sha256_begin(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *bytes, size_t count);

/** The sum of all that was added; @s must begin again. */
void sha256_end(struct sha256 *s, uint8_t sum[SHA256_BYTES]);

#endif
