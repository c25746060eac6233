/*
 * world.c - building and destroying a world. What victims may destroy is cut from world.untyped;
 * what the supervisor itself needs (the victims' buffers and code) it owns, they have copies.
 */
#include "fuzz.h"
#include <quoll/lab.h>
#include <quoll/sys.h>
#include <quoll/task.h>
#include <string.h>

#define WORLD_BITS   21u /* fits in the least that the manifest grants */
#define PAGE_BYTES   4096u
#define VICTIM_PRIO  130u /* the supervisor has 120 */
#define PIT_GSI      2u
#define FREE_GSI     5u
#define UD2          0x0b0fu
#define SYSCALL_INSN 0x050fu
#define BUDGET_PRIO  189u /* the highest that victims can get: drivers go first */

struct world world;

static const char *failed_what;
static int failed_status;
static uint64_t next; /* slot of the victims' space */

static void step(const char *what, int status)
{
    if (status != E_OK && failed_status == E_OK) {
        failed_what = what;
        failed_status = status;
    }
}

/* ---- capabilities into the victims' space; each returns the first slot */

static uint64_t cut(unsigned type, uint64_t bits, uint64_t count, uint64_t thread)
{
    uint64_t at = next;

    step("retype",
         sys_op(world.untyped, OP_UNTYPED_RETYPE, type, bits, WORLD_CNODE, at, count, thread));
    next += count;
    return at;
}

static uint64_t give(uint64_t own, uint64_t rights, uint64_t badge)
{
    step("give", sys_op(WORLD_CNODE, OP_CNODE_MINT, next, 0, own, rights, badge, 0));
    return next++;
}

static uint64_t derive(uint64_t from, uint64_t rights, uint64_t badge)
{
    step("derive", sys_op(WORLD_CNODE, OP_CNODE_MINT, next, WORLD_CNODE, from, rights, badge, 0));
    return next++;
}

static uint64_t move_in(uint64_t own)
{
    step("move", sys_op(WORLD_CNODE, OP_CNODE_MOVE, next, 0, own, 0, 0, 0));
    return next++;
}

/* A copy of the victims' slot @index for the supervisor. */
static void take(uint64_t own, uint64_t cnode, uint64_t index)
{
    step("take", sys_op(SLOT_CNODE, OP_CNODE_COPY, own, cnode, index, RIGHT_ALL, 0, 0));
}

/* ---- parts */

static void make_cnodes(void)
{
    static const uint8_t bits[] = {CNODE_BITS, SMALL_BITS};

    step("home",
         sys_op(world.untyped, OP_UNTYPED_RETYPE, OBJ_CNODE, CNODE_MIN_BITS, 0, WORLD_HOME, 1, 0));
    for (unsigned i = 0; i < 2; i++) {
        step("CNode",
             sys_op(world.untyped, OP_UNTYPED_RETYPE, OBJ_CNODE, bits[i], WORLD_HOME, i + 1, 1, 0));
        take(WORLD_CNODE + i, WORLD_HOME, i + 1);
    }
    next = 1;
    (void)give(WORLD_CNODE, RIGHT_ALL, 0);
    (void)give(WORLD_HOME, RIGHT_ALL, 0);
    (void)give(WORLD_SMALL, RIGHT_ALL, 0);
}

/* Map the supervisor's frame @own, whose slot the victims get, with the tables it needs. */
static void map_in(uint64_t vspace, uint64_t va, uint64_t own, uint64_t rights)
{
    int status = sys_op(vspace, OP_VSPACE_MAP, va, own, rights, 0, 0, 0);

    while (status == E_NO_TABLE && failed_status == E_OK) {
        step("table",
             sys_op(world.untyped, OP_UNTYPED_RETYPE, OBJ_TABLE, 0, 0, WORLD_TEMP + 1, 1, 0));
        step("map table", sys_op(vspace, OP_VSPACE_MAP_TABLE, va, WORLD_TEMP + 1, 0, 0, 0, 0));
        (void)move_in(WORLD_TEMP + 1);
        status = sys_op(vspace, OP_VSPACE_MAP, va, own, rights, 0, 0, 0);
    }
    step("map", status);
    (void)move_in(own);
}

/* The victims' code into @vspace. They can't write it: it outlives their world. */
static void map_code(uint64_t vspace)
{
    step("code", sys_op(SLOT_CNODE, OP_CNODE_COPY, WORLD_TEMP, 0, world.code,
                        RIGHT_READ | RIGHT_EXEC, 0, 0));
    map_in(vspace, CODE_VA & ~(PAGE_BYTES - 1ull), WORLD_TEMP, RIGHT_READ | RIGHT_EXEC);
}

