/*
 * call.c - random system calls. Most are nearly right, since a call with everything wrong ends at
 * the first check: an operation of ops.def with arguments of the kinds it takes, of which now and
 * then one is replaced by something hostile. An operation that sig[] does not know gets handles
 * and hostile values.
 *
 * A seed replays exactly, so nothing that a call does may depend on time: no deadline in the near
 * future, no interrupt source that fires by itself, no Budget or interrupt limit whose period
 * ends. A timed run has all these, and does not replay. No call asks for a priority above the
 * drivers'.
 */
#include "fuzz.h"
#include <quoll/message.h>
#include <quoll/sys.h>
#include <string.h>

/* The kinds of argument, one letter a word:
 *   c CNode handle or 0   x slot in use   s slot in use, of the named CNode   e empty slot
 *   U T V F B E N P G     handle of that object (F frame, B table, P port map, G budget)
 *   f n q                 the same or 0: endpoint, notification, frame
 *   t object type   z its size   k count   r rights   b badge   p priority   a address
 *   m mapping rights   y 0 to 3   g interrupt pin   l its mode   o port   d deadline
 *   I IoSpace or 0   O I/O table   A device address   h requester id   0 mostly 0
 *   D of a breakpoint (QEMU sees those on code now and then: where the victims' is, none, but in a
 *   timed run)   i period of an interrupt limit   u budget   v its period   w anything */
static const struct sig {
    uint8_t type, label, weight;
    const char *args;
} sigs[] = {
    {OBJ_UNTYPED, OP_UNTYPED_RETYPE, 12, "tzcekT"},
    {OBJ_CNODE, OP_CNODE_COPY, 8, "ecsr"},
    {OBJ_CNODE, OP_CNODE_MINT, 8, "ecsrb"},
    {OBJ_CNODE, OP_CNODE_MOVE, 6, "ecs"},
    {OBJ_CNODE, OP_CNODE_DELETE, 6, "x"},
    {OBJ_CNODE, OP_CNODE_REVOKE, 2, "x"},
    {OBJ_CNODE, OP_CNODE_INFO, 2, "x"},
    {OBJ_CNODE, OP_CNODE_CANCEL, 3, "Eby"},
    {OBJ_THREAD, OP_THREAD_CONFIGURE, 6, "CVfqG"},
    {OBJ_THREAD, OP_THREAD_SET_PRIORITY, 3, "p"},
    {OBJ_THREAD, OP_THREAD_START, 3, "aaww"},
    {OBJ_THREAD, OP_THREAD_SUSPEND, 4, ""},
    {OBJ_THREAD, OP_THREAD_RESUME, 5, ""},
    {OBJ_THREAD, OP_THREAD_CANCEL, 3, ""},
    {OBJ_THREAD, OP_THREAD_READ_REGS, 2, ""},
    {OBJ_THREAD, OP_THREAD_WRITE_REGS, 3, "wwwwww"},
    {OBJ_THREAD, OP_THREAD_BIND, 6, "n"},
    {OBJ_THREAD, OP_THREAD_SET_FS_BASE, 2, "a"},
    {OBJ_THREAD, OP_THREAD_ENABLE_FPU, 1, ""},
    {OBJ_THREAD, OP_THREAD_READ_FPU, 1, "y"},
    {OBJ_THREAD, OP_THREAD_WRITE_FPU, 3, "ywwwww"},
    {OBJ_THREAD, OP_THREAD_READ_DEBUG, 1, ""},
    {OBJ_THREAD, OP_THREAD_WRITE_DEBUG, 2, "DDDDww"},
    {OBJ_THREAD, OP_THREAD_STEP, 2, "y"},
    {OBJ_VSPACE, OP_VSPACE_MAP_TABLE, 6, "aB"},
    {OBJ_VSPACE, OP_VSPACE_MAP, 10, "aFmy"},
    {OBJ_TABLE, OP_TABLE_UNMAP, 2, ""},
    {OBJ_FRAME, OP_FRAME_UNMAP, 3, ""},
    {OBJ_FRAME, OP_FRAME_PROTECT, 4, "m"},
    {OBJ_NOTIFICATION, OP_NOTIFICATION_SET_DEADLINE, 5, "dw"},
    {OBJ_IRQ, OP_IRQ_BIND, 4, "Eb"},
    {OBJ_IRQ, OP_IRQ_UNBIND, 2, ""},
    {OBJ_IRQ, OP_IRQ_SET_LIMIT, 3, "yin"},
    {OBJ_IRQ_CONTROL, OP_IRQ_CONTROL_CREATE, 3, "Ugle"},
    {OBJ_IOPORT_CONTROL, OP_IOPORT_CONTROL_CREATE, 3, "UVe"},
    {OBJ_IOPORT_CONTROL, OP_IOPORT_CONTROL_GRANT, 3, "Poo"},
    {OBJ_CPU_CONTROL, OP_CPU_CONTROL_CREATE, 3, "Uuvpe"},
    {OBJ_IOSPACE, OP_IOSPACE_MAP_TABLE, 5, "AO"},
    {OBJ_IOSPACE, OP_IOSPACE_MAP, 7, "AFm"},
    {OBJ_IO_TABLE, OP_IO_TABLE_UNMAP, 2, ""},
    {OBJ_DEVICE, OP_DEVICE_ASSIGN, 5, "I"},
    {OBJ_DEVICE, OP_DEVICE_SILENCE, 1, "y"},
    {OBJ_DEVICE, OP_DEVICE_INFO, 1, ""},
    {OBJ_DEVICE_CONTROL, OP_DEVICE_CONTROL_CREATE, 4, "U0he"},
    {OBJ_DEVICE_CONTROL, OP_DEVICE_CONTROL_FETCH, 1, "0"},
};
#define SIGS (sizeof sigs / sizeof sigs[0])

