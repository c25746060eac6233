/*
 * slots.c - see slots.h.
 */
#include <quoll/slots.h>

void slots_init(struct slots *s, uint64_t *words, uint32_t first, uint32_t count)
{
    *s = (struct slots){.used = words, .first = first, .count = count, .top = count};
    for (uint32_t i = 0; i < SLOTS_WORDS(count); i++) {
        words[i] = 0;
    }
}

static bool is_used(const struct slots *s, uint32_t i)
{
    return (s->used[i / 64] >> i % 64 & 1) != 0;
}

static void mark(struct slots *s, uint32_t first, uint32_t count, bool used)
{
    for (uint32_t i = first; i < first + count; i++) {
        uint64_t bit = 1ull << i % 64;
        s->used[i / 64] = used ? s->used[i / 64] | bit : s->used[i / 64] & ~bit;
    }
}

uint32_t slots_take(struct slots *s, uint32_t count)
{
    uint32_t run = 0;

    for (uint32_t i = s->next; count != 0 && i < s->count; i++) {
        run = is_used(s, i) ? 0 : run + 1;
        if (run == count) {
            uint32_t first = i + 1 - count;
            mark(s, first, count, true);
            s->next = first == s->next ? i + 1 : s->next;
            return s->first + first;
        }
    }
    return 0;
}

uint32_t slots_take_top(struct slots *s, uint32_t count)
{
    uint32_t run = 0;

    for (uint32_t i = s->count; count != 0 && i > s->next; i--) {
        run = is_used(s, i - 1) ? 0 : run + 1;
        if (run == count) {
            mark(s, i - 1, count, true);
            s->top = i - 1 < s->top ? i - 1 : s->top;
            return s->first + i - 1;
        }
    }
    return 0;
}

void slots_give(struct slots *s, uint32_t first, uint32_t count)
{
    uint32_t at = first - s->first;

    if (first < s->first || at > s->count || count > s->count - at) {
        return;
    }
    mark(s, at, count, false);
    s->next = at < s->next ? at : s->next;
}

uint32_t slots_free(const struct slots *s)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < s->count; i++) {
        n += !is_used(s, i);
    }
    return n;
}
