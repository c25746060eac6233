/*
 * interfaces.c - see interfaces.h.
 */
#include "interfaces.h"

#include <idl/inspect.h>
#include <idl/interfaces.h>
#include <quoll/abi.h>
#include <quoll/queue.h>
#include <string.h>

const struct idl_interface *interface_find(unsigned number)
{
    return idl_find(&idl_interface_table, number);
}

const struct idl_interface *interface_by_name(const char *name)
{
    for (size_t i = 0; i < idl_interface_table.count; i++) {
        if (strcmp(idl_interface_table.interfaces[i]->name, name) == 0) {
            return idl_interface_table.interfaces[i];
        }
    }
    return NULL;
}

/* Methods with all of @flags, of those with none of @without. */
static uint32_t methods_with(const struct idl_interface *i, uint32_t flags, uint32_t without)
{
    uint32_t mask = 0;

    for (uint32_t k = 0; k < i->method_count; k++) {
        uint32_t f = i->methods[k].flags;
        mask |= (f & flags) == flags && (f & without) == 0 ? 1u << k : 0;
    }
    return mask;
}

uint64_t interface_badge(const struct idl_interface *i, uint32_t session, uint32_t methods)
{
    return session | (uint64_t)i->number << 24 |
           (uint64_t)(methods & methods_with(i, 0, IDL_ASYNC)) << 32;
}

static bool takes_capabilities(const struct idl_method *m)
{
    for (uint32_t i = 0; i < m->in_count; i++) {
        if (m->in[i].kind == IDL_CAP || m->in[i].kind == IDL_CAPS) {
            return true;
        }
    }
    return false;
}

unsigned interface_rights(const struct idl_interface *i, uint32_t methods)
{
    unsigned rights = RIGHT_SEND;

    for (uint32_t k = 0; k < i->method_count; k++) {
        if ((methods >> k & 1) != 0 && takes_capabilities(&i->methods[k])) {
            rights |= RIGHT_GRANT;
        }
    }
    return rights;
}

uint32_t interface_queue_ops(const struct idl_interface *i, uint32_t methods)
{
    return (methods & methods_with(i, IDL_ASYNC, 0)) << 1 | 1;
}

uint32_t interface_queue_waits(const struct idl_interface *i)
{
    return methods_with(i, IDL_ASYNC | IDL_WAITS, 0) << 1;
}

uint32_t interface_method(const struct idl_interface *i, const char *name)
{
    for (uint32_t k = 0; k < i->method_count; k++) {
        if (strcmp(i->methods[k].name, name) == 0) {
            return 1u << k;
        }
    }
    return 0;
}

static bool has_long_buffer(const struct idl_field *fields, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (fields[i].kind == IDL_BUFFER && fields[i].bound > QUEUE_DATA_PAGES * QUEUE_PAGE_BYTES) {
            return true;
        }
    }
    return false;
}

bool interface_is_bulk(const struct idl_interface *i)
{
    for (uint32_t k = 0; k < i->method_count; k++) {
        const struct idl_method *m = &i->methods[k];
        if (has_long_buffer(m->in, m->in_count) || has_long_buffer(m->out, m->out_count)) {
            return true;
        }
    }
    return false;
}

bool interface_is_of(const struct driver_manifest *driver, const struct idl_interface *i)
{
    for (unsigned k = 0; k < driver->interface_count; k++) {
        if (strcmp(driver->interfaces[k], i->name) == 0) {
            return true;
        }
    }
    return i->number == INSPECT_INTERFACE;
}

const struct idl_interface *interface_of_bus(const struct driver_manifest *driver)
{
    return driver->interface_count != 0 ? interface_by_name(driver->interfaces[0]) : NULL;
}
