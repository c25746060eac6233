/*
 * message.c - moving one message from its sender's registers and buffer to its receiver's.
 */
#include <arch/cpu.h>
#include <ipc/ipc.h>
#include <ipc/message.h>
#include <object/invoke.h>
#include <object/slot.h>

/* May the capability behind @handle travel? What can't be copied can't. */
static int check_cap(const struct thread *from, uint64_t handle)
{
    const struct slot *s = thread_slot_lookup(from, handle);

    if (!s) {
        return E_BAD_CAP;
    }
    if (s->type == OBJ_UNTYPED || s->type == OBJ_REPLY) {
        return E_BAD_TYPE;
    }
    return s->depth >= SLOT_DEPTH_MAX ? E_LIMIT : E_OK;
}

int message_check_long(const struct thread *from, uint64_t tag)
{
    unsigned words = tag & TAG_WORDS_MASK, caps = (tag & TAG_CAPS_MASK) >> TAG_CAPS_SHIFT;
    int e = E_OK;

    if (tag & (TAG_KIND_MASK | TAG_RESERVED) || words > MSG_EXTRA_MAX || caps > MSG_MAX_CAPS) {
        return E_BAD_ARG;
    }
    if ((words || caps) && !from->buffer) {
        return E_NOBUF;
    }
    for (unsigned i = 0; !e && i < caps; i++) {
        e = check_cap(from, from->buffer->send_caps[i]);
    }
    return e;
}

/* Every slot that @to names for arriving capabilities, or 0 of them unless all are empty. */
static unsigned receive_slots(struct thread *to, struct slot **first)
{
    uint64_t start = to->buffer->recv_slot, count = to->buffer->recv_count;

    if (!start || !count || count > MSG_MAX_CAPS || start >= to->cnode_slots ||
        count > to->cnode_slots - start) {
        return 0;
    }
    start = spec_index(start, to->cnode_slots);
    for (uint64_t i = 0; i < count; i++) {
        if (to->cnode[start + i].type != OBJ_NULL) {
            return 0;
        }
    }
    *first = &to->cnode[start];
    return (unsigned)count;
}

/* Copy @count capabilities, or none without room for all. A queued caller's may have been taken
 * from it since they were checked: the first that is gone ends the transfer. */
static unsigned send_caps(struct thread *from, struct thread *to, unsigned count)
{
    struct slot *into = NULL;
    unsigned room = to->buffer ? receive_slots(to, &into) : 0, done = 0;

    while (room >= count && done < count) {
        struct slot *s = thread_slot_lookup(from, from->buffer->send_caps[done]);
        if (!s || slot_copy(s, &into[done], RIGHT_ALL, s->badge)) {
            break;
        }
        done++;
    }
    return done;
}

int message_copy(struct thread *from, struct thread *to, uint64_t badge, bool grant)
{
    uint64_t tag = thread_regs(from)->rsi;
    unsigned words = tag & TAG_WORDS_MASK, caps = (tag & TAG_CAPS_MASK) >> TAG_CAPS_SHIFT;

    if (words && (!from->buffer || !to->buffer)) {
        return E_NOBUF;
    }
    for (unsigned i = 0; i < words; i++) {
        to->buffer->words[i] = from->buffer->words[i];
    }
    caps = grant && caps && from->buffer ? send_caps(from, to, caps) : 0;
    message_put(to, badge, (tag & ~(uint64_t)TAG_CAPS_MASK) | caps << TAG_CAPS_SHIFT,
                thread_regs(from)->w);
    return E_OK;
}
