/*
 * queue_world.h - sessions, a driver and devman as parties that interrupt each other before any
 * access to a shared page (queue_step), for test_queue*.c. A death is a longjmp out of the driver.
 * Each party has its own mappings with the rights it has in the system, so a write to a page that
 * is not its own is a crash. A party that sleeps runs only when it was signalled; nobody runnable
 * with work left is a lost wake-up.
 */
#define _GNU_SOURCE
#define QUEUE_TEST_STEP
#include "../../servers/lib/queue_client.c"
#include "../../servers/lib/queue_driver.c"
#include "../../servers/lib/queue_manager.c"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define SESSIONS     2
#define VIEW_BYTES   (2ul * QUEUE_PAGE_BYTES) /* of C, of D, and more than of M */
#define REQUESTS_MAX 400
#define OP_IN_ORDER  1 /* bytes one after the other, with progress */
#define OP_ANY       2
#define OP_NO_RIGHT  3
#define OP_WAITS     4
#define OP_UNKNOWN   5

static unsigned long passed, failed;

#define CHECK(c) ((c) ? (void)passed++ : check_failed(__LINE__, #c))

static void check_failed(int line, const char *what)
{
    failed++;
    if (failed <= 20) {
        printf("FAILED, line %d: %s\n", line, what);
    }
}

static uint64_t random_state = 1;

static uint64_t rnd(uint64_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (random_state >> 11) % below;
}

/* What is known of a request from outside. */
struct ghost {
    uint32_t op, length;
    uint64_t offset;
    unsigned completions, executions, refusals, deaths; /* deaths: that count, while it was out */
    uint64_t status;
    uint32_t bytes; /* of OP_IN_ORDER: that left the device, repetitions not counted */
    unsigned repeated;
};

enum party { CLIENT, DRIVER = CLIENT + SESSIONS, MANAGER, PARTIES };

static struct session {
    struct queue_pages client_view, driver_view, manager_view;
    struct queue_client client;
    struct queue_driver driver;
    struct queue_manager manager;
    bool driver_open, driver_sound; /* sound: checks of what the driver sees apply */
    bool client_hostile;
    unsigned wanted;                            /* requests to be issued in all */
    struct ghost ghosts[REQUESTS_MAX + 1];      /* by number */
    uint64_t buffer_of[QUEUE_SLOTS_MAX];        /* whose the buffer is: number, or 0 */
    struct queue_request hand[QUEUE_SLOTS_MAX]; /* what the driver works on */
    unsigned in_hand;
    uint64_t last_taken; /* by this instance */
    unsigned recoveries, poisons, forged;
} sessions[SESSIONS];

static bool sleeping[PARTIES], signalled[PARTIES], on_stack[PARTIES];
static enum party running = PARTIES;
static bool driver_alive, driver_hostile, drivers_may_lie, death_counts;
static unsigned deaths, deaths_inside;
static jmp_buf driver_death;
static unsigned interrupt_rate = 6, death_rate = 400; /* one in so many */

void queue_wake(uint64_t handle)
{
    if (handle) {
        signalled[handle - 1] = true;
    }
}

static void run_party(enum party party);
static void kill_driver(bool counts);

/* Before an access of `running`: others may run, and the driver may die here. */
void queue_step(void)
{
    enum party me = running;

    if (me == PARTIES) {
        return; /* a test that is no simulation */
    }
    if (rnd(interrupt_rate) == 0) {
        enum party other = (enum party)rnd(PARTIES);

        if (!on_stack[other]) {
            run_party(other);
        }
    }
    if (me == DRIVER && driver_alive && !on_stack[MANAGER] && rnd(death_rate) == 0) {
        on_stack[MANAGER] = true;
        running = MANAGER;
        kill_driver(death_counts && rnd(4) != 0);
        on_stack[MANAGER] = false;
    }
    running = me;
    if (me == DRIVER && !driver_alive) {
        deaths_inside++;
        longjmp(driver_death, 1);
    }
}

/* ------------------------------------------------------------------------------------ world */

static void *view(int file, int rights)
{
    void *page = mmap(NULL, VIEW_BYTES, rights, MAP_SHARED, file, 0);

    if (page == MAP_FAILED) {
        abort();
    }
    return page;
}

