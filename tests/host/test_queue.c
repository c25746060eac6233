/*
 * test_queue.c - a session's queue: each rule by hand, then random schedules of two clients, a
 * driver that dies before any access to a shared page, and devman; then a client and drivers that
 * write anything into the page that is theirs. QUEUE_SCALE=N runs N times as many schedules.
 */
#include "queue_world.h"

/* -------------------------------------------------------------------------- each rule by hand */

static struct session *const one = &sessions[0];

static uint64_t submit(uint32_t op, uint64_t offset, uint64_t length)
{
    uint64_t seq = 0;

    CHECK(queue_submit(&one->client, op, offset, length, NULL, &seq) == E_OK);
    return seq;
}

static uint64_t take(void)
{
    struct queue_request r;

    return queue_take(&one->driver, &r) == E_OK ? r.seq : 0;
}

static struct queue_done collect(void)
{
    struct queue_done done = {0};

    return queue_collect(&one->client, &done) == E_OK ? done : (struct queue_done){0};
}

static void begin(uint32_t slots)
{
    open_session(0, slots, 0);
    CHECK(queue_driver_open(&one->driver, one->driver_view, CLIENT + 1) == E_OK);
    memset(signalled, 0, sizeof(signalled));
}

/* The driver dies and its successor opens the session. */
static struct queue_recovery die(bool counts)
{
    struct queue_recovery found = {0};

    queue_manager_down(&one->manager, counts);
    CHECK(queue_manager_up(&one->manager, &found) == E_BUSY);
    CHECK(queue_driver_open(&one->driver, one->driver_view, CLIENT + 1) == E_BUSY);
    while (collect().seq) {
        /* accepted: what D still shows */
    }
    CHECK(signalled[MANAGER]);
    CHECK(queue_manager_up(&one->manager, &found) == E_OK);
    CHECK(queue_manager_up(&one->manager, &found) == E_EXISTS);
    CHECK(queue_recovered(&one->client) && !queue_recovered(&one->client));
    CHECK(queue_driver_open(&one->driver, one->driver_view, CLIENT + 1) == E_OK);
    return found;
}

static void test_order_and_fullness(void)
{
    struct queue_done done;
    uint64_t seq;

    begin(4);
    for (uint64_t n = 1; n <= 4; n++) {
        CHECK(submit(OP_ANY, 0, 1) == n);
    }
    CHECK(queue_submit(&one->client, OP_ANY, 0, 1, NULL, &seq) == E_BUSY);
    CHECK(take() == 1 && take() == 2 && take() == 3 && take() == 4 && take() == 0);
    CHECK(queue_complete(&one->driver, 3, E_OK, 33) == E_OK);
    CHECK(queue_complete(&one->driver, 3, E_OK, 33) == E_BAD_ARG);
    CHECK(queue_complete(&one->driver, 5, E_OK, 0) == E_BAD_ARG);
    CHECK(queue_progress(&one->driver, 3, 1) == E_BAD_ARG);
    CHECK(queue_progress_place(&one->driver, 3) == NULL);
    done = collect();
    CHECK(done.seq == 3 && done.value == 33 && done.status == E_OK && collect().seq == 0);
    CHECK(queue_submit(&one->client, OP_ANY, 0, 1, NULL, &seq) == E_BUSY); /* slot of 1 */
    CHECK(queue_complete(&one->driver, 1, E_NO_MEMORY, 0) == E_OK && collect().seq == 1);
    CHECK(submit(OP_ANY, 0, 1) == 5 && !queue_driver_idle(&one->driver));
    CHECK(!queue_client_idle(&one->client));
}

