/*
 * clients.c - what devman does for tasks: sessions, and everything that the shell shows.
 * A task's number is its badge; what it may open, and whether it may manage, is in the system
 * manifest. Nothing here waits for a driver.
 */
#include "devman.h"
#include "interfaces.h"
#include "iommu.h"
#include "session.h"

#include <idl/devman_server.h>
#include <idl/inspect.h>
#include <idl/orders.h>
#include <stdio.h>
#include <string.h>

/* 1 is root, which has no section. */
static const struct manifest_task *section_of(uint32_t task)
{
    return task < 2 || task - 2 >= devman.system.count ? NULL : &devman.system.task[task - 2];
}

static bool may(uint32_t task, const char *what)
{
    const struct manifest_task *m = section_of(task);

    if (m == NULL) {
        return false;
    }
    for (unsigned i = 0; i < m->opens_count; i++) {
        if (strcmp(m->opens[i], what) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- sessions */

static struct device *first_that_serves(const struct idl_interface *info)
{
    for (unsigned i = 1; i < devman.tree.count; i++) {
        struct device *d = &devman.device[i], *with = d;
        uint32_t unit;
        if (d->driver != NULL && d->node->present && interface_is_of(&d->driver->manifest, info) &&
            unit_choose(&with, info, &unit)) {
            return d;
        }
    }
    return NULL;
}

/* Said once for a task: it may ask as often as it likes. */
static bool has_room(uint32_t task)
{
    static bool said[MANIFEST_TASKS];
    const struct manifest_task *m = section_of(task);

    if (session_count(task) < m->sessions) {
        return true;
    }
    if (!said[task - 2]) {
        said[task - 2] = true;
        log_line("task %s has all the sessions that it may have, %u: sessions = N in its section "
                 "of the system manifest changes that",
                 m->name, m->sessions);
    }
    return false;
}

/* A path, an interface's name, or a driver's where that is unique. */
static struct device *find_to_open(const char *what, const struct idl_interface *info)
{
    struct node *n = tree_find(&devman.tree, what);
    struct device *d = NULL;

    if (n != NULL) {
        return &devman.device[n->id];
    }
    if (strcmp(what, info->name) == 0) {
        return first_that_serves(info);
    }
    return device_by_name(what, &d) == E_OK ? d : NULL;
}

/* NOLINTNEXTLINE(readability-function-size): as many parameters as the IDL gives it */
int devman_serve_open(struct call *call, const char *what, uint8_t interface_number,
                      uint32_t methods, uint16_t data_pages, uint16_t depth, uint64_t notification,
                      uint32_t *session, uint64_t *endpoint, uint64_t *doorbell,
                      uint64_t *acknowledge, struct devman_geometry *shape)
{
    const struct idl_interface *info = interface_find(interface_number);
    struct session_order order = {.client = call_session(call),
                                  .interface = interface_number,
                                  .methods = methods,
                                  .data_pages = data_pages,
                                  .depth = depth,
                                  .notify = (uint32_t)notification};
    struct session_answer answer;
    struct device *d;
    int error;

    if (info == NULL) {
        return E_NOT_FOUND;
    }
    if (!may(order.client, info->name)) {
        return E_NO_RIGHT;
    }
    d = find_to_open(what, info);
    if (d == NULL || !unit_choose(&d, info, &order.unit)) {
        return E_NOT_FOUND;
    }
    if (!has_room(order.client)) {
        return E_LIMIT;
    }
    error = session_open(d, &order, &answer);
    if (error == E_OK) {
        *session = answer.session;
        *endpoint = answer.endpoint;
        *doorbell = answer.doorbell;
        *acknowledge = SLOT_ACKNOWLEDGE;
        shape->slots = (uint16_t)answer.slots;
        shape->pages = (uint16_t)answer.pages;
        shape->data_pages = (uint16_t)answer.data_pages;
    }
    return error;
}

int devman_serve_pages(struct call *call, uint32_t session, uint32_t first, uint64_t *frames,
                       size_t *frames_count)
{
    uint32_t frame[MSG_MAX_CAPS];
    unsigned count;
    int error = session_pages(session, call_session(call), first, frame, &count);

    for (unsigned i = 0; error == E_OK && i < count; i++) {
        frames[i] = frame[i];
        *frames_count = i + 1;
    }
    return error;
}

int devman_serve_close(struct call *call, uint32_t session)
{
    return session_close(session, call_session(call));
}

/* ---- what there is */

static enum devman_state state_of(const struct device *d)
{
    static const enum devman_state states[] = {
        [DEVICE_WAITING] = DEVMAN_STATE_UNMATCHED,  [DEVICE_REFUSED] = DEVMAN_STATE_REFUSED,
        [DEVICE_PREPARING] = DEVMAN_STATE_STARTING, [DEVICE_STARTING] = DEVMAN_STATE_STARTING,
        [DEVICE_RUNNING] = DEVMAN_STATE_RUNNING,    [DEVICE_RESTARTING] = DEVMAN_STATE_RESTARTING,
        [DEVICE_STOPPED] = DEVMAN_STATE_STOPPED,    [DEVICE_GAVE_UP] = DEVMAN_STATE_GAVE_UP,
    };

    if (d->leaving != CAUSE_NONE) {
        return d->leaving == CAUSE_STOP ? DEVMAN_STATE_STOPPING : DEVMAN_STATE_RESTARTING;
    }
    if (device_is_dying(d)) {
        return d->cause == CAUSE_STOP ? DEVMAN_STATE_STOPPING : DEVMAN_STATE_RESTARTING;
    }
    /* Between a death and its successor, wherever it stands. */
    if (d->succeeds && (d->state == DEVICE_PREPARING || d->state == DEVICE_STARTING)) {
        return DEVMAN_STATE_RESTARTING;
    }
    return d->node->id == 0 ? DEVMAN_STATE_RUNNING : states[d->state];
}

static void identity_text(const struct node *n, char *to, size_t size)
{
    if (n->identity.vendor != 0) {
        (void)snprintf(to, size, "%04x:%04x", n->identity.vendor, n->identity.device);
    } else {
        (void)snprintf(to, size, "%s", n->id == 0 ? "null bus" : n->identity.name);
    }
}

static enum devman_dma protection_of(const struct device *d)
{
    static const enum devman_dma protections[] = {
        [DRIVER_DMA_OFF] = DEVMAN_DMA_NONE,
        [DRIVER_DMA_BEHIND_IOMMU] = DEVMAN_DMA_IOMMU,
        [DRIVER_DMA_EVERYWHERE] = DEVMAN_DMA_UNPROTECTED,
    };

    return d->driver != NULL ? protections[d->dma.mode] : DEVMAN_DMA_NONE;
}

static void node_state(const struct device *of, struct devman_node_state *to)
{
    const struct device *d = unit_owner(&devman.device[of->node->id]);

    to->protection = protection_of(d);
    tree_path(&devman.tree, of->node, to->where);
    identity_text(of->node, to->id, sizeof(to->id));
    to->status = state_of(d);
    if (d->driver != NULL) {
        (void)snprintf(to->driver, sizeof(to->driver), "%s", d->driver->manifest.name);
        (void)snprintf(to->serves, sizeof(to->serves), "%s", d->driver->manifest.interfaces[0]);
    }
}

/* The next device after node @at that is still there; a null pointer past the last. */
static const struct device *next_present(int at)
{
    do {
        at = tree_next(&devman.tree, at, NULL);
    } while (at >= 0 && !devman.tree.node[at].present);
    return at >= 0 ? &devman.device[at] : NULL;
}

static const struct device *first_present(void)
{
    return next_present(-1);
}

int devman_serve_node(struct call *call, uint32_t index, struct devman_node_state *result)
{
    const struct device *d = first_present();

    (void)call;
    for (uint32_t i = 0; i < index && d != NULL; i++) {
        d = next_present(d->node->id);
    }
    if (d == NULL) {
        return E_NOT_FOUND;
    }
    node_state(d, result);
    return E_OK;
}

/* Of a device that has units it is these that serve. */
static bool serves(const struct device *d, const struct idl_interface *info)
{
    const struct device *owner = unit_owner(&devman.device[d->node->id]);
    bool has_units = false;

    if (info->number != INSPECT_INTERFACE) {
        (void)tree_first_unit(&devman.tree, owner->node->id, &has_units);
    }
    return owner->driver != NULL && interface_is_of(&owner->driver->manifest, info) &&
           has_units == d->node->is_unit;
}

static bool matches(const struct device *d, const char *pattern)
{
    const struct idl_interface *info = interface_by_name(pattern);
    char text[TREE_PATH];
    size_t n = strlen(pattern);

    if (pattern[0] == '/') {
        tree_path(&devman.tree, d->node, text);
        return strncmp(text, pattern, n) == 0 &&
               (text[n] == '\0' || text[n] == '/' || pattern[n - 1] == '/');
    }
    if (info != NULL && serves(d, info)) {
        return true;
    }
    identity_text(d->node, text, sizeof(text));
    return strncmp(text, pattern, n) == 0 && (text[n] == '\0' || pattern[n - 1] == ':');
}

int devman_serve_find(struct call *call, const char *pattern, uint32_t index,
                      struct devman_node_state *result)
{
    uint32_t found = 0;

    (void)call;
    if (pattern[0] == '\0') {
        return E_NOT_FOUND;
    }
    for (const struct device *d = first_present(); d != NULL; d = next_present(d->node->id)) {
        if (matches(d, pattern) && found++ == index) {
            node_state(d, result);
            return E_OK;
        }
    }
    return E_NOT_FOUND;
}

static uint64_t memory_of(const struct device *d)
{
    return (d->untyped != 0 ? 1ull << d->untyped_bits : 0) + dma_bytes(d);
}

static void driver_state(const struct device *d, struct devman_driver_state *to)
{
    const struct driver_manifest *m = &d->driver->manifest;

    (void)snprintf(to->driver, sizeof(to->driver), "%s", m->name);
    tree_path(&devman.tree, d->node, to->device);
    (void)snprintf(to->last_death, sizeof(to->last_death), "%s", d->died_of);
    to->pid = d->alive ? d->pid : 0;
    to->status = state_of(d);
    to->protection = protection_of(d);
    to->restarts = d->restarts;
    to->uptime_ms = d->alive ? (now_us() - d->started_us) / 1000 : 0;
    to->cpu_us = d->cpu_before_us + (d->alive ? instance_cpu_us(d) : 0);
    to->interrupts = d->interrupts_before + (d->alive ? d->status->interrupts : 0);
    to->memory_bytes = memory_of(d);
}

int devman_serve_driver(struct call *call, uint32_t index, struct devman_driver_state *result)
{
    uint32_t found = 0;

    (void)call;
    for (const struct device *d = first_present(); d != NULL; d = next_present(d->node->id)) {
        if (d->driver != NULL && found++ == index) {
            driver_state(d, result);
            return E_OK;
        }
    }
    return E_NOT_FOUND;
}

int devman_serve_explain(struct call *call, const char *what, uint32_t index, char result[201])
{
    struct device *d = NULL;

    (void)call;
    if (device_by_name(what, &d) != E_OK || !explain(d->node, index, result, 201)) {
        return E_NOT_FOUND;
    }
    return E_OK;
}

int devman_serve_restarted(struct call *call, const char *what, struct devman_restart_times *result)
{
    struct device *d = NULL;

    (void)call;
    if (device_by_name(what, &d) != E_OK || d->restarts == 0 || d->state != DEVICE_RUNNING) {
        return E_NOT_FOUND;
    }
    result->detect = d->phase_tsc[PHASE_DETECT];
    result->quiet = d->phase_tsc[PHASE_QUIET];
    result->reclaim = d->phase_tsc[PHASE_RECLAIM];
    result->load = d->phase_tsc[PHASE_LOAD];
    result->attach = d->phase_tsc[PHASE_ATTACH];
    result->run = d->phase_tsc[PHASE_RUN];
    return E_OK;
}

int devman_serve_used(struct call *call, struct devman_usage *result)
{
    (void)call;
    result->memory = memory_used();
    result->slots = devman.slots.count - slots_free(&devman.slots);
    result->pieces = pieces_count(&devman.memory) + pieces_count(&devman.registers);
    return E_OK;
}

/* ---- orders */

bool task_may_manage(const struct call *call)
{
    return may(call_session(call), "manage");
}

int find_to_manage(const struct call *call, const char *what, struct device **d)
{
    int error;

    if (!idl_badge_is_of(call->m.badge, ORDERS_INTERFACE) && !task_may_manage(call)) {
        return E_NO_RIGHT;
    }
    error = device_by_name(what, d);
    return error == E_BAD_ARG ? E_NOT_FOUND : error;
}

int devman_serve_control(struct call *call, const char *what, enum devman_action order)
{
    static const enum death_cause causes[] = {[DEVMAN_ACTION_KILL] = CAUSE_KILL,
                                              [DEVMAN_ACTION_RESTART] = CAUSE_RESTART,
                                              [DEVMAN_ACTION_START] = CAUSE_NONE,
                                              [DEVMAN_ACTION_STOP] = CAUSE_STOP};
    struct device *d = NULL;
    int error = find_to_manage(call, what, &d);

    return error != E_OK ? error : life_order(d, causes[order]);
}

/* A thread is stepped from a stop on; one that waits for a message waits again after it. */
static int step(const struct device *d, bool on)
{
    int error = sys_op(d->task.thread, OP_THREAD_SUSPEND, 0, 0, 0, 0, 0, 0);

    if (error == E_OK) {
        error = sys_op(d->task.thread, OP_THREAD_STEP, on, 0, 0, 0, 0, 0);
        (void)sys_op(d->task.thread, OP_THREAD_RESUME, 0, 0, 0, 0, 0, 0);
    }
    return error;
}

int devman_serve_die_after(struct call *call, const char *what, uint32_t instructions)
{
    struct device *d = NULL;
    int error = find_to_manage(call, what, &d);

    if (error != E_OK) {
        return error;
    }
    if (d->state != DEVICE_RUNNING) {
        return E_BUSY;
    }
    d->steps_left = instructions;
    return step(d, instructions != 0);
}

int devman_serve_kill_often(struct call *call, const char *what, uint32_t times, uint32_t every_us)
{
    struct device *d = NULL;
    int error = find_to_manage(call, what, &d);

    if (error == E_OK && d->driver == NULL) {
        error = E_GONE;
    }
    if (error == E_OK && times != 0 && !d->alive) {
        error = E_BUSY;
    }
    if (error == E_OK) {
        toll_begin(d, times, every_us);
    }
    return error;
}

int devman_serve_killed(struct call *call, const char *what, struct devman_toll *result)
{
    struct device *d = NULL;

    (void)call;
    if (device_by_name(what, &d) != E_OK || d->driver == NULL) {
        return E_NOT_FOUND;
    }
    *result = (struct devman_toll){.left = d->toll.left,
                                   .kills = d->toll.kills,
                                   .in_handler = d->toll.in_handler,
                                   .with_requests = d->toll.with_requests};
    return E_OK;
}

int devman_serve_listen(struct call *call, bool to_faults)
{
    return task_may_manage(call) ? iommu_listen(to_faults) : E_NO_RIGHT;
}

/* ---- events */

static struct {
    uint64_t reply, after;
} waiters[TASK_REPLIES];

static enum devman_cause cause_of(enum death_cause cause)
{
    static const enum devman_cause causes[] = {
        [CAUSE_NONE] = DEVMAN_CAUSE_NONE,
        [CAUSE_FAULT] = DEVMAN_CAUSE_FAULT,
        [CAUSE_EXIT] = DEVMAN_CAUSE_EXIT,
        [CAUSE_BUDGET] = DEVMAN_CAUSE_BUDGET,
        [CAUSE_HEARTBEAT] = DEVMAN_CAUSE_HEARTBEAT,
        [CAUSE_REQUEST_AGE] = DEVMAN_CAUSE_REQUEST_AGE,
        [CAUSE_IRQ_UNACKED] = DEVMAN_CAUSE_IRQ_UNACKED,
        [CAUSE_IRQ_STORM] = DEVMAN_CAUSE_IRQ_STORM,
        [CAUSE_BAD_MESSAGE] = DEVMAN_CAUSE_BAD_MESSAGE,
        [CAUSE_KILL] = DEVMAN_CAUSE_KILLED,
        [CAUSE_RESTART] = DEVMAN_CAUSE_KILLED,
        [CAUSE_STOP] = DEVMAN_CAUSE_KILLED,
        [CAUSE_DMA] = DEVMAN_CAUSE_DMA,
    };

    return causes[cause];
}

static enum devman_kind kind_of(enum event_kind kind)
{
    static const enum devman_kind kinds[] = {
        [EVENT_DEVICE_ADDED] = DEVMAN_KIND_DEVICE_ADDED,
        [EVENT_DEVICE_GONE] = DEVMAN_KIND_DEVICE_GONE,
        [EVENT_STARTED] = DEVMAN_KIND_DRIVER_STARTED,
        [EVENT_DIED] = DEVMAN_KIND_DRIVER_DIED,
        [EVENT_RESTARTED] = DEVMAN_KIND_DRIVER_RESTARTED,
        [EVENT_GAVE_UP] = DEVMAN_KIND_DRIVER_GAVE_UP,
        [EVENT_STOPPED] = DEVMAN_KIND_DRIVER_STOPPED,
        [EVENT_REFUSED] = DEVMAN_KIND_DRIVER_REFUSED,
    };

    return kinds[kind];
}

static void event_record(const struct event *e, struct devman_event_record *to)
{
    to->serial_number = e->number;
    to->time_us = e->time_us;
    to->what = kind_of(e->kind);
    to->why = cause_of(e->cause);
    tree_path(&devman.tree, &devman.tree.node[e->node], to->device);
    (void)snprintf(to->driver, sizeof(to->driver), "%s", e->driver);
    (void)snprintf(to->text, sizeof(to->text), "%s", e->text);
}

int devman_serve_event(struct call *call, uint64_t after, bool wait,
                       struct devman_event_record *result)
{
    const struct event *e = event_after(&devman.events, after);
    int error;

    if (e != NULL) {
        event_record(e, result);
        return E_OK;
    }
    if (!wait) {
        return E_NOT_FOUND;
    }
    for (unsigned i = 0; i < TASK_REPLIES; i++) {
        if (waiters[i].reply != 0) {
            continue;
        }
        error = call_keep(call, &waiters[i].reply);
        if (error != CALL_LATER) {
            waiters[i].reply = 0;
        }
        waiters[i].after = after;
        return error;
    }
    return E_BUSY;
}

void serve_event(void)
{
    for (unsigned i = 0; i < TASK_REPLIES; i++) {
        struct devman_event_record record = {0};
        const struct event *e;
        uint64_t reply = waiters[i].reply;

        if (reply == 0 || (e = event_after(&devman.events, waiters[i].after)) == NULL) {
            continue;
        }
        event_record(e, &record);
        waiters[i].reply = 0;
        devman_answer_event(reply, E_OK, &record);
    }
}
