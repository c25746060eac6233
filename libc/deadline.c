/*
 * deadline.c - see quoll/deadline.h.
 */
#include <quoll/deadline.h>

#include <quoll/sys.h>
#include <quoll/task.h>

struct task_deadline task_deadline;

int task_set_deadline(uint64_t tsc, uint64_t bits)
{
    task_deadline = (struct task_deadline){tsc, bits};
    return sys_op(SLOT_NOTIFY, OP_NOTIFICATION_SET_DEADLINE, tsc, bits, 0, 0, 0, 0);
}
