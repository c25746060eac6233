/*
 * policy.c - see policy.h.
 */
#include "policy.h"

static uint64_t next_wait(const struct policy *p, const struct policy_state *s)
{
    uint64_t wait = p->delay_us;

    if (s->count <= 1) {
        return 0;
    }
    if (s->wait_us != 0 && __builtin_mul_overflow(s->wait_us, (uint64_t)p->factor, &wait)) {
        wait = p->cap_us;
    }
    return wait < p->cap_us ? wait : p->cap_us;
}

/* Did the last p->deaths deaths all lie within the window? */
static bool too_many(const struct policy *p, const struct policy_state *s, uint64_t now_us)
{
    if (s->count < p->deaths) {
        return false;
    }
    return now_us - s->death_us[(s->count - p->deaths) % POLICY_DEATHS_MAX] <= p->window_us;
}

enum policy_verdict policy_death(const struct policy *p, struct policy_state *s, uint64_t now_us,
                                 bool worked, uint64_t *wait_us)
{
    if (worked) {
        policy_forgive(s);
        *wait_us = 0;
        return POLICY_RESTART;
    }
    s->death_us[s->count % POLICY_DEATHS_MAX] = now_us;
    s->count++;
    if (too_many(p, s, now_us)) {
        return POLICY_GIVE_UP;
    }
    s->wait_us = next_wait(p, s);
    *wait_us = s->wait_us;
    return POLICY_RESTART;
}

void policy_forgive(struct policy_state *s)
{
    *s = (struct policy_state){0};
}