static void test_refusals(void)
{
    uint64_t seq = 99;
    struct queue_slot *forged = &one->client_view.c->req[1];

    begin(8);
    CHECK(queue_submit(&one->client, OP_UNKNOWN, 0, 1, NULL, &seq) == E_BAD_CALL);
    CHECK(queue_submit(&one->client, 32, 0, 1, NULL, &seq) == E_BAD_CALL);
    CHECK(queue_submit(&one->client, OP_NO_RIGHT, 0, 1, NULL, &seq) == E_NO_RIGHT);
    CHECK(queue_submit(&one->client, OP_ANY, 8192, 1, NULL, &seq) == E_BAD_ARG);
    CHECK(queue_submit(&one->client, OP_ANY, UINT64_MAX, 2, NULL, &seq) == E_BAD_ARG);
    CHECK(queue_submit(&one->client, OP_ANY, 1, UINT64_MAX, NULL, &seq) == E_BAD_ARG);
    CHECK(seq == 99 && one->client.next == 1 && queue_client_idle(&one->client));
    CHECK(submit(OP_ANY, 8192, 0) == 1);
    /* A client that leaves the library out gets the same answers, and the driver sees nothing. */
    for (unsigned kind = 0; kind < 4; kind++, forged++) {
        uint64_t n = kind == 0 ? 1 : submit(OP_ANY, 0, 1);
        static const uint64_t want[4] = {E_BAD_CALL, E_NO_RIGHT, E_BAD_ARG, E_BAD_ARG};
        struct queue_done done;

        forged->op = kind == 0 ? 77 : kind == 1 ? OP_NO_RIGHT : OP_ANY;
        forged->offset = kind == 2 ? 8192 : 0;
        forged->flags = kind == 3;
        CHECK(take() == 0);
        done = collect();
        CHECK(done.seq == n && done.status == want[kind]);
    }
}

static void test_flush(void)
{
    begin(8);
    for (unsigned i = 0; i < 5; i++) {
        (void)submit(i == 2 ? QUEUE_OP_FLUSH : OP_ANY, 0, 0);
    }
    CHECK(take() == 1 && !queue_driver_is_held_back(&one->driver));
    CHECK(take() == 2 && take() == 0);
    CHECK(queue_driver_about_to_sleep(&one->driver)); /* what is held back is no work */
    CHECK(queue_driver_is_held_back(&one->driver));
    CHECK(queue_complete(&one->driver, 1, E_OK, 0) == E_OK && take() == 0);
    CHECK(queue_driver_is_held_back(&one->driver));
    CHECK(queue_complete(&one->driver, 2, E_OK, 0) == E_OK && take() == 3);
    CHECK(queue_driver_is_held_back(&one->driver) && take() == 0);
    CHECK(queue_driver_about_to_sleep(&one->driver));
    (void)die(false); /* the FLUSH and what it holds back survive in this order */
    CHECK(take() == 3 && take() == 0 && queue_complete(&one->driver, 3, E_OK, 0) == E_OK);
    CHECK(take() == 4 && take() == 5 && take() == 0);
    CHECK(!queue_driver_is_held_back(&one->driver));
}

static void test_sleep(void)
{
    begin(4);
    CHECK(queue_driver_about_to_sleep(&one->driver) && !signalled[DRIVER]);
    (void)submit(OP_ANY, 0, 1);
    CHECK(signalled[DRIVER] && !queue_driver_about_to_sleep(&one->driver));
    signalled[DRIVER] = false;
    (void)submit(OP_ANY, 0, 1);
    CHECK(!signalled[DRIVER] && take() == 1 && take() == 2);
    CHECK(queue_client_about_to_sleep(&one->client) && !signalled[CLIENT]);
    CHECK(queue_complete(&one->driver, 2, E_OK, 0) == E_OK && signalled[CLIENT]);
    CHECK(!queue_client_about_to_sleep(&one->client) && collect().seq == 2);
    signalled[CLIENT] = false;
    CHECK(queue_complete(&one->driver, 1, E_OK, 0) == E_OK && !signalled[CLIENT]);
}

