/*
 * tell.c - what the machine does, as the shell's --json has it: one object a line.
 */
#include "server.h"
#include "services.h"

#include <idl/devman_desc.h>
#include <quoll/client.h>
#include <quoll/members.h>
#include <stdlib.h>
#include <string.h>

static bool more_drivers(struct connection *c)
{
    struct devman_driver_state driver;

    for (; devman_call_driver(SLOT_DEVMAN, (uint32_t)c->at, &driver) == E_OK; c->at++) {
        size_t mark = c->out_used;
        struct json j = answer_json(c);
        members_of_driver(&j, &driver);
        json_end(&j);
        if (!answer_keep(c, mark)) {
            return true;
        }
    }
    return false;
}

static bool more_devices(struct connection *c)
{
    struct devman_node_state node;

    for (; devman_call_node(SLOT_DEVMAN, (uint32_t)c->at, &node) == E_OK; c->at++) {
        size_t mark = c->out_used;
        struct json j = answer_json(c);
        members_of_node(&j, &node);
        json_end(&j);
        if (!answer_keep(c, mark)) {
            return true;
        }
    }
    return false;
}

/* c->at is the number of the last one. */
static bool more_events(struct connection *c)
{
    struct devman_event_record event;

    while (devman_call_event(SLOT_DEVMAN, c->at, false, &event) == E_OK &&
           event.serial_number > c->at) {
        size_t mark = c->out_used;
        struct json j = answer_json(c);
        members_of_event(&j, &event);
        json_end(&j);
        if (!answer_keep(c, mark)) {
            return true;
        }
        c->at = event.serial_number;
    }
    return false;
}

static bool more_faults(struct connection *c)
{
    for (; c->at < devman_fault_desc.count; c->at++) {
        size_t mark = c->out_used;
        struct json j = answer_json(c);
        json_string(&j, "fault", devman_fault_desc.values[c->at].text);
        json_end(&j);
        if (!answer_keep(c, mark)) {
            return true;
        }
    }
    return false;
}

static bool more_tasks(struct connection *c)
{
    struct system_task task;

    for (; system_task(SLOT_SYSTEM, c->at, &task) == E_OK; c->at++) {
        size_t mark = c->out_used;
        struct json j = answer_json(c);
        members_of_task(&j, &task);
        json_end(&j);
        if (!answer_keep(c, mark)) {
            return true;
        }
    }
    return false;
}

static bool more_system(struct connection *c)
{
    struct system_memory memory = {0};
    struct json j = answer_json(c);
    uint64_t us = 0;

    (void)system_uptime(SLOT_SYSTEM, &us);
    (void)system_mem(SLOT_SYSTEM, &memory);
    json_u64(&j, "uptime_us", us);
    json_u64(&j, "ram_bytes", memory.ram_bytes);
    json_u64(&j, "free_bytes", memory.free_bytes);
    json_bool(&j, "orders_allowed", orders_are_allowed());
    json_u64(&j, "connections", counts.connections);
    json_u64(&j, "connections_max", CONNECTIONS);
    json_u64(&j, "accepted", counts.accepted);
    json_u64(&j, "requests", counts.requests);
    json_u64(&j, "refused", counts.refused);
    json_u64(&j, "orders", counts.orders);
    json_end(&j);
    return false;
}

/* events?after=N */
static uint64_t first_wanted(const struct connection *c)
{
    char number[24];

    return form_value(c->request.query, strlen(c->request.query), "after", number, sizeof(number))
               ? strtoul(number, NULL, 10)
               : 0;
}

bool tell(struct connection *c, const char *name)
{
    static const struct {
        const char *name;
        bool (*more)(struct connection *c);
    } all[] = {
        {"drivers", more_drivers}, {"devices", more_devices}, {"events", more_events},
        {"faults", more_faults},   {"tasks", more_tasks},     {"system", more_system},
    };

    for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (strcmp(all[i].name, name) == 0) {
            answer_begin(c, "application/x-ndjson", all[i].more);
            c->at = all[i].more == more_events ? first_wanted(c) : 0;
            return true;
        }
    }
    return false;
}