static void make_pages(struct session *s)
{
    int files[3];

    for (unsigned i = 0; i < 3; i++) {
        files[i] = memfd_create("queue", 0);
        if (files[i] < 0 || ftruncate(files[i], VIEW_BYTES) != 0) {
            abort();
        }
    }
    s->client_view = (struct queue_pages){view(files[0], PROT_READ | PROT_WRITE),
                                          view(files[1], PROT_READ), view(files[2], PROT_READ)};
    s->driver_view =
        (struct queue_pages){view(files[0], PROT_READ), view(files[1], PROT_READ | PROT_WRITE),
                             view(files[2], PROT_READ)};
    s->manager_view = (struct queue_pages){view(files[0], PROT_READ | PROT_WRITE),
                                           view(files[1], PROT_READ | PROT_WRITE),
                                           view(files[2], PROT_READ | PROT_WRITE)};
    for (unsigned i = 0; i < 3; i++) {
        (void)close(files[i]);
    }
}

static const struct queue_limits limits_of_tests = {
    .ops_known = 1u << QUEUE_OP_FLUSH | 1u << OP_IN_ORDER | 1u << OP_ANY | 1u << OP_NO_RIGHT |
                 1u << OP_WAITS,
    .ops_allowed = 1u << QUEUE_OP_FLUSH | 1u << OP_IN_ORDER | 1u << OP_ANY | 1u << OP_WAITS,
    .ops_wait = 1u << OP_WAITS,
    .data_bytes = 8192,
};

static void open_session(unsigned index, uint32_t slots, unsigned wanted)
{
    struct session *s = &sessions[index];
    struct queue_limits limits = limits_of_tests;
    struct queue_pages views[3] = {s->client_view, s->driver_view, s->manager_view};

    memset(s, 0, sizeof(*s));
    s->client_view = views[0];
    s->driver_view = views[1];
    s->manager_view = views[2];
    if (!s->client_view.c) {
        make_pages(s);
    }
    (void)mprotect(s->manager_view.c, VIEW_BYTES, PROT_READ | PROT_WRITE);
    limits.slots = slots;
    CHECK(queue_manager_open(&s->manager, s->manager_view, &limits, CLIENT + index + 1,
                             DRIVER + 1) == E_OK);
    (void)mprotect(s->manager_view.c, VIEW_BYTES, PROT_READ); /* devman only reads C */
    CHECK(queue_client_open(&s->client, s->client_view, DRIVER + 1, MANAGER + 1) == E_OK);
    s->wanted = wanted;
    s->driver_sound = true;
}

/* ----------------------------------------------------------------------------------- client */

static void client_submit(struct session *s)
{
    uint64_t number = s->client.next, seq = 0;
    unsigned slot = (unsigned)number & (s->client.slots - 1);
    struct ghost *g = &s->ghosts[number];
    uint64_t args[4] = {number, ~number, number * 3, rnd(UINT64_MAX)};
    uint32_t share = 8192 / s->client.slots;
    int error;

    if (g->op == 0 && g->length == 0) { /* not tried before */
        g->op = rnd(12) == 0 ? QUEUE_OP_FLUSH : 1 + (uint32_t)rnd(2);
        g->length = 1 + (uint32_t)rnd(share < 12 ? share : 12);
        g->offset = (uint64_t)slot * share;
    }
    if (s->client.outstanding >> slot & 1) {
        CHECK(queue_submit(&s->client, g->op, g->offset, g->length, args, &seq) != E_OK);
        return;
    }
    s->buffer_of[slot] = number; /* reused, before the request is there */
    error = queue_submit(&s->client, g->op, g->offset, g->length, args, &seq);
    if (error) {
        CHECK(error == E_BUSY || error == E_GONE);
        s->buffer_of[slot] = 0;
        return;
    }
    CHECK(seq == number);
}

static void client_collect(struct session *s, const struct queue_done *done)
{
    struct ghost *g = &s->ghosts[done->seq];

    CHECK(done->seq >= 1 && done->seq < s->client.next && g->completions == 0);
    g->completions++;
    g->status = done->status;
    s->buffer_of[done->seq & (s->client.slots - 1)] = 0;
    if (!s->driver_sound) {
        s->forged += g->executions == 0;
        return;
    }
    if (done->status == E_OK) {
        CHECK(g->executions >= 1 && done->value == done->seq * 7 + 1);
    } else {
        CHECK(done->status == E_DEAD && g->deaths >= QUEUE_POISON);
    }
}

