/*
 * kdb_objects.c - the debugger's commands that show kernel objects and memory.
 * Lists are followed as they stand, and may be damaged: a walk that prints ends with the reader's
 * patience, any other has a bound.
 */
#include <arch/paging.h>
#include <debug/kdb.h>
#include <ipc/irq.h>
#include <object/slot.h>
#include <object/thread.h>
#include <object/untyped.h>
#include <quoll/bootinfo.h>

#define WALK_MAX       1000000u /* of one list */
#define ENTRY_RIGHTS   (PTE_WRITE | PTE_USER | PTE_PWT | PTE_PCD | PTE_NX)
#define THREAD_HEADING "    THREAD STATE           PRIO FLAGS               RIP WAITS FOR\n"
#define SLOT_HEADING   "      SLOT DEPTH TYPE           RIGHTS  FLAGS      OBJECT BITS BADGE\n"

static const char *const states[] = {
    "?",       "running", "receiving", "calling",      "queued",
    "waiting", "stopped", "faulted",   "fault-queued", "receiving-plain",
};

const char *const kdb_types[OBJ_COUNT] = {
#define OBJ(name, value, text) [value] = #name,
#include <quoll/objects.def>
#undef OBJ
};

/* A letter of @letters for each bit of @v that is set, from bit 0, else a dash; then a space. */
static void print_bits(uint64_t v, const char *letters)
{
    for (; *letters; letters++, v >>= 1) {
        kprintf("%c", v & 1 ? *letters : '-');
    }
    kprintf(" ");
}

/* ---- threads */

/* Of a light frame (object.h) only the registers that it has. */
void kdb_print_regs(const struct regs *r)
{
    kprintf("rip %016lx  rsp %016lx  rax %016lx  rdx %016lx\n", r->rip, r->rsp, r->rax, r->rdx);
    kprintf("rdi %016lx  rsi %016lx   r8 %016lx   r9 %016lx\n", r->rdi, r->rsi, r->r8, r->r9);
    kprintf("r10 %016lx  r12 %016lx  r13 %016lx\n", r->r10, r->r12, r->r13);
    if (r->vector) {
        kprintf("rbx %016lx  rcx %016lx  rbp %016lx  ", r->rbx, r->rcx, r->rbp);
        kprintf("r11 %016lx\nr14 %016lx  r15 %016lx  ", r->r11, r->r14, r->r15);
        kprintf("flags %lx  vector %u  error %lx\n", r->rflags, (uint8_t)r->vector, r->error);
    }
}

static const struct thread *typed_thread(void)
{
    const struct thread *t = thread_first();
    unsigned steps = 0;

    while (t && t != kdb_pointer() && steps++ < WALK_MAX) {
        t = t->all_next;
    }
    if (!t || steps > WALK_MAX) {
        kdb_stop("there is no thread at %lx; threads lists them", kdb_arg[0]);
    }
    return t;
}

/* Who keeps @t waiting: the thread to answer it, or the owner of the queue that it stands in (the
 * node there that is no thread and no Irq), or nobody. */
static const void *waits_for(const struct thread *t)
{
    enum quoll_thread_state s = thread_state(t);
    const struct node *n = &t->n;
    unsigned steps = 0;

    if (s == THREAD_CALLING || s == THREAD_FAULTED) {
        return t->reply->owner;
    }
    if (s == THREAD_RUNNING || s == THREAD_STOPPED) {
        return NULL;
    }
    while (n->word != WORD_ENDPOINT && n->word != WORD_NOTIFICATION && steps++ < WALK_MAX) {
        n = n->next;
    }
    return n;
}

static void print_thread(const struct thread *t)
{
    kprintf("%10lx %-15s %4u ", SHORT(t), KDB_NAME(states, thread_state(t)), t->n.prio);
    print_bits(t->flags, "SNFB-XQP");
    kprintf("%14lx %10lx\n", thread_regs(t)->rip, SHORT(waits_for(t)));
}

void kdb_cmd_threads(void)
{
    const struct thread *t = thread_first();

    kprintf(THREAD_HEADING);
    for (unsigned i = 0; t && i < WALK_MAX; i++, t = t->all_next) {
        print_thread(t);
    }
}