static void test_sleep_for_all(void)
{
    begin(4);
    CHECK(!queue_client_about_to_sleep_for_all(&one->client)); /* there is nothing to wait for */
    for (unsigned i = 0; i < 3; i++) {
        (void)submit(OP_ANY, 0, 1);
    }
    CHECK(take() == 1 && take() == 2);
    CHECK(queue_client_about_to_sleep_for_all(&one->client));
    CHECK(queue_complete(&one->driver, 1, E_OK, 0) == E_OK);
    CHECK(queue_complete(&one->driver, 2, E_OK, 0) == E_OK && !signalled[CLIENT]); /* 3 is left */
    CHECK(queue_client_about_to_sleep_for_all(&one->client));
    CHECK(take() == 3 && queue_complete(&one->driver, 3, E_OK, 0) == E_OK && signalled[CLIENT]);
    CHECK(!queue_client_about_to_sleep_for_all(&one->client));
    CHECK(collect().seq == 1 && collect().seq == 2 && collect().seq == 3);
    /* A death ends the wait: devman signals, and the client acknowledges. */
    signalled[CLIENT] = false;
    (void)submit(OP_ANY, 0, 1);
    CHECK(queue_client_about_to_sleep_for_all(&one->client));
    (void)die(true);
    CHECK(signalled[CLIENT]);
}

static void test_batch(void)
{
    begin(4);
    CHECK(queue_driver_about_to_sleep(&one->driver));
    queue_client_hold(&one->client);
    (void)submit(OP_ANY, 0, 1);
    (void)submit(OP_ANY, 0, 1);
    CHECK(!signalled[DRIVER]);
    CHECK(queue_client_about_to_sleep(&one->client) && signalled[DRIVER]);
    CHECK(take() == 1 && take() == 2);
    queue_driver_hold(&one->driver);
    CHECK(queue_complete(&one->driver, 1, E_OK, 0) == E_OK);
    CHECK(queue_complete(&one->driver, 2, E_OK, 0) == E_OK && !signalled[CLIENT]);
    queue_driver_ring(&one->driver);
    CHECK(signalled[CLIENT]);
    signalled[CLIENT] = false;
    queue_driver_ring(&one->driver); /* nothing since */
    CHECK(!signalled[CLIENT]);
}

static void test_resume(void)
{
    struct queue_request r = {0};

    begin(4);
    (void)submit(OP_IN_ORDER, 0, 100);
    (void)submit(OP_IN_ORDER, 100, 10);
    CHECK(take() == 1 && take() == 2);
    CHECK(queue_progress(&one->driver, 1, 40) == E_OK);
    CHECK(queue_progress(&one->driver, 2, 11) == E_OK); /* more than there is: not believed */
    CHECK(die(true).reissued == 2);
    CHECK(queue_take(&one->driver, &r) == E_OK && r.seq == 1 && r.resume == 40);
    CHECK(queue_take(&one->driver, &r) == E_OK && r.seq == 2 && r.resume == 0);
    CHECK(queue_progress(&one->driver, 1, 39) == E_OK); /* never backwards */
    (void)die(false);
    (void)die(false); /* an instance that did not come to take it loses nothing */
    CHECK(queue_take(&one->driver, &r) == E_OK && r.seq == 1 && r.resume == 40);
    one->client_view.c->req[2].length = 5; /* a client that shortens it afterwards */
    CHECK(queue_take(&one->driver, &r) == E_OK && r.seq == 2);
    CHECK(queue_progress(&one->driver, 2, 7) == E_OK);
    (void)die(false);
    CHECK(take() == 1 && queue_take(&one->driver, &r) == E_OK && r.seq == 2 && r.resume == 0);
}

static void test_poison(void)
{
    struct queue_done done;

    begin(4);
    for (unsigned i = 0; i < 3; i++) {
        (void)submit(OP_ANY, 0, 1);
    }
    CHECK(take() == 1 && queue_complete(&one->driver, 1, E_OK, 0) == E_OK && collect().seq == 1);
    CHECK(die(true).poison == 0 && die(false).poison == 0 && die(true).poison == 0);
    queue_manager_down(&one->manager, true); /* the third that counts ... */
    queue_manager_down(&one->manager, true); /* ... and one before this session was UP again */
    CHECK(collect().seq == 0);
    {
        struct queue_recovery found = {0};

        CHECK(queue_manager_up(&one->manager, &found) == E_OK);
        CHECK(found.poison == 2 && found.reissued == 1); /* the oldest alone */
    }
    CHECK(queue_driver_open(&one->driver, one->driver_view, CLIENT + 1) == E_OK);
    done = collect();
    CHECK(done.seq == 2 && done.status == E_DEAD && take() == 3 && take() == 0);
    CHECK(die(false).poison == 0); /* not by `kill` */
    CHECK(die(true).poison == 3 && take() == 0 && collect().status == E_DEAD);
    CHECK(queue_client_idle(&one->client));
}

