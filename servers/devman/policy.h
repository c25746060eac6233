/*
 * policy.h - when a dead driver is started again: arithmetic only, tested on the host.
 * The first restart is immediate, the next ones wait longer and longer, and after too many deaths
 * in too short a time there is none. Deaths of instances that had completed a request, and those
 * that somebody asked for, neither count nor wait.
 */
#ifndef DEVMAN_POLICY_H
#define DEVMAN_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#define POLICY_DEATHS_MAX 16

/* From the driver's manifest. */
struct policy {
    uint64_t delay_us;  /* before the second restart in a row; 0: never wait */
    unsigned factor;    /* by which each further one waits longer, 1 at least */
    uint64_t cap_us;    /* and at most so long */
    unsigned deaths;    /* give up after so many that count, 1 to POLICY_DEATHS_MAX, ... */
    uint64_t window_us; /* ... within so long */
};

/* Of one device: what its drivers' instances have done so far. Zeroed at first. */
struct policy_state {
    uint64_t death_us[POLICY_DEATHS_MAX]; /* when the last ones that count were, a ring */
    unsigned count;                       /* deaths that counted, since the last good instance */
    uint64_t wait_us;                     /* of the last restart */
};

enum policy_verdict { POLICY_RESTART, POLICY_GIVE_UP };

/** An instance died at @now_us by its own fault. @worked: it had completed a request. The verdict;
 *  with POLICY_RESTART, @wait_us receives how long to wait first. */
enum policy_verdict policy_death(const struct policy *p, struct policy_state *s, uint64_t now_us,
                                 bool worked, uint64_t *wait_us);

/** Somebody starts the driver by hand: a clean record. */
void policy_forgive(struct policy_state *s);

#endif