static const struct {
    uint8_t type;
    uint32_t label;
} operations[] = {
#define OP(object, name, label, args, result, errors) {OBJ_##object, (label)},
#include <quoll/ops.def>
#undef OP
};
#define OPERATIONS (sizeof operations / sizeof operations[0])

static const uint8_t *types; /* of the slots in the caller's own capability space */
static unsigned slots;

/* ---- values */

/* Between these, a time-stamp could be in the near future. */
#define PAST_MAX   (1ull << 24)
#define FUTURE_MIN (1ull << 44)

#define FOR_EVER_US 0xfffffffeull /* more than an hour: no Budget is used up, no period ends */

static uint64_t hostile(void)
{
    uint64_t v;

    switch (random_below(6)) {
    case 0:
        v = random_below(260);
        break;
    case 1:
        v = (1ull << random_below(64)) - 1 + random_below(3);
        break;
    case 2:
        v = 0 - random_below(70);
        break;
    case 3:
        v = 0xffff800000000000ull + (random64() >> 20);
        break;
    case 4:
        v = random64() & 0xffffffff;
        break;
    default:
        v = random64();
        break;
    }
    /* Whatever looks like a kernel address can be told from one that the kernel lets out. */
    if (v >= 0xffff800000000000ull && v < 0xfffffffffffff000ull)
        v = (v & ~0xfffull) | FUZZ_MARK;
    return v;
}

static uint64_t address(void)
{
    static const uint64_t list[] = {
        CODE_VA,           AFTER_VA,          DATA_VA,           DATA_VA + 0x1000,  0x401000,
        0x5ff000,          0x800000,          0xa00000,          0xc00000,          FUTURE_MIN,
        FUTURE_MIN + 4096, 0x7ffffffe0000,    USER_TOP - 4096,   USER_TOP,          USER_TOP + 4096,
        1ull << 47,        0x7fffffe00000ull, 0x7fffc0000000ull, 0x200000000000ull, 0};

    return list[random_below(sizeof list / sizeof list[0])] + (random_chance(8) ? 1 : 0);
}

static uint64_t device_address(void)
{
    static const uint64_t list[] = {IOVA_MIN,        0x2000,          0x1ff000,   0x200000,
                                    0x201000,        0x40000000,      0x40200000, 0xfec00000,
                                    IOVA_MSI_WINDOW, IOVA_TOP - 4096, IOVA_TOP,   0};

    return list[random_below(sizeof list / sizeof list[0])] + (random_chance(8) ? 1 : 0);
}

/* A slot that holds @type now; any if there is none. */
static uint64_t slot_of(uint8_t type)
{
    uint64_t at = random_below(slots);

    for (unsigned i = 0; i < slots; i++) {
        uint64_t slot = (at + i) % slots;
        if (slot != 0 && types[slot] == type)
            return slot;
    }
    return at;
}

