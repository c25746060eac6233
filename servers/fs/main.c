/*
 * main.c - the fs server's loop: one call after the other, and when a task has died, its files are
 * closed.
 */
#include "server.h"

#include <idl/fs_server.h>
#include <quoll/client.h>
#include <quoll/proto.h>
#include <stdlib.h>

int main(void);

static uint64_t kept_bits; /* arrived while a driver was waited for */

void server_wait(uint64_t bit)
{
    uint64_t bits = 0;

    do {
        (void)sys_wait(SLOT_NOTIFY, &bits);
        kept_bits |= bits & ~bit;
    } while ((bits & bit) == 0);
}

int main(void)
{
    struct call call;
    bool answered = false;

    if (names_lookup("devman", SLOT_DEVMAN) != E_OK ||
        names_lookup("system", SLOT_SYSTEM) != E_OK ||
        sys_op(SLOT_THREAD, OP_THREAD_BIND, SLOT_NOTIFY, 0, 0, 0, 0, 0) != E_OK) {
        abort(); /* the manifest is wrong: root says where */
    }
    call_begin(&call);
    for (;;) {
        uint64_t bits;
        bool is_call = call_next(&call, SLOT_SERVE, answered) == E_OK;
        answered = is_call && msg_kind(&call.m) == KIND_MESSAGE && fs_dispatch(&call);
        if (answered) {
            volumes_settle();
        }
        bits = kept_bits;
        kept_bits = 0;
        if (is_call && msg_kind(&call.m) == KIND_NOTIFICATION) {
            bits |= call.m.w[0];
        }
        if ((bits & SYSTEM_BIT_DEATH) != 0) {
            clients_bury();
            volumes_settle();
        }
    }
}
