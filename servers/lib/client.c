/*
 * client.c - the client side of proto.h, by hand until the IDL compiler generates it.
 * Each function packs its words, calls, and unpacks the answer; the answer's label is its error.
 */
#include <quoll/client.h>
#include <idl/terminal.h>
#include <string.h>
#include <quoll/message.h>
#include <quoll/proto.h>

#define NAME_BYTES 48 /* words 0-5 of the names protocol */

/* Call @cap with @words words in @m: the call's error, else the answer's. */
static int client_call(uint64_t cap, uint32_t label, unsigned words, struct msg *m)
{
    int error;

    m->tag = msg_tag_words(label, words, 0);
    error = sys_call(cap, m);
    return error != E_OK ? error : (int)msg_label(m);
}

int names_lookup(const char *name, uint64_t slot)
{
    struct quoll_buffer *b = task_buffer();
    struct msg m = {0};
    unsigned words;
    int error;

    if (strlen(name) > NAME_BYTES)
        return E_BAD_ARG;
    words = msg_put_string(&m, b, 0, name, NAME_BYTES);
    b->recv_slot = slot;
    b->recv_count = 1;
    error = client_call(SLOT_NAMES, NAMES_LOOKUP, words, &m);
    b->recv_count = 0;
    if (error == E_OK && msg_caps(&m) != 1)
        return E_EXISTS;
    return error;
}

bool names_is_gone(uint64_t slot)
{
    struct msg info = {.w = {slot}};

    return sys_invoke(SLOT_CNODE, OP_CNODE_INFO, &info) != E_OK || info.w[0] == OBJ_NULL;
}

int terminal_write(uint64_t cap, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    int error = E_OK;

    while (n > 0 && error == E_OK) {
        size_t part = n < TERMINAL_PIECE_MAX ? n : TERMINAL_PIECE_MAX;

        error = terminal_call_write(cap, p, part);
        p += part;
        n -= part;
    }
    return error;
}

int terminal_flush(uint64_t cap)
{
    return terminal_call_write(cap, NULL, 0);
}

int terminal_place(uint64_t cap, struct terminal_place *place)
{
    struct terminal_statistics s = {0};
    uint16_t columns = 0, rows = 0;
    int error = terminal_call_stats(cap, &s);

    if (error == E_OK)
        error = terminal_call_size(cap, &columns, &rows);
    if (error == E_OK)
        *place = (struct terminal_place){.on = (enum terminal_on)s.shown_on,
                                         .columns = columns,
                                         .rows = rows,
                                         .restarts = s.device_restarts,
                                         .bytes_in = s.bytes_in,
                                         .bytes_out = s.bytes_out};
    return error;
}

_Static_assert((int)TERMINAL_ON_SERIAL == (int)TERMINAL_TARGET_SERIAL &&
                   (int)TERMINAL_ON_SCREEN == (int)TERMINAL_TARGET_SCREEN &&
                   (int)TERMINAL_ON_BOTH == (int)TERMINAL_TARGET_BOTH,
               "the same numbers");

int terminal_move(uint64_t cap, enum terminal_on to)
{
    return terminal_call_move(cap, (enum terminal_target)to);
}

int terminal_take(uint64_t cap, unsigned screen)
{
    return terminal_call_take(cap, screen);
}

int terminal_draw(uint64_t cap, bool pixels)
{
    return terminal_call_draw(cap, pixels ? TERMINAL_PICTURE_GRAPHICS : TERMINAL_PICTURE_TEXT);
}

_Static_assert(TERMINAL_NAME == TERMINAL_LAYOUT_MAX + 1, "with the NUL");

int terminal_get_layout(uint64_t cap, char name[TERMINAL_NAME])
{
    return terminal_call_get_layout(cap, name);
}

int terminal_set_layout(uint64_t cap, const char *name)
{
    return strlen(name) < TERMINAL_NAME ? terminal_call_set_layout(cap, name) : E_BAD_ARG;
}

int terminal_layout(uint64_t cap, unsigned index, char name[TERMINAL_NAME])
{
    return terminal_call_layout(cap, index, name);
}

int terminal_read(uint64_t cap, void *bytes, size_t max, bool wait, size_t *got)
{
    uint32_t most = max < TERMINAL_PIECE_MAX ? (uint32_t)max : TERMINAL_PIECE_MAX;

    return terminal_call_read(cap, most, wait, bytes, most, got);
}

int system_task(uint64_t cap, uint64_t index, struct system_task *task)
{
    struct msg m = {.w = {index}};
    int error = client_call(cap, SYSTEM_TASK, 1, &m);

    if (error != E_OK)
        return error;
    task->id = m.w[0];
    task->state = m.w[1];
    task->cpu_us = m.w[2];
    task->memory_bytes = m.w[3];
    task->priority = m.w[4];
    task->restarts = m.w[5];
    msg_get_string(&m, task_buffer(), 6, task->name, sizeof(task->name));
    return E_OK;
}

