/*
 * errors.c - every operation of ops.def with every error: the wrong handles, rights and tags that
 * are the same for all, then the rows of the tables. One thread of the world makes the calls; after
 * each, all its registers are zero and nothing in the world has changed.
 */
#include "errors.h"
#include <stdio.h>
#include <string.h>

static const struct call_table *const tables[] = {&errors_memory, &errors_cnode, &errors_thread,
                                                  &errors_control, &errors_device};

const char *op_name(unsigned object, unsigned label)
{
    static char name[48];

    (void)snprintf(name, sizeof name, "object %u, label %u", object, label);
    for (unsigned i = 0; i < op_row_count; i++)
        if (op_rows[i].object == object && op_rows[i].label == label)
            (void)snprintf(name, sizeof name, "%s_%s", op_rows[i].object_name, op_rows[i].name);
    return name;
}

void base_call(const struct base *b)
{
    struct msg m = {.tag = msg_tag(b->label, b->extra ? 12 : 0, 0)};

    memcpy(m.w, b->w, sizeof m.w);
    puppet_sys_full(&world.caller, SYS_CALL, b->cap, 0, &m);
}

bool call_fails(const struct call *c)
{
    struct puppet *p = c->mute ? &world.mute : &world.caller;
    struct msg m = {.tag = msg_tag(c->label, c->extra ? 12 : 0, 0)};
    char what[100];

    (void)snprintf(what, sizeof what, "%s, %s", op_name(c->object, c->label), c->what);
    for (unsigned i = 0; i < MSG_REG_WORDS; i++)
        m.w[i] = c->w[i] == ARG_SLOTS ? task_info()->cnode_slots : c->w[i];
    if (c->before != NULL) {
        c->before();
        if (!snapshot_take())
            return false;
    }
    puppet_sys_full(p, SYS_CALL, c->cap, 0, &m);
    return test_expect_error(what, puppet_status(p), c->error) &&
           outputs_are_zero(p, what, c->level) && snapshot_same(what);
}

/* The rows of all tables for @object, after all that goes wrong in the same way everywhere. */
static void errors_of(unsigned object)
{
    if (!world_build() || !world_add_large() || !snapshot_take() || !generic_errors(object))
        return;
    for (unsigned t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (unsigned i = 0; i < tables[t]->count; i++) {
            const struct call *c = &tables[t]->list[i];

            if (c->object == object && (!c->iommu || world_has_iommu()) && !call_fails(c))
                return;
        }
    }
}

/* ---- is there a row for everything? */

