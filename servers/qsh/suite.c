/*
 * suite.c - walking through a suite. Names are asked for as they are needed and not kept: a
 * suite may have any number of items.
 */
#include "suite.h"
#include <string.h>

bool suite_in_area(const char *wanted, const char *name)
{
    size_t n = strlen(wanted);

    return strncmp(name, wanted, n) == 0 && (name[n] == '\0' || name[n] == '.');
}

/* What takes long, or ends the suite, runs only when it is asked for. */
static bool is_special(const char *name)
{
    return suite_in_area("soak", name) || suite_in_area("latency", name) ||
           suite_in_area("death", name);
}

static bool is_chosen(const struct suite *suite, const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (suite->chooses(argv[i], name))
            return true;
    }
    return argc == 1 && !is_special(name);
}

/* Item @index's name: 1 there is one, 0 past the last, -1 failed and said so. */
static int suite_next(struct shell *s, const struct suite *suite, uint64_t cap, uint64_t index,
                      char name[CLIENT_NAME_MAX])
{
    int error = suite_name(cap, index, name);

    if (error == E_BAD_ARG)
        return 0;
    return shell_failed(s, suite->command, error) ? -1 : 1;
}

/* Offer @name and the areas it lies in. */
static void offer_with_areas(struct suggestion *near, const char *name)
{
    char area[CLIENT_NAME_MAX];

    suggest_offer(near, name);
    for (size_t i = 0; name[i]; i++) {
        if (name[i] != '.')
            continue;
        memcpy(area, name, i);
        area[i] = '\0';
        suggest_offer(near, area);
    }
}

/* Does @wanted choose anything? If not, say what would have. */
static bool check_argument(struct shell *s, const struct suite *suite, uint64_t cap,
                           const char *wanted)
{
    struct suggestion near = suggest_begin(wanted);
    char name[CLIENT_NAME_MAX];
    const char *best;
    int more;

    for (uint64_t i = 0; (more = suite_next(s, suite, cap, i, name)) > 0; i++) {
        if (suite->chooses(wanted, name))
            return true;
        offer_with_areas(&near, name);
    }
    if (more < 0)
        return false;
    best = suggest_best(&near);
    shell_error(s, "%s: nothing is called %.40s; %s%s%s", suite->command, wanted,
                best ? "did you mean " : "Tab after ", best ? best : suite->command,
                best ? "?" : " lists the names");
    return false;
}

bool suite_run(struct shell *s, const struct suite *suite, int argc, char **argv)
{
    char name[CLIENT_NAME_MAX];
    uint64_t cap;
    int more;

    if (!shell_service(s, suite->service, &cap))
        return false;
    for (int i = 1; i < argc; i++) {
        if (!check_argument(s, suite, cap, argv[i]))
            return false;
    }
    for (uint64_t i = 0; (more = suite_next(s, suite, cap, i, name)) > 0; i++) {
        if (!is_chosen(suite, name, argc, argv))
            continue;
        if (input_interrupted(&s->in)) {
            shell_error(s, "%s: stopped by ^C before %s", suite->command, name);
            return true;
        }
        suite->run(s, cap, i, name);
        output_flush(&s->out);
    }
    return more == 0;
}

const char *suite_word(struct shell *s, const struct suite *suite, size_t index)
{
    static char name[CLIENT_NAME_MAX];
    uint64_t slot;

    if (shell_lookup(s, suite->service, &slot) != E_OK)
        return NULL;
    return suite_name(slot, index, name) == E_OK ? name : NULL;
}
