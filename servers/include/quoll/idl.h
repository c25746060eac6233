/*
 * idl.h - what the code of tools/idl/ stands on: words of long messages, arriving capabilities,
 * refusals. Used by generated code; programs use its headers <idl/NAME.h>.
 * One thread a task: all use the task's IPC buffer.
 */
#ifndef QUOLL_IDL_H
#define QUOLL_IDL_H

#include <quoll/error.h>
#include <quoll/message.h>
#include <stdbool.h>
#include <string.h>

#define IDL_RETRIES 2 /* of an @idempotent method whose server died under it */

#define IDL_NOINLINE  __attribute__((noinline))
#define IDL_RARELY(x) __builtin_expect((x), 0)

/** Word @index, below 64, of a message that has it. */
static inline uint64_t idl_word(const struct msg *m, unsigned index)
{
    return index < MSG_REG_WORDS ? m->w[index] : task_buffer()->words[index - MSG_REG_WORDS];
}

static inline void idl_put_word(struct msg *m, unsigned index, uint64_t value)
{
    if (index < MSG_REG_WORDS) {
        m->w[index] = value;
    } else {
        task_buffer()->words[index - MSG_REG_WORDS] = value;
    }
}

/** Whether @count octets from word @first on, which the message has, are filled up with zeros. */
bool idl_octets_are_valid(const struct msg *m, unsigned first, uint64_t count);

/** The same, and none of the octets is zero. */
bool idl_text_is_valid(const struct msg *m, unsigned first, uint64_t count);

/** Unpack @count octets from word @first on, which the message has. */
void idl_get_octets(const struct msg *m, unsigned first, void *to, size_t count);

/* ---- servers */

/** Whether session badge @badge is one of interface @number. */
static inline bool idl_badge_is_of(uint64_t badge, unsigned number)
{
    return (uint8_t)(badge >> 24) == number;
}

/** Label in the lower half, all else of @tag in the upper. */
static inline uint64_t idl_swapped(uint64_t tag)
{
    return tag >> 32 | tag << 32;
}

struct call;

/** Returns @error; capabilities that came with the request are gone. */
__attribute__((cold)) int idl_refuse_call(struct call *call, int error);

/** Empty the first @count slots where requests' capabilities arrive: what was not moved is gone. */
void idl_drop_arrived(unsigned count);

/* ---- clients */

/** The error that an answer with @tag is, which is not the right one of a success: its label if
 *  that is an error of the tables, else BAD_ANSWER. Capabilities that came along are gone: @slots
 *  is where they arrived, 0 for where the buffer says. */
__attribute__((cold)) int idl_refuse_answer(uint64_t tag, uint64_t slots);

/** The same for the status of a completed request of a queue, not E_OK. */
static inline int idl_refuse_status(uint64_t status)
{
    return idl_refuse_answer(status > UINT32_MAX ? 0 : status << TAG_LABEL_SHIFT, 0);
}

/* Where capabilities arrived before. */
struct idl_arrivals {
    uint64_t slot, count;
};

/** Capabilities of the next answer arrive in @count slots from @slots on. */
void idl_expect_caps(struct idl_arrivals *before, uint64_t slots, unsigned count);

/** Put things back as idl_expect_caps found them. */
void idl_caps_arrived(const struct idl_arrivals *before);

#endif
