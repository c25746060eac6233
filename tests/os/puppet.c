/*
 * puppet.c - see test.h. The page is the puppet's whole state, shared with the test's thread.
 */
#include "test.h"
#include <string.h>

extern const char puppet_blob[], puppet_blob_end[];

_Static_assert(SYS_WAIT == 6, "SYS_WAIT_ in puppet.asm");
_Static_assert(__builtin_offsetof(struct puppet_page, in) == 32, "IN in puppet.asm");
_Static_assert(__builtin_offsetof(struct puppet_page, out) == 160, "OUT_ in puppet.asm");

_Static_assert(__builtin_offsetof(struct puppet_page, flags_in) == 288, "FLAGS_IN in puppet.asm");
_Static_assert(__builtin_offsetof(struct puppet_page, segments) == 312, "SEGMENTS in puppet.asm");
_Static_assert(__builtin_offsetof(struct puppet_page, fpu) == 1024, "FPU in puppet.asm");
_Static_assert(__builtin_offsetof(struct puppet_page, avx) == 2048, "AVX in puppet.asm");
_Static_assert(E_GONE == 10 && E_INTR == 13, "E_GONE_ and E_INTR_ in puppet.asm");

#define MAX_PUPPETS 16

/* The puppets of this test, and how many of each one's orders have been recorded. */
static struct {
    const struct puppet_page *page;
    uint64_t entry;
    uint64_t recorded;
} made[MAX_PUPPETS];
static unsigned made_count;

void puppets_begin(void)
{
    made_count = 0;
}

/* What a device or an interrupt's message says of time is not the same twice. */
static bool is_result(const struct puppet_page *page, unsigned reg)
{
    bool irq = (page->out[R_RSI] & TAG_KIND_MASK) >> TAG_KIND_SHIFT == KIND_IRQ;

    if (page->command == PUPPET_SYSCALL)
        return !irq || reg != R_R8;
    return page->command != PUPPET_IN || reg != R_RAX;
}

/* Where a puppet's code lies in this task depends on the build; the place in it does not. */
static void record_address(uint64_t value, uint64_t entry)
{
    test_record(value - entry < 4096 ? value - entry : value);
}

void puppets_record(void)
{
    for (unsigned i = 0; i < made_count; i++) {
        const struct puppet_page *page = made[i].page;

        if (made[i].recorded == page->done)
            continue;
        made[i].recorded = page->done;
        for (unsigned reg = 0; reg < R_COUNT; reg++)
            if (is_result(page, reg))
                record_address(page->out[reg], made[i].entry);
    }
}

bool puppet_make(struct puppet *p, bool other_space, unsigned priority, uint64_t fault_ep)
{
    struct lab_blob blob = {puppet_blob, (size_t)(puppet_blob_end - puppet_blob)};
    uint64_t notification = lab_make(OBJ_NOTIFICATION, 0);

    memset(p, 0, sizeof *p);
    lab_peer_make(&p->peer, other_space, blob, 1, fault_ep, priority);
    p->page = p->peer.page;
    p->buffer = p->peer.t.buffer;
    p->thread = p->peer.t.thread;
    p->reply = p->peer.t.reply;
    p->go = lab_copy(notification, RIGHT_ALL, 1);
    if (p->page == NULL || p->buffer == NULL)
        return test_expect("making a puppet", 0, 1);
    p->page->go = p->go;
    if (made_count < MAX_PUPPETS) {
        made[made_count].page = p->page;
        made[made_count].entry = p->peer.entry;
        made[made_count++].recorded = 0;
    }
    lab_peer_start(&p->peer);
    return lab_error() == NULL;
}

void puppet_do(struct puppet *p, enum puppet_command command, uint64_t arg)
{
    puppets_record();
    p->page->command = command;
    p->page->in[R_RDI] = arg;
    p->done++;
    (void)sys_signal(p->go);
}

void puppet_sys(struct puppet *p, int64_t number, uint64_t rdi, uint64_t rbx, const struct msg *m)
{
    uint64_t *in = p->page->in;
    struct msg empty = {0};

    if (m == NULL)
        m = &empty;
    in[R_RAX] = (uint64_t)number;
    in[R_RBX] = rbx;
    in[R_RSI] = m->tag;
    in[R_RDX] = m->w[0];
    in[R_R8] = m->w[1];
    in[R_R9] = m->w[2];
    in[R_R10] = m->w[3];
    in[R_R12] = m->w[4];
    in[R_R13] = m->w[5];
    puppet_do(p, PUPPET_SYSCALL, rdi);
}

bool puppet_fault(struct puppet *p, uint64_t ep, struct msg *m)
{
    struct msg info = {0};

    if (!test_expect_error("thread info", sys_invoke(p->thread, OP_THREAD_INFO, &info), E_OK) ||
        !test_expect("state of the thread that should have faulted", info.w[0],
                     THREAD_FAULT_QUEUED))
        return false;
    *m = (struct msg){0};
    if (!test_expect_error("receiving the fault", sys_recv(SLOT_REPLY + 1, ep, m), E_OK))
        return false;
    test_record(m->tag);
    for (unsigned i = 0; i < MSG_REG_WORDS; i++)
        record_address(m->w[i], p->peer.entry);
    return true;
}

static struct msg one_word(uint32_t label, uint64_t word)
{
    return (struct msg){.tag = msg_tag(label, 0, 0), .w = {word}};
}

void puppet_call(struct puppet *p, uint64_t ep, uint32_t label, uint64_t word)
{
    struct msg m = one_word(label, word);

    puppet_sys(p, SYS_CALL, ep, 0, &m);
}

void puppet_recv(struct puppet *p, uint64_t ep)
{
    puppet_sys(p, SYS_RECV, p->reply, ep, NULL);
}

void puppet_reply(struct puppet *p, uint32_t label, uint64_t word)
{
    struct msg m = one_word(label, word);

    puppet_sys(p, SYS_REPLY, p->reply, 0, &m);
}

void puppet_reply_recv(struct puppet *p, uint64_t ep, uint32_t label, uint64_t word)
{
    struct msg m = one_word(label, word);

    puppet_sys(p, SYS_REPLY_RECV, p->reply, ep, &m);
}

bool puppet_idle(const struct puppet *p)
{
    return p->page->done == p->done;
}

int puppet_status(const struct puppet *p)
{
    return puppet_idle(p) ? (int)p->page->out[R_RAX] : BLOCKED;
}

uint64_t puppet_out(const struct puppet *p, enum puppet_reg reg)
{
    return p->page->out[reg];
}

unsigned puppet_kind(const struct puppet *p)
{
    return (unsigned)(p->page->out[R_RSI] & TAG_KIND_MASK) >> TAG_KIND_SHIFT;
}

uint32_t puppet_label(const struct puppet *p)
{
    return (uint32_t)(p->page->out[R_RSI] >> TAG_LABEL_SHIFT);
}
