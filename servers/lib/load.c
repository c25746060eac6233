/*
 * load.c - see load.h.
 */
#include <quoll/load.h>
#include <quoll/sys.h>
#include <quoll/task.h>

extern const char load_spin[], load_spin_end[], load_serve[], load_serve_end[];
extern const char load_call[], load_call_end[];

_Static_assert(offsetof(struct load_page, count) == 24, "COUNT in load.asm");
_Static_assert(SYS_REPLY_RECV == -1 && SYS_CALL == 0, "numbers in load.asm");

static struct lab_blob blob_of(enum load_kind kind)
{
    switch (kind) {
    case LOAD_SERVE:
        return (struct lab_blob){load_serve, (size_t)(load_serve_end - load_serve)};
    case LOAD_CALL:
        return (struct lab_blob){load_call, (size_t)(load_call_end - load_call)};
    case LOAD_SPIN:
    default:
        return (struct lab_blob){load_spin, (size_t)(load_spin_end - load_spin)};
    }
}

bool load_make(struct load *l, enum load_kind kind, unsigned priority, uint64_t budget_us,
               uint64_t period_us, uint64_t ep)
{
    const struct lab_thread *t = &l->peer.t;

    l->budget = lab_slot();
    lab_peer_make(&l->peer, true, blob_of(kind), 1, 0, priority);
    l->page = l->peer.page;
    if (l->page == NULL ||
        sys_op(SLOT_CPU_CONTROL, OP_CPU_CONTROL_CREATE, SLOT_UNTYPED, budget_us, period_us,
               PRIORITY_MAX, l->budget, 0) != E_OK ||
        sys_op(t->thread, OP_THREAD_CONFIGURE, SLOT_CNODE, l->peer.vspace, 0, t->buffer_frame,
               l->budget, 0) != E_OK)
        return false;
    l->page->ep = ep;
    l->page->reply = t->reply;
    return lab_error() == NULL;
}

void load_start(struct load *l)
{
    lab_peer_start(&l->peer);
}

uint64_t load_consumed(const struct load *l)
{
    struct msg m = {0};

    return sys_invoke(l->budget, OP_BUDGET_INFO, &m) == E_OK ? m.w[0] : 0;
}
