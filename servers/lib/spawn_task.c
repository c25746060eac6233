/*
 * spawn_task.c - a task as a whole: made step by step, started, ended. See spawn.h.
 * Each step is a row of a table, so a failure is always reported with its step.
 */
#include "spawn_internal.h"

#include <quoll/task.h>

static int make_cnode(struct spawn *s, const struct spawn_plan *plan, struct spawn_failure *f)
{
    (void)f;
    return spawn_make(s, OBJ_CNODE, plan->slot_bits, &s->cnode);
}

static int make_vspace(struct spawn *s)
{
    if (s->slice == 0) {
        return spawn_make(s, OBJ_VSPACE, 0, &s->vspace);
    }
    s->vspace = s->maker->shared_space;
    return E_OK;
}

/* Which address space it is in, the program says. */
static int load_program(struct spawn *s, const struct spawn_plan *plan, struct spawn_failure *f)
{
    struct spawn_program program;
    int error = spawn_find(s, plan->image, &program, &f->wrong);

    if (error == E_OK) {
        f->step = "make its address space";
        error = make_vspace(s);
    }
    if (error == E_OK) {
        f->step = "load its program";
        error = spawn_load(s, &program);
    }
    return error;
}

/* Below the stack nothing is mapped: an overflow faults. */
static int make_stack(struct spawn *s, const struct spawn_plan *plan, struct spawn_failure *f)
{
    (void)f;
    return spawn_map_zeroed(s, s->slice + TASK_STACK_TOP - plan->stack_bytes, plan->stack_bytes);
}

static int make_buffer(struct spawn *s, const struct spawn_plan *plan, struct spawn_failure *f)
{
    int error = spawn_make(s, OBJ_FRAME, FRAME_4K_BITS, &s->buffer);

    (void)plan;
    (void)f;
    if (error == E_OK) {
        error = spawn_map(s, s->slice + TASK_BUFFER_VA, s->buffer, RIGHT_READ | RIGHT_WRITE);
    }
    return error;
}

static int make_budget(struct spawn *s, const struct spawn_plan *plan, struct spawn_failure *f)
{
    struct spawn_control c = {
        .control = s->maker->cpu_control,
        .op = OP_CPU_CONTROL_CREATE,
        .slot_word = 4,
        .m = {.w = {0, plan->budget_us, plan->period_us, plan->max_priority}},
    };
    int error = spawn_make_control(s, BUDGET_BITS, &c);

    (void)f;
    s->budget = c.slot;
    return error;
}

static int make_thread(struct spawn *s, const struct spawn_plan *plan, struct spawn_failure *f)
{
    int error = spawn_make(s, OBJ_THREAD, 0, &s->thread);

    (void)f;
    if (error == E_OK) {
        error = spawn_copy(s, plan->fault_endpoint, RIGHT_SEND, plan->fault_badge, &s->fault);
    }
    if (error == E_OK) {
        error = sys_op(s->thread, OP_THREAD_CONFIGURE, s->cnode, s->vspace, s->fault, s->buffer,
                       s->budget, 0);
    }
    if (error == E_OK) {
        error = sys_op(s->thread, OP_THREAD_SET_PRIORITY, plan->priority, 0, 0, 0, 0, 0);
    }
    return error;
}

int spawn_build(struct spawn *s, const struct spawn_plan *plan, struct spawn_failure *failure)
{
    static const struct {
        const char *what;
        int (*run)(struct spawn *, const struct spawn_plan *, struct spawn_failure *);
    } steps[] = {
        {"make its capability space", make_cnode},
        {"load its program", load_program},
        {"make its stack", make_stack},
        {"make its IPC buffer", make_buffer},
        {"make its budget", make_budget},
        {"make its thread", make_thread},
    };
    int error = E_OK;

    *failure = (struct spawn_failure){0};
    for (unsigned i = 0; error == E_OK && i < sizeof(steps) / sizeof(steps[0]); i++) {
        failure->step = steps[i].what;
        error = steps[i].run(s, plan, failure);
    }
    return error;
}

int spawn_start(struct spawn *s, uint64_t a, uint64_t b)
{
    return sys_op(s->thread, OP_THREAD_START, s->entry, s->slice + TASK_STACK_TOP, a, b, 0, 0);
}

int spawn_portmap(struct spawn *s)
{
    struct spawn_control c = {.control = s->maker->ioport_control,
                              .op = OP_IOPORT_CONTROL_CREATE,
                              .slot_word = 2,
                              .m = {.w = {0, s->vspace}}};
    int error = E_OK;

    if (s->portmap == 0) {
        error = spawn_make_control(s, PORTMAP_BITS, &c);
        s->portmap = c.slot;
    }
    return error;
}

int spawn_ports(struct spawn *s, uint16_t first, uint16_t last)
{
    int error = spawn_portmap(s);

    if (error == E_OK) {
        error = sys_op(s->maker->ioport_control, OP_IOPORT_CONTROL_GRANT, s->portmap, first, last,
                       0, 0, 0);
    }
    return error;
}

void spawn_delete(struct spawn *s, uint32_t *slot)
{
    if (*slot != 0) {
        (void)sys_op(s->maker->cnode, OP_CNODE_DELETE, *slot, 0, 0, 0, 0, 0);
        slots_give(s->slots, *slot, 1);
        *slot = 0;
    }
}

void spawn_stop(struct spawn *s)
{
    if (s->thread != 0) {
        (void)sys_op(s->thread, OP_THREAD_SUSPEND, 0, 0, 0, 0, 0, 0);
    }
}

void spawn_end(struct spawn *s)
{
    const struct spawn_maker *maker = s->maker;
    struct slots *slots = s->slots;

    spawn_stop(s);
    (void)sys_op(maker->cnode, OP_CNODE_REVOKE, s->untyped, 0, 0, 0, 0, 0);
    for (uint32_t i = slots->top; i < slots->count; i++) {
        (void)sys_op(maker->cnode, OP_CNODE_DELETE, slots->first + i, 0, 0, 0, 0, 0);
    }
    slots_init(slots, slots->used, slots->first, slots->count);
    *s = (struct spawn){.maker = maker, .slots = slots, .untyped = s->untyped, .pay = s->pay};
}