static void print_slot(const struct slot *s, unsigned indent)
{
    kprintf("%10lx %5u %*s%-*s ", SHORT(s), s->depth, (int)indent, "",
            indent < 14 ? (int)(14 - indent) : 0, KDB_NAME(kdb_types, s->type));
    print_bits(s->rights, "srgRWXm");
    print_bits(s->flags, "OTIPDV");
    kprintf("%10lx %4u %lx\n", SHORT(s->obj), s->size_bits,
            s->type == OBJ_UNTYPED ? untyped_used(s) : s->badge);
}

void kdb_cmd_thread(void)
{
    static const char *const names[] = {"cnode", "vspace", "fault", "buffer", "budget", "bound"};
    const struct thread *t = typed_thread();

    _Static_assert(sizeof names / 8 == TS_COUNT, "all slots");
    kprintf(THREAD_HEADING);
    print_thread(t);
    kdb_print_regs(thread_regs(t));
    kprintf("IN     " SLOT_HEADING);
    for (unsigned i = 0; i < TS_COUNT; i++) {
        kprintf("%-6s ", names[i]);
        print_slot(&t->slots[i], 0);
    }
}

/* ---- capabilities */

void kdb_cmd_caps(void)
{
    const struct thread *t = typed_thread();

    kprintf(" INDEX " SLOT_HEADING);
    for (uint64_t i = 1; i < t->cnode_slots; i++) {
        if (t->cnode[i].type != OBJ_NULL) {
            kprintf("%6lx ", i);
            print_slot(&t->cnode[i], 0);
        }
    }
}

/* A slot is believed when its type is one and the next in the tree names it. */
void kdb_cmd_tree(void)
{
    const struct slot *root = kdb_pointer(), *s = root;

    if (kdb_arg[0] % sizeof *s || s->type == OBJ_NULL || s->type >= OBJ_COUNT ||
        (s->next && slot_next(s)->prev != slot_link(s))) {
        kdb_stop("there is no capability at %lx; caps shows where they lie", kdb_arg[0]);
    }
    kprintf(SLOT_HEADING);
    do {
        print_slot(s, (unsigned)s->depth - root->depth);
        s = slot_next(s);
    } while (s && s->depth > root->depth);
}

/* ---- all objects of a kind */

/* The next object of @type behind the capability *@at (NULL: the first), which is moved on; NULL
 * after the last. The trees start in the first task's CNode (its thread is the oldest) with what
 * the kernel put there at boot; that has no parent. */
static const void *next_object(const struct slot **at, enum quoll_object type)
{
    static const struct slot *root, *end;
    const struct slot *s = *at;
    unsigned steps = 0;

    for (const struct thread *t = thread_first(); !s && t; t = t->all_next) {
        root = t->cnode;
        end = root + (1u << BOOT_CNODE_BITS);
    }
    do {
        for (s = s ? slot_next(s) : NULL; !s && root < end; root++) {
            s = root->type != OBJ_NULL && !root->prev ? root : NULL;
        }
    } while (s && (s->type != type || !(s->flags & SLOT_OWNER)) && steps++ < WALK_MAX);
    *at = s;
    return s ? (const void *)s->obj : NULL;
}

void kdb_cmd_endpoints(void)
{
    const struct slot *at = NULL;
    const struct endpoint *ep;

    while ((ep = next_object(&at, OBJ_ENDPOINT)) != NULL) {
        kprintf("endpoint %lx\n", SHORT(ep));
        for (const struct node *n = ep->n.next; n != &ep->n; n = n->next) {
            const struct thread *t = (const struct thread *)n;
            kprintf(n->word == WORD_IRQ    ? "  %10lx interrupt\n"
                    : n->word == WORD_MARK ? "  %10lx mark of a cancel\n"
                                           : "  %10lx %-15s badge %lx\n",
                    SHORT(n), KDB_NAME(states, thread_state(t)), t->badge);
        }
    }
}

void kdb_cmd_irqs(void)
{
    const struct slot *at = NULL;
    const struct irq *i;
    uint64_t info[MSG_REG_WORDS];

    kprintf("SOURCE        IRQ FLAG MASK PENDING DELIVERED STORMS   ENDPOINT    HELD BY BADGE\n");
    while ((i = next_object(&at, OBJ_IRQ)) != NULL) {
        irq_info(i, info);
        kprintf("%6lu %10lx ", info[0], SHORT(i));
        print_bits(i->flags, "LAMF");
        print_bits(info[3], "ML");
        kprintf(" %7lu %9lu %6lu %10lx %10lx %lx\n", info[2], info[1], info[4],
                SHORT(i->endpoint.obj), SHORT(i->reply), i->endpoint.badge);
    }
}

