/*
 * session.c - a run of N calls: worlds one after the other, the kernel's invariants every so many
 * calls, and at the end the books.
 */
#include "fuzz.h"
#include <quoll/borrow.h>
#include <quoll/info.h>
#include <quoll/lab.h>
#include <quoll/sys.h>
#include <quoll/task.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LOOK_EVERY 64 /* calls, between two looks at the victims' slots */
#define EDGE_EVERY 61 /* calls, between two interrupts */
#define TRACED     12 /* of the last calls of a run that checks after each, printed by the kernel */

#define PIT_CHANNEL0 0x40u
#define PIT_COMMAND  0x43u
#define PIT_ONE_SHOT 0x30u
#define PIT_TICKS    10u /* 8 us */
#define PIT_WAIT_US  100u

struct fuzz_result fuzz_result;
bool fuzz_timed;

static uint64_t total, every;
static bool open, checked; /* @checked: the kernel can check itself */
static bool world_there;
static bool dead[VICTIMS];                         /* and beyond repair */
static uint64_t next_seed, world_calls, world_end; /* calls made and to be made in this world */

/* What must be the same before and after: memory, interrupt sources, ports. */
struct books {
    uint64_t used_bytes;
    uint32_t free_pins;
    uint64_t free_ports; /* a bit per 1,024 */
};
static struct books before;

void fuzz_fail(const char *format, ...)
{
    va_list args;

    if (fuzz_result.failed)
        return;
    fuzz_result.failed = true;
    va_start(args, format);
    (void)vsnprintf(fuzz_result.text, sizeof fuzz_result.text, format, args);
    va_end(args);
}

void fuzz_sleep_us(uint64_t us)
{
    uint64_t bits, ticks = us * (quoll_info()->tsc_hz / 1000000u);

    if (sys_op(SLOT_NOTIFY, OP_NOTIFICATION_SET_DEADLINE, rdtsc() + ticks, 1, 0, 0, 0, 0) == E_OK)
        (void)sys_wait(SLOT_NOTIFY, &bits);
}

/* One line on the kernel's console, if it is a debug build: it survives a panic. */
__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    char line[240];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    for (const char *p = line; *p; p++)
        sys_debug_putc(*p);
}

static void check_kernel(void)
{
    if (checked && sys_debug(DEBUG_CHECK, fuzz_result.calls) == E_OK)
        fuzz_result.checks++;
}

/* ---- the timer chip: an interrupt that comes when it is told to */

static void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void one_edge(void)
{
    out8(PIT_COMMAND, PIT_ONE_SHOT);
    out8(PIT_CHANNEL0, PIT_TICKS);
    out8(PIT_CHANNEL0, 0);
    fuzz_sleep_us(PIT_WAIT_US);
}

static bool take_timer_chip(void)
{
    uint64_t map = lab_slot();
    int status = sys_op(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_CREATE, SLOT_UNTYPED, SLOT_VSPACE,
                        map, 0, 0, 0);

    if (status == E_OK)
        status = sys_op(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_GRANT, map, PIT_CHANNEL0,
                        PIT_COMMAND, 0, 0, 0);
    if (status != E_OK)
        fuzz_fail("ports of the timer chip: error %d", status);
    else
        one_edge(); /* now it no longer ticks as the firmware told it */
    return status == E_OK;
}

/* ---- books */

static struct books books_read(void)
{
    struct books b = {0};
    uint64_t map = WORLD_TEMP, vspace = WORLD_VSPACE;

    (void)sys_op(SLOT_UNTYPED, OP_UNTYPED_RETYPE, OBJ_VSPACE, 0, 0, vspace, 1, 0);
    (void)sys_op(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_CREATE, SLOT_UNTYPED, vspace, map, 0, 0, 0);
    for (unsigned i = 0; i < 64; i++) {
        int status = sys_op(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_GRANT, map, 1024ull * i,
                            1024ull * i + 1023, 0, 0, 0);
        b.free_ports |= (uint64_t)(status == E_OK) << i;
    }
    (void)sys_op(SLOT_CNODE, OP_CNODE_DELETE, vspace, 0, 0, 0, 0, 0);
    (void)sys_op(SLOT_CNODE, OP_CNODE_DELETE, map, 0, 0, 0, 0, 0);
    for (unsigned pin = 0; pin < 24; pin++) {
        int status =
            sys_op(SLOT_IRQ_CONTROL, OP_IRQ_CONTROL_CREATE, SLOT_UNTYPED, pin, 0, map, 0, 0);
        b.free_pins |= (uint32_t)(status == E_OK) << pin;
        (void)sys_op(SLOT_CNODE, OP_CNODE_DELETE, map, 0, 0, 0, 0, 0);
    }
    b.used_bytes = lab_used_bytes();
    return b;
}