static uint64_t slot_in_use(void)
{
    uint64_t at = 0;

    for (unsigned tries = 0; tries < 8 && types[at] == OBJ_NULL; tries++)
        at = random_below(slots);
    return at;
}

static uint64_t rights(void)
{
    return random_chance(50) ? RIGHT_ALL : random_below(256);
}

static uint64_t mapping_rights(void)
{
    static const uint8_t list[] = {RIGHT_READ,
                                   RIGHT_READ | RIGHT_WRITE,
                                   RIGHT_READ | RIGHT_EXEC,
                                   RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC,
                                   RIGHT_WRITE,
                                   0};
    return list[random_below(sizeof list)];
}

static uint64_t size_of(uint64_t type)
{
    switch (type) {
    case OBJ_CNODE:
        return CNODE_MIN_BITS - 1 + random_below(5);
    case OBJ_FRAME:
        return random_chance(85)   ? FRAME_4K_BITS
               : random_chance(50) ? FRAME_2M_BITS
                                   : FRAME_1G_BITS;
    case OBJ_UNTYPED:
        return UNTYPED_MIN_BITS - 1 + random_below(14);
    default:
        return random_chance(95) ? 0 : random_below(64);
    }
}

/* In microseconds. */
static uint64_t period(void)
{
    return fuzz_timed ? random_below(20000) : FOR_EVER_US + random_below(3);
}

static uint64_t deadline(void)
{
    if (fuzz_timed)
        return rdtsc() + random_below(1ull << random_below(30));
    return random_chance(50) ? 1 + random_below(PAST_MAX - 1) : FUTURE_MIN + hostile() / 2;
}

static uint64_t maybe(uint8_t type)
{
    return random_chance(30) ? 0 : slot_of(type);
}

/* One argument of @kind; @w are those before it. */
static uint64_t argument(char kind, const uint64_t *w)
{
    static const char objects[] = "?UCTVBFEN?"; /* by type; the rest stand in the switch */
    const char *object = strchr(objects, kind);

    if (object != NULL && kind != '?')
        return slot_of((uint8_t)(object - objects));
    switch (kind) {
    case 'c':
        return random_chance(60) ? 0 : slot_of(OBJ_CNODE);
    case 'P':
        return slot_of(OBJ_PORTMAP);
    case 'G':
        return slot_of(OBJ_BUDGET);
    case 'I':
        return maybe(OBJ_IOSPACE);
    case 'O':
        return slot_of(OBJ_IO_TABLE);
    case 'A':
        return device_address();
    case 'h':
        return random_below(12);
    case '0':
        return random_chance(95) ? 0 : hostile();
    case 'f':
        return maybe(OBJ_ENDPOINT);
    case 'n':
        return maybe(OBJ_NOTIFICATION);
    case 'q':
        return maybe(OBJ_FRAME);
    case 'x':
    case 's':
        return slot_in_use();
    case 'e':
        return slot_of(OBJ_NULL);
    case 't':
        return random_below(OBJ_COUNT + 1);
    case 'z':
        return size_of(w[0]);
    case 'k':
        return random_chance(80) ? 1 : random_below(260);
    case 'r':
        return rights();
    case 'b':
        return random_chance(50) ? 0 : hostile();
    case 'p':
        return random_below(260);
    case 'a':
        return address();
    case 'D':
        return fuzz_timed ? address() : random_chance(90) ? DATA_VA + random_below(64) : hostile();
    case 'm':
        return mapping_rights();
    case 'y':
    case 'l':
        return random_below(4);
    case 'g':
        return random_below(30);
    case 'o':
        return FREE_PORT + random_below(12) * random_below(0x400);
    case 'i':
    case 'u':
    case 'v':
        return random_chance(40) ? 0 : period();
    case 'd':
        return random_chance(30) ? 0 : deadline();
    default:
        return hostile();
    }
}

/* ---- messages */

static uint64_t random_tag(uint32_t label)
{
    uint64_t words = random_chance(70) ? 0 : random_below(random_chance(80) ? 59 : 128);
    uint64_t caps = random_chance(75) ? 0 : random_below(random_chance(80) ? 5 : 8);
    uint64_t tag = (uint64_t)label << TAG_LABEL_SHIFT | words | caps << TAG_CAPS_SHIFT;

    if (label & 1u << 31) /* would look like an address of the kernel */
        tag &= ~(1ull << 63);
    if (random_chance(3))
        tag |= random64() & (TAG_KIND_MASK | TAG_RESERVED);
    return tag;
}

