/*
 * fault.c - a page fault to its handler and back. The handler is this task's first thread; the
 * faulting thread has one instruction, in this or in its own address space.
 */
#include "measure.h"
#include <quoll/sys.h>
#include <quoll/task.h>

#define PRIORITY_EQUAL 120u

static void setup_fault(const struct bench *b, struct measure *m)
{
    struct lab_peer peer;
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);

    lab_peer_make(&peer, b->other_space, BLOB(peer_fault), 1, ep, PRIORITY_EQUAL);
    m->op.cap = SLOT_REPLY + 1;
    m->op.words[0] = ep;
    lab_peer_start(&peer);
}

static const struct bench list[] = {
    {"fault.round_trip.same_as", ROUNDS_MAX, 0, false, setup_fault, measure_fault},
    {"fault.round_trip.diff_as", ROUNDS_MAX, 0, true, setup_fault, measure_fault},
};

const struct bench_area area_fault = {list, sizeof list / sizeof list[0], 0, NULL};
