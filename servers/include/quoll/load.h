/*
 * load.h - threads that use up CPU time in a known way, each in an address space and with a Budget
 * of its own, inside a lab (lab.h). Tests and benchmarks of Budgets and of latency use them.
 */
#ifndef QUOLL_LOAD_H
#define QUOLL_LOAD_H

#include <quoll/lab.h>

enum load_kind {
    LOAD_SPIN,  /* counts for ever */
    LOAD_SERVE, /* answers every call on its endpoint after some rounds of counting */
    LOAD_CALL,  /* calls its endpoint for ever, and counts the answers */
};

/* What load.asm finds at the start of its page. */
struct load_page {
    uint64_t ep, reply;
    uint64_t work; /* rounds of counting per call; 0: for ever */
    volatile uint64_t count;
};

struct load {
    struct lab_peer peer;
    struct load_page *page;
    uint64_t budget; /* handle */
};

/** A thread of @kind at @priority, with @budget_us in each @period_us (0: unlimited) and the
 *  endpoint @ep. Not started. False if the lab could not make it. */
bool load_make(struct load *l, enum load_kind kind, unsigned priority, uint64_t budget_us,
               uint64_t period_us, uint64_t ep);

void load_start(struct load *l);

/** TSC ticks that its Budget has paid so far. */
uint64_t load_consumed(const struct load *l);

#endif
