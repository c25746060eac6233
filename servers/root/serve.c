/*
 * serve.c - root's life after the start: one loop for requests and faults.
 * The badge says which task; the kind, set by the kernel, says whether the task asks or failed.
 */
#include "root.h"

#include <quoll/error.h>

struct task *task_by_badge(uint64_t badge)
{
    if (badge == 0 || badge > root.task_count) {
        return NULL;
    }
    return &root.task[badge - 1];
}

_Noreturn void root_serve(void)
{
    struct msg m = {0};
    int error = sys_recv(root.reply, root.endpoint, &m);

    for (;;) {
        if (error != E_OK) {
            /* The answer could not be sent or the receive failed: receive again, with nothing
             * to answer. */
            syslog("root's receive failed: %s", quoll_strerror(error));
            m = (struct msg){0};
            (void)sys_reply(root.reply, &m);
        } else if (msg_kind(&m) == KIND_MESSAGE) {
            system_request(&m);
        } else {
            fault_handle(&m);
        }
        error = sys_reply_recv(root.reply, root.endpoint, &m);
    }
}