static void run_client(enum party party)
{
    struct session *s = &sessions[party - CLIENT];
    struct queue_done done;
    unsigned burst = (unsigned)rnd(4) + 1;

    while (queue_collect(&s->client, &done) == E_OK) {
        client_collect(s, &done);
    }
    s->recoveries += queue_recovered(&s->client);
    if (rnd(2)) {
        queue_client_hold(&s->client);
    }
    while (burst-- && s->client.next <= s->wanted) {
        client_submit(s);
    }
    if (rnd(2)) {
        queue_client_ring(&s->client);
    }
    /* It sleeps also when it could submit no more: BUSY ends with a signal. */
    if (rnd(2) &&
        (s->client.next > s->wanted || queue_client_idle(&s->client) == false || s->client.held)) {
        sleeping[party] = s->client.outstanding != 0 && rnd(2)
                              ? queue_client_about_to_sleep_for_all(&s->client)
                              : queue_client_about_to_sleep(&s->client);
    }
}

/* ----------------------------------------------------------------------------------- driver */

static void check_taken(struct session *s, const struct queue_request *r)
{
    const struct ghost *g = s->ghosts;

    CHECK(r->seq > s->last_taken);
    s->last_taken = r->seq;
    CHECK(queue_check(&s->driver.limits, r->op, r->offset, r->length) == E_OK);
    CHECK(r->resume <= r->length && s->in_hand < s->driver.limits.slots);
    for (unsigned i = 0; i < s->in_hand; i++) {
        CHECK(s->hand[i].seq != r->seq && s->hand[i].op != QUEUE_OP_FLUSH);
    }
    if (s->client_hostile) {
        return;
    }
    g += r->seq;
    CHECK(r->op == g->op && r->offset == g->offset && r->length == g->length);
    CHECK(r->arg[0] == r->seq && r->arg[1] == ~r->seq && r->arg[2] == r->seq * 3);
    for (uint64_t n = 1; n < r->seq; n++) {
        const struct ghost *lower = &s->ghosts[n];
        bool done = lower->executions || lower->completions || lower->deaths >= QUEUE_POISON;

        CHECK(done || (lower->op != QUEUE_OP_FLUSH && r->op != QUEUE_OP_FLUSH));
    }
}

/* One byte leaves the device; then the progress is stored: a death between repeats one byte. */
static void send_byte(struct session *s, struct queue_request *r)
{
    struct ghost *g = s->ghosts;

    if (!s->client_hostile) {
        g += r->seq;
        CHECK(!s->driver_sound || r->resume == g->bytes || r->resume + 1 == g->bytes);
        g->repeated += r->resume + 1 == g->bytes;
        g->bytes = r->resume + 1;
    }
    r->resume++;
    CHECK(queue_progress(&s->driver, r->seq, r->resume) == E_OK);
}

static void work(struct session *s, unsigned i)
{
    struct queue_request *r = &s->hand[i];
    uint64_t seq = r->seq;

    if (r->op == OP_IN_ORDER && r->resume < r->length) {
        send_byte(s, r);
        return;
    }
    if (!s->client_hostile) {
        CHECK(s->buffer_of[seq & (s->driver.limits.slots - 1)] == seq); /* still the driver's */
        s->ghosts[seq].executions++;
    }
    s->hand[i] = s->hand[--s->in_hand];
    CHECK(queue_complete(&s->driver, seq, E_OK, seq * 7 + 1) == E_OK);
    CHECK(queue_complete(&s->driver, seq, E_OK, 0) == E_BAD_ARG);
}

static bool driver_may_sleep(void)
{
    bool idle = true;

    for (unsigned i = 0; i < SESSIONS; i++) {
        idle = idle && sessions[i].in_hand == 0;
    }
    for (unsigned i = 0; idle && i < SESSIONS; i++) {
        idle = !sessions[i].driver_open || queue_driver_about_to_sleep(&sessions[i].driver);
    }
    return idle;
}

static void serve(struct session *s)
{
    struct queue_request r;

    if (!s->driver_open) {
        s->in_hand = 0;
        s->last_taken = 0;
        s->driver_open = queue_driver_open(&s->driver, s->driver_view,
                                           (uint64_t)(CLIENT + (s - sessions) + 1)) == E_OK;
        return;
    }
    if (rnd(3) && queue_take(&s->driver, &r) == E_OK) {
        check_taken(s, &r);
        s->hand[s->in_hand++] = r;
    }
    if (s->in_hand && rnd(3)) {
        work(s, (unsigned)rnd(s->in_hand));
    }
}

static void lie(struct session *s); /* a hostile driver's step: test_queue_hostile.c */
static void disturb(struct session *s);

