/*
 * test.c - the suite `test`: in-OS tests of the kernel. Each test runs in a lab of its own, and
 * must leave as much of the untyped in use as it found.
 */
#include "client.h"
#include "device.h"
#include "test.h"
#include <quoll/borrow.h>
#include <quoll/suite.h>
#include <stdio.h>
#include <string.h>

struct msg test_out;

int main(void);

static const struct test_area *const areas[] = {
#define AREA(name) &tests_##name,
#include "areas.def"
#undef AREA
};

static char failure[400];
static uint64_t results; /* hash of what the test recorded */

static const char *const error_names[] = {
#define ERR(name, value, text) [value] = "E_" #name,
#include <quoll/errors.def>
#undef ERR
};

/* FNV-1a, a word at a time. */
void test_record(uint64_t value)
{
    results = (results ^ value) * 0x100000001b3ull;
}

bool test_expect(const char *what, uint64_t got, uint64_t want)
{
    if (got == want)
        return true;
    if (failure[0] == '\0')
        (void)snprintf(failure, sizeof failure, "%s: expected 0x%lx, got 0x%lx", what, want, got);
    return false;
}

static const char *error_name(int error)
{
    if (error == BLOCKED)
        return "blocked";
    if (error < 0 || error >= (int)(sizeof error_names / sizeof error_names[0]))
        return "no error of the ABI";
    return error_names[error];
}

bool test_expect_error(const char *what, int got, int want)
{
    if (got == want)
        return true;
    if (failure[0] == '\0')
        (void)snprintf(failure, sizeof failure, "%s: expected %s (%d), got %s (%d)", what,
                       error_name(want), want, error_name(got), got);
    return false;
}

int op(uint64_t cap, uint32_t label, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
       uint64_t f)
{
    int status;

    test_out = (struct msg){.w = {a, b, c, d, e, f}};
    status = sys_invoke(cap, label, &test_out);
    test_record((uint64_t)status);
    return status;
}

uint64_t slot_type(uint64_t slot)
{
    return OP1(SLOT_CNODE, OP_CNODE_INFO, slot) == E_OK ? test_out.w[0] : OBJ_COUNT;
}

void test_sleep_us(uint64_t us)
{
    uint64_t bits = 0;
    uint64_t ticks = us * quoll_info()->tsc_hz / 1000000u;

    if (sys_op(SLOT_NOTIFY, OP_NOTIFICATION_SET_DEADLINE, rdtsc() + ticks, 1, 0, 0, 0, 0) == E_OK)
        (void)sys_wait(SLOT_NOTIFY, &bits);
}

/* The devices are looked for when somebody asks for a test: by then drivers have found theirs. */
static const struct test *find(uint64_t index)
{
    devices_find();
    for (unsigned i = 0; i < sizeof areas / sizeof areas[0]; i++) {
        if (areas[i]->exists != NULL && !areas[i]->exists())
            continue;
        if (index < areas[i]->count)
            return &areas[i]->list[index];
        index -= areas[i]->count;
    }
    return NULL;
}

static const char *name(uint64_t index)
{
    const struct test *t = find(index);

    return t == NULL ? NULL : t->name;
}

/* A test that passed answers with what it has seen: the same from every build of the kernel. */
static void run(uint64_t index, struct suite_answer *answer)
{
    const char *failed;
    uint64_t used_before;

    failure[0] = '\0';
    results = 0xcbf29ce484222325ull;
    puppets_begin();
    lab_begin();
    used_before = lab_used_bytes();
    find(index)->run();
    if (lab_error() != NULL && failure[0] == '\0')
        (void)snprintf(failure, sizeof failure, "%s", lab_error());
    puppets_record();
    (void)sys_debug(DEBUG_CHECK, index); /* what the test leaves, and what its end does: a debug */
    devices_restore();
    client_end();
    lab_end();
    (void)sys_debug(DEBUG_CHECK, index); /* build's kernel stops if that broke an invariant */
    (void)test_expect("bytes of the untyped in use after the test", lab_used_bytes(), used_before);
    if (lab_error() != NULL && failure[0] == '\0')
        (void)snprintf(failure, sizeof failure, "clean-up: %s", lab_error());
    failed = borrow_return();
    (void)test_expect(failed != NULL ? failed : "", failed == NULL, true);
    answer->words[0] = failure[0] == '\0';
    if (failure[0] == '\0')
        (void)snprintf(failure, sizeof failure, "results %016lx", results);
    suite_put_text(answer, 1, failure);
}

static void say(const char *text)
{
    while (*text != '\0')
        sys_debug_putc(*text++);
}

/* A task whose manifest has `args = START` runs the tests whose names begin so by itself, and says
 * on a debug kernel's console what they said: for systems without a shell, as that of
 * tests/system/test_spawn.py. */
static void run_by_args(void)
{
    const char *start = task_info()->args, *found;

    for (uint64_t i = 0; start[0] != '\0' && (found = name(i)) != NULL; i++) {
        struct suite_answer answer = {0};
        if (strncmp(found, start, strlen(start)) != 0)
            continue;
        run(i, &answer);
        say(answer.words[0] != 0 ? "pass " : "FAIL ");
        say(found);
        say(": ");
        say(failure);
        say("\n");
    }
    if (start[0] != '\0')
        say("end of the tests\n");
}

int main(void)
{
    run_by_args();
    suite_serve(name, run);
}
