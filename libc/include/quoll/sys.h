/*
 * sys.h - system-call stubs. A call clobbers every register but rsp; the compiler saves what is
 * live around it. Words 0-5 travel in registers; a longer message's words 6-63 are read from and
 * written to the thread's IPC buffer.
 */
#ifndef LIBC_QUOLL_SYS_H
#define LIBC_QUOLL_SYS_H

#include <quoll/abi.h>

/* One message, in or out. */
struct msg {
    uint64_t badge; /* out only */
    uint64_t tag;
    uint64_t w[MSG_REG_WORDS];
};

static inline uint64_t msg_tag(uint32_t label, unsigned extra_words, unsigned caps)
{
    return (uint64_t)label << TAG_LABEL_SHIFT | extra_words | caps << TAG_CAPS_SHIFT;
}

static inline uint32_t msg_label(const struct msg *m)
{
    return (uint32_t)(m->tag >> TAG_LABEL_SHIFT);
}

static inline unsigned msg_extra(const struct msg *m)
{
    return (unsigned)(m->tag & TAG_WORDS_MASK);
}

static inline unsigned msg_caps(const struct msg *m)
{
    return (unsigned)(m->tag & TAG_CAPS_MASK) >> TAG_CAPS_SHIFT;
}

static inline unsigned msg_kind(const struct msg *m)
{
    return (unsigned)(m->tag & TAG_KIND_MASK) >> TAG_KIND_SHIFT;
}

#ifdef SYS_RAW_ELSEWHERE /* a test on the host brings its own kernel */
int64_t sys_raw(int64_t number, uint64_t rdi, uint64_t rbx, struct msg *m);
#else
/* rbp cannot be named in an asm statement where it is the frame pointer, as in debug builds: there
 * it is saved by hand. */
#if CONFIG_DEBUG
#define SYS_ENTER    "push %%rbp\n\tsyscall\n\tpop %%rbp"
#define SYS_CLOBBERS "rcx", "r11", "r14", "r15", "memory", "cc"
#else
#define SYS_ENTER    "syscall"
#define SYS_CLOBBERS "rcx", "rbp", "r11", "r14", "r15", "memory", "cc"
#endif

/* The system call @number on handles @rdi and @rbx with message @m, which the answer replaces. */
static inline int64_t sys_raw(int64_t number, uint64_t rdi, uint64_t rbx, struct msg *m)
{
    register uint64_t r8 __asm__("r8") = m->w[1];
    register uint64_t r9 __asm__("r9") = m->w[2];
    register uint64_t r10 __asm__("r10") = m->w[3];
    register uint64_t r12 __asm__("r12") = m->w[4];
    register uint64_t r13 __asm__("r13") = m->w[5];
    uint64_t rdx = m->w[0], rsi = m->tag;

    __asm__ volatile(SYS_ENTER
                     : "+a"(number), "+D"(rdi), "+S"(rsi), "+b"(rbx), "+d"(rdx), "+r"(r8), "+r"(r9),
                       "+r"(r10), "+r"(r12), "+r"(r13)
                     :
                     : SYS_CLOBBERS);
    m->badge = rdi;
    m->tag = rsi;
    m->w[0] = rdx;
    m->w[1] = r8;
    m->w[2] = r9;
    m->w[3] = r10;
    m->w[4] = r12;
    m->w[5] = r13;
    return number;
}
#endif

/* What rbx has for a call that takes one handle: anything. */
static inline uint64_t sys_no_handle(void)
{
    uint64_t any;

    __asm__("" : "=b"(any));
    return any;
}

/** Call the endpoint or kernel object @cap; @m is the request, then the answer.
 *  Returns E_OK or an error of docs/abi.md. */
static inline int sys_call(uint64_t cap, struct msg *m)
{
    return (int)sys_raw(SYS_CALL, cap, sys_no_handle(), m);
}

/** Answer @reply with @m, then receive the next message on @endpoint into @m. */
static inline int sys_reply_recv(uint64_t reply, uint64_t endpoint, struct msg *m)
{
    return (int)sys_raw(SYS_REPLY_RECV, reply, endpoint, m);
}

/** Receive on @endpoint; the caller's answer will go through @reply (0: none wanted). */
static inline int sys_recv(uint64_t reply, uint64_t endpoint, struct msg *m)
{
    return (int)sys_raw(SYS_RECV, reply, endpoint, m);
}

/** Deliver @m to a receiver that waits on @endpoint; E_BUSY if none does. */
static inline int sys_send(uint64_t endpoint, struct msg *m)
{
    return (int)sys_raw(SYS_SEND, endpoint, 0, m);
}

/** Answer @reply and go on. */
static inline int sys_reply(uint64_t reply, struct msg *m)
{
    return (int)sys_raw(SYS_REPLY, reply, 0, m);
}

static inline int sys_signal(uint64_t notification)
{
    struct msg m = {0};
    return (int)sys_raw(SYS_SIGNAL, notification, 0, &m);
}

/** Wait for @notification; its bits go to @bits. */
static inline int sys_wait(uint64_t notification, uint64_t *bits)
{
    struct msg m = {0};
    int e = (int)sys_raw(SYS_WAIT, notification, 0, &m);
    *bits = m.w[0];
    return e;
}

/** As sys_wait, but E_BUSY instead of waiting. */
static inline int sys_poll(uint64_t notification, uint64_t *bits)
{
    struct msg m = {0};
    int e = (int)sys_raw(SYS_POLL, notification, 0, &m);
    *bits = m.w[0];
    return e;
}

static inline void sys_yield(void)
{
    struct msg m = {0};
    (void)sys_raw(SYS_YIELD, 0, 0, &m);
}

static inline void sys_null(void)
{
    struct msg m = {0};
    (void)sys_raw(SYS_NULL, 0, 0, &m);
}

/** Debug builds: @function with @argument. Errors: BAD_CALL in a release build, BAD_ARG. */
static inline int sys_debug(enum quoll_debug function, uint64_t argument)
{
    struct msg m = {.w = {argument}};
    return (int)sys_raw(SYS_DEBUG, function, 0, &m);
}

static inline void sys_debug_putc(char c)
{
    (void)sys_debug(DEBUG_PUTC, (uint8_t)c);
}

/** Operation @op of kernel object @cap with up to six arguments in @m->w. */
static inline int sys_invoke(uint64_t cap, uint32_t op, struct msg *m)
{
    m->tag = msg_tag(op, 0, 0);
    return sys_call(cap, m);
}

/** The same, arguments by value and no result but the status. */
static inline int sys_op(uint64_t cap, uint32_t op, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                         uint64_t e, uint64_t f)
{
    struct msg m = {.w = {a, b, c, d, e, f}};
    return sys_invoke(cap, op, &m);
}

static inline uint64_t rdtsc(void)
{
    uint32_t lo, hi;
    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (uint64_t)hi << 32 | lo;
}

#endif