static void test_age(void)
{
    struct queue_manager *m = &one->manager;

    begin(8);
    CHECK(queue_manager_age(m, 10) == 0);
    (void)submit(OP_WAITS, 0, 1);
    (void)submit(OP_ANY, 0, 1);
    (void)submit(OP_ANY, 0, 1);
    CHECK(queue_manager_age(m, 20) == 0); /* a client's word alone ages nobody */
    CHECK(take() == 1 && take() == 2 && take() == 3);
    CHECK(queue_manager_age(m, 30) == 0 && queue_manager_age(m, 35) == 5);
    one->client_view.c->req[2].seq = 0; /* nor does it make a driver look younger */
    CHECK(queue_manager_age(m, 40) == 10);
    CHECK(queue_complete(&one->driver, 2, E_OK, 0) == E_OK);
    CHECK(queue_manager_age(m, 50) == 0 && queue_manager_age(m, 60) == 10);
    CHECK(queue_waits(&one->driver, 3) == E_OK && queue_manager_age(m, 65) == 0);
    CHECK(queue_waits(&one->driver, 2) == E_BAD_ARG);
    CHECK(queue_manager_audit(m).what == NULL);
    CHECK(queue_complete(&one->driver, 3, E_OK, 0) == E_OK && queue_manager_age(m, 70) == 0);
    queue_manager_down(m, true);
    CHECK(queue_manager_age(m, 80) == 0);
}

static void test_audit(void)
{
    struct queue_done_slot *done = one->driver_view.d->done;

    begin(8);
    (void)submit(OP_ANY, 0, 1);
    CHECK(take() == 1 && queue_manager_audit(&one->manager).what == NULL);
    CHECK(queue_complete(&one->driver, 1, E_OK, 0) == E_OK);
    CHECK(queue_manager_audit(&one->manager).what == NULL);
    done[1].seq = 9;
    CHECK(queue_manager_audit(&one->manager).slot == 1);
    done[1].seq = 1;
    done[3].taken = 10;
    CHECK(queue_manager_audit(&one->manager).word == 10);
    done[3].taken = 11 | QUEUE_WAITS;
    done[3].seq = 4;
    CHECK(queue_manager_audit(&one->manager).word == 4);
    done[3].seq = 3;
    CHECK(queue_manager_audit(&one->manager).what == NULL);
    one->driver_view.d->sleep = 2;
    CHECK(queue_manager_audit(&one->manager).word == 2);
}

static void test_close(void)
{
    struct queue_recovery found;
    struct queue_done done;
    uint64_t seq;

    begin(4);
    for (unsigned i = 0; i < 3; i++) {
        (void)submit(OP_ANY, 0, 1);
    }
    CHECK(take() == 1 && take() == 2 && queue_complete(&one->driver, 2, E_OK, 5) == E_OK);
    queue_manager_close(&one->manager);
    CHECK(signalled[CLIENT] && signalled[DRIVER] && queue_driver_closed(&one->driver));
    CHECK(!queue_client_about_to_sleep(&one->client));
    done = collect();
    CHECK(done.seq == 2 && done.status == E_OK && done.value == 5);
    CHECK(collect().status == E_DEAD && collect().status == E_DEAD);
    CHECK(queue_collect(&one->client, &done) == E_GONE);
    CHECK(queue_submit(&one->client, OP_ANY, 0, 1, NULL, &seq) == E_GONE);
    CHECK(queue_client_about_to_sleep(&one->client)); /* it may still wait for something else */
    CHECK(queue_driver_open(&one->driver, one->driver_view, 0) == E_GONE);
    queue_manager_down(&one->manager, true);
    CHECK(queue_manager_up(&one->manager, &found) == E_GONE);
}