static void books_compare(const struct books *after)
{
    if (after->used_bytes != before.used_bytes)
        fuzz_fail("%lu bytes in use, before it were %lu", after->used_bytes, before.used_bytes);
    if (after->free_ports != before.free_ports)
        fuzz_fail("free ports: 0x%lx, before 0x%lx", after->free_ports, before.free_ports);
    if (after->free_pins != before.free_pins)
        fuzz_fail("free interrupts: 0x%x, before 0x%x", after->free_pins, before.free_pins);
}

/* ---- worlds */

static void end_world(void)
{
    struct msg m = {0};
    int status;

    if (!world_there)
        return;
    world_there = false;
    status = world_destroy();
    if (status != E_OK)
        fuzz_fail("revoking a world: error %d", status);
    if (sys_invoke(world.untyped, OP_UNTYPED_INFO, &m) != E_OK || m.w[2] != 0)
        fuzz_fail("%lu bytes of a world are left after its revocation", m.w[2]);
    check_kernel();
}

static void begin_world(void)
{
    const char *what;
    int status;

    memset(dead, 0, sizeof dead);
    world_there = true;
    fuzz_result.world_seed = next_seed;
    random_seed(next_seed);
    next_seed = random64();
    world_calls = 0;
    world_end = 100 + random_below(1400);
    fuzz_result.worlds++;
    say("fuzz: world 0x%lx at call %lu\n", fuzz_result.world_seed, fuzz_result.calls);
    if (!world_make(&what, &status))
        fuzz_fail("building world %lu: %s: error %d", fuzz_result.worlds, what, status);
}

/* ---- calls */

static void mix(uint64_t v)
{
    fuzz_result.hash = (fuzz_result.hash ^ v) * 0x100000001b3ull;
    fuzz_result.hash ^= fuzz_result.hash >> 29;
}

/* Addresses and times are not the same in every run; small numbers are. */
static void mix_word(uint64_t v)
{
    mix(v < 1u << 20 ? v : ~0ull);
}

/* The results, without the words in which an operation of that label tells a time. */
static void mix_result(const struct call *c, const struct quoll_regs *r)
{
    uint32_t label = (uint32_t)(c->regs.rsi >> TAG_LABEL_SHIFT);

    if ((int32_t)c->regs.rax == SYS_DEBUG || (int32_t)c->regs.rax == SYS_NULL)
        return; /* not the same in every build; nothing */
    mix(r->rax);
    mix_word(r->rdi);
    mix(r->rsi);
    if (label != OP_BUDGET_INFO)
        mix_word(r->rdx);
    if (label != OP_IRQ_CONTROL_INFO) /* nor the vectors that drivers have left */
        mix_word(r->r8);
    if (label != OP_THREAD_INFO)
        mix_word(r->r9);
    if (label != OP_THREAD_READ_REGS)
        mix_word(r->r10);
    mix_word(r->r12);
    mix_word(r->r13);
}

static void count(const struct call *c, enum outcome outcome, const struct quoll_regs *r)
{
    mix(outcome);
    if (outcome == OUTCOME_DONE) {
        const char *wrong = victim_judge(c, r);
        if (wrong != NULL)
            fuzz_fail("call %lu: %s", fuzz_result.calls, wrong);
        mix_result(c, r);
    }
    fuzz_result.done += outcome == OUTCOME_DONE && r->rax == E_OK;
    fuzz_result.refused += outcome == OUTCOME_DONE && r->rax != E_OK;
    fuzz_result.blocked += outcome == OUTCOME_BLOCKED;
    fuzz_result.lost += outcome == OUTCOME_LOST;
}

static void trace(const struct call *c)
{
    const struct quoll_regs *r = &c->regs;

    say("call %lu of victim %u: rax %lx rdi %lx rbx %lx rsi %lx words %lx %lx %lx %lx %lx %lx\n",
        fuzz_result.calls, c->victim, r->rax, r->rdi, r->rbx, r->rsi, r->rdx, r->r8, r->r9, r->r10,
        r->r12, r->r13);
}