static int error_value(const char *name, size_t length)
{
    static const struct {
        const char *name;
        int value;
    } errors[] = {
#define ERR(error, number, text) {#error, (number)},
#include <quoll/errors.def>
#undef ERR
    };

    for (unsigned i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (strlen(errors[i].name) == length && strncmp(errors[i].name, name, length) == 0)
            return errors[i].value;
    return -1;
}

static bool in_table(const struct call_table *t, unsigned object, uint32_t label, int error)
{
    for (unsigned i = 0; i < t->count; i++)
        if (t->list[i].object == object && t->list[i].label == label && t->list[i].error == error)
            return true;
    return false;
}

static bool has_case(unsigned object, uint32_t label, int error)
{
    for (unsigned t = 0; t < sizeof tables / sizeof tables[0]; t++)
        if (in_table(tables[t], object, label, error))
            return true;
    return in_table(&errors_depth, object, label, error);
}

/* The next word of the list at *@list, its length in *@length; false at the end. */
static bool next_word(const char **list, const char **word, size_t *length)
{
    const char *end;

    while (**list == ' ')
        (*list)++;
    if (**list == '\0')
        return false;
    *word = *list;
    end = strchr(*list, ' ');
    *length = end == NULL ? strlen(*list) : (size_t)(end - *list);
    *list += *length;
    return true;
}

static bool lists(const struct op_row *row, int error)
{
    const char *list = row->errors, *word;
    size_t length;

    while (next_word(&list, &word, &length))
        if (error_value(word, length) == error)
            return true;
    return false;
}

/* Each error that ops.def lists has a row. */
static void complete(void)
{
    char what[80];

    for (unsigned i = 0; i < op_row_count; i++) {
        const struct op_row *row = &op_rows[i];
        const char *list = row->errors, *word;
        size_t length;

        while (next_word(&list, &word, &length)) {
            (void)snprintf(what, sizeof what, "a test of %s_%s with %.*s", row->object_name,
                           row->name, (int)length, word);
            EXPECT(error_value(word, length) > E_OK, 1);
            if (!test_expect(what, has_case(row->object, row->label, error_value(word, length)), 1))
                return;
        }
    }
}

static bool is_everywhere(int error)
{
    return error == E_BAD_CALL || error == E_BAD_CAP || error == E_BAD_TYPE || error == E_NO_RIGHT;
}

static bool is_listed(const struct call *c)
{
    for (unsigned i = 0; i < op_row_count; i++)
        if (op_rows[i].object == c->object && op_rows[i].label == c->label)
            return is_everywhere(c->error) || lists(&op_rows[i], c->error);
    return false;
}

/* And no operation gives an error that ops.def does not list. */
static void listed(void)
{
    char what[120];

    for (unsigned t = 0; t <= sizeof tables / sizeof tables[0]; t++) {
        const struct call_table *table =
            t < sizeof tables / sizeof tables[0] ? tables[t] : &errors_depth;

        for (unsigned i = 0; i < table->count; i++) {
            const struct call *c = &table->list[i];

            (void)snprintf(what, sizeof what, "ops.def lists error %d of %s (%s)", c->error,
                           op_name(c->object, c->label), c->what);
            if (!test_expect(what, is_listed(c), 1))
                return;
        }
    }
}

/* Which words are handles: "0 CNode handle, 1 VSpace handle or 0" has two. */
static unsigned handle_words(const char *args)
{
    unsigned words = 0, word = 0;

    for (; *args != '\0'; args++) {
        if (*args >= '0' && *args <= '9' && args[1] == ' ')
            word = (unsigned)(*args - '0');
        if (strncmp(args, " handle", 7) == 0)
            words |= 1u << word;
    }
    return words;
}

/* Each operation has a call that succeeds, and every handle that ops.def names is in bases.c. */
static void bases_complete(void)
{
    for (unsigned i = 0; i < op_row_count; i++) {
        const struct op_row *row = &op_rows[i];
        unsigned found = 0, handles = 0;

        for (unsigned b = 0; b < base_count; b++) {
            if (bases[b].object != row->object || bases[b].label != row->label)
                continue;
            found++;
            for (unsigned h = 0; h < bases[b].handle_count; h++)
                if (bases[b].handles[h].kind != INDEX)
                    handles |= 1u << bases[b].handles[h].word;
        }
        if (!test_expect(op_name(row->object, row->label), found > 0, 1) ||
            !test_expect(op_name(row->object, row->label), handles, handle_words(row->args)))
            return;
    }
}

/* What every other test here relies on: the calls that they make wrong in one place are right. */
static void bases_succeed(void)
{
    for (unsigned b = 0; b < base_count; b++) {
        if (bases[b].iommu && !world_has_iommu())
            continue;
        if (!world_build())
            return;
        base_call(&bases[b]);
        if (!test_expect_error(op_name(bases[b].object, bases[b].label),
                               puppet_status(&world.caller), bases[b].error))
            return;
        puppets_record();
        puppets_begin();
        lab_end();
        lab_begin();
    }
}

/* Capabilities at the greatest depth of derivation. */
static void depth(void)
{
    if (!world_build())
        return;
    for (unsigned i = 0; i < errors_depth.count; i++)
        if ((!errors_depth.list[i].iommu || world_has_iommu()) &&
            !call_fails(&errors_depth.list[i]))
            return;
}

/* clang-format off */
#define OBJECTS(X) \
    X(UNTYPED, untyped) X(CNODE, cnode) X(THREAD, thread) X(VSPACE, vspace) X(TABLE, table) \
    X(FRAME, frame) X(NOTIFICATION, notification) X(IRQ, irq) X(PORTMAP, portmap) \
    X(BUDGET, budget) X(IRQ_CONTROL, irq_control) \
    X(IOPORT_CONTROL, ioport_control) X(CPU_CONTROL, cpu_control) X(IOSPACE, iospace) \
    X(IO_TABLE, io_table) X(DEVICE_CONTROL, device_control)
/* clang-format on */

#define RUN(object, name)                                                                          \
    static void of_##name(void)                                                                    \
    {                                                                                              \
        errors_of(OBJ_##object);                                                                   \
    }
OBJECTS(RUN)
RUN(DEVICE, device)

#define ENTRY(object, name) {"kernel.errors." #name, of_##name},
static const struct test list[] = {
    {"kernel.errors.complete", complete},
    {"kernel.errors.listed", listed},
    {"kernel.errors.bases_complete", bases_complete},
    {"kernel.errors.bases_succeed", bases_succeed},
    OBJECTS(ENTRY){"kernel.errors.depth", depth},
};

/* Where there is an IOMMU the rows of DEVICE_CONTROL that need one are among the above. */
static const struct test with_iommu[] = {
    {"kernel.errors_iommu.device", of_device},
};

TEST_AREA(tests_errors);
TEST_AREA_OF(tests_errors_iommu, with_iommu, world_has_iommu);
