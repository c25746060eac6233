/*
 * explain.c - why a device has the driver that it has, or none, in numbered lines: what the device
 * is, what each driver makes of it, and what came of that.
 */
#include "devman.h"

#include <stdio.h>

static void explain_identity(const struct node *node, char *to, size_t size)
{
    char path[TREE_PATH], bus[TREE_PATH];

    tree_path(&devman.tree, node, path);
    tree_path(&devman.tree, &devman.tree.node[node->parent], bus);
    if (node->id == 0) {
        (void)snprintf(to, size, "%s is the null bus", path);
    } else if (node->identity.vendor != 0) {
        (void)snprintf(to, size, "%s is %04x:%04x, class %06x, on the bus %s", path,
                       node->identity.vendor, node->identity.device,
                       (unsigned)node->identity.class_code, bus);
    } else {
        (void)snprintf(to, size, "%s is %s, on the bus %s", path, node->identity.name, bus);
    }
}

/* "pci 8086:10d3": what a line of a manifest is for. */
static void match_text(const struct driver_match *m, char *to, size_t size)
{
    switch (m->kind) {
    case MATCH_NAME:
        (void)snprintf(to, size, "%s %s", m->bus, m->name);
        break;
    case MATCH_PCI_ID:
        (void)snprintf(to, size, "%s %04x:%04x", m->bus, m->vendor, m->device);
        break;
    case MATCH_PCI_VENDOR:
        (void)snprintf(to, size, "%s %04x:*", m->bus, m->vendor);
        break;
    default:
        (void)snprintf(to, size, "%s class %0*x", m->bus, m->has_interface ? 6 : 4,
                       (unsigned)(m->has_interface ? m->class_code : m->class_code >> 8));
    }
}

static void explain_driver(const struct driver *d, const struct node *node, char *to, size_t size)
{
    const struct driver_manifest *m = &d->manifest;
    unsigned score = drivers_score(d, node), n = 0;

    if (score != 0) {
        (void)snprintf(to, size, "  %-12s fits with score %u", m->name, score);
        return;
    }
    n = (unsigned)snprintf(to, size, "  %-12s does not fit, it is for", m->name);
    for (unsigned i = 0; i < m->match_count && n < size; i++) {
        char text[48];
        match_text(&m->matches[i], text, sizeof(text));
        n += (unsigned)snprintf(to + n, size - n, "%s %s", i != 0 ? "," : "", text);
    }
}

static void explain_waiting(const struct device *d, char *to, size_t size)
{
    if (d->node->id == 0) {
        (void)snprintf(to, size, "devman itself is its driver");
    } else if (!d->node->present) {
        (void)snprintf(to, size, "its bus reports it no more");
    } else {
        (void)snprintf(to, size, "no driver fits; it waits for one");
    }
}

static void explain_outcome(const struct node *node, char *to, size_t size)
{
    const struct device *d = &devman.device[node->id];
    const struct driver *driver = d->driver != NULL ? d->driver : d->rejected;
    const char *name = driver != NULL ? driver->manifest.name : "?";

    switch (d->state) {
    case DEVICE_WAITING:
        explain_waiting(d, to, size);
        return;
    case DEVICE_REFUSED:
        (void)snprintf(to, size, "%s fits best and was not started: %s", name, d->why);
        return;
    case DEVICE_STOPPED:
        (void)snprintf(to, size, "%s has it, and was stopped by hand", name);
        return;
    case DEVICE_GAVE_UP:
        (void)snprintf(to, size, "%s has it, and was given up; its last death: %s", name,
                       d->died_of);
        return;
    case DEVICE_RUNNING:
        (void)snprintf(to, size, "%s has it and runs%s%s", name,
                       d->died_of[0] != '\0' ? "; its last death: " : "", d->died_of);
        return;
    default:
        (void)snprintf(to, size, "%s has it and is being started%s%s", name,
                       d->died_of[0] != '\0' ? "; its last death: " : "", d->died_of);
    }
}

bool explain(const struct node *node, unsigned index, char *to, size_t size)
{
    if (index == 0) {
        explain_identity(node, to, size);
    } else if (index <= devman.driver_count) {
        explain_driver(&devman.driver[index - 1], node, to, size);
    } else if (index == devman.driver_count + 1) {
        explain_outcome(node, to, size);
    } else {
        return false;
    }
    return true;
}
