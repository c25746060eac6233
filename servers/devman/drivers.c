/*
 * drivers.c - the drivers' manifests, and which fits a device: the highest score wins, of equal
 * ones the first by name.
 */
#include "devman.h"

#include <quoll/image_file.h>
#include <stdio.h>
#include <string.h>

#define MANIFEST_SUFFIX ".manifest"

static bool is_driver_manifest(const char *file)
{
    size_t n = strlen(file), suffix = strlen(MANIFEST_SUFFIX);

    return n > suffix && strcmp(file + n - suffix, MANIFEST_SUFFIX) == 0 &&
           strcmp(file, "system" MANIFEST_SUFFIX) != 0;
}

static void policy_of(struct driver *d)
{
    const struct driver_restart *r = &d->manifest.restart;

    d->policy = (struct policy){.delay_us = r->delay_us,
                                .factor = r->factor,
                                .cap_us = r->cap_us,
                                .deaths = r->never ? 1 : r->deaths,
                                .window_us = r->never ? UINT64_MAX : r->window_us};
}

static void load(const struct image_file *file)
{
    struct driver *d = &devman.driver[devman.driver_count];
    struct manifest_error error;

    if (!driver_manifest_parse((const char *)file->data, file->bytes, &d->manifest, &error)) {
        log_line("%s:%u: %s; the driver is left out", file->name, error.line, error.text);
        return;
    }
    if (drivers_find(d->manifest.name) != NULL) {
        log_line("%s: there is a driver %s already; this one is left out", file->name,
                 d->manifest.name);
        return;
    }
    policy_of(d);
    devman.driver_count++;
}

void drivers_load(void)
{
    const struct spawn_maker *m = &devman.maker;
    struct image_file file;

    for (uint32_t i = 0; image_file_at(m->image, m->image_bytes, i, &file); i++) {
        if (!is_driver_manifest(file.name)) {
            continue;
        }
        if (devman.driver_count == DEVMAN_DRIVERS) {
            log_line("%s: more than %u drivers; it is left out", file.name, DEVMAN_DRIVERS);
            return;
        }
        load(&file);
    }
}

struct driver *drivers_find(const char *name)
{
    for (unsigned i = 0; i < devman.driver_count; i++) {
        if (strcmp(devman.driver[i].manifest.name, name) == 0) {
            return &devman.driver[i];
        }
    }
    return NULL;
}

unsigned drivers_score(const struct driver *driver, const struct node *node)
{
    const struct node *bus = &devman.tree.node[node->parent];
    const struct driver_device device = {.bus = bus->id == 0 ? "null" : bus->name,
                                         .name = node->identity.name,
                                         .vendor = node->identity.vendor,
                                         .device = node->identity.device,
                                         .class_code = node->identity.class_code};

    return driver_manifest_score(&driver->manifest, &device);
}

struct driver *drivers_match(const struct node *node, unsigned *score)
{
    struct driver *best = NULL;

    *score = 0;
    for (unsigned i = 0; i < devman.driver_count; i++) {
        struct driver *d = &devman.driver[i];
        unsigned s = drivers_score(d, node);
        if (s > *score ||
            (s == *score && best != NULL && strcmp(d->manifest.name, best->manifest.name) < 0)) {
            *score = s;
            best = d;
        }
    }
    return best;
}
