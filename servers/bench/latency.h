/*
 * latency.h - the scenes of latency.c: what is built, and the one operation that is watched.
 */
#ifndef BENCH_LATENCY_H
#define BENCH_LATENCY_H

#include <quoll/crowd.h>
#include <stdbool.h>
#include <stdint.h>

#define BIG_BITS    17u /* slots of the CNode that holds a scene's capabilities */
#define MEMORY_BITS 23u /* bytes of the untyped that a scene is made from */
#define OWN_SLOTS   600u

/* Where scenes are played, as handles. All of it is empty when build is called; revoking @memory
 * empties it again. @own is the first of OWN_SLOTS slots of the own CNode. */
struct stage {
    uint64_t big, memory, own;
};
extern struct stage stage;

struct scene {
    bool (*build)(void);
    bool (*operate)(void);
};

/* Capabilities taken back, and CNodes: latency_tree.c. */
extern const struct scene scene_revoke_wide, scene_revoke_deep, scene_revoke_nested,
    scene_revoke_mix, scene_longest_path, scene_delete_cnode;
/* Objects destroyed while in use: latency_crowd.c. */
extern const struct scene scene_endpoint, scene_receivers, scene_cancel, scene_notification,
    scene_replies, scene_no_buffer;
/* Memory, tables and ports: latency_memory.c. */
extern const struct scene scene_retype_2m, scene_retype_cnode, scene_retype_many, scene_retype_1g,
    scene_cnode_1m, scene_portmap, scene_vspace;

/* ---- how scenes are built; all return false at the first error */
bool scene_retype(unsigned type, uint64_t size_bits, uint64_t index, uint64_t count,
                  uint64_t thread);
/** Put the capability in own slot @handle away into slot @index of the big CNode. */
bool scene_put_away(uint64_t handle, uint64_t index);
bool scene_delete(uint64_t handle);
bool scene_revoke(uint64_t handle);

/** @count copies of own slot @source in the big CNode from @first on: one under the other in
 *  chains of @depth. */
bool scene_copies(uint64_t source, uint64_t first, uint64_t count, unsigned depth);
/** @count CNodes, each inside the one before, full of copies of own slot @source. */
bool scene_nest(uint64_t source, unsigned count);

/** @count threads that run @entry with @handle and @tag and wait there; put away from @first on. */
bool scene_crowd(const char *entry, uint64_t handle, uint64_t tag, uint64_t first, uint64_t count);
/** A thread in own slot @handle, with @count Replies in the big CNode from @first on. */
bool scene_replying_thread(uint64_t handle, uint64_t first, uint64_t count);
/** An address space in own slots from @handle on, with full tables, its rest from @first on. */
bool scene_full_space(uint64_t handle, uint64_t first);

#endif
