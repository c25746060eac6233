/*
 * regs_message.c - the registers after messages of every kind and after waits that end in every
 * way: by short ways of the kernel and by the long ones. (Calls and answers of six words: regs.c.)
 */
#include "device.h"
#include "regs.h"

#define KIND(kind) ((uint64_t)(kind) << TAG_KIND_SHIFT)
#define NOWHERE    0x1008ull /* nothing is mapped there */

static struct puppet a, b;
static uint64_t ep;

static bool pair(unsigned priority_a, unsigned priority_b)
{
    ep = lab_make(OBJ_ENDPOINT, 0);
    return puppet_make(&a, true, priority_a, lab_copy(ep, RIGHT_ALL, 0xfa)) &&
           puppet_make(&b, true, priority_b, 0);
}

static bool two(void)
{
    return pair(PUPPET_PRIORITY, PUPPET_PRIORITY);
}

/* @p's receive or wait with all registers full. */
static void receive(struct puppet *p)
{
    call_full(p, SYS_RECV, p->reply, ep);
}

/* A message with words in the buffer, and its answer. */
static void long_message(bool queued)
{
    struct msg m = {.tag = msg_tag(3, 20, 0),
                    .w = {PATTERN, PATTERN, PATTERN, PATTERN, PATTERN, PATTERN}};

    if (!two())
        return;
    if (!queued)
        receive(&b);
    puppet_sys(&a, SYS_CALL, ep, PATTERN, &m);
    if (queued)
        receive(&b);
    if (!check(&b, "a long message", 0, m.tag, all_pattern))
        return;
    m.tag = msg_tag(4, MSG_EXTRA_MAX, 0);
    puppet_sys(&b, SYS_REPLY_RECV, b.reply, ep, &m);
    (void)check(&a, "a long answer", 0, m.tag, all_pattern);
}

static void long_fast(void)
{
    long_message(false);
}

static void long_queued(void)
{
    long_message(true);
}

/* The partner has another priority: the scheduler comes in between. */
static void other_priority(unsigned priority_a, unsigned priority_b)
{
    if (!pair(priority_a, priority_b))
        return;
    receive(&b);
    call_full(&a, SYS_CALL, ep, PATTERN);
    if (!check(&b, "receive", 0, 0, all_pattern))
        return;
    call_full(&b, SYS_REPLY_RECV, b.reply, ep);
    if (!check(&a, "call", 0, 0, all_pattern))
        return;
    call_full(&a, SYS_CALL, ep, PATTERN);
    if (!check(&b, "reply_recv", 0, 0, all_pattern))
        return;
    call_full(&b, SYS_REPLY, b.reply, PATTERN);
    (void)(check(&a, "call", 0, 0, all_pattern) && check(&b, "reply", 0, 0, NULL));
}

static void lower_receiver(void)
{
    other_priority(PUPPET_PRIORITY + 5, PUPPET_PRIORITY);
}

static void higher_receiver(void)
{
    other_priority(PUPPET_PRIORITY, PUPPET_PRIORITY + 5);
}

/* An answer while another call is queued already. */
static void next_caller_queued(void)
{
    struct puppet c;

    if (!two() || !puppet_make(&c, true, PUPPET_PRIORITY, 0))
        return;
    receive(&b);
    call_full(&a, SYS_CALL, ep, PATTERN);
    call_full(&c, SYS_CALL, lab_copy(ep, RIGHT_ALL, 0xc), PATTERN);
    call_full(&b, SYS_REPLY_RECV, b.reply, ep);
    (void)(check(&a, "call", 0, 0, all_pattern) && check(&b, "reply_recv", 0xc, 0, all_pattern));
}

static void sent(void)
{
    if (!two())
        return;
    receive(&b);
    call_full(&a, SYS_SEND, lab_copy(ep, RIGHT_ALL, 0x5e), PATTERN);
    if (!check(&a, "send", 0, 0, NULL) || !check(&b, "receive", 0x5e, 0, all_pattern))
        return;
    call_full(&b, SYS_RECV, 0, ep);
    call_full(&a, SYS_SEND, ep, PATTERN);
    (void)check(&b, "receive without a Reply", 0, 0, all_pattern);
}

static void capabilities(void)
{
    struct msg m = {.tag = msg_tag(0, 0, 2)};

    if (!two())
        return;
    a.buffer->send_caps[0] = a.buffer->send_caps[1] = a.go;
    b.buffer->recv_slot = lab_slot();
    (void)lab_slot();
    b.buffer->recv_count = 2;
    receive(&b);
    puppet_sys(&a, SYS_CALL, ep, 0, &m);
    (void)check(&b, "a message with capabilities", 0, m.tag, NULL);
}

