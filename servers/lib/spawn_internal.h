/*
 * spawn_internal.h - what the files of the spawn library share.
 */
#ifndef SPAWN_INTERNAL_H
#define SPAWN_INTERNAL_H

#include <quoll/spawn.h>

#define SPAWN_PAGE 4096u

/* An object that a control capability makes: its call's words but the payer (word 0) and the slot
 * for it (word @slot_word), which spawn_make_control fills in. The answer comes back in @m. */
struct spawn_control {
    uint32_t control, op;
    unsigned slot_word;
    struct msg m;
    uint32_t slot; /* out: its handle */
};

/** Make it; it takes 2^@bits bytes. */
int spawn_make_control(struct spawn *s, unsigned bits, struct spawn_control *c);

/** As spawn_map, but into any address space of the maker's; @s pays for tables. */
int spawn_map_in(struct spawn *s, uint32_t vspace, uint64_t va, uint32_t frame, unsigned rights,
                 enum quoll_cache cache);

#endif
