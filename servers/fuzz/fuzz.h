/*
 * fuzz.h - the system-call fuzzer. A supervisor (the task's first thread) builds a world: a
 * capability space with one of everything, two address spaces, and threads, the victims, whose
 * only code is a system call and a trap. It writes a random call into a victim's registers, lets
 * the victim run, and looks at what came of it. Victims have a higher priority, so whenever the
 * supervisor runs, each of them is done, blocked or dead. They may destroy anything of their
 * world, themselves too; the supervisor then builds the next one. All that is random comes from
 * the seed, and nothing depends on time, so a seed replays exactly.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <quoll/abi.h>
#include <stdbool.h>
#include <stddef.h>

#define VICTIMS    6
#define REPLIES    2 /* of each victim */
#define CNODE_BITS 7
#define SMALL_BITS 5 /* of the second capability space, that of the last victim */
#define CNODE_SIZE (1u << CNODE_BITS)
#define FREE_PORT  0x2000u /* from here on, so many are no driver's on any machine */
#define FREE_PORTS 0x3000u
#define FUZZ_MARK  0x5a5u /* last 12 bits of what looks like an address of the kernel */

/* ---- random.c: the one source of everything that is not fixed */
void random_seed(uint64_t seed);
uint64_t random64(void);
/** 0 to @n - 1; @n is not 0. */
uint64_t random_below(uint64_t n);
/** True in @percent of 100 cases. */
bool random_chance(unsigned percent);

/* ---- world.c */

/* Where the supervisor has its own capabilities of the world; all are gone when it is. */
enum world_slot {
    WORLD_HOME = 512, /* the CNode that owns the victims' two */
    WORLD_CNODE,
    WORLD_SMALL,
    WORLD_VSPACE, /* two of them */
    WORLD_THREAD = WORLD_VSPACE + 2,
    WORLD_ENDPOINT = WORLD_THREAD + VICTIMS,
    WORLD_TEMP,
    WORLD_END
};

/* Code of the victims: at CODE_VA the call, behind it traps to the end of the page. */
#define CODE_VA  0x0000000000400100ull
#define AFTER_VA (CODE_VA + 2)
#define DATA_VA  0x0000000000600000ull /* a frame is mapped there at the start */

struct world {
    uint64_t untyped;                     /* all of it comes from here */
    uint64_t faults;                      /* endpoint where victims' traps are queued */
    uint64_t code;                        /* frame */
    uint64_t buffer_frame[VICTIMS];       /* the supervisor's own */
    struct quoll_buffer *buffer[VICTIMS]; /* mapped here */
    uint8_t reply[VICTIMS][REPLIES];      /* handles in the victims' space */
    uint8_t type[CNODE_SIZE];             /* what the slots of the victims' space held lately */
    uint8_t small_type[1u << SMALL_BITS];
};
extern struct world world;

/** What lasts from the first world to the last; uses the lab. False: lab_error says why. */
bool world_begin(void);
/** Build one. False: @what and @status say what failed. */
bool world_make(const char **what, int *status);
/** Give @victim back what it runs on, if that still exists. */
bool world_repair(unsigned victim);
/** Destroy it, whatever is left of it. Status of the revocation. */
int world_destroy(void);
/** Look what the victims' slots hold now. */
void world_look(void);

/* ---- call.c: a random system call */
struct call {
    struct quoll_regs regs; /* before the call */
    unsigned victim;
};
void call_make(struct call *c, unsigned victim);

/* ---- victim.c */
enum outcome {
    OUTCOME_DONE,    /* the call returned: result is filled */
    OUTCOME_BLOCKED, /* it waits */
    OUTCOME_LOST,    /* the victim is destroyed, stopped or elsewhere */
};

/** Is @victim there, and is it not waiting for anything? */
enum outcome victim_look(unsigned victim);
/** Let the victim make the call; other victims may run because of it. */
enum outcome victim_run(const struct call *c, struct quoll_regs *result);
/* Calls that take something back go in shares of time, and which of the threads that they wake
 * comes in between depends on it. So nobody does: all but the one that calls have priority 0. */
struct victims_priority {
    uint64_t priority[VICTIMS];
    bool there[VICTIMS];
};
void victims_quiet(struct victims_priority *p, unsigned but);
/** All run until they wait or trap, then they have their priorities again. */
void victims_loud(const struct victims_priority *p);

/** Has the victim, which has trapped, all that it needs to run? It traps once more. */
bool victim_can_run(unsigned victim);

/** What is wrong with the result of @c, or NULL. */
const char *victim_judge(const struct call *c, const struct quoll_regs *result);

/* ---- session.c */
struct fuzz_result {
    uint64_t calls, done, refused, blocked, lost, worlds, checks, hash, world_seed;
    bool failed;
    char text[160]; /* what went wrong */
};
extern struct fuzz_result fuzz_result;
extern bool fuzz_timed; /* this run need not replay */

/** Errors: BUSY (a session is open), NO_MEMORY. */
int session_begin(uint64_t seed, uint64_t total, uint64_t every, bool timed);
void session_calls(uint64_t count);
void session_end(void);

/** Note the first failure. */
__attribute__((format(printf, 1, 2))) void fuzz_fail(const char *format, ...);

/** Wait @us microseconds: all deadlines up to now have passed when it returns. */
void fuzz_sleep_us(uint64_t us);

#endif
