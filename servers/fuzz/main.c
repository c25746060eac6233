/*
 * main.c - serves the fuzzer to the shell: begin, some calls, some more, end.
 */
#include "fuzz.h"
#include <quoll/message.h>
#include <quoll/proto.h>
#include <quoll/sys.h>
#include <quoll/task.h>
#include <string.h>

#define CALLS_MAX 100000 /* a message, so that the shell can be interrupted */

int main(void);

static void answer_end(struct msg *m)
{
    const struct fuzz_result *r = &fuzz_result;
    struct quoll_buffer *b = task_buffer();

    session_end();
    const uint64_t words[FUZZ_TEXT_WORD] = {r->calls,  r->done,   r->refused, r->blocked, r->lost,
                                            r->worlds, r->checks, r->hash,    r->failed};
    memcpy(m->w, words, sizeof m->w);
    memcpy(b->words, &words[MSG_REG_WORDS], sizeof words - sizeof m->w);
    m->tag = msg_tag_words(E_OK, msg_put_string(m, b, FUZZ_TEXT_WORD, r->text, sizeof r->text), 0);
}

static void serve(struct msg *m)
{
    uint32_t label = msg_kind(m) == KIND_MESSAGE ? msg_label(m) : 0;
    struct msg answer = {0};
    int error = E_OK;

    if (label == FUZZ_BEGIN) {
        error = session_begin(m->w[0], m->w[1], m->w[2], m->w[3] != 0);
    } else if (label == FUZZ_CALLS && m->w[0] <= CALLS_MAX) {
        session_calls(m->w[0]);
        answer.w[0] = fuzz_result.calls;
        answer.w[1] = fuzz_result.failed;
    } else if (label == FUZZ_END) {
        answer_end(&answer);
    } else {
        error = label == FUZZ_CALLS ? E_BAD_ARG : E_BAD_CALL;
    }
    *m = answer;
    m->tag |= msg_tag((uint32_t)error, 0, 0);
}

int main(void)
{
    struct msg m = {0};
    int error = sys_recv(SLOT_REPLY, SLOT_SERVE, &m);

    for (;;) {
        if (error != E_OK)
            memset(&m, 0, sizeof m);
        else
            serve(&m);
        error = sys_reply_recv(SLOT_REPLY, SLOT_SERVE, &m);
    }
}
