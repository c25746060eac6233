/*
 * main.c - where devman begins: what it was given, the drivers' manifests, the null bus, and what
 * hangs on it. Everything else in the tree is reported by bus drivers.
 */
#include "devman.h"

#include <quoll/client.h>
#include <quoll/error.h>
#include <quoll/image_file.h>
#include <stdlib.h>

struct devman devman;

int main(void);

static void read_system_manifest(void)
{
    const struct spawn_maker *m = &devman.maker;
    struct manifest_error error;
    struct image_file file;

    if (!image_find(m->image, m->image_bytes, "system.manifest", &file) ||
        !manifest_parse((const char *)file.data, file.bytes, &devman.system, &error)) {
        log_line("no good system manifest: nobody may open anything");
        devman.system.count = 0;
    }
}

static int make_notification(void)
{
    int error = sys_op(SLOT_THREAD, OP_THREAD_BIND, SLOT_NOTIFY, 0, 0, 0, 0, 0);

    if (error == E_OK) {
        error =
            sys_op(SLOT_CNODE, OP_CNODE_MINT, SLOT_STORM, 0, SLOT_NOTIFY, RIGHT_SEND, BIT_STORM, 0);
    }
    if (error == E_OK) {
        error = sys_op(SLOT_CNODE, OP_CNODE_MINT, SLOT_ACKNOWLEDGE, 0, SLOT_NOTIFY, RIGHT_SEND,
                       BIT_ACKNOWLEDGED, 0);
    }
    return error;
}

int main(void)
{
    int error;

    (void)names_lookup("system", SLOT_SYSTEM);
    error = memory_init();
    if (error == E_OK) {
        error = make_notification();
    }
    if (error != E_OK) {
        log_line("devman can't begin: %s", quoll_strerror(error));
        abort();
    }
    read_system_manifest();
    dma_begin();
    drivers_load();
    tree_init(&devman.tree);
    for (unsigned i = 0; i < TREE_NODES; i++) {
        devman.device[i].node = &devman.tree.node[i];
    }
    null_bus_report();
    devman_serve();
}