static void make_spaces(void)
{
    uint64_t first = cut(OBJ_VSPACE, 0, 2, 0);

    for (unsigned i = 0; i < 2; i++) {
        take(WORLD_VSPACE + i, WORLD_CNODE, first + i);
        map_code(WORLD_VSPACE + i);
        step("frame", sys_op(world.untyped, OP_UNTYPED_RETYPE, OBJ_FRAME, FRAME_4K_BITS, 0,
                             WORLD_TEMP, 1, 0));
        map_in(WORLD_VSPACE + i, DATA_VA, WORLD_TEMP, RIGHT_READ | RIGHT_WRITE);
    }
}

static void make_ipc_objects(void)
{
    uint64_t ep = cut(OBJ_ENDPOINT, 0, 3, 0), n = cut(OBJ_NOTIFICATION, 0, 3, 0);

    for (unsigned i = 0; i < 3; i++) {
        (void)derive(ep + i, RIGHT_ALL, 0x10 + i);
        (void)derive(n + i, RIGHT_ALL, 1ull << i);
    }
    (void)derive(ep, RIGHT_SEND, 0x20);
    (void)derive(ep, RIGHT_SEND | RIGHT_GRANT, 0x21);
    (void)derive(ep + 1, RIGHT_RECV, 0);
    (void)derive(n, RIGHT_SEND, 1ull << 40);
    (void)derive(n + 1, RIGHT_RECV, 0);
    take(WORLD_ENDPOINT, WORLD_CNODE, ep);
    (void)give(world.faults, RIGHT_ALL, 0);
    for (unsigned i = 0; i < 3; i++) {
        step("small", sys_op(WORLD_SMALL, OP_CNODE_MINT, 1 + i, WORLD_CNODE, ep + i, RIGHT_ALL,
                             0x30 + i, 0));
        step("small",
             sys_op(WORLD_SMALL, OP_CNODE_COPY, 4 + i, WORLD_CNODE, n + i, RIGHT_ALL, 0, 0));
    }
    step("small", sys_op(WORLD_SMALL, OP_CNODE_COPY, 7, 0, WORLD_CNODE, RIGHT_ALL, 0, 0));
}

static void make_memory(void)
{
    static const uint8_t device[][2] = {{OBJ_UNTYPED, 16},
                                        {OBJ_FRAME, FRAME_4K_BITS},
                                        {OBJ_FRAME, FRAME_2M_BITS}};

    for (unsigned i = 0; i < sizeof device / sizeof device[0]; i++)
        step("device memory", sys_op(SLOT_MMIO, OP_UNTYPED_RETYPE, device[i][0], device[i][1],
                                     WORLD_CNODE, next++, 1, 0));
    (void)cut(OBJ_FRAME, FRAME_4K_BITS, 3, 0);
    (void)cut(OBJ_TABLE, 0, 4, 0);
    (void)cut(OBJ_IOSPACE, 0, 2, 0);
    (void)cut(OBJ_IO_TABLE, 0, 4, 0);
    (void)cut(OBJ_UNTYPED, 18, 1, 0);
    (void)cut(OBJ_UNTYPED, 14, 1, 0);
    (void)cut(OBJ_UNTYPED, 8, 1, 0);
    (void)cut(OBJ_CNODE, CNODE_MIN_BITS, 1, 0);
}

static void make_device_objects(void)
{
    static const uint8_t pins[][2] = {{PIT_GSI, 0}, {FREE_GSI, IRQ_LEVEL}, {FREE_GSI, IRQ_LEVEL}};

    for (unsigned i = 0; i < sizeof pins / sizeof pins[0]; i++) {
        step("Irq", sys_op(SLOT_IRQ_CONTROL, OP_IRQ_CONTROL_CREATE, world.untyped, pins[i][0],
                           pins[i][1], WORLD_TEMP, 0, 0));
        step("bind", sys_op(WORLD_TEMP, OP_IRQ_BIND, WORLD_ENDPOINT, 0x40 + i, 0, 0, 0, 0));
        (void)move_in(WORLD_TEMP);
    }
    step("PortMap", sys_op(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_CREATE, world.untyped,
                           WORLD_VSPACE, WORLD_TEMP, 0, 0, 0));
    step("ports", sys_op(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_GRANT, WORLD_TEMP, FREE_PORT,
                         FREE_PORT + 9, 0, 0, 0));
    (void)move_in(WORLD_TEMP);
    for (unsigned i = 0; i < 2; i++) {
        step("Budget", sys_op(SLOT_CPU_CONTROL, OP_CPU_CONTROL_CREATE, world.untyped, 0, 0,
                              BUDGET_PRIO - 40 * i, WORLD_TEMP, 0));
        (void)move_in(WORLD_TEMP);
    }
    (void)give(SLOT_IRQ_CONTROL, RIGHT_ALL, 0);
    (void)give(SLOT_IOPORT_CONTROL, RIGHT_ALL, 0);
    (void)give(SLOT_CPU_CONTROL, RIGHT_ALL, 0);
    (void)give(SLOT_DEVICE_CONTROL, RIGHT_ALL, 0);
}

