/*
 * proto.h - the message protocols between tasks: labels and words, until the IDL compiler
 * generates them. Every answer's label is an error of errors.def (0: done).
 * Strings and bytes are packed eight a word, little-endian, in the words that follow the
 * numbered ones; a name ends at its first NUL or with its last word.
 */
#ifndef QUOLL_PROTO_H
#define QUOLL_PROTO_H

#define PROTO_BYTES_MAX ((64 - 1) * 8) /* payload behind word 0 */

/* names: what a task may look up is what its manifest says it uses. */
enum names_label {
    NAMES_LOOKUP = 1,   /* words 0-5 name; the answer carries one capability. Waits until the
                           name is registered. NO_RIGHT: not in the manifest. */
    NAMES_REGISTER = 2, /* words 0-5 name, one capability; root only. Without a capability: the
                           provider could not be started, and look-ups answer GONE */
    NAMES_ALLOW = 3,    /* words 0-5 name, word 6 badge that may look it up; root only */
};

/* sys: what the root task tells and does. */
enum sys_label {
    SYSTEM_TASK = 1, /* word 0 index; answer 0 id, 1 state, 2 CPU time in us, 3 memory in bytes,
                        4 priority, 5 restarts, words 6- name. BAD_ARG past the last. */
    SYSTEM_MEM = 2,  /* answer 0 RAM, 1 kernel, 2 boot image, 3 in use by tasks, 4 free */
    SYSTEM_LOG =
        3,             /* word 0 byte offset into the log; answer 0 offset of the first byte
                          returned (older ones are overwritten), 1 count, words 2- bytes; count 0: end */
    SYSTEM_REBOOT = 4, /* NO_RIGHT: the task's manifest lacks power. BUSY: no way to do it worked */
    SYSTEM_POWEROFF = 5, /* the same */
    SYSTEM_LOG_WRITE =
        6,             /* word 0 count, bytes: one line into the system log, named after the task */
    SYSTEM_FILES = 8,  /* word 0 a task's number; answer 0 what its manifest lets it do with files
                          (0 nothing, 1 read, 2 write too), words 1- below which path.
                          BAD_ARG: no such task */
    SYSTEM_UPTIME = 7, /* answer 0 microseconds since the kernel's first instruction */
};

/* root signals this bit of the notification of a task with `deaths = yes` when a task has died;
 * SYSTEM_TASK says which. */
#define SYSTEM_BIT_DEATH 8ull

/* suite: a list of things to run; `bench` and `test` serve it. */
enum suite_label {
    SUITE_NAME = 1, /* word 0 index; answer words 0-7 name. BAD_ARG past the last. */
    SUITE_RUN = 2,  /* word 0 index. bench answers 0 median, 1 min, 2 max, 3 n, words 4-5 unit,
                       and from 6 on struct bench_extra or, if it failed (n = 0), why.
                       test answers 0 passed (0/1), words 1- what went wrong. */
};

/* fuzz: the system-call fuzzer, one run at a time. */
enum fuzz_label {
    FUZZ_BEGIN = 1, /* word 0 seed, 1 calls in all, 2 check the kernel's invariants every so many
                       (0: never), 3 timed (0/1). BUSY: a run is open. */
    FUZZ_CALLS = 2, /* word 0 how many more (at most 100,000); answer 0 made so far, 1 failed */
    FUZZ_END = 3,   /* answer 0 calls, 1 done, 2 refused, 3 blocked, 4 lost, 5 worlds, 6 checks of
                       the kernel, 7 hash of all results, 8 failed, words 10- why */
};
#define FUZZ_TEXT_WORD 10

#endif
