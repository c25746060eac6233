/*
 * test.h - what a kernel test is made of: expectations, and puppets (threads that do one thing at
 * a time when told). The test's own thread has a lower priority than its puppets and never waits
 * itself: after each order the puppet has finished, or is blocked, when the order returns. So
 * every ordering of events can be written down, and none is a race.
 */
#ifndef TEST_H
#define TEST_H

#include <quoll/info.h>
#include <quoll/lab.h>
#include <quoll/sys.h>
#include <quoll/task.h>
#include <stdbool.h>

struct test {
    const char *name;
    void (*run)(void);
};

struct test_area {
    const struct test *list;
    unsigned count;
    bool (*exists)(void); /* does the machine have what these tests are of? NULL: every machine */
};

#define AREA(name) extern const struct test_area tests_##name;
#include "areas.def"
#undef AREA

#define TEST_AREA(name) const struct test_area name = {list, sizeof list / sizeof list[0], NULL}
#define TEST_AREA_OF(name, list, exists)                                                           \
    const struct test_area name = {list, sizeof list / sizeof list[0], exists}

/** Note a failure unless @got is @want; true if it is. */
bool test_expect(const char *what, uint64_t got, uint64_t want);
/** The same for error numbers, which it names. */
bool test_expect_error(const char *what, int got, int want);

/* Leave the test at the first expectation that is not met. */
#define EXPECT(got, want)                                                                          \
    do {                                                                                           \
        if (!test_expect(#got, (uint64_t)(got), (uint64_t)(want)))                                 \
            return;                                                                                \
    } while (0)
#define EXPECT_ERROR(got, want)                                                                    \
    do {                                                                                           \
        if (!test_expect_error(#got, (got), (want)))                                               \
            return;                                                                                \
    } while (0)
#define EXPECT_OK(got) EXPECT_ERROR(got, E_OK)

/* ---- short forms of invocations; results of the last one are in test_out */
extern struct msg test_out;
int op(uint64_t cap, uint32_t label, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
       uint64_t f);
#define OP0(cap, label)                op((cap), (label), 0, 0, 0, 0, 0, 0)
#define OP1(cap, label, a)             op((cap), (label), (a), 0, 0, 0, 0, 0)
#define OP2(cap, label, a, b)          op((cap), (label), (a), (b), 0, 0, 0, 0)
#define OP3(cap, label, a, b, c)       op((cap), (label), (a), (b), (c), 0, 0, 0)
#define OP4(cap, label, a, b, c, d)    op((cap), (label), (a), (b), (c), (d), 0, 0)
#define OP5(cap, label, a, b, c, d, e) op((cap), (label), (a), (b), (c), (d), (e), 0)

/** Make @value part of the test's results, which do not depend on the fastpath. The registers that
 *  a puppet's orders leave are part of them without being told. */
void test_record(uint64_t value);

/** Type of the capability in @slot of the own CNode. */
uint64_t slot_type(uint64_t slot);

/** Wait @us microseconds; threads of lower priority run meanwhile. */
void test_sleep_us(uint64_t us);

/* ---- puppets */
enum puppet_command {
    PUPPET_SYSCALL,
    PUPPET_READ,
    PUPPET_WRITE,
    PUPPET_JUMP,
    PUPPET_UD2,
    PUPPET_IN,
    PUPPET_SPIN,
    PUPPET_FPU_LOAD,
    PUPPET_FPU_STORE,
    PUPPET_HALT,
    PUPPET_DIVIDE,
    PUPPET_BREAK,
    PUPPET_HOLD,
    PUPPET_TOUCH,
    PUPPET_FPU_LOAD_ALL,
    PUPPET_FPU_STORE_ALL,
    PUPPET_AVX_LOAD_ALL,
    PUPPET_AVX_STORE_ALL,
    PUPPET_SEGMENTS_LOAD,
    PUPPET_SEGMENTS_STORE,
    PUPPET_FS_READ,
};

/* The order in which puppet.asm keeps registers. */
enum puppet_reg {
    R_RAX,
    R_RBX,
    R_RCX,
    R_RDX,
    R_RSI,
    R_RDI,
    R_RBP,
    R_R8,
    R_R9,
    R_R10,
    R_R11,
    R_R12,
    R_R13,
    R_R14,
    R_R15,
    R_RSP,
    R_COUNT
};

struct puppet_page {
    uint64_t go;
    uint64_t command;
    volatile uint64_t done;
    volatile uint64_t spins;
    uint64_t in[R_COUNT];
    volatile uint64_t out[R_COUNT];
    uint64_t flags_in;
    volatile uint64_t flags_out;
    volatile uint64_t release;
    volatile uint64_t segments[6]; /* cs ss ds es fs gs */
    uint8_t stack[664];
    uint8_t fpu[1024]; /* an FXSAVE image */
    uint64_t avx[64];
};

struct puppet {
    struct lab_peer peer;
    struct puppet_page *page;
    struct quoll_buffer *buffer;
    uint64_t thread, reply, go;
    uint64_t done; /* orders given */
};

#define PUPPET_PRIORITY 130u

/** A puppet in the own (@other_space false) or in a new address space, ready for its first order.
 *  False if the lab could not make it. */
bool puppet_make(struct puppet *p, bool other_space, unsigned priority, uint64_t fault_ep);

/** Forget the puppets of the last test. */
void puppets_begin(void);
/** Record the registers of all orders that were finished since the last call. */
void puppets_record(void);

/** One order; @arg goes to rdi. */
void puppet_do(struct puppet *p, enum puppet_command command, uint64_t arg);

/** A system call with handles @rdi, @rbx and message @m (NULL: all 0). */
void puppet_sys(struct puppet *p, int64_t number, uint64_t rdi, uint64_t rbx, const struct msg *m);

/** Receive the fault of @p that must be queued on @ep; false, and no wait, if it is not. */
bool puppet_fault(struct puppet *p, uint64_t ep, struct msg *m);

/** Short forms: one word and a label. */
void puppet_call(struct puppet *p, uint64_t ep, uint32_t label, uint64_t word);
void puppet_recv(struct puppet *p, uint64_t ep);
void puppet_reply(struct puppet *p, uint32_t label, uint64_t word);
void puppet_reply_recv(struct puppet *p, uint64_t ep, uint32_t label, uint64_t word);

/** Has the last order been finished? */
bool puppet_idle(const struct puppet *p);

/** Status of the finished system call, or -1 while it is blocked. */
int puppet_status(const struct puppet *p);
uint64_t puppet_out(const struct puppet *p, enum puppet_reg reg);
unsigned puppet_kind(const struct puppet *p);
uint32_t puppet_label(const struct puppet *p);

#define BLOCKED (-1)

#define MAKE_PUPPET(p, other, fault_ep)                                                            \
    do {                                                                                           \
        if (!puppet_make((p), (other), PUPPET_PRIORITY, (fault_ep)))                               \
            return;                                                                                \
    } while (0)

#endif