static int configure(unsigned victim, uint64_t faults)
{
    return sys_op(WORLD_THREAD + victim, OP_THREAD_CONFIGURE,
                  victim == VICTIMS - 1 ? WORLD_SMALL : WORLD_CNODE, WORLD_VSPACE + (victim & 1),
                  faults, world.buffer_frame[victim], SLOT_BUDGET, 0);
}

static void make_victims(void)
{
    uint64_t first = cut(OBJ_THREAD, 0, VICTIMS, 0);

    for (unsigned i = 0; i < VICTIMS; i++) {
        /* One traps to the supervisor, the next to the other victims, the next to nobody. */
        uint64_t faults = i % 3 == 0 ? world.faults : i % 3 == 1 ? WORLD_ENDPOINT : 0;
        uint64_t thread = WORLD_THREAD + i, replies;
        take(thread, WORLD_CNODE, first + i);
        replies = cut(OBJ_REPLY, 0, REPLIES, thread);
        for (unsigned r = 0; r < REPLIES; r++)
            world.reply[i][r] = (uint8_t)(replies + r);
        (void)give(world.buffer_frame[i], RIGHT_READ | RIGHT_WRITE, 0);
        step("configure", configure(i, faults));
        step("priority", sys_op(thread, OP_THREAD_SET_PRIORITY, VICTIM_PRIO + i, 0, 0, 0, 0, 0));
    }
}

/* ---- for session.c */

bool world_begin(void)
{
    uint16_t *code;

    memset(&world, 0, sizeof world);
    world.faults = lab_make(OBJ_ENDPOINT, 0);
    world.code = lab_make(OBJ_FRAME, FRAME_4K_BITS);
    code = lab_map_here(world.code);
    for (unsigned i = 0; i < VICTIMS; i++) {
        world.buffer_frame[i] = lab_make(OBJ_FRAME, FRAME_4K_BITS);
        world.buffer[i] = lab_map_here(world.buffer_frame[i]);
    }
    world.untyped = lab_make(OBJ_UNTYPED, WORLD_BITS); /* last: it fills what is left */
    if (lab_error() != NULL)
        return false;
    for (unsigned i = 0; i < PAGE_BYTES / sizeof *code; i++)
        code[i] = UD2;
    code[(CODE_VA & (PAGE_BYTES - 1)) / sizeof *code] = SYSCALL_INSN;
    return true;
}

bool world_make(const char **what, int *status)
{
    failed_status = E_OK;
    for (unsigned i = 0; i < VICTIMS; i++)
        memset(world.buffer[i], 0, sizeof *world.buffer[i]);
    make_cnodes();
    make_spaces();
    make_ipc_objects();
    make_memory();
    make_device_objects();
    make_victims();
    world_look();
    *what = failed_what;
    *status = failed_status;
    return failed_status == E_OK;
}

bool world_repair(unsigned victim)
{
    uint64_t thread = WORLD_THREAD + victim;
    struct victims_priority priority;

    (void)sys_op(thread, OP_THREAD_SUSPEND, 0, 0, 0, 0, 0, 0);
    (void)sys_op(thread, OP_THREAD_WRITE_DEBUG, 0, 0, 0, 0, 0, 0);
    (void)sys_op(thread, OP_THREAD_STEP, 0, 0, 0, 0, 0, 0);
    if (configure(victim, world.faults) != E_OK)
        return false;
    failed_status = E_OK;
    next = 1 + random_below(CNODE_SIZE - 8);
    victims_quiet(&priority, VICTIMS);
    for (unsigned i = 0; i < 5; i++) /* room for what map_code moves in */
        step("delete", sys_op(WORLD_CNODE, OP_CNODE_DELETE, next + i, 0, 0, 0, 0, 0));
    victims_loud(&priority);
    if (failed_status == E_OK)
        map_code(WORLD_VSPACE + (victim & 1));
    return failed_status == E_OK;
}

int world_destroy(void)
{
    (void)sys_op(SLOT_CNODE, OP_CNODE_REVOKE, SLOT_MMIO, 0, 0, 0, 0, 0);
    return sys_op(SLOT_CNODE, OP_CNODE_REVOKE, world.untyped, 0, 0, 0, 0, 0);
}

static void look(uint64_t cnode, uint8_t *type, unsigned size)
{
    for (unsigned i = 1; i < size; i++) {
        struct msg m = {.w = {i}};
        type[i] = (uint8_t)(sys_invoke(cnode, OP_CNODE_INFO, &m) == E_OK ? m.w[0] : OBJ_NULL);
    }
}

void world_look(void)
{
    look(WORLD_CNODE, world.type, CNODE_SIZE);
    look(WORLD_SMALL, world.small_type, 1u << SMALL_BITS);
}
