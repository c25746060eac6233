/*
 * random.c - splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
 * 2014): one word of state, every seed is good.
 */
#include "fuzz.h"

static uint64_t state;

void random_seed(uint64_t seed)
{
    state = seed;
}

uint64_t random64(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15ull;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

uint64_t random_below(uint64_t n)
{
    return random64() % n;
}

bool random_chance(unsigned percent)
{
    return random_below(100) < percent;
}
