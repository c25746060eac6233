/* sources: servers/devman/policy.c servers/devman/event.c */
/*
 * test_policy.c - when a dead driver is started again, against the deaths themselves kept in a
 * plain list; and the ring of events.
 */
#include "mutate.h"

#include "servers/devman/event.h"
#include "servers/devman/policy.h"

#include <stdio.h>

#define DEATHS 4000u

static unsigned passed, failed;

static void check(bool ok, const char *what)
{
    ok ? passed++ : failed++;
    if (!ok) {
        printf("FAILED: %s\n", what);
    }
}

/* `restart = 10ms x2 cap 1s`, `give-up = 5 in 10s` */
static const struct policy usual = {
    .delay_us = 10000, .factor = 2, .cap_us = 1000000, .deaths = 5, .window_us = 10000000};

static void test_back_off(void)
{
    static const uint64_t waits[] = {0, 10000, 20000, 40000, 80000, 160000, 320000, 640000};
    struct policy patient = usual;
    struct policy_state s = {0};
    uint64_t wait = 1, now = 0;
    bool right = true;

    patient.window_us = 1000;
    for (unsigned i = 0; i < 8; i++) {
        right &= policy_death(&patient, &s, now += 20000000, false, &wait) == POLICY_RESTART;
        right &= wait == waits[i];
    }
    check(right, "at once, then doubled");
    for (unsigned i = 0; i < 100; i++) {
        right &= policy_death(&patient, &s, now += 20000000, false, &wait) == POLICY_RESTART;
        right &= wait == 1000000;
    }
    check(right, "never longer than the cap");
    (void)policy_death(&patient, &s, now + 1, true, &wait);
    check(wait == 0, "one that had worked comes back at once");
    (void)policy_death(&patient, &s, now + 20000000, false, &wait);
    check(wait == 0, "and the count begins anew");
    (void)policy_death(&patient, &s, now + 40000000, false, &wait);
    policy_forgive(&s);
    (void)policy_death(&patient, &s, now + 60000000, false, &wait);
    check(wait == 0, "as after an order");
}

static void test_give_up(void)
{
    struct policy_state s = {0};
    uint64_t wait;

    for (unsigned i = 0; i < 4; i++) {
        check(policy_death(&usual, &s, i * 2500000, false, &wait) == POLICY_RESTART,
              "four of five");
    }
    check(policy_death(&usual, &s, 10000000, false, &wait) == POLICY_GIVE_UP,
          "five in the window, its end included");
    s = (struct policy_state){0};
    for (unsigned i = 0; i < 4; i++) {
        (void)policy_death(&usual, &s, i * 2500000, false, &wait);
    }
    check(policy_death(&usual, &s, 10000001, false, &wait) == POLICY_RESTART, "one is too old");
    check(policy_death(&usual, &s, 10000002, false, &wait) == POLICY_GIVE_UP, "the next is not");
}

static void test_extremes(void)
{
    struct policy never = {.delay_us = 0, .factor = 1, .deaths = 1, .window_us = UINT64_MAX};
    struct policy huge = {.delay_us = UINT64_MAX / 2,
                          .factor = UINT32_MAX,
                          .cap_us = UINT64_MAX,
                          .deaths = POLICY_DEATHS_MAX,
                          .window_us = 0};
    struct policy_state s = {0};
    uint64_t wait = 0;

    check(policy_death(&never, &s, 5, false, &wait) == POLICY_GIVE_UP, "restart = never");
    check(policy_death(&never, &s, 6, true, &wait) == POLICY_RESTART,
          "which says nothing of one that had worked");
    s = (struct policy_state){0};
    (void)policy_death(&huge, &s, 1, false, &wait);
    (void)policy_death(&huge, &s, 2, false, &wait);
    check(wait == UINT64_MAX / 2, "a delay of half of all time");
    (void)policy_death(&huge, &s, 3, false, &wait);
    check(wait == UINT64_MAX, "multiplied it is all of it, not a small one");
}

/* The verdict over again, from the list of all deaths. */
static enum policy_verdict model(const struct policy *p, const uint64_t *death, unsigned count)
{
    if (count < p->deaths) {
        return POLICY_RESTART;
    }
    return death[count - 1] - death[count - p->deaths] <= p->window_us ? POLICY_GIVE_UP
                                                                       : POLICY_RESTART;
}

static void test_random(void)
{
    static uint64_t death[DEATHS];
    bool right = true, bounded = true;

    for (unsigned round = 0; round < 200; round++) {
        struct policy p = {.delay_us = random_next() % 1000,
                           .factor = random_next() % 4 + 1,
                           .cap_us = random_next() % 100000,
                           .deaths = random_next() % POLICY_DEATHS_MAX + 1,
                           .window_us = random_next() % 100000};
        struct policy_state s = {0};
        uint64_t now = random_next(), wait = 0, last = 0;
        unsigned count = 0;
        for (unsigned i = 0; i < DEATHS; i++) {
            bool worked = random_next() % 64 == 0;
            now += random_next() % 20000;
            count = worked ? 0 : count + 1;
            if (!worked) {
                death[count - 1] = now;
            }
            enum policy_verdict verdict = policy_death(&p, &s, now, worked, &wait);
            right &= verdict == (worked ? POLICY_RESTART : model(&p, death, count));
            if (verdict == POLICY_RESTART) {
                bounded &= wait <= p.cap_us && (count <= 1 ? wait == 0 : true);
                bounded &= count <= 2 || wait >= last;
                last = count <= 1 ? 0 : wait;
            }
        }
    }
    check(right, "the same verdicts as from a list of all deaths");
    check(bounded, "waits grow up to the cap");
}

/* ---- events */

static void test_events(void)
{
    static struct events e;
    struct event one = {.kind = EVENT_DIED, .cause = CAUSE_FAULT};
    bool right = true;

    check(event_after(&e, 0) == NULL && event_after(&e, UINT64_MAX) == NULL, "none yet");
    for (unsigned i = 1; i <= 3 * EVENTS_KEPT + 5; i++) {
        one.instance = i;
        one.number = 99; /* is set, not believed */
        event_add(&e, &one);
        right &= e.last == i && event_after(&e, i - 1)->number == i;
        right &= event_after(&e, i - 1)->instance == i && event_after(&e, i) == NULL;
    }
    check(right, "each is found by the number before it");
    check(event_after(&e, 0)->number == 2 * EVENTS_KEPT + 6, "who is late gets the oldest kept");
    for (uint64_t i = 2 * EVENTS_KEPT + 5; i < e.last; i++) {
        right &= event_after(&e, i)->number == i + 1 && event_after(&e, i)->instance == i + 1;
    }
    check(right, "and then all, in order");
    check(event_after(&e, UINT64_MAX) == NULL && event_after(&e, e.last + 7) == NULL,
          "numbers of the future");
}

static void test_names(void)
{
    bool right = true;

    for (int i = 0; i <= CAUSE_STOP; i++) {
        const char *name = death_cause_name((enum death_cause)i);
        right &= name != NULL && name[0] != '\0';
        for (int k = 0; k < i; k++) {
            right &= strcmp(name, death_cause_name((enum death_cause)k)) != 0;
        }
    }
    for (int i = 0; i <= EVENT_REFUSED; i++) {
        right &= event_kind_name((enum event_kind)i)[0] != '\0';
    }
    check(right, "every cause and kind has a name of its own");
}

int main(void)
{
    test_back_off();
    test_give_up();
    test_extremes();
    test_random();
    test_events();
    test_names();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
