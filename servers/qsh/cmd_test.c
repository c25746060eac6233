/*
 * cmd_test.c - run the in-OS tests. The last line, `N passed, N failed`, is what the test harness
 * waits for; with --json there is one object a test and no such line, and a test that passed has
 * a message too: what it saw, for comparing builds.
 */
#include <quoll/error.h>
#include <stdio.h>
#include <string.h>
#include "suite.h"

static unsigned tests_passed, tests_failed; /* of the command that runs */

static bool test_chooses(const char *wanted, const char *name)
{
    bool all = strcmp(wanted, "all") == 0 && !suite_in_area("soak", name);

    return all || suite_in_area(wanted, name);
}

static void test_print(struct shell *s, const char *name, const struct test_result *r)
{
    struct json j;

    if (!s->json) {
        if (r->passed)
            output_printf(&s->out, "pass %s\n", name);
        else
            output_printf(&s->out, "FAIL %s: %s\n", name, r->message);
        return;
    }
    j = json_begin(&s->out);
    json_string(&j, "test", name);
    json_bool(&j, "passed", r->passed);
    json_string(&j, "message", r->message);
    json_end(&j);
}

static void test_item(struct shell *s, uint64_t cap, uint64_t index, const char *name)
{
    struct test_result result = {false, ""};
    int error = test_run(cap, index, &result);

    if (error != E_OK) {
        result.passed = false;
        (void)snprintf(result.message, sizeof(result.message), "the test server did not answer: %s",
                       quoll_strerror(error));
    }
    if (result.passed)
        tests_passed++;
    else
        tests_failed++;
    test_print(s, name, &result);
}

static const struct suite test_suite = {"test", SERVICE_TEST, test_chooses, test_item};

void cmd_test(struct shell *s, int argc, char **argv)
{
    bool complete;

    tests_passed = tests_failed = 0;
    complete = suite_run(s, &test_suite, argc, argv);
    if (!complete) /* a suite that could not be run must not look passed */
        tests_failed++;
    if (!s->json)
        output_printf(&s->out, "%u passed, %u failed\n", tests_passed, tests_failed);
}

const char *test_word(struct shell *s, size_t index)
{
    return index == 0 ? "all" : suite_word(s, &test_suite, index - 1);
}
