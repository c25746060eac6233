/*
 * regs_mock.c - the record and the script behind regs/mock.h. Host tests only; one thread.
 */
#include <regs/mock.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct regs_mock regs_mock;

static bool same_register(const struct regs_access *a, const struct regs_access *b)
{
    return strcmp(a->name, b->name) == 0 && a->base == b->base && a->index == b->index;
}

static void mistake(const char *what, const struct regs_access *a)
{
    regs_mock.mistakes++;
    printf("mock: %s: %s[%u] of base 0x%" PRIx64 ", value 0x%" PRIx64 "\n", what, a->name, a->index,
           a->base, a->value);
}

static void append(struct regs_access *list, unsigned *count, const struct regs_access *access)
{
    if (*count == REGS_MOCK_ACCESSES_MAX) {
        mistake("more accesses than the mock can hold", access);
        return;
    }
    list[(*count)++] = *access;
}

void regs_mock_reset(void)
{
    memset(&regs_mock, 0, sizeof(regs_mock));
}

/* Take the oldest scripted value of the same register. */
static bool take_scripted(struct regs_access *access)
{
    for (unsigned i = 0; i < regs_mock.scripted; i++) {
        if (same_register(&regs_mock.script[i], access)) {
            access->value = regs_mock.script[i].value;
            regs_mock.scripted--;
            memmove(&regs_mock.script[i], &regs_mock.script[i + 1],
                    (regs_mock.scripted - i) * sizeof(regs_mock.script[0]));
            return true;
        }
    }
    return false;
}

uint64_t regs_mock_read(const char *name, uint64_t base, unsigned index)
{
    struct regs_access access = {.name = name, .base = base, .index = index};

    if (!take_scripted(&access)) {
        if (regs_mock.on_read != NULL) {
            access.value = regs_mock.on_read(regs_mock.context, &access);
        } else {
            mistake("read, but nothing says what", &access);
        }
    }
    append(regs_mock.record, &regs_mock.recorded, &access);
    return access.value;
}

void regs_mock_write(const char *name, uint64_t base, unsigned index, uint64_t value)
{
    struct regs_access access = {name, base, index, true, value};

    append(regs_mock.record, &regs_mock.recorded, &access);
    if (regs_mock.on_write != NULL) {
        regs_mock.on_write(regs_mock.context, &access);
    }
}

void regs_mock_will_read(const char *name, uint64_t base, unsigned index, uint64_t value)
{
    struct regs_access access = {name, base, index, false, value};

    append(regs_mock.script, &regs_mock.scripted, &access);
}

bool regs_mock_was_written(const char *name, uint64_t base, unsigned index, uint64_t *value)
{
    struct regs_access wanted = {.name = name, .base = base, .index = index};

    while (regs_mock.taken < regs_mock.recorded && !regs_mock.record[regs_mock.taken].is_write) {
        regs_mock.taken++;
    }
    if (regs_mock.taken == regs_mock.recorded) {
        mistake("not written", &wanted);
        return false;
    }
    if (!same_register(&regs_mock.record[regs_mock.taken], &wanted)) {
        mistake("not the next write", &wanted);
        mistake("instead", &regs_mock.record[regs_mock.taken]);
        return false;
    }
    *value = regs_mock.record[regs_mock.taken++].value;
    return true;
}

bool regs_mock_is_done(void)
{
    for (unsigned i = 0; i < regs_mock.scripted; i++) {
        mistake("scripted, but never read", &regs_mock.script[i]);
    }
    for (unsigned i = regs_mock.taken; i < regs_mock.recorded; i++) {
        if (regs_mock.record[i].is_write) {
            mistake("written, but not expected", &regs_mock.record[i]);
        }
    }
    return regs_mock.mistakes == 0;
}
