/*
 * lab.c - see lab.h. Slots and addresses are handed out upwards and all taken back by lab_end,
 * so nothing here can leak: the untyped's revocation is the only clean-up.
 */
#include <quoll/error.h>
#include <quoll/lab.h>
#include <quoll/sys.h>
#include <quoll/task.h>
#include <stdio.h>
#include <string.h>

#define LAB_VA      0x0000001000000000ull /* nothing else of a task lies here */
#define PAGE_BYTES  4096u
#define MAX_THREADS 16

static uint64_t slot_next = SLOT_FREE;
static uint64_t payer = SLOT_UNTYPED;
static uint64_t va_next = LAB_VA;
static uint64_t threads[MAX_THREADS];
static unsigned thread_count;
static char error_text[96];

static void lab_fail(const char *what, int status)
{
    if (error_text[0] == '\0')
        (void)snprintf(error_text, sizeof error_text, "%s: %s", what, quoll_strerror(status));
}

int lab_check(const char *what, int status)
{
    if (status != E_OK)
        lab_fail(what, status);
    return status;
}

void lab_begin(void)
{
    slot_next = SLOT_FREE;
    payer = SLOT_UNTYPED;
    va_next = LAB_VA;
    thread_count = 0;
    error_text[0] = '\0';
}

void lab_end(void)
{
    for (unsigned i = 0; i < thread_count; i++)
        (void)sys_op(threads[i], OP_THREAD_SUSPEND, 0, 0, 0, 0, 0, 0);
    (void)lab_check("revoke", sys_op(SLOT_CNODE, OP_CNODE_REVOKE, SLOT_UNTYPED, 0, 0, 0, 0, 0));
    /* What was copied from the task's own capabilities is not below the untyped. */
    for (uint64_t slot = SLOT_FREE; slot < slot_next; slot++)
        (void)sys_op(SLOT_CNODE, OP_CNODE_DELETE, slot, 0, 0, 0, 0, 0);
    slot_next = SLOT_FREE;
    va_next = LAB_VA;
    thread_count = 0;
}

const char *lab_error(void)
{
    return error_text[0] == '\0' ? NULL : error_text;
}

uint64_t lab_used_bytes(void)
{
    struct msg m = {0};

    (void)lab_check("untyped info", sys_invoke(SLOT_UNTYPED, OP_UNTYPED_INFO, &m));
    return m.w[2];
}

uint64_t lab_slot(void)
{
    if (slot_next >= task_info()->slot_end) {
        lab_fail("slot allocation", E_NO_MEMORY);
        return 0;
    }
    return slot_next++;
}

void lab_pay_from(uint64_t untyped)
{
    payer = untyped;
}

uint64_t lab_make(unsigned type, uint64_t size_bits)
{
    uint64_t slot = lab_slot();
    uint64_t thread = 0;
    int status;

    if (type == OBJ_REPLY) {
        thread = size_bits;
        size_bits = 0;
    }
    status = sys_op(payer, OP_UNTYPED_RETYPE, type, size_bits, 0, slot, 1, thread);
    if (lab_check("retype", status) != E_OK)
        return 0;
    if (type == OBJ_THREAD && thread_count < MAX_THREADS)
        threads[thread_count++] = slot;
    return slot;
}

uint64_t lab_copy(uint64_t source, uint64_t rights, uint64_t badge)
{
    uint64_t slot = lab_slot();
    uint32_t op = badge == 0 ? OP_CNODE_COPY : OP_CNODE_MINT;

    if (lab_check("copy", sys_op(SLOT_CNODE, op, slot, 0, source, rights, badge, 0)) != E_OK)
        return 0;
    return slot;
}

/* Fill the level that a mapping at @va lacks. */
static int add_table(uint64_t vspace, uint64_t va)
{
    uint64_t table = lab_make(OBJ_TABLE, 0);

    return lab_check("map table", sys_op(vspace, OP_VSPACE_MAP_TABLE, va, table, 0, 0, 0, 0));
}