/* ---- notifications */

static void bits_to_waiter(void)
{
    uint64_t n = lab_copy(lab_make(OBJ_NOTIFICATION, 0), RIGHT_ALL, 0x30);
    uint64_t bits[MSG_REG_WORDS] = {0x30};

    if (!two())
        return;
    call_full(&b, SYS_WAIT, n, PATTERN);
    call_full(&a, SYS_SIGNAL, n, PATTERN);
    (void)(check(&a, "signal", 0, 0, NULL) && check(&b, "wait", 0, 0, bits));
}

static void bits_to_bound(void)
{
    uint64_t n = lab_copy(lab_make(OBJ_NOTIFICATION, 0), RIGHT_ALL, 0x30);
    uint64_t bits[MSG_REG_WORDS] = {0x30};

    if (!two())
        return;
    EXPECT_OK(OP1(b.thread, OP_THREAD_BIND, n));
    receive(&b);
    call_full(&a, SYS_SIGNAL, n, PATTERN);
    if (!check(&b, "the bound notification", 0, KIND(KIND_NOTIFICATION), bits))
        return;
    /* The same with bits that were there before. */
    call_full(&a, SYS_SIGNAL, n, PATTERN);
    receive(&b);
    if (!check(&b, "the bound notification", 0, KIND(KIND_NOTIFICATION), bits))
        return;
    call_full(&a, SYS_SIGNAL, n, PATTERN);
    call_full(&b, SYS_REPLY_RECV, b.reply, ep);
    (void)check(&b, "the bound notification", 0, KIND(KIND_NOTIFICATION), bits);
}

/* ---- faults */

/* The words of @a's fault at the read in its code. */
static bool is_page_fault(const char *how)
{
    uint64_t words[MSG_REG_WORDS] = {NOWHERE, puppet_out(&b, R_R8), 4};

    return test_expect("RIP lies in the code", words[1] - a.peer.entry < 4096, 1) &&
           check(&b, how, 0xfa, KIND(KIND_PAGE_FAULT), words);
}

static void page_fault(void)
{
    if (!two())
        return;
    receive(&b);
    puppet_do(&a, PUPPET_READ, NOWHERE);
    if (!is_page_fault("a page fault"))
        return;
    /* Answered, it comes again: at once, and, when the answer does not receive, queued. */
    call_full(&b, SYS_REPLY_RECV, b.reply, ep);
    if (!is_page_fault("a page fault after an answer"))
        return;
    call_full(&b, SYS_REPLY, b.reply, PATTERN);
    if (!check(&b, "answering a fault", 0, 0, NULL))
        return;
    receive(&b);
    (void)is_page_fault("a page fault that was queued");
}

static void exception(void)
{
    uint64_t words[MSG_REG_WORDS] = {6};

    if (!two())
        return;
    receive(&b);
    puppet_do(&a, PUPPET_UD2, 0);
    words[1] = puppet_out(&b, R_R8);
    EXPECT(words[1] - a.peer.entry < 4096, 1);
    (void)check(&b, "an exception", 0xfa, KIND(KIND_EXCEPTION), words);
}

static void lost_space(void)
{
    uint64_t words[MSG_REG_WORDS] = {OBJ_VSPACE};

    if (!two())
        return;
    receive(&b);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, a.peer.vspace));
    (void)check(&b, "the loss of a VSpace", 0xfa, KIND(KIND_CAP_FAULT), words);
}

/* ---- interrupts */

static bool is_interrupt(uint64_t count, const char *how)
{
    uint64_t words[MSG_REG_WORDS] = {count, puppet_out(&b, R_R8)};

    return test_expect("the time of arrival", words[1] < rdtsc(), 1) &&
           check(&b, how, 0x1e, KIND(KIND_IRQ), words);
}

static void interrupt(void)
{
    uint64_t irq;

    if (!two() || !device_ports())
        return;
    irq = device_irq(PIT_GSI, 0);
    EXPECT_OK(OP2(irq, OP_IRQ_BIND, ep, 0x1e));
    receive(&b);
    pit_edge();
    if (!is_interrupt(1, "an interrupt"))
        return;
    call_full(&b, SYS_REPLY_RECV, b.reply, ep);
    EXPECT_ERROR(puppet_status(&b), BLOCKED);
    pit_edge();
    if (!is_interrupt(1, "an interrupt after an acknowledgement"))
        return;
    pit_edge();
    pit_edge();
    call_full(&b, SYS_REPLY_RECV, b.reply, ep);
    if (!is_interrupt(2, "interrupts that came before the acknowledgement"))
        return;
    call_full(&b, SYS_REPLY, b.reply, PATTERN);
    if (!check(&b, "an acknowledgement", 0, 0, NULL))
        return;
    pit_edge();
    receive(&b);
    (void)is_interrupt(1, "an interrupt that was queued");
}

