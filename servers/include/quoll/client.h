/*
 * client.h - what a program asks of the servers of proto.h, one function a method.
 * Every function returns E_OK, an error that the server answered (listed), or one of the call
 * itself: BAD_CAP, BAD_TYPE, NO_RIGHT (the handle), GONE (never picked up: safe to try again),
 * DEAD, CANCELED (delivered, outcome unknown). Outputs are written only on E_OK.
 * One thread a task: all use the task's IPC buffer.
 */
#ifndef QUOLL_CLIENT_H
#define QUOLL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLIENT_NAME_MAX 64 /* bytes of a name, with the NUL */

struct system_task {
    uint64_t id;
    uint64_t state; /* enum quoll_thread_state */
    uint64_t cpu_us;
    uint64_t memory_bytes;
    uint64_t priority;
    uint64_t restarts;
    char name[CLIENT_NAME_MAX];
};

struct system_memory {
    uint64_t ram_bytes, kernel_bytes, image_bytes, tasks_bytes, free_bytes;
};

#define BENCH_UNIT_TIME   "ns"
#define BENCH_UNIT_SPEED  "mb_per_s" /* figures in this unit have decimals ... */
#define BENCH_SPEED_PARTS 1000u      /* ... and are given as so many parts of it */

/* What some benchmarks say besides, word by word from BENCH_EXTRA_WORD of the answer on. */
struct bench_extra {
    uint64_t is_there;
    uint64_t iommu;                    /* 1: what was measured is behind one */
    uint64_t required, aim, reference; /* in the result's unit; 0: none */
};
#define BENCH_EXTRA_WORD 6u

struct bench_result {
    uint64_t median, min, max, n; /* n = 0: it failed */
    char unit[17];
    char why[160]; /* what failed; empty if nothing did */
    struct bench_extra extra;
};

struct test_result {
    bool passed;
    char message[256];
};

struct fuzz_summary {
    uint64_t calls, done, refused, blocked, lost, worlds, checks, hash;
    bool failed;
    char text[160];
};

/** Wait until @name is registered and put its endpoint into the empty @slot.
 *  NO_RIGHT: the manifest doesn't say that this task uses it. EXISTS: @slot is not empty.
 *  BAD_ARG: @name is longer than 48 bytes. */
int names_lookup(const char *name, uint64_t slot);

/** Has what was looked up into @slot ended since? With a task its endpoint goes, and with that all
 *  capabilities to it. */
bool names_is_gone(uint64_t slot);

/** Write @n bytes to the terminal, in as many messages as it takes; waits while the device is
 *  behind. On an error some of the bytes may have been written. */
int terminal_write(uint64_t cap, const void *bytes, size_t n);

/** Wait until all that was written is on the line. BUSY: too many others wait. */
int terminal_flush(uint64_t cap);

/** Read 1 to @max bytes (at most TERMINAL_PIECE_MAX a call) into @bytes; with @wait false also
 *  none. BUSY: another reader waits. */
int terminal_read(uint64_t cap, void *bytes, size_t max, bool wait, size_t *got);

enum terminal_on {
    TERMINAL_ON_SERIAL,
    TERMINAL_ON_SCREEN,
    TERMINAL_ON_BOTH,
};

/* Where a terminal's session is, and what went through it. */
struct terminal_place {
    enum terminal_on on;
    unsigned columns, rows;
    uint64_t restarts; /* of the devices below */
    uint64_t bytes_in, bytes_out;
};

int terminal_place(uint64_t cap, struct terminal_place *place);

/** Go on with the session there. NOT_FOUND: there is none. BUSY: another session is on it. */
int terminal_move(uint64_t cap, enum terminal_on to);

/** Have virtual console @screen, from 0. EXISTS: it is another's, or this task has one. */
int terminal_take(uint64_t cap, unsigned screen);

/** Show the screen as pixels, or as text; waits until it is, five seconds at most. NOT_FOUND: there
 *  is none. UNSUPPORTED: not so. BUSY: its driver does not answer, or another's wish is not done.
 */
int terminal_draw(uint64_t cap, bool pixels);

/** The keyboard's layout, another one, layout @index; names have TERMINAL_NAME bytes with the NUL.
 *  NOT_FOUND: no keyboard, or past the last. BAD_ARG: there is no layout of that name. */
#define TERMINAL_NAME 16
int terminal_get_layout(uint64_t cap, char name[TERMINAL_NAME]);
int terminal_set_layout(uint64_t cap, const char *name);
int terminal_layout(uint64_t cap, unsigned index, char name[TERMINAL_NAME]);

/** The @index-th task, from 0. BAD_ARG: past the last. */
int system_task(uint64_t cap, uint64_t index, struct system_task *task);

/* What a task's manifest lets it do with files, below which path. */
#define SYSTEM_PATH_BYTES 256
enum { SYSTEM_FILES_NONE, SYSTEM_FILES_READ, SYSTEM_FILES_READ_WRITE };
int system_files(uint64_t cap, uint64_t task, uint64_t *may, char root[SYSTEM_PATH_BYTES]);

int system_mem(uint64_t cap, struct system_memory *memory);

/** Up to @max bytes of the log from @offset on; @first says where they start (later than @offset
 *  if those were overwritten), @got 0 that there are no more. */
int system_log(uint64_t cap, uint64_t offset, uint64_t *first, void *bytes, size_t max,
               size_t *got);

/** One line into the system log, cut off at PROTO_BYTES_MAX bytes. */
int system_log_write(uint64_t cap, const char *line);

int system_reboot(uint64_t cap);
int system_poweroff(uint64_t cap);
int system_uptime(uint64_t cap, uint64_t *us);

/** The name of a suite's @index-th item, from 0. BAD_ARG: past the last. */
int suite_name(uint64_t cap, uint64_t index, char name[CLIENT_NAME_MAX]);

/** Run item @index of the bench or of the test suite and wait for the result. */
int bench_run(uint64_t cap, uint64_t index, struct bench_result *result);
int test_run(uint64_t cap, uint64_t index, struct test_result *result);

struct fuzz_order {
    uint64_t calls, seed;
    uint64_t check_every; /* calls between two checks of the kernel; 0: none */
    bool timed;           /* with what depends on time; does not replay */
};

/** One run of the fuzzer: begin, calls until as many as wanted were made, end.
 *  Errors of begin: BUSY (another run is open). */
int fuzz_begin(uint64_t cap, const struct fuzz_order *order);
int fuzz_calls(uint64_t cap, uint64_t count, uint64_t *made, bool *failed);
int fuzz_end(uint64_t cap, struct fuzz_summary *summary);

#endif