int lab_map(uint64_t vspace, uint64_t va, uint64_t frame, uint64_t rights)
{
    int status = E_NO_TABLE;

    /* Three levels can be missing; the fourth attempt maps. */
    for (unsigned attempt = 0; attempt < 4; attempt++) {
        status = sys_op(vspace, OP_VSPACE_MAP, va, frame, rights, CACHE_DEFAULT, 0, 0);
        if (status != E_NO_TABLE || add_table(vspace, va) != E_OK)
            break;
    }
    return lab_check("map", status);
}

uint64_t lab_va(unsigned pages)
{
    uint64_t va = va_next;

    va_next += (uint64_t)pages * PAGE_BYTES;
    return va;
}

void *lab_map_here(uint64_t frame)
{
    uint64_t copy = lab_copy(frame, RIGHT_ALL, 0);
    uint64_t va = lab_va(1);

    if (lab_map(SLOT_VSPACE, va, copy, RIGHT_READ | RIGHT_WRITE) != E_OK)
        return NULL;
    return (void *)va;
}

void lab_thread_make(struct lab_thread *t, uint64_t vspace, uint64_t fault_ep, unsigned priority)
{
    t->thread = lab_make(OBJ_THREAD, 0);
    t->reply = lab_make(OBJ_REPLY, t->thread);
    t->buffer_frame = lab_make(OBJ_FRAME, FRAME_4K_BITS);
    t->buffer = lab_map_here(t->buffer_frame);
    (void)lab_check("thread configure", sys_op(t->thread, OP_THREAD_CONFIGURE, SLOT_CNODE, vspace,
                                               fault_ep, t->buffer_frame, SLOT_BUDGET, 0));
    (void)lab_check("set priority",
                    sys_op(t->thread, OP_THREAD_SET_PRIORITY, priority, 0, 0, 0, 0, 0));
}

/* Put @blob on a page of its own and map that, executable, for the peer. */
static void peer_load(struct lab_peer *p, struct lab_blob blob)
{
    uint64_t frame = lab_make(OBJ_FRAME, FRAME_4K_BITS);
    void *here = lab_map_here(frame);

    if (here == NULL || blob.bytes > PAGE_BYTES) {
        lab_fail("loading a peer's code", E_BAD_ARG);
        return;
    }
    memcpy(here, blob.start, blob.bytes);
    (void)lab_map(p->vspace, LAB_CODE_VA, frame, RIGHT_READ | RIGHT_EXEC);
}

void lab_peer_make(struct lab_peer *p, bool other_space, struct lab_blob blob, unsigned pages,
                   uint64_t fault_ep, unsigned priority)
{
    memset(p, 0, sizeof *p);
    p->page_count = pages;
    p->vspace = other_space ? lab_make(OBJ_VSPACE, 0) : SLOT_VSPACE;
    for (unsigned i = 0; i < pages; i++) {
        void *here;

        p->pages[i] = lab_make(OBJ_FRAME, FRAME_4K_BITS);
        here = lab_map_here(p->pages[i]);
        if (i == 0)
            p->page = here;
        /* The pages' tables exist after the first, and every later address follows the last. */
        if (other_space)
            (void)lab_map(p->vspace, LAB_PAGE_VA + (uint64_t)i * PAGE_BYTES, p->pages[i],
                          RIGHT_READ | RIGHT_WRITE);
    }
    if (other_space)
        peer_load(p, blob);
    p->entry = other_space ? LAB_CODE_VA : (uint64_t)blob.start;
    p->page_va = other_space ? LAB_PAGE_VA : (uint64_t)p->page;
    lab_thread_make(&p->t, p->vspace, fault_ep, priority);
}

void lab_peer_start(struct lab_peer *p)
{
    (void)lab_check("thread start", sys_op(p->t.thread, OP_THREAD_START, p->entry, p->page_va,
                                           p->page_va, 0, 0, 0));
}
