/*
 * secret.c - see secret.h.
 */
#include <quoll/secret.h>

#include <quoll/info.h>
#include <quoll/sys.h>
#include <stdbool.h>
#include <string.h>

static bool has_rdrand(void)
{
    uint32_t a = 1, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (c >> 30 & 1) != 0;
}

static uint64_t hardware_random(void)
{
    uint64_t value = 0;

    __asm__ volatile("rdrand %0" : "+r"(value) : : "cc");
    return value;
}

void secret_make(uint8_t secret[16])
{
    uint64_t words[2] = {rdtsc(), 0};
    bool has = has_rdrand();

    for (unsigned i = 0; i < 32; i++) {
        uint64_t x = has ? hardware_random() : 0;
        sys_yield();
        words[i % 2] = words[i % 2] * 0x9e3779b97f4a7c15ull + (rdtsc() ^ x);
    }
    memcpy(secret, words, 16);
}