static void test_open(void)
{
    struct queue_limits limits = limits_of_tests;
    static const uint32_t bad_slots[] = {0, 3, 33, 128, UINT32_MAX};
    struct queue_recovery found;

    begin(4);
    (void)mprotect(one->manager_view.c, VIEW_BYTES, PROT_READ | PROT_WRITE);
    for (unsigned i = 0; i < 5; i++) {
        limits.slots = bad_slots[i];
        CHECK(queue_manager_open(&one->manager, one->manager_view, &limits, 0, 0) == E_BAD_ARG);
        one->manager_view.m->limits.slots = bad_slots[i];
        CHECK(queue_client_open(&one->client, one->client_view, 0, 0) == E_BAD_ARG);
        CHECK(queue_driver_open(&one->driver, one->driver_view, 0) == E_BAD_ARG);
    }
    limits.slots = 1;
    limits.data_bytes = (2u << 20) + 1;
    CHECK(queue_manager_open(&one->manager, one->manager_view, &limits, 0, 0) == E_BAD_ARG);
    limits.data_bytes = 2u << 20;
    limits.ops_allowed |= 1u << 31;
    CHECK(queue_manager_open(&one->manager, one->manager_view, &limits, 0, 0) == E_BAD_ARG);
    /* A driver that dies between the opening and the client's first look. */
    begin(1);
    queue_manager_down(&one->manager, true);
    CHECK(queue_client_open(&one->client, one->client_view, 0, 0) == E_OK);
    CHECK(queue_manager_up(&one->manager, &found) == E_BUSY && collect().seq == 0);
    CHECK(queue_manager_up(&one->manager, &found) == E_OK && submit(OP_ANY, 0, 1) == 1);
    /* A client whose `next` runs backwards. */
    queue_manager_down(&one->manager, true);
    CHECK(collect().seq == 0);
    one->client_view.c->next = 0;
    CHECK(queue_manager_up(&one->manager, &found) == E_BAD_ARG);
    CHECK(queue_driver_closed(&one->driver));
}

/* --------------------------------------------------------------------------- random schedules */

static const uint32_t slot_counts[] = {1, 2, 4, 32, 64};

static void test_deaths(void)
{
    unsigned recoveries = 0, poisons = 0, repeated = 0;

    for (unsigned run = 0; run < 2000 * scale(); run++) {
        death_rate = run % 3 == 0 ? 10 : run % 3 == 1 ? 60 : 400;
        death_counts = run % 2 != 0;
        for (unsigned i = 0; i < SESSIONS; i++) {
            open_session(i, slot_counts[(run + i) % 5], 100);
        }
        CHECK(simulate(10000000));
        for (unsigned i = 0; i < SESSIONS; i++) {
            struct session *s = &sessions[i];

            for (uint64_t n = 1; n <= s->wanted; n++) {
                const struct ghost *g = &s->ghosts[n];

                CHECK(g->completions == 1 && (g->executions || g->status == E_DEAD));
                CHECK(g->op != OP_IN_ORDER || g->status == E_DEAD || g->bytes == g->length);
                repeated += g->repeated;
            }
            recoveries += s->recoveries;
            poisons += s->poisons;
            CHECK(death_counts || s->poisons == 0);
        }
        CHECK(repeated <= deaths * SESSIONS * 32);
    }
    printf("%u deaths, %u of them inside the driver's end, %u recoveries, %u poison requests, "
           "%u bytes repeated\n",
           deaths, deaths_inside, recoveries, poisons, repeated);
    CHECK(deaths_inside > 100 && recoveries > 100 && poisons > 10 && repeated > 10);
    CHECK(deaths_inside * 10 > deaths * 3); /* the deaths are where it hurts */
}

/* A word that might be taken for something. */
static uint64_t nasty(const struct session *s)
{
    const uint64_t words[] = {0,
                              1,
                              UINT64_MAX,
                              QUEUE_SEQ_MAX,
                              QUEUE_WAITS | s->client.next,
                              s->client.next + rnd(3) - 1,
                              s->driver.next + rnd(3) - 1,
                              s->driver.next - rnd(70),
                              s->driver.next + s->driver.limits.slots,
                              queue_progress_word(s->driver.next - rnd(8), (uint32_t)rnd(20)),
                              rnd(9000),
                              rnd(UINT64_MAX)};

    return words[rnd(sizeof(words) / sizeof(words[0]))];
}

