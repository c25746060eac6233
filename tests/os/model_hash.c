/*
 * model_hash.c - when are two states of the model the same? Who waits for what, in which order,
 * counts; what was said and which thread is which does not.
 */
#include "model.h"

static uint64_t mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * 0x100000001b3ull;
}

/* Thread i counts as @as[i]; as[MODEL_NOBODY] is nobody. */
static uint64_t mix_queue(uint64_t hash, const struct model_queue *q, const uint8_t *as)
{
    hash = mix(hash, q->count);
    for (unsigned k = 0; k < q->count; k++)
        hash = mix(hash, as[q->thread[k]]);
    return hash;
}

static uint64_t hash_as(const struct model *m, const uint8_t *as)
{
    uint64_t hash = 0xcbf29ce484222325ull, threads = 0, bits = 0;

    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        const struct model_thread *t = &m->t[i];
        uint64_t one =
            mix(as[i], t->state | (unsigned)t->suspended << 8 | (unsigned)t->ordered << 9 |
                           (unsigned)t->ended << 10 | (unsigned)m->reply_dead[i] << 11 |
                           (unsigned)as[m->holds[i]] << 12);

        threads += mix(one, one >> 29);
        bits |= m->bits & MODEL_BIT(i) ? MODEL_BIT(as[i]) : 0;
    }
    hash = mix(mix(hash, threads), bits);
    hash = mix_queue(hash, &m->callers, as);
    hash = mix_queue(hash, &m->receivers, as);
    hash = mix_queue(hash, &m->waiters, as);
    return mix(hash, as[m->bound] | (uint64_t)m->endpoint_dead << 16 |
                         (uint64_t)m->notification_dead << 17);
}

uint64_t model_hash(const struct model *m, unsigned fixed)
{
    uint64_t least = UINT64_MAX;

    for (unsigned code = 0; code < 256; code++) {
        uint8_t as[MODEL_THREADS + 1] = {[MODEL_NOBODY] = MODEL_NOBODY};
        unsigned seen = 0;
        uint64_t hash;

        for (unsigned i = 0; i < MODEL_THREADS; i++) {
            as[i] = (uint8_t)(code >> 2 * i & 3);
            seen |= 1u << as[i];
        }
        if (seen != 15 || as[fixed] != fixed)
            continue;
        hash = hash_as(m, as);
        least = hash < least ? hash : least;
    }
    return least;
}
