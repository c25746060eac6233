/*
 * driver_manifest_limit.c - what is allowed to a driver, when it counts as dead, and how often it
 * is started again.
 */
#include "driver_manifest_key.h"

#include <quoll/abi.h>
#include <string.h>

static void skip_blanks(const char **v)
{
    while (**v == ' ' || **v == '\t') {
        ++*v;
    }
}

/* The character @c, with or without blanks around it. */
static bool separator(const char **v, char c)
{
    skip_blanks(v);
    if (**v != c) {
        return false;
    }
    ++*v;
    skip_blanks(v);
    return true;
}

bool driver_key_budget(struct driver_manifest *d, const char *v, struct manifest_error *e)
{
    uint64_t budget = 0, period = 0;

    if (strcmp(v, "unlimited") != 0) {
        bool ok = value_duration(&v, &budget) && separator(&v, '/') && value_duration(&v, &period);
        if (!ok || *v != '\0' || budget == 0 || budget > period || period < BUDGET_PERIOD_MIN_US ||
            period > 1000000) {
            return manifest_fail(e, "budget: unlimited, or CPU time of each period, a period of "
                                    "1ms to 1s, for example 5ms / 10ms");
        }
    }
    d->budget_us = (uint32_t)budget;
    d->period_us = (uint32_t)period;
    return true;
}

bool driver_key_irq_limit(struct driver_manifest *d, const char *v, struct manifest_error *e)
{
    uint64_t count = 0, period = 0;

    if (strcmp(v, "none") != 0) {
        bool ok =
            value_number(&v, 10000000, &count) && separator(&v, '/') && value_duration(&v, &period);
        if (!ok || *v != '\0' || count == 0 || period < 1000 || period > 60000000) {
            return manifest_fail(e, "irq-limit: none, or interrupts of each period, a period of "
                                    "1ms to 60s, for example 20000 / 1s");
        }
    }
    d->irq_limit = (uint32_t)count;
    d->irq_period_us = (uint32_t)period;
    return true;
}

/* off, or a duration of @min_ms to a minute; @example is one. */
static bool limit(const char *key, const char *v, unsigned min_ms, const char *example,
                  uint32_t *out, struct manifest_error *e)
{
    uint64_t us = 0;

    if (strcmp(v, "off") != 0 &&
        (!value_duration(&v, &us) || *v != '\0' || us < min_ms * 1000ull || us > 60000000)) {
        return manifest_fail(e, "%s: off, or a time of %ums to 60s, for example %s", key, min_ms,
                             example);
    }
    *out = (uint32_t)us;
    return true;
}

bool driver_key_heartbeat(struct driver_manifest *d, const char *v, struct manifest_error *e)
{
    return limit("heartbeat", v, 10, "100ms", &d->heartbeat_us, e);
}

bool driver_key_request_limit(struct driver_manifest *d, const char *v, struct manifest_error *e)
{
    return limit("request-limit", v, 10, "2s", &d->request_limit_us, e);
}

bool driver_key_irq_ack_limit(struct driver_manifest *d, const char *v, struct manifest_error *e)
{
    return limit("irq-ack-limit", v, 1, "100ms", &d->irq_ack_limit_us, e);
}

/* The word @word and the duration behind it. */
static bool word_and_duration(const char **v, const char *word, uint64_t *us)
{
    size_t n = strlen(word);

    skip_blanks(v);
    if (strncmp(*v, word, n) != 0 || ((*v)[n] != ' ' && (*v)[n] != '\t')) {
        return false;
    }
    *v += n;
    skip_blanks(v);
    return value_duration(v, us);
}

bool driver_key_restart(struct driver_manifest *d, const char *v, struct manifest_error *e)
{
    uint64_t delay, factor, cap;
    bool ok;

    d->restart.never = strcmp(v, "never") == 0;
    if (d->restart.never) {
        return true;
    }
    ok = value_duration(&v, &delay) && separator(&v, 'x') && value_number(&v, 10, &factor) &&
         word_and_duration(&v, "cap", &cap) && *v == '\0';
    if (!ok || delay < 1000 || factor == 0 || cap < delay) {
        return manifest_fail(e, "restart: never, or DELAY xFACTOR cap MOST: the first restart is "
                                "immediate, the second waits DELAY, each further one FACTOR (1 to "
                                "10) times longer, for example 10ms x2 cap 1s");
    }
    d->restart.delay_us = (uint32_t)delay;
    d->restart.factor = (uint32_t)factor;
    d->restart.cap_us = (uint32_t)cap;
    return true;
}

bool driver_key_give_up(struct driver_manifest *d, const char *v, struct manifest_error *e)
{
    uint64_t deaths, window;

    if (!value_number(&v, 1000, &deaths) || !word_and_duration(&v, "in", &window) || *v != '\0' ||
        deaths == 0 || window < 1000) {
        return manifest_fail(e, "give-up: DEATHS in TIME, 1 to 1000 deaths, for example 5 in 10s");
    }
    d->restart.deaths = (uint32_t)deaths;
    d->restart.window_us = (uint32_t)window;
    return true;
}