static void run_driver(void)
{
    if (driver_hostile) {
        lie(&sessions[rnd(SESSIONS)]);
        return;
    }
    for (unsigned i = 0; i < SESSIONS; i++) {
        if (rnd(2)) {
            queue_driver_hold(&sessions[i].driver);
        }
        for (uint64_t n = 1 + rnd(3); n-- != 0;) {
            serve(&sessions[i]);
        }
        if (sessions[i].driver_open) {
            queue_driver_ring(&sessions[i].driver);
        }
    }
    if (rnd(4) == 0) {
        sleeping[DRIVER] = driver_may_sleep();
    }
}

/* ---------------------------------------------------------------------------------- manager */

static void kill_driver(bool counts)
{
    for (unsigned i = 0; i < SESSIONS; i++) {
        struct session *s = &sessions[i];

        driver_alive = false;
        queue_manager_down(&s->manager, counts);
        s->driver_open = false;
    }
    deaths++;
}

static void recover(struct session *s)
{
    struct queue_recovery found = {0};
    bool counts = s->manager.strike && !s->client_hostile;
    int error = queue_manager_up(&s->manager, &found);

    if (error == E_OK) {
        /* The client has not run since: it was held. */
        for (uint64_t n = 1; counts && n < s->client.next; n++) {
            s->ghosts[n].deaths += s->ghosts[n].completions == 0;
        }
        CHECK(s->client_hostile || found.ignored == 0);
        CHECK(found.reissued <= s->client.slots);
        s->poisons += found.poison != 0;
    } else {
        CHECK(error == E_BUSY || error == E_EXISTS ||
              (s->client_hostile && (error == E_BAD_ARG || error == E_GONE)));
    }
}

static void run_manager(void)
{
    static uint64_t clock;

    if (driver_alive && rnd(death_rate / interrupt_rate + 1) == 0) {
        kill_driver(death_counts && rnd(4) != 0);
    }
    if (!driver_alive && !on_stack[DRIVER]) {
        driver_alive = true; /* the successor */
        driver_hostile = drivers_may_lie && rnd(2) == 0;
        sleeping[DRIVER] = false;
    }
    for (unsigned i = 0; i < SESSIONS; i++) {
        struct session *s = &sessions[i];

        if (driver_alive) {
            recover(s);
        }
        (void)queue_manager_age(&s->manager, ++clock);
        if (!driver_hostile && s->driver_sound) {
            CHECK(queue_manager_audit(&s->manager).what == NULL);
        }
    }
    /* devman looks when it is signalled, or to kill. */
    sleeping[MANAGER] = rnd(4) != 0;
}

/* --------------------------------------------------------------------------------- schedule */

static void run_party(enum party party)
{
    enum party before = running;

    if ((sleeping[party] && !signalled[party]) || (party == DRIVER && !driver_alive)) {
        return;
    }
    sleeping[party] = false;
    signalled[party] = false;
    on_stack[party] = true;
    running = party;
    if (party == DRIVER) {
        if (setjmp(driver_death) == 0) {
            run_driver();
        }
    } else if (party == MANAGER) {
        run_manager();
    } else if (sessions[party - CLIENT].client_hostile) {
        disturb(&sessions[party - CLIENT]);
    } else {
        run_client(party);
    }
    on_stack[party] = false;
    running = before;
}

static bool all_done(void)
{
    for (unsigned i = 0; i < SESSIONS; i++) {
        const struct session *s = &sessions[i];

        if (!s->client_hostile && (s->client.next <= s->wanted || s->client.outstanding)) {
            return false;
        }
    }
    return true;
}

/* Until the honest clients have their answers; false if nobody can run any more. */
static bool simulate(unsigned long steps_max)
{
    memset(sleeping, 0, sizeof(sleeping));
    memset(signalled, 0, sizeof(signalled));
    driver_alive = true;
    for (unsigned long step = 0; step < steps_max && !all_done(); step++) {
        bool runnable = !driver_alive || driver_hostile;

        for (unsigned p = 0; p < MANAGER; p++) {
            runnable = runnable || !sleeping[p] || signalled[p];
        }
        runnable = runnable || signalled[MANAGER];
        if (!runnable) {
            return false;
        }
        if (rnd(50) == 0) {
            signalled[MANAGER] = true; /* its clock */
        }
        run_party((enum party)rnd(PARTIES));
    }
    return all_done();
}

static unsigned scale(void)
{
    const char *factor = getenv("QUEUE_SCALE");

    return factor ? (unsigned)atoi(factor) : 1;
}
