/*
 * trace.c - the ring of the last TRACE_EVENTS kernel events. Debug builds only.
 * Events hold numbers, not what they point at, so they can be printed whatever has happened to
 * the objects since.
 */
#include <debug/kdb.h>
#include <debug/trace.h>

#define EXCEPTIONS        32
#define VECTOR_PAGE_FAULT 14

enum { STATUS_OPEN, STATUS_WAITS, STATUS_AGAIN, STATUS_ERROR }; /* + the error */

static struct trace_event {
    uint64_t tsc, thread, a, b, c, d;
    enum trace_kind kind;
    uint32_t status;         /* of a system call */
} ring[TRACE_EVENTS], *call; /* call: of the system call that runs, or NULL */
static uint64_t added;       /* events ever */

void trace_add(enum trace_kind kind, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    struct trace_event *e = &ring[added % TRACE_EVENTS];
    struct trace_event *last = &ring[(added - 1) % TRACE_EVENTS];

    if (kind == TRACE_SYSCALL) { /* a byte for the console has none: a line would fill the ring */
        call = a == SYS_DEBUG && b == DEBUG_PUTC ? NULL : e;
    }
    if (kind == TRACE_TRAP && a >= EXCEPTIONS && added && last->kind == kind && last->a == a) {
        last->d++; /* one of a burst */
    } else if (kind != TRACE_SYSCALL || call) {
        d = kind == TRACE_TRAP && a == VECTOR_PAGE_FAULT ? read_cr2() : d;
        *e = (struct trace_event){rdtsc(), (uint64_t)current(), a, b, c, d, kind, STATUS_OPEN};
        added++;
    }
}

void trace_add_result(const struct thread *t)
{
    const struct regs *r = thread_regs(t);

    if (call && call->kind == TRACE_SYSCALL) { /* else it has none, or newer ones its place */
        call->status = thread_state(t) != THREAD_RUNNING  ? STATUS_WAITS
                       : r->vector /* to be made again */ ? STATUS_AGAIN
                                                          : STATUS_ERROR + (uint32_t)r->rax;
    }
    call = NULL;
}

static void print_event(const struct trace_event *e)
{
    static const char *const calls[] = {
#define SYSCALL(name, value, text) [(value) + 1] = #name,
#include <quoll/syscalls.def>
#undef SYSCALL
    };
    static const char *const statuses[] = {
        "(not over)",
        "(waits)",
        "(goes on)",
#define ERR(name, value, text) [(value) + STATUS_ERROR] = #name,
#include <quoll/errors.def>
#undef ERR
    };

    switch (e->kind) {
    case TRACE_SYSCALL:
        kprintf("syscall    %-10s %-10s rdi %lx rbx %lx label %lx\n", KDB_NAME(calls, e->a + 1),
                KDB_NAME(statuses, e->status), e->b, e->a == SYS_CALL ? 0 : e->c, e->d);
        break;
    case TRACE_TRAP:
        kprintf("%-10s vector %-3lu error %lx at %lx %s %lx\n",
                e->a < EXCEPTIONS ? "exception" : "interrupt", e->a, e->b, e->c,
                e->a < EXCEPTIONS ? "address" : "repeated", e->d);
        break;
    case TRACE_SWITCH:
        kprintf("switch     to %lx priority %lu\n", SHORT(e->a), e->b);
        break;
    default:
        kprintf("destroy    %-10s %lx\n", KDB_NAME(kdb_types, e->a), SHORT(e->b));
        break;
    }
}

void trace_print(void)
{
    uint64_t now = rdtsc(), per_us = cpu_self()->tsc_hz / 1000000 + 1;

    kprintf("    US AGO     THREAD  EVENT\n");
    for (uint64_t i = added > TRACE_EVENTS ? added - TRACE_EVENTS : 0; i < added; i++) {
        const struct trace_event *e = &ring[i % TRACE_EVENTS];
        kprintf("%10lu %10lx  ", (now - e->tsc) / per_us, SHORT(e->thread));
        print_event(e);
    }
}