/* ---- time */

/* Microseconds until @t fires, 0 if it is not armed. */
static int64_t us_until(const struct timer *t)
{
    return timerq_queued(t) ? (int64_t)(t->at - rdtsc()) / (int64_t)(cpu_self()->tsc_hz / 1000000)
                            : 0;
}

void kdb_cmd_ready(void)
{
    const struct cpu *cpu = cpu_self();
    const struct slot *at = NULL;
    const struct notification *n;
    const struct budget *b;

    kprintf("current %lx on budget %lx, front %lx, idle %lx\n", SHORT(current()), SHORT(cpu->payer),
            SHORT(cpu->front), SHORT(cpu->idle));
    for (unsigned p = 0; p <= PRIORITY_MAX; p++) {
        for (const struct node *q = cpu->ready[p].next; q != &cpu->ready[p]; q = q->next) {
            kprintf("ready %lx priority %u\n", SHORT(q), p);
        }
    }
    while ((b = next_object(&at, OBJ_BUDGET)) != NULL) {
        kprintf("budget %lx: %u of %u us, up to priority %lu, consumed %lu ms, timer in %ld us\n",
                SHORT(b), b->budget_us, b->period_us, b->max_prio,
                b->consumed / (cpu->tsc_hz / 1000), us_until(&b->timer));
    }
    while ((n = next_object(&at, OBJ_NOTIFICATION)) != NULL) {
        kprintf("notification %lx: bits %lx, timer in %ld us\n", SHORT(n), n->bits,
                us_until(&n->timer));
    }
}

/* ---- memory */

struct range {
    uint64_t va, bytes, pa, entry;
};

/* The page of @va in the tables at @cr3, or the hole around it (entry 0). With @tell, how the
 * walk goes. */
static struct range walk(uint64_t cr3, uint64_t va, bool tell)
{
    uint64_t table = cr3 & PTE_ADDR;

    for (unsigned level = 4;; level--) {
        uint64_t bytes = 1ull << (3 + 9 * level), index = va / bytes & 511;
        uint64_t e = ((const uint64_t *)direct(table))[index];
        bool present = e & PTE_PRESENT, page = level == 1 || (level < 4 && e & PTE_LARGE);
        if (tell) {
            kprintf("level %u: table %lx entry %lx is %lx\n", level, table, index, e);
        }
        table = e & PTE_ADDR;
        if (!present || page) {
            return (struct range){va & -bytes, bytes, table & -bytes, present ? e : 0};
        }
    }
}

/* Pages that follow each other in both address spaces, with the same rights, are one range. */
static void print_ranges(uint64_t cr3)
{
    struct range all = {0}, page;

    kprintf("%14s %12s %12s FLAGS\n", "VA", "BYTES", "PHYSICAL");
    for (uint64_t va = 0; va < USER_TOP; va = page.va + page.bytes) {
        page = walk(cr3, va, false);
        if (page.entry && page.pa == all.pa + all.bytes && va == all.va + all.bytes &&
            !((page.entry ^ all.entry) & ENTRY_RIGHTS)) {
            all.bytes += page.bytes;
            continue;
        }
        if (all.entry) {
            kprintf("%14lx %12lx %12lx ", all.va, all.bytes, all.pa);
            print_bits(all.entry >> 1, "wutc"); /* from PTE_WRITE on */
            kprintf(all.entry & PTE_NX ? "\n" : "x\n");
        }
        all = page;
    }
}

void kdb_cmd_pt(void)
{
    uint64_t cr3 = typed_thread()->cr3;

    if (kdb_args == 1) {
        print_ranges(cr3);
        return;
    }
    struct range r = walk(cr3, kdb_arg[1], true);
    kprintf(r.entry ? "it is at %lx\n" : "nothing is mapped there\n", r.pa + (kdb_arg[1] - r.va));
}

void kdb_cmd_mem(void)
{
    const uint64_t *w = kdb_pointer();

    if (kdb_arg[0] % 8) {
        kdb_stop("the address must be a multiple of 8");
    }
    for (uint64_t i = 0; i < (kdb_args > 1 ? kdb_arg[1] : 4); i++, w += 4) {
        kprintf("%10lx: %016lx %016lx %016lx %016lx\n", SHORT(w), w[0], w[1], w[2], w[3]);
    }
}
