/*
 * random.c - numbers that others cannot foresee: ports, ids, and the numbers connections begin
 * with (RFC 6528). SipHash-2-4 with a key that is made at the start, on a counter, or on the
 * connection's addresses.
 */
#include "internal.h"

#include <lwip/ip_addr.h>
#include <string.h>

static uint64_t key[2];
static uint64_t counter;

void random_begin(const uint8_t secret[16])
{
    memcpy(key, secret, sizeof(key));
}

static uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static void rounds(uint64_t v[4], unsigned count)
{
    for (; count > 0; count--) {
        v[0] += v[1];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[0] = rotate(v[0], 32);
        v[2] += v[3];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[2] = rotate(v[2], 32);
    }
}

/* Of two words. */
static uint64_t keyed_hash(uint64_t a, uint64_t b)
{
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575ull, key[1] ^ 0x646f72616e646f6dull,
                     key[0] ^ 0x6c7967656e657261ull, key[1] ^ 0x7465646279746573ull};
    const uint64_t words[3] = {a, b, 16ull << 56};

    for (unsigned i = 0; i < 3; i++) {
        v[3] ^= words[i];
        rounds(v, 2);
        v[0] ^= words[i];
    }
    v[2] ^= 0xff;
    rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint32_t net_random(void)
{
    return (uint32_t)keyed_hash(++counter, ~0ull);
}

/* Grows by 250,000 a second, so that an old connection's late segments are not of a new one. */
uint32_t net_first_number(const ip_addr_t *local, uint16_t local_port, const ip_addr_t *remote,
                          uint16_t remote_port)
{
    uint64_t addresses = (uint64_t)local->addr << 32 | remote->addr;
    uint64_t ports = (uint64_t)local_port << 16 | remote_port;

    return (uint32_t)(keyed_hash(addresses, ports) + core.now_ms * 250);
}