/* A victim to make the next call: most often one that waits for nothing. False: none is left. */
static bool pick_victim(unsigned *victim)
{
    unsigned at = (unsigned)random_below(VICTIMS);
    bool any = false, disturb = random_chance(8);

    for (unsigned i = 0; i < VICTIMS; i++) {
        unsigned v = (at + i) % VICTIMS;
        enum outcome o = victim_look(v);
        dead[v] = dead[v] || o == OUTCOME_LOST;
        if (dead[v])
            continue;
        *victim = v;
        any = true;
        if (o == OUTCOME_DONE || disturb)
            return true;
    }
    return any;
}

static bool takes_back(const struct call *c)
{
    uint64_t label = c->regs.rsi >> TAG_LABEL_SHIFT;

    return (int32_t)c->regs.rax == SYS_CALL &&
           (label == OP_CNODE_DELETE || label == OP_CNODE_REVOKE);
}

/* The same for a call that takes something back. A victim that takes back what it runs on itself
 * stops in the middle, which depends on time: this world is over then. */
static enum outcome run_taking_back(const struct call *c, struct quoll_regs *result)
{
    struct victims_priority priority;
    enum outcome outcome;

    victims_quiet(&priority, c->victim);
    outcome = victim_run(c, result);
    victims_loud(&priority);
    if (outcome == OUTCOME_BLOCKED || victim_can_run(c->victim))
        return outcome;
    world_end = 0;
    return OUTCOME_LOST;
}

/* Make a call; false: nobody is left to make one. */
static bool one_call(void)
{
    struct quoll_regs result = {0};
    struct call c;
    enum outcome outcome;
    unsigned victim = 0;

    if (!pick_victim(&victim))
        return false;
    call_make(&c, victim);
    fuzz_result.calls++;
    if (every == 1 && total - fuzz_result.calls < TRACED)
        trace(&c);
    if (takes_back(&c) && !fuzz_timed)
        outcome = run_taking_back(&c, &result);
    else
        outcome = victim_run(&c, &result);
    count(&c, outcome, &result);
    if (outcome == OUTCOME_LOST)
        dead[victim] = !world_repair(victim);
    /* a deadline in the past fires at once, but asynchronously */
    if (c.regs.rsi >> TAG_LABEL_SHIFT == OP_NOTIFICATION_SET_DEADLINE && outcome == OUTCOME_DONE &&
        result.rax == E_OK && c.regs.rdx != 0 && c.regs.rdx < 1u << 24)
        fuzz_sleep_us(20);
    return true;
}

static void one_step(void)
{
    bool lives;

    if (world_calls % LOOK_EVERY == 0)
        world_look();
    if (world_calls % EDGE_EVERY == 0)
        one_edge();
    lives = one_call();
    if (every != 0 && fuzz_result.calls % every == 0)
        check_kernel();
    if (!lives || ++world_calls >= world_end) {
        end_world();
        begin_world();
    }
}

/* ---- for main.c */

int session_begin(uint64_t seed, uint64_t n, uint64_t check_every, bool timed)
{
    const char *failed;

    if (open)
        return E_BUSY;
    memset(&fuzz_result, 0, sizeof fuzz_result);
    next_seed = seed;
    fuzz_result.hash = 0xcbf29ce484222325ull;
    total = n;
    every = check_every;
    fuzz_timed = timed;
    lab_begin();
    failed = borrow_devices(borrow_is_timer);
    before = books_read();
    checked = sys_debug(DEBUG_CHECK, 0) == E_OK;
    open = true;
    if (failed != NULL) {
        fuzz_fail("%s", failed);
        return E_OK;
    }
    if (!take_timer_chip() || !world_begin()) {
        fuzz_fail("%s", lab_error() != NULL ? lab_error() : "no timer chip");
        return E_OK;
    }
    begin_world();
    return E_OK;
}

void session_calls(uint64_t n)
{
    uint64_t end = fuzz_result.calls + n;

    while (open && !fuzz_result.failed && fuzz_result.calls < end)
        one_step();
}

void session_end(void)
{
    const char *failed;
    struct books after;

    if (!open)
        return;
    open = false;
    end_world();
    lab_end();
    check_kernel();
    after = books_read();
    books_compare(&after);
    failed = borrow_return();
    if (failed != NULL)
        fuzz_fail("%s", failed);
}
