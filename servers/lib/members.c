/*
 * members.c - see members.h.
 */
#include <quoll/members.h>

#include <idl/devman_desc.h>

void members_of_node(struct json *j, const struct devman_node_state *n)
{
    json_string(j, "path", n->where);
    json_string(j, "id", n->id);
    json_string(j, "state", idl_enum_text(&devman_state_desc, n->status));
    json_string_or_null(j, "driver", n->driver);
    json_string_or_null(j, "serves", n->serves);
    json_string(j, "dma", idl_enum_text(&devman_dma_desc, n->protection));
}

void members_of_driver(struct json *j, const struct devman_driver_state *d)
{
    json_string(j, "driver", d->driver);
    json_string(j, "device", d->device);
    json_u64(j, "pid", d->pid);
    json_string(j, "state", idl_enum_text(&devman_state_desc, d->status));
    json_string(j, "dma", idl_enum_text(&devman_dma_desc, d->protection));
    json_u64(j, "restarts", d->restarts);
    json_string_or_null(j, "last_death", d->last_death);
    json_u64(j, "uptime_ms", d->uptime_ms);
    json_u64(j, "cpu_us", d->cpu_us);
    json_u64(j, "interrupts", d->interrupts);
    json_u64(j, "memory_bytes", d->memory_bytes);
}

void members_of_event(struct json *j, const struct devman_event_record *e)
{
    const char *cause = idl_enum_text(&devman_cause_desc, e->why);

    json_u64(j, "number", e->serial_number);
    json_u64(j, "time_us", e->time_us);
    json_string(j, "event", idl_enum_text(&devman_kind_desc, e->what));
    json_string(j, "device", e->device);
    json_string_or_null(j, "driver", e->driver);
    json_string_or_null(j, "cause", e->why != DEVMAN_CAUSE_NONE ? cause : "");
    json_string(j, "text", e->text);
}

const char *task_state_name(uint64_t state)
{
    static const char *const names[] = {
        [THREAD_RUNNING] = "running",           [THREAD_RECEIVING] = "receiving",
        [THREAD_CALLING] = "calling",           [THREAD_QUEUED] = "queued",
        [THREAD_WAITING] = "waiting",           [THREAD_STOPPED] = "stopped",
        [THREAD_FAULTED] = "faulted",           [THREAD_FAULT_QUEUED] = "faulted",
        [THREAD_RECEIVING_PLAIN] = "receiving",
    };

    return state < sizeof(names) / sizeof(names[0]) && names[state] != NULL ? names[state]
                                                                            : "unknown";
}

void members_of_task(struct json *j, const struct system_task *t)
{
    json_u64(j, "id", t->id);
    json_string(j, "name", t->name);
    json_string(j, "state", task_state_name(t->state));
    json_u64(j, "cpu_us", t->cpu_us);
    json_u64(j, "memory_bytes", t->memory_bytes);
    json_u64(j, "priority", t->priority);
    json_u64(j, "restarts", t->restarts);
}