/* ---- ends of waits */

enum wait { IN_CALL, IN_DELIVERED_CALL, IN_RECEIVE, IN_PLAIN_RECEIVE, IN_WAIT, WAITS };
enum end { CANCELLED, SUSPENDED, TARGET_DESTROYED, REPLY_DESTROYED, ENDS };

/* What @a's wait ends with, or BLOCKED where it goes on. */
static const int ended_with[WAITS][ENDS] = {
    [IN_CALL] = {E_GONE, BLOCKED, E_GONE, BLOCKED},
    [IN_DELIVERED_CALL] = {E_CANCELED, BLOCKED, BLOCKED, E_DEAD},
    [IN_RECEIVE] = {E_GONE, E_INTR, E_GONE, E_DEAD},
    [IN_PLAIN_RECEIVE] = {E_GONE, E_INTR, E_GONE, BLOCKED},
    [IN_WAIT] = {E_GONE, E_INTR, E_GONE, BLOCKED},
};

static void start_waiting(enum wait wait, uint64_t notification)
{
    switch (wait) {
    case IN_CALL:
        call_full(&a, SYS_CALL, ep, PATTERN);
        break;
    case IN_DELIVERED_CALL:
        receive(&b);
        call_full(&a, SYS_CALL, ep, PATTERN);
        break;
    case IN_RECEIVE:
        call_full(&a, SYS_RECV, a.reply, ep);
        break;
    case IN_PLAIN_RECEIVE:
        call_full(&a, SYS_RECV, 0, ep);
        break;
    default:
        call_full(&a, SYS_WAIT, notification, PATTERN);
        break;
    }
}

static bool end_it(enum wait wait, enum end end, uint64_t notification)
{
    uint64_t target = wait == IN_WAIT ? notification : ep;
    uint64_t reply = wait == IN_DELIVERED_CALL ? b.reply : a.reply;
    int status;

    if (end == CANCELLED)
        status = OP0(a.thread, OP_THREAD_CANCEL);
    else if (end == SUSPENDED)
        status = OP0(a.thread, OP_THREAD_SUSPEND) | OP0(a.thread, OP_THREAD_RESUME);
    else
        status = OP1(SLOT_CNODE, OP_CNODE_DELETE, end == REPLY_DESTROYED ? reply : target);
    return test_expect_error("ending the wait", status, E_OK);
}

static void ends(void)
{
    for (unsigned i = 0; i < WAITS * ENDS; i++) {
        enum wait wait = (enum wait)(i / ENDS);
        enum end end = (enum end)(i % ENDS);
        uint64_t notification;

        if (!two())
            return;
        notification = lab_make(OBJ_NOTIFICATION, 0);
        start_waiting(wait, notification);
        EXPECT_ERROR(puppet_status(&a), BLOCKED);
        if (!end_it(wait, end, notification))
            return;
        EXPECT_ERROR(puppet_status(&a), ended_with[wait][end]);
        if (ended_with[wait][end] != BLOCKED && !check(&a, "a wait that ended", 0, 0, NULL))
            return;
        puppets_record();
        puppets_begin();
        lab_end();
        lab_begin();
    }
}

static const struct test list[] = {
    {"kernel.regs.long.fast", long_fast},
    {"kernel.regs.long.queued", long_queued},
    {"kernel.regs.lower_receiver", lower_receiver},
    {"kernel.regs.higher_receiver", higher_receiver},
    {"kernel.regs.next_caller_queued", next_caller_queued},
    {"kernel.regs.sent", sent},
    {"kernel.regs.capabilities", capabilities},
    {"kernel.regs.bits_to_waiter", bits_to_waiter},
    {"kernel.regs.bits_to_bound", bits_to_bound},
    {"kernel.regs.page_fault", page_fault},
    {"kernel.regs.exception", exception},
    {"kernel.regs.lost_space", lost_space},
    {"kernel.regs.interrupt", interrupt},
    {"kernel.regs.ends", ends},
};

TEST_AREA(tests_regs_message);
