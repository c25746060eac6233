/*
 * measure.h - from loops of TSC pairs to a median; and the table of benchmarks.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <quoll/abi.h>
#include <quoll/client.h>
#include <quoll/lab.h>
#include <stdbool.h>
#include <stdint.h>

#define ROUNDS_MAX  10000u
#define ROUNDS_WARM 64u

/* One invocation: handle, tag, words. */
struct invocation {
    uint64_t cap;
    uint64_t tag;
    uint64_t words[MSG_REG_WORDS];
};

struct bench;
struct result;

/* What the loops of measure.asm are told; offsets are pinned in measure.c. */
struct measure {
    uint32_t *samples;
    uint64_t rounds;
    struct invocation op;   /* what is measured */
    struct invocation undo; /* what takes it back, not measured */
    volatile uint64_t *end; /* where the partner stores its TSC */
    /* Makes of ticks what the result is in, and says more; NULL: they are it. For setup to set. */
    void (*finish)(const struct bench *b, struct result *r);
};

/* What a partner of peers.asm finds at the start of its shared pages. Samples are on the others. */
struct peer_page {
    uint64_t reply, ep, notify, rounds;
    volatile uint64_t stamp, ack, count;
    uint64_t done;
    volatile uint64_t bad;
    uint64_t seed;
    uint64_t delay;
};
#define PEER_SAMPLES_OFFSET 4096u

struct result {
    uint64_t median, min, max, n;
    const char *unit;
    struct bench_extra extra;
    char why[128]; /* it failed */
};

/* One benchmark: setup builds its objects in a fresh lab and fills @m; run measures @m->rounds
 * rounds and returns 0, or what is left of them at the first failure. The lab's end cleans up. */
struct bench {
    const char *name;
    uint64_t rounds;
    unsigned words;   /* of the message */
    bool other_space; /* the partner is in an address space of its own */
    void (*setup)(const struct bench *b, struct measure *m);
    uint64_t (*run)(struct measure *m);
};

struct bench_area {
    const struct bench *list;
    unsigned count;
    uint64_t untyped_bytes; /* that these need; with less they are not in the list */
    bool (*exists)(void);   /* does the machine have what they are of? NULL: every machine */
};

extern const struct bench_area area_ipc, area_irq, area_fault, area_vm, area_cap, area_drv_call,
    area_drv_restart, area_drv_serial, area_drv_irq, area_latency, area_latency_large, area_packet,
    area_packet_wall, area_net, area_net_wall, area_net_peer, area_net_peer_wall,
    area_restart_ata_dma, area_restart_ata_pio, area_restart_ahci_dma;
#define AREAS_DISK 6u
extern const struct bench_area areas_disk[AREAS_DISK];

/** A blob between two labels of peers.asm. */
#define BLOB(name) ((struct lab_blob){(name), (size_t)((name##_end) - (name))})

/** measure_invoke for an operation that fills the slot undo.words[0], which its undoing empties.
 *  Emptying an empty slot is no error, so this first looks that the slot is really filled. */
uint64_t measure_filling(struct measure *m);

/** Does the TSC count guest instructions? */
bool measure_counts(void);

/** Run @b; false if it failed: then only @r's why is written. */
bool measure_bench(const struct bench *b, struct result *r);

/* measure.asm */
uint64_t measure_empty(struct measure *m);
uint64_t measure_nops(struct measure *m);
uint64_t measure_null(struct measure *m);
uint64_t measure_signal(struct measure *m);
uint64_t measure_signal_waiter(struct measure *m);
uint64_t measure_send(struct measure *m);
uint64_t measure_call(struct measure *m);
uint64_t measure_invoke(struct measure *m);
uint64_t measure_fault(struct measure *m);
void measure_mark_begin(void);
void measure_mark_end(void);
extern const char spin_stamping[], spin_first[];

/* peers.asm */
extern const char peer_echo[], peer_echo_end[];
extern const char peer_taker[], peer_taker_end[];
extern const char peer_waiter[], peer_waiter_end[];
extern const char peer_receiver[], peer_receiver_end[];
extern const char peer_fault[], peer_fault_end[];
extern const char peer_irq_entry[], peer_irq_entry_end[];
extern const char peer_irq_ack[], peer_irq_ack_end[];

#endif
