/*
 * fault.c - a task's end: the kernel says what it did, root says so in the log and ends it.
 * Nothing is restarted here; the memory stays accounted to the task.
 */
#include "root.h"

#include <quoll/exception.h>
#include <string.h>

static void log_page_fault(const struct task *t, const struct msg *m)
{
    const char *what = (m->w[2] & 16) != 0 ? "execute" : (m->w[2] & 2) != 0 ? "write" : "read";

    syslog("task %s died: page fault, cannot %s address 0x%lx, RIP 0x%lx, error code 0x%lx",
           t->name, what, (unsigned long)m->w[0], (unsigned long)m->w[1], (unsigned long)m->w[2]);
}

static void log_fault(const struct task *t, const struct msg *m)
{
    switch (msg_kind(m)) {
    case KIND_PAGE_FAULT:
        log_page_fault(t, m);
        break;
    case KIND_EXCEPTION:
        syslog("task %s died: exception %lu (%s), RIP 0x%lx, error code 0x%lx", t->name,
               (unsigned long)m->w[0], exception_name(m->w[0]), (unsigned long)m->w[1],
               (unsigned long)m->w[2]);
        break;
    case KIND_CAP_FAULT:
        syslog("task %s died: it lost its capability or address space (object type %lu)", t->name,
               (unsigned long)m->w[0]);
        break;
    default:
        syslog("task %s died: fault of unknown kind %u", t->name, msg_kind(m));
        break;
    }
}

bool task_is_essential(const struct task *t)
{
    static const char *const needed[] = {"names", "devman", "console"};

    for (unsigned i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (strcmp(t->manifest->provides, needed[i]) == 0) {
            return true;
        }
    }
    return strcmp(t->name, "qsh") == 0;
}

/* With the driver manager all drivers end, so the serial port is root's for the report. */
static void report_failure(const struct task *t)
{
    if (!t->manifest->all_devices) {
        syslog("SYSTEM FAILURE: the task %s is needed for the shell: reset the machine", t->name);
        console_report();
        return;
    }
    syslog(
        "SYSTEM FAILURE: the driver manager died, and all drivers with it: the machine restarts");
    console_report();
    power_reboot();
}

/* To those who keep things for tasks: they ask which one it was. */
static void tell_death(void)
{
    for (unsigned i = 0; i < root.task_count; i++) {
        if (root.task[i].death_signal != 0) {
            (void)sys_signal(root.task[i].death_signal);
        }
    }
}

void fault_handle(struct msg *m)
{
    struct task *t = task_by_badge(m->badge);

    if (t == NULL || t->manifest == NULL) {
        syslog("fault message of kind %u with an unknown badge %lu", msg_kind(m),
               (unsigned long)m->badge);
    } else {
        if (task_is_essential(t)) {
            syslog_echo(debug_build());
        }
        log_fault(t, m);
        t->state = THREAD_FAULTED;
        task_end(t);
        tell_death();
        if (task_is_essential(t)) {
            report_failure(t);
        }
    }
    *m = (struct msg){.tag = msg_tag(1, 0, 0)}; /* not 0: the thread stays stopped */
}
