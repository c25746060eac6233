/*
 * generic.c - what goes wrong in the same way for every operation: the capability that is invoked,
 * the label, the tag, and each handle among the arguments.
 */
#include "errors.h"
#include <stdio.h>
#include <string.h>

#define EMPTY_HANDLE 0ull
#define FAR_HANDLE   (1ull << 32 | SLOT_CNODE) /* would be one if it were cut to 32 bits */

/* @b as @changed says, because of @what. */
static bool fails(const struct base *b, const char *what, struct call changed)
{
    changed.what = what;
    changed.object = b->object;
    changed.extra = b->extra;
    return call_fails(&changed);
}

static struct call call_of(const struct base *b, int error)
{
    struct call c = {.label = b->label, .error = (int8_t)error, .cap = b->cap};

    memcpy(c.w, b->w, sizeof c.w);
    return c;
}

/* A copy of the capability in @from without @missing in W_TEMP. False: it can't be copied. */
static bool weaken(uint64_t from, unsigned missing)
{
    return OP4(SLOT_CNODE, OP_CNODE_COPY, W_TEMP, 0, from, RIGHT_ALL & ~missing) == E_OK;
}

static bool strengthen(void)
{
    return test_expect_error("removing the weak copy", OP1(SLOT_CNODE, OP_CNODE_DELETE, W_TEMP),
                             E_OK) &&
           snapshot_take();
}

/* The same system call with a raw handle, which may not fit struct call. */
static bool raw_fails(const struct base *b, uint64_t cap, uint64_t tag, const char *what, int error)
{
    struct msg m = {.tag = tag};

    memcpy(m.w, b->w, sizeof m.w);
    puppet_sys_full(&world.caller, SYS_CALL, cap, 0, &m);
    return test_expect_error(what, puppet_status(&world.caller), error) &&
           outputs_are_zero(&world.caller, what, 0) && snapshot_same(what);
}

static bool bad_capability(const struct base *b)
{
    const uint64_t handles[] = {EMPTY_HANDLE, W_EMPTY,   W_FREED, task_info()->cnode_slots,
                                FAR_HANDLE,   UINT64_MAX};
    uint64_t tag = msg_tag(b->label, b->extra ? 12 : 0, 0);
    struct call weak = call_of(b, E_NO_RIGHT);

    for (unsigned i = 0; i < sizeof handles / sizeof handles[0]; i++)
        if (!raw_fails(b, handles[i], tag, "an invocation of no capability", E_BAD_CAP))
            return false;
    /* A Reply is nothing that can be invoked. */
    if (!raw_fails(b, W_REPLY, tag, "an invocation of a Reply", E_BAD_TYPE))
        return false;
    if (!weaken(b->cap, RIGHT_MANAGE))
        return test_expect("only untyped can't be copied", b->object, OBJ_UNTYPED);
    weak.cap = W_TEMP;
    return snapshot_take() && fails(b, "without the right to manage", weak) && strengthen();
}

/* Tags that no message may have. */
static bool bad_tag(const struct base *b)
{
    static const struct {
        uint64_t bits;
        int error;
    } tags[] = {{1ull << 16, E_BAD_ARG},
                {1ull << 31, E_BAD_ARG},
                {1u << TAG_KIND_SHIFT, E_BAD_ARG},
                {TAG_KIND_MASK, E_BAD_ARG},
                {MSG_EXTRA_MAX + 1, E_BAD_ARG},
                {TAG_WORDS_MASK, E_BAD_ARG},
                {(MSG_MAX_CAPS + 1u) << TAG_CAPS_SHIFT, E_BAD_ARG},
                {1u << TAG_CAPS_SHIFT, E_BAD_CAP}}; /* of slot 0 */
    struct call mute = call_of(b, E_NOBUF);

    for (unsigned i = 0; i < sizeof tags / sizeof tags[0]; i++)
        if (!raw_fails(b, b->cap, msg_tag(b->label, 0, 0) | tags[i].bits, "an impossible tag",
                       tags[i].error))
            return false;
    mute.mute = true;
    mute.what = "words in a buffer that is not there";
    mute.object = b->object;
    mute.extra = true;
    return call_fails(&mute);
}

static bool handle_fails(const struct base *b, const struct handle *h, uint64_t value, int error)
{
    struct call c = call_of(b, error);
    char what[60];

    (void)snprintf(what, sizeof what, "word %u is 0x%lx", h->word, value);
    c.w[h->word] = value;
    return fails(b, what, c);
}

static bool missing_right(const struct base *b, const struct handle *h, unsigned right)
{
    struct call c = call_of(b, E_NO_RIGHT);
    char what[60];

    (void)snprintf(what, sizeof what, "word %u lacks right 0x%x", h->word, right);
    if (!weaken(world_of_type(h->type), right))
        return test_expect("only untyped can't be copied", h->type, OBJ_UNTYPED);
    c.w[h->word] = W_TEMP;
    return snapshot_take() && fails(b, what, c) && strengthen();
}

/* One handle: nothing there, every wrong type, every right missing. */
static bool bad_handle(const struct base *b, const struct handle *h)
{
    int outside = h->kind == INDEX ? E_BAD_ARG : E_BAD_CAP;

    if (!handle_fails(b, h, W_EMPTY, E_BAD_CAP) || !handle_fails(b, h, W_FREED, E_BAD_CAP) ||
        !handle_fails(b, h, ARG_SLOTS, outside) || !handle_fails(b, h, FAR_HANDLE, outside) ||
        !handle_fails(b, h, UINT64_MAX, outside))
        return false;
    if (h->kind != HANDLE_OPTIONAL && !handle_fails(b, h, 0, outside))
        return false;
    for (unsigned type = 1; type < OBJ_COUNT; type++)
        if (type != h->type && !handle_fails(b, h, world_of_type(type), world_wrong_type(type)))
            return false;
    for (unsigned right = 1; right <= RIGHT_MANAGE; right <<= 1)
        if (h->rights & right && !missing_right(b, h, right))
            return false;
    return true;
}

/* Labels that the object does not know; @last is the greatest that it does. */
static bool bad_label(unsigned object, uint32_t last)
{
    const uint32_t labels[] = {0, last + 1, 255, 1u << 16 | 1, UINT32_MAX};
    struct base b = {.object = (uint8_t)object, .cap = (uint16_t)world_of_type(object)};

    for (unsigned i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (!raw_fails(&b, b.cap, msg_tag(labels[i], 0, 0), "an unknown label", E_BAD_CALL))
            return false;
    return true;
}

bool generic_errors(unsigned object)
{
    uint32_t last = 0;

    for (unsigned i = 0; i < base_count; i++) {
        const struct base *b = &bases[i];

        if (b->object != object)
            continue;
        last = b->label > last ? b->label : last;
        if (b->iommu && !world_has_iommu())
            continue;
        if (!bad_capability(b) || !bad_tag(b))
            return false;
        for (unsigned h = 0; h < b->handle_count; h++)
            if (!bad_handle(b, &b->handles[h]))
                return false;
    }
    return bad_label(object, last);
}
