/*
 * unit.c - units of a device: leaves of the tree that its driver reports, a controller's drives.
 * A unit has neither driver nor instance of its own: what is asked of it is asked of its device,
 * and a session says which unit it is with.
 */
#include "devman.h"

#include <idl/inspect.h>

struct device *unit_owner(struct device *d)
{
    return d->node->is_unit ? &devman.device[d->node->parent] : d;
}

int unit_report(struct device *d, unsigned number, const char *name)
{
    struct node *had = tree_unit(&devman.tree, d->node->id, number), *now;
    int error = tree_add_unit(&devman.tree, d->node->id, number, name, &now);

    if (error == E_OK && now != had) {
        if (had != NULL) {
            life_tell(&devman.device[had->id], EVENT_DEVICE_GONE, "");
        }
        life_tell(&devman.device[now->id], EVENT_DEVICE_ADDED, "");
    }
    return error;
}

void unit_lose(struct device *d, unsigned number)
{
    struct node *n = tree_unit(&devman.tree, d->node->id, number);

    if (n != NULL) {
        n->present = false;
        life_tell(&devman.device[n->id], EVENT_DEVICE_GONE, "");
    }
}

void unit_lose_all(struct device *d)
{
    for (unsigned i = 0; i < TREE_UNITS; i++) {
        unit_lose(d, i);
    }
    d->node->has_units = false;
}

bool unit_choose(struct device **d, const struct idl_interface *info, uint32_t *unit)
{
    struct node *n = (*d)->node;
    bool has_units = n->is_unit;

    if (!has_units && info->number != INSPECT_INTERFACE) {
        n = tree_first_unit(&devman.tree, n->id, &has_units);
    }
    *unit = 0;
    *d = unit_owner(*d);
    if (!has_units) {
        return true;
    }
    if (n == NULL || !n->present) {
        return false;
    }
    *unit = n->unit;
    return true;
}
