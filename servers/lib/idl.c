/*
 * idl.c - what generated stubs and dispatch share: octets in messages, capabilities that arrive,
 * callers that are answered later. No state but which Replies are kept.
 */
#include <quoll/serve.h>
#include <assert.h>

unsigned call_kept;
uint64_t *call_since;

bool idl_octets_are_valid(const struct msg *m, unsigned first, uint64_t count)
{
    unsigned rest = (unsigned)count % 8;

    return rest == 0 || idl_word(m, first + (unsigned)(count / 8)) >> (rest * 8) == 0;
}

/* Whether one of the eight octets of @word is zero. */
static bool has_zero(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101ull, tops = ones << 7;

    return ((word - ones) & ~word & tops) != 0;
}

bool idl_text_is_valid(const struct msg *m, unsigned first, uint64_t count)
{
    unsigned words = (unsigned)(count / 8), rest = (unsigned)count % 8;

    for (unsigned i = 0; i < words; i++) {
        if (has_zero(idl_word(m, first + i))) {
            return false;
        }
    }
    return idl_octets_are_valid(m, first, count) &&
           (rest == 0 || !has_zero(idl_word(m, first + words) | ~0ull << (rest * 8)));
}

void idl_get_octets(const struct msg *m, unsigned first, void *to, size_t count)
{
    size_t at = (size_t)first * 8, registers = sizeof(m->w), head = 0;

    if (at < registers) {
        head = count < registers - at ? count : registers - at;
        memcpy(to, (const char *)m->w + at, head);
    }
    if (count > head) {
        memcpy((char *)to + head, (const char *)task_buffer()->words + (at + head - registers),
               count - head);
    }
}

static void drop_caps(uint64_t slot, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        (void)sys_op(SLOT_CNODE, OP_CNODE_DELETE, slot + i, 0, 0, 0, 0, 0);
    }
}

void idl_drop_arrived(unsigned count)
{
    drop_caps(task_buffer()->recv_slot, count);
}

int idl_refuse_call(struct call *call, int error)
{
    idl_drop_arrived(msg_caps(&call->m));
    return error;
}

int idl_refuse_answer(uint64_t tag, uint64_t slots)
{
    struct msg m = {.tag = tag};
    uint32_t label = msg_label(&m);

    drop_caps(slots ? slots : task_buffer()->recv_slot, msg_caps(&m));
    if ((uint32_t)tag != 0 || label == E_OK || label > INT32_MAX ||
        !quoll_error_is_known((int)label)) {
        return E_BAD_ANSWER;
    }
    return (int)label;
}

void idl_expect_caps(struct idl_arrivals *before, uint64_t slots, unsigned count)
{
    before->slot = task_buffer()->recv_slot;
    before->count = task_buffer()->recv_count;
    task_buffer()->recv_slot = slots;
    task_buffer()->recv_count = count;
}

void idl_caps_arrived(const struct idl_arrivals *before)
{
    task_buffer()->recv_slot = before->slot;
    task_buffer()->recv_count = before->count;
}

void call_begin(struct call *call)
{
    call_kept = 0;
    *call = (struct call){.reply = SLOT_REPLY};
}

static void note_since(uint64_t reply, uint64_t tsc)
{
    if (call_since != NULL) {
        call_since[reply - SLOT_REPLY] = tsc;
    }
}

int call_keep(struct call *call, uint64_t *reply)
{
    unsigned own = 1u << (call->reply - SLOT_REPLY);

    for (unsigned i = 0; i < TASK_REPLIES; i++) {
        if (((call_kept | own) >> i & 1) == 0) {
            call_kept |= own;
            note_since(call->reply, rdtsc());
            *reply = call->reply;
            call->reply = SLOT_REPLY + i;
            return CALL_LATER;
        }
    }
    return E_BUSY;
}

void call_answer(uint64_t reply, struct msg *m)
{
    assert(reply - SLOT_REPLY < TASK_REPLIES && (call_kept >> (reply - SLOT_REPLY) & 1) != 0);
    call_kept &= ~(1u << (reply - SLOT_REPLY));
    note_since(reply, 0);
    (void)sys_reply(reply, m);
}

void call_answer_error(uint64_t reply, int error)
{
    struct msg m = {.tag = msg_tag((uint32_t)error, 0, 0)};

    call_answer(reply, &m);
}
