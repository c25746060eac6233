/*
 * sha256.c - SHA-256. Source: FIPS 180-4, sections 4.1.2, 4.2.2, 5.1.1, 5.3.3 and 6.2. Debian's
 * BearSSL would do, but its source package did not arrive.
 */
#include <quoll/sha256.h>

#include <string.h>

#define ROUNDS 64

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t constants[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t right(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static uint32_t big_endian(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The message schedule, 6.2.2 step 1. */
static void schedule(const uint8_t *block, uint32_t w[ROUNDS])
{
    for (unsigned t = 0; t < 16; t++) {
        w[t] = big_endian(block + (size_t)t * 4);
    }
    for (unsigned t = 16; t < ROUNDS; t++) {
        uint32_t a = w[t - 2], b = w[t - 15];
        w[t] = (right(a, 17) ^ right(a, 19) ^ a >> 10) + w[t - 7] +
               (right(b, 7) ^ right(b, 18) ^ b >> 3) + w[t - 16];
    }
}

static void take_block(uint32_t state[8], const uint8_t *block)
{
    uint32_t w[ROUNDS], v[8]; /* v: the working variables a to h */

    schedule(block, w);
    memcpy(v, state, sizeof(v));
    for (unsigned t = 0; t < ROUNDS; t++) {
        uint32_t e = v[4], a = v[0];
        uint32_t t1 = v[7] + (right(e, 6) ^ right(e, 11) ^ right(e, 25)) +
                      ((e & v[5]) ^ (~e & v[6])) + constants[t] + w[t];
        uint32_t t2 =
            (right(a, 2) ^ right(a, 13) ^ right(a, 22)) + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof(v[0]));
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (unsigned i = 0; i < 8; i++) {
        state[i] += v[i];
    }
}

void sha256_begin(struct sha256 *s)
{
    *s = (struct sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                                   0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void sha256_add(struct sha256 *s, const void *bytes, size_t count)
{
    const uint8_t *at = bytes;

    while (count != 0) {
        size_t used = s->bytes % SHA256_BLOCK, n = SHA256_BLOCK - used;
        if (used == 0 && count >= SHA256_BLOCK) {
            n = SHA256_BLOCK;
            take_block(s->state, at);
        } else {
            n = n < count ? n : count;
            memcpy(s->block + used, at, n);
            if (used + n == SHA256_BLOCK) {
                take_block(s->state, s->block);
            }
        }
        s->bytes += n;
        at += n;
        count -= n;
    }
}

void sha256_end(struct sha256 *s, uint8_t sum[SHA256_BYTES])
{
    static const uint8_t padding[SHA256_BLOCK] = {0x80};
    uint64_t bits = s->bytes * 8;
    size_t used = s->bytes % SHA256_BLOCK;
    uint8_t length[8];

    for (unsigned i = 0; i < 8; i++) {
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    }
    sha256_add(s, padding, used < 56 ? 56 - used : 120 - used);
    sha256_add(s, length, sizeof(length));
    for (unsigned i = 0; i < SHA256_BYTES; i++) {
        sum[i] = (uint8_t)(s->state[i / 4] >> (24 - 8 * (i % 4)));
    }
}
