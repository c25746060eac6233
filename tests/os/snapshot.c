/*
 * snapshot.c - all that user level can ask about the world: every slot with what INFO says of its
 * object, a stopped thread's registers, buffers, and what the prober finds mapped. CPU time is
 * left out: it goes on.
 */
#include "world.h"
#include <stdio.h>

#define VALUES_MAX 3072
#define SLOTS      (W_END + 40u) /* the world, and the lab's slots behind it */

struct value {
    const char *of;
    uint64_t number; /* slot or address */
    uint64_t value;
};

static struct value values[2][VALUES_MAX];
static unsigned counts[2];

static void note(unsigned which, const char *of, uint64_t number, uint64_t value)
{
    if (counts[which] < VALUES_MAX)
        values[which][counts[which]++] = (struct value){of, number, value};
}

static void note_info(unsigned which, uint64_t slot, uint32_t label, const char *of, unsigned mask)
{
    note(which, of, slot, (uint64_t)OP0(slot, label));
    for (unsigned i = 0; i < MSG_REG_WORDS; i++)
        if (mask & 1u << i)
            note(which, of, slot, test_out.w[i]);
}

/* What there is to ask the object in @slot, and which of the words do not change by themselves. */
static void note_object(unsigned which, uint64_t slot, uint64_t type)
{
    switch (type) {
    case OBJ_UNTYPED:
        note_info(which, slot, OP_UNTYPED_INFO, "untyped", 0xf);
        break;
    case OBJ_THREAD:
        if (slot != SLOT_THREAD) {
            note_info(which, slot, OP_THREAD_INFO, "thread", 0xb);
            note_info(which, slot, OP_THREAD_READ_DEBUG, "debug registers of the thread", 0x3f);
        }
        break;
    case OBJ_FRAME:
        note_info(which, slot, OP_FRAME_INFO, "frame", 0xf);
        break;
    case OBJ_IRQ:
        note_info(which, slot, OP_IRQ_INFO, "Irq", 0x3f);
        break;
    case OBJ_DEVICE:
        note_info(which, slot, OP_DEVICE_INFO, "Device", 0xf);
        break;
    case OBJ_PORTMAP:
        note_info(which, slot, OP_PORTMAP_INFO, "PortMap", 1);
        break;
    case OBJ_BUDGET:
        note_info(which, slot, OP_BUDGET_INFO, "Budget", 0xe);
        break;
    default:
        break;
    }
}

static void note_slots(unsigned which)
{
    for (uint64_t slot = 1; slot < SLOTS; slot++) {
        uint64_t type;

        (void)OP1(SLOT_CNODE, OP_CNODE_INFO, slot);
        type = test_out.w[0];
        for (unsigned i = 0; i < MSG_REG_WORDS; i++)
            note(which, "capability", slot, test_out.w[i]);
        note_object(which, slot, type);
    }
    for (uint64_t slot = 1; slot < 16; slot++) {
        (void)OP1(W_CNODE, OP_CNODE_INFO, slot);
        for (unsigned i = 0; i < 3; i++)
            note(which, "capability in the other CNode", slot, test_out.w[i]);
    }
}

/* A stopped thread's registers, and both buffers. */
static void note_memory(unsigned which)
{
    const struct quoll_buffer *own = (const struct quoll_buffer *)TASK_BUFFER_VA;
    const uint64_t *caller = (const uint64_t *)world.caller.buffer;

    for (unsigned i = 0; i < sizeof *own / sizeof(uint64_t); i++)
        note(which, "word of the caller's buffer", i, caller[i]);
    if (OP0(W_THREAD, OP_THREAD_READ_REGS) != E_OK)
        return;
    for (unsigned i = 0; i < MSG_REG_WORDS; i++)
        note(which, "register", i, test_out.w[i]);
    for (unsigned i = 0; i < 12; i++)
        note(which, "register", i + MSG_REG_WORDS, own->words[i]);
    for (unsigned part = 0; part < 2; part++) {
        if (OP1(W_THREAD, OP_THREAD_READ_FPU, part) != E_OK)
            return;
        for (unsigned i = 0; i < FPU_PART_WORDS; i++)
            note(which, "word of the FPU state", i,
                 i < MSG_REG_WORDS ? test_out.w[i] : own->words[i - MSG_REG_WORDS]);
    }
}

/* Let the prober go on behind the access that faulted. */
static void step_over(void)
{
    struct quoll_buffer *own = (struct quoll_buffer *)TASK_BUFFER_VA;
    struct msg m;

    (void)OP0(world.prober.thread, OP_THREAD_READ_REGS);
    own->words[15 - MSG_REG_WORDS] += 2; /* of the instruction */
    m = test_out;
    m.tag = msg_tag(OP_THREAD_WRITE_REGS, 12, 0);
    (void)sys_call(world.prober.thread, &m);
    m = (struct msg){0};
    (void)sys_reply(SLOT_REPLY + 1, &m);
}

static void probe(unsigned which, enum puppet_command command, uint64_t va)
{
    struct msg m = {0};

    puppet_do(&world.prober, command, va);
    if (puppet_idle(&world.prober)) {
        note(which, "access", va, 0);
        return;
    }
    if (!puppet_fault(&world.prober, world.faults, &m))
        return;
    note(which, "fault", va, m.w[2] + 1);
    step_over();
}

static void note_mappings(unsigned which)
{
    static const uint64_t read[] = {WORLD_VA, WORLD_VA + 4096, WORLD_VA_FREE, WORLD_VA_2M,
                                    WORLD_VA_1G};

    for (unsigned i = 0; i < sizeof read / sizeof read[0]; i++)
        probe(which, PUPPET_READ, read[i]);
    probe(which, PUPPET_WRITE, WORLD_VA);
    probe(which, PUPPET_WRITE, WORLD_VA + 4096);
}

static bool look(unsigned which)
{
    counts[which] = 0;
    note_slots(which);
    note_memory(which);
    note_mappings(which);
    return test_expect("room for the snapshot", counts[which] < VALUES_MAX, 1);
}

bool snapshot_take(void)
{
    return look(0);
}

bool snapshot_same(const char *what)
{
    char text[160];

    if (!look(1))
        return false;
    for (unsigned i = 0; i < counts[0] || i < counts[1]; i++) {
        const struct value *before = &values[0][i], *now = &values[1][i];

        if (i < counts[0] && i < counts[1] && before->number == now->number &&
            before->value == now->value)
            continue;
        (void)snprintf(text, sizeof text, "%s %lx changed by: %s", before->of, before->number,
                       what);
        return test_expect(text, now->number, before->number) &&
               test_expect(text, now->value, before->value) &&
               test_expect(text, counts[1], counts[0]);
    }
    return true;
}
