/*
 * list.c - see list.h. A few hundred entries at most, found by their bits: a look at all of them
 * costs less than keeping an order would.
 */
#include "list.h"

#define WAIT_BITS ((1ull << LIST_WAITS) - 1)

static unsigned base_of(enum list_kind kind)
{
    return kind == LIST_WAIT ? 0 : LIST_WAITS;
}

static uint64_t bits_of(enum list_kind kind)
{
    return kind == LIST_WAIT ? WAIT_BITS : ((1ull << TIMER_PER_SESSION) - 1) << LIST_WAITS;
}

void list_init(struct list *l)
{
    *l = (struct list){.next_ns = LIST_NEVER};
}

int list_add(struct list *l, unsigned s, enum list_kind kind, const struct list_entry *e)
{
    uint64_t room = ~l->session[s].used & bits_of(kind);
    unsigned i;

    if (room == 0) {
        return -1;
    }
    i = (unsigned)__builtin_ctzll(room);
    l->session[s].used |= 1ull << i;
    l->session[s].entry[i] = *e;
    l->next_ns = e->deadline_ns < l->next_ns ? e->deadline_ns : l->next_ns;
    return (int)(i - base_of(kind));
}

int list_find(const struct list *l, unsigned s, uint64_t id)
{
    for (uint64_t bits = l->session[s].used & ~WAIT_BITS; bits != 0; bits &= bits - 1) {
        unsigned i = (unsigned)__builtin_ctzll(bits);
        if (l->session[s].entry[i].id == id) {
            return (int)(i - LIST_WAITS);
        }
    }
    return -1;
}

void list_remove(struct list *l, unsigned s, enum list_kind kind, unsigned place)
{
    l->session[s].used &= ~(1ull << (base_of(kind) + place));
}

void list_forget(struct list *l, unsigned s)
{
    l->session[s].used = 0;
}

/* Take entry @i of session @s, which is due. */
static void take(struct list *l, unsigned s, unsigned i, uint64_t now_ns, struct list_due *due)
{
    struct list_entry *e = &l->session[s].entry[i];

    due->kind = i < LIST_WAITS ? LIST_WAIT : LIST_SIGNAL;
    due->session = s;
    due->place = i - base_of(due->kind);
    due->id = e->id;
    due->ended = e->period_ns == 0;
    if (due->ended) {
        l->session[s].used &= ~(1ull << i);
    } else {
        e->deadline_ns += ((now_ns - e->deadline_ns) / e->period_ns + 1) * e->period_ns;
    }
}

bool list_take_due(struct list *l, uint64_t now_ns, struct list_due *due)
{
    uint64_t next = LIST_NEVER;

    if (now_ns < l->next_ns) {
        return false;
    }
    for (unsigned s = 0; s < LIST_SESSIONS; s++) {
        for (uint64_t bits = l->session[s].used; bits != 0; bits &= bits - 1) {
            unsigned i = (unsigned)__builtin_ctzll(bits);
            uint64_t deadline = l->session[s].entry[i].deadline_ns;
            if (deadline <= now_ns) {
                take(l, s, i, now_ns, due);
                return true;
            }
            next = deadline < next ? deadline : next;
        }
    }
    l->next_ns = next;
    return false;
}