/* A client that writes what it likes into C, often enough in a form that gets further. */
static void disturb(struct session *s)
{
    struct queue_c *c = s->client_view.c;
    uint64_t n = s->driver.next;
    struct queue_slot *req = &c->req[n & (s->client.slots - 1)];

    queue_step();
    switch (rnd(6)) {
    case 0:
        ((uint64_t *)c)[rnd(sizeof(*c) / 8)] = nasty(s);
        break;
    case 1:
        *req = (struct queue_slot){.op = (uint32_t)rnd(7), .offset = rnd(9000), .seq = n};
        req->length = rnd(9000);
        break;
    case 2:
        *req =
            (struct queue_slot){.op = (uint32_t)rnd(3), .offset = rnd(99), .length = 9, .seq = n};
        break;
    case 3:
        queue_wake(rnd(2) ? DRIVER + 1 : MANAGER + 1);
        break;
    case 4:
        req->seq = 0;
        req->flags = rnd(8) == 0;
        break;
    default:
        c->next = rnd(200) == 0 ? nasty(s) : n + rnd(s->client.slots);
        c->ack = s->client_view.m->life >> 2;
        queue_wake(MANAGER + 1);
        break;
    }
    sleeping[CLIENT + (s - sessions)] = false;
}

/* A driver that writes what it likes into D. */
static void lie(struct session *s)
{
    struct queue_d *d = s->driver_view.d;
    unsigned slot = (unsigned)rnd(s->client.slots);

    queue_step();
    switch (rnd(4)) {
    case 0:
        ((uint64_t *)d)[rnd(sizeof(*d) / 8)] = nasty(s);
        break;
    case 1:
        d->done[slot].seq = queue_seq_of(s->client.next + rnd(2), s->client.slots, slot);
        break;
    case 2:
        d->done[slot].progress =
            queue_progress_word(queue_seq_of(s->client.next, s->client.slots, slot),
                                (uint32_t)rnd(14));
        break;
    default:
        queue_wake(CLIENT + rnd(SESSIONS) + 1);
        break;
    }
}

static void test_hostile_client(void)
{
    unsigned long before = passed;
    unsigned closed = 0;

    death_counts = true;
    death_rate = 200;
    for (unsigned run = 0; run < 1000 * scale(); run++) {
        for (unsigned i = 0; i < SESSIONS; i++) {
            open_session(i, slot_counts[run % 5], 60);
        }
        sessions[1].client_hostile = true;
        CHECK(simulate(10000000));
        for (uint64_t n = 1; n <= sessions[0].wanted; n++) {
            CHECK(sessions[0].ghosts[n].completions == 1);
        }
        closed += queue_state_of(sessions[1].manager.p.m->life) == QUEUE_CLOSED;
    }
    CHECK(passed - before > 10000 && closed > 0);
}

static void test_hostile_driver(void)
{
    unsigned forged = 0;

    death_counts = false;
    drivers_may_lie = true;
    death_rate = 200;
    for (unsigned run = 0; run < 1000 * scale(); run++) {
        for (unsigned i = 0; i < SESSIONS; i++) {
            open_session(i, slot_counts[run % 5], 60);
            sessions[i].driver_sound = false;
        }
        driver_hostile = true;
        CHECK(simulate(10000000));
        for (unsigned i = 0; i < SESSIONS; i++) {
            for (uint64_t n = 1; n <= sessions[i].wanted; n++) {
                CHECK(sessions[i].ghosts[n].completions == 1);
            }
            forged += sessions[i].forged;
        }
    }
    CHECK(forged > 100); /* rule 12: of its own sessions, and outstanding */
}

int main(void)
{
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    test_order_and_fullness();
    test_refusals();
    test_flush();
    test_sleep();
    test_sleep_for_all();
    test_batch();
    test_resume();
    test_poison();
    test_age();
    test_audit();
    test_close();
    test_open();
    test_deaths();
    test_hostile_client();
    test_hostile_driver();
    printf("%lu passed, %lu failed\n", passed, failed);
    return failed != 0;
}