static void fill_buffer(struct quoll_buffer *b)
{
    for (unsigned i = 0; i < MSG_MAX_CAPS; i++)
        b->send_caps[i] = random_chance(90) ? slot_in_use() : hostile();
    b->recv_slot = random_chance(80) ? slot_of(OBJ_NULL) : random_chance(50) ? 0 : hostile();
    b->recv_count = random_chance(90) ? random_below(MSG_MAX_CAPS + 2) : hostile();
    for (unsigned i = 0; i < (random_chance(80) ? 9 : FPU_PART_WORDS); i++)
        b->words[i] = random_chance(70) ? random_below(1000) : hostile();
    b->words[9] = address(); /* rip, rsp and rflags of THREAD_WRITE_REGS */
    b->words[10] = address();
    b->words[11] = random64();
}

static void set_words(struct quoll_regs *r, const uint64_t *w)
{
    r->rdx = w[0];
    r->r8 = w[1];
    r->r9 = w[2];
    r->r10 = w[3];
    r->r12 = w[4];
    r->r13 = w[5];
}

/* ---- calls */

static const struct sig *pick_operation(struct sig *other)
{
    unsigned all = 0;
    uint64_t at;

    if (random_chance(10)) { /* any, so that those without a signature are called, too */
        uint64_t i = random_below(OPERATIONS);
        *other = (struct sig){operations[i].type, (uint8_t)operations[i].label, 0, "sxwxww"};
        return other;
    }
    for (unsigned i = 0; i < SIGS; i++)
        all += sigs[i].weight;
    at = random_below(all);
    for (unsigned i = 0; i < SIGS; i++) {
        if (at < sigs[i].weight)
            return &sigs[i];
        at -= sigs[i].weight;
    }
    return &sigs[0];
}

/* Which pins and ports drivers have depends on the machine: calls name those that none has. */
static uint64_t free_pin(uint64_t pin)
{
    static const uint8_t pins[] = {2, 5, 6, 7, 13}; /* the timer chip's is the fuzzer's own */

    return pin < 24 ? pins[pin % sizeof pins] : pin;
}

static uint64_t free_port(uint64_t port)
{
    return port > 0xffff || (port >= FREE_PORT && port < FREE_PORT + FREE_PORTS)
               ? port
               : FREE_PORT + port % FREE_PORTS;
}

static void keep_drivers_out(struct quoll_regs *r)
{
    uint32_t label = (uint32_t)(r->rsi >> TAG_LABEL_SHIFT);
    uint8_t type = r->rdi < slots ? types[r->rdi] : OBJ_NULL;

    if (type == OBJ_IRQ_CONTROL && label == OP_IRQ_CONTROL_CREATE)
        r->r8 = free_pin(r->r8);
    if (type == OBJ_DEVICE_CONTROL && label == OP_DEVICE_CONTROL_CREATE && r->r9 <= 0xffff)
        r->r9 |= 0xf000; /* no device is on such a bus */
    if (type == OBJ_IOPORT_CONTROL && label == OP_IOPORT_CONTROL_GRANT) {
        r->r8 = free_port(r->r8);
        r->r9 = free_port(r->r9);
    }
}

/* What no call says (see above), whatever object it is that is meant. */
static void keep_time_out(uint32_t label, uint64_t *w)
{
    if (label == OP_CPU_CONTROL_CREATE && w[3] >= 190 && w[3] <= PRIORITY_MAX)
        w[3] = 189;
    if (fuzz_timed)
        return;
    if (w[0] >= PAST_MAX && w[0] < FUTURE_MIN)
        w[0] |= FUTURE_MIN;
    if (label == OP_IRQ_CONTROL_CREATE && w[1] == 2) /* the timer chip's */
        w[1] = 5;
    if (label == OP_IRQ_SET_LIMIT && w[1] < FOR_EVER_US && w[1] != 0)
        w[1] = FOR_EVER_US;
}