int system_files(uint64_t cap, uint64_t task, uint64_t *may, char root[SYSTEM_PATH_BYTES])
{
    struct msg m = {.w = {task}};
    int error = client_call(cap, SYSTEM_FILES, 1, &m);

    if (error != E_OK)
        return error;
    *may = m.w[0];
    msg_get_string(&m, task_buffer(), 1, root, SYSTEM_PATH_BYTES);
    return E_OK;
}

int system_mem(uint64_t cap, struct system_memory *memory)
{
    struct msg m = {0};
    int error = client_call(cap, SYSTEM_MEM, 0, &m);

    if (error == E_OK)
        *memory = (struct system_memory){m.w[0], m.w[1], m.w[2], m.w[3], m.w[4]};
    return error;
}

int system_log(uint64_t cap, uint64_t offset, uint64_t *first, void *bytes, size_t max, size_t *got)
{
    struct msg m = {.w = {offset}};
    int error = client_call(cap, SYSTEM_LOG, 1, &m);

    if (error != E_OK)
        return error;
    *first = m.w[0];
    *got = msg_get_bytes(&m, task_buffer(), 2, bytes, m.w[1] < max ? (size_t)m.w[1] : max);
    return E_OK;
}

int system_log_write(uint64_t cap, const char *line)
{
    size_t n = strnlen(line, PROTO_BYTES_MAX);
    struct msg m = {.w = {n}};

    return client_call(cap, SYSTEM_LOG_WRITE, msg_put_bytes(&m, task_buffer(), 1, line, n), &m);
}

int system_reboot(uint64_t cap)
{
    struct msg m = {0};
    return client_call(cap, SYSTEM_REBOOT, 0, &m);
}

int system_poweroff(uint64_t cap)
{
    struct msg m = {0};
    return client_call(cap, SYSTEM_POWEROFF, 0, &m);
}

int system_uptime(uint64_t cap, uint64_t *us)
{
    struct msg m = {0};
    int error = client_call(cap, SYSTEM_UPTIME, 0, &m);

    if (error == E_OK)
        *us = m.w[0];
    return error;
}

int suite_name(uint64_t cap, uint64_t index, char name[CLIENT_NAME_MAX])
{
    struct msg m = {.w = {index}};
    int error = client_call(cap, SUITE_NAME, 1, &m);

    if (error == E_OK)
        msg_get_string(&m, task_buffer(), 0, name, CLIENT_NAME_MAX);
    return error;
}

int bench_run(uint64_t cap, uint64_t index, struct bench_result *result)
{
    struct msg m = {.w = {index}};
    int error = client_call(cap, SUITE_RUN, 1, &m);

    if (error != E_OK)
        return error;
    result->median = m.w[0];
    result->min = m.w[1];
    result->max = m.w[2];
    result->n = m.w[3];
    result->why[0] = '\0';
    result->extra = (struct bench_extra){0};
    if (result->n == 0)
        msg_get_string(&m, task_buffer(), 6, result->why, sizeof(result->why));
    else
        (void)msg_get_bytes(&m, task_buffer(), BENCH_EXTRA_WORD, &result->extra,
                            sizeof(result->extra));
    m.tag = 0; /* the unit is words 4-5 and ends there */
    msg_get_string(&m, task_buffer(), 4, result->unit, sizeof(result->unit));
    return E_OK;
}

int test_run(uint64_t cap, uint64_t index, struct test_result *result)
{
    struct msg m = {.w = {index}};
    int error = client_call(cap, SUITE_RUN, 1, &m);

    if (error != E_OK)
        return error;
    result->passed = m.w[0] != 0;
    msg_get_string(&m, task_buffer(), 1, result->message, sizeof(result->message));
    return E_OK;
}

int fuzz_begin(uint64_t cap, const struct fuzz_order *order)
{
    struct msg m = {.w = {order->seed, order->calls, order->check_every, order->timed}};

    return client_call(cap, FUZZ_BEGIN, 4, &m);
}

int fuzz_calls(uint64_t cap, uint64_t count, uint64_t *made, bool *failed)
{
    struct msg m = {.w = {count}};
    int error = client_call(cap, FUZZ_CALLS, 1, &m);

    if (error != E_OK)
        return error;
    *made = m.w[0];
    *failed = m.w[1] != 0;
    return E_OK;
}

int fuzz_end(uint64_t cap, struct fuzz_summary *summary)
{
    const struct quoll_buffer *b = task_buffer();
    struct msg m = {0};
    int error = client_call(cap, FUZZ_END, 0, &m);

    if (error != E_OK)
        return error;
    summary->calls = m.w[0];
    summary->done = m.w[1];
    summary->refused = m.w[2];
    summary->blocked = m.w[3];
    summary->lost = m.w[4];
    summary->worlds = m.w[5];
    summary->checks = msg_get_word(&m, b, 6);
    summary->hash = msg_get_word(&m, b, 7);
    summary->failed = msg_get_word(&m, b, 8) != 0;
    msg_get_string(&m, b, FUZZ_TEXT_WORD, summary->text, sizeof(summary->text));
    return E_OK;
}
