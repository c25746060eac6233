/*
 * suite.c - see suite.h. One thread, one Reply: the caller waits while its entry runs.
 */
#include <quoll/proto.h>
#include <quoll/suite.h>
#include <quoll/sys.h>
#include <quoll/task.h>
#include <string.h>

#define NAME_WORDS 8

void suite_put_text(struct suite_answer *answer, unsigned first, const char *text)
{
    size_t bytes = strlen(text);
    size_t room = (MSG_MAX_WORDS - first) * sizeof(uint64_t);

    if (bytes > room)
        bytes = room;
    memcpy(&answer->words[first], text, bytes);
    answer->count = first + (unsigned)((bytes + sizeof(uint64_t) - 1) / sizeof(uint64_t));
}

/* Write the answer's words 6 and up to the buffer, the rest and the tag to @m. */
static void put_answer(struct msg *m, int error, const struct suite_answer *answer)
{
    struct quoll_buffer *buffer = (struct quoll_buffer *)TASK_BUFFER_VA;
    unsigned extra = answer->count > MSG_REG_WORDS ? answer->count - MSG_REG_WORDS : 0;

    memcpy(m->w, answer->words, sizeof m->w);
    memcpy(buffer->words, &answer->words[MSG_REG_WORDS], extra * sizeof(uint64_t));
    m->tag = msg_tag((uint32_t)error, extra, 0);
}

_Noreturn void suite_serve(suite_name_fn *name, suite_run_fn *run)
{
    struct msg m = {0};

    for (;;) {
        struct suite_answer answer = {0};
        const char *found;
        int error = E_OK;

        if (sys_reply_recv(SLOT_REPLY, SLOT_SERVE, &m) != E_OK) {
            memset(&m, 0, sizeof m);
            continue;
        }
        found = name(m.w[0]);
        if (msg_kind(&m) != KIND_MESSAGE ||
            (msg_label(&m) != SUITE_NAME && msg_label(&m) != SUITE_RUN)) {
            error = E_BAD_CALL;
        } else if (found == NULL) {
            error = E_BAD_ARG;
        } else if (msg_label(&m) == SUITE_NAME) {
            suite_put_text(&answer, 0, found);
            answer.count = NAME_WORDS;
        } else {
            run(m.w[0], &answer);
            error = answer.error;
        }
        put_answer(&m, error, &answer);
    }
}