static void invocation(struct quoll_regs *r)
{
    struct sig other;
    const struct sig *sig = pick_operation(&other);
    uint64_t w[MSG_REG_WORDS] = {0};
    uint32_t label = random_chance(97) ? sig->label : (uint32_t)hostile() >> 1;
    size_t args = strlen(sig->args);

    r->rax = (uint64_t)SYS_CALL;
    r->rdi = random_chance(95) ? slot_of(sig->type) : random_chance(50) ? slot_in_use() : hostile();
    for (unsigned i = 0; i < MSG_REG_WORDS; i++) {
        if (i < args && random_chance(96))
            w[i] = argument(sig->args[i], w);
        else if (random_chance(30))
            w[i] = hostile();
    }
    keep_time_out(label, w);
    if (!fuzz_timed && sig->type == OBJ_CPU_CONTROL && w[1] < w[2] && w[2] <= UINT32_MAX)
        w[1] = 0; /* no Budget is ever used up */
    set_words(r, w);
    r->rsi = random_chance(90) ? (uint64_t)label << TAG_LABEL_SHIFT : random_tag(label);
}

static uint64_t some_reply(unsigned victim)
{
    if (random_chance(70))
        return world.reply[victim][random_below(REPLIES)];
    return random_chance(40) ? 0 : slot_of(OBJ_REPLY);
}

static void communication(struct quoll_regs *r, unsigned victim)
{
    static const int16_t numbers[] = {SYS_CALL,       SYS_CALL,   SYS_CALL,   SYS_REPLY_RECV,
                                      SYS_REPLY_RECV, SYS_REPLY,  SYS_RECV,   SYS_RECV,
                                      SYS_SEND,       SYS_SIGNAL, SYS_SIGNAL, SYS_WAIT,
                                      SYS_POLL};
    int64_t number = numbers[random_below(sizeof numbers / sizeof numbers[0])];
    uint64_t w[MSG_REG_WORDS];

    for (unsigned i = 0; i < MSG_REG_WORDS; i++)
        w[i] = random_chance(80) ? random_below(1000) : hostile();
    r->rax = (uint64_t)number;
    r->rsi = random_chance(50) ? 0 : random_tag((uint32_t)random_below(3));
    keep_time_out((uint32_t)(r->rsi >> TAG_LABEL_SHIFT), w); /* in case it is an object */
    set_words(r, w);
    r->rbx = random_chance(95) ? slot_of(OBJ_ENDPOINT) : slot_in_use();
    if (number == SYS_REPLY_RECV || number == SYS_RECV || number == SYS_REPLY)
        r->rdi = some_reply(victim);
    else if (number == SYS_CALL || number == SYS_SEND)
        r->rdi = random_chance(96) ? slot_of(OBJ_ENDPOINT) : slot_in_use();
    else
        r->rdi = random_chance(96) ? slot_of(OBJ_NOTIFICATION) : slot_in_use();
}

/* Any number with any registers. */
static void nonsense(struct quoll_regs *r)
{
    uint64_t w[MSG_REG_WORDS];

    r->rax = random_chance(70) ? random_below(14) - 2 : hostile();
    r->rdi = random_chance(50) ? slot_in_use() : hostile();
    r->rbx = random_chance(50) ? slot_in_use() : hostile();
    r->rsi = random_chance(50) ? hostile() : random_tag((uint32_t)random_below(16));
    for (unsigned i = 0; i < MSG_REG_WORDS; i++)
        w[i] = random_chance(50) ? slot_in_use() : hostile();
    keep_time_out((uint32_t)(r->rsi >> TAG_LABEL_SHIFT), w);
    set_words(r, w);
    if ((int32_t)r->rax == SYS_DEBUG) /* not to print, nor to stop in the debugger */
        r->rdi |= 1ull << 32;
}

void call_make(struct call *c, unsigned victim)
{
    struct quoll_regs *r = &c->regs;
    uint64_t kind = random_below(100);
    bool small = victim == VICTIMS - 1;

    types = small ? world.small_type : world.type;
    slots = small ? 1u << SMALL_BITS : CNODE_SIZE;
    memset(c, 0, sizeof *c);
    c->victim = victim;
    r->rip = CODE_VA;
    r->rsp = random_below(USER_TOP);
    r->rflags = random64();
    r->rbp = r->r14 = r->r15 = hostile();
    r->rcx = r->r11 = hostile();
    fill_buffer(world.buffer[victim]);
    if (kind < 50)
        invocation(r);
    else if (kind < 94)
        communication(r, victim);
    else
        nonsense(r);
    keep_drivers_out(r);
}
