/*
 * driver_manifest.c - a driver's manifest: its one section, its plain keys, what must be there.
 * Invariant: a value is stored only after all of it has been understood.
 */
#include "driver_manifest_key.h"

#include <quoll/abi.h>
#include <string.h>

#define MEMORY_MIN (128u << 10) /* page tables, capability space and thread, and a little */
#define MEMORY_MAX (64u << 20)
#define DMA_MAX    (4u << 20) /* in all: so many page tables the device has for it */

static bool key_image(struct driver_manifest *d, const char *v, struct manifest_error *e)
{
    if (!manifest_is_name(v, sizeof(d->image))) {
        return manifest_fail(e,
                             "image: a file's name in the boot image, 1 to %d characters of "
                             "a-z 0-9 . _ -",
                             IMAGE_NAME_BYTES - 1);
    }
    memcpy(d->image, v, strlen(v) + 1);
    return true;
}

static bool key_interface(struct driver_manifest *d, const char *v, struct manifest_error *e)
{
    while (*v != '\0') {
        if (d->interface_count == DRIVER_INTERFACES) {
            return manifest_fail(e, "interface: at most %d", DRIVER_INTERFACES);
        }
        char *name = d->interfaces[d->interface_count];
        if (!value_next_word(&v, name, DRIVER_WORD_BYTES) ||
            !manifest_is_name(name, DRIVER_WORD_BYTES)) {
            return manifest_fail(e, "interface: names of interfaces, separated by blanks, for "
                                    "example serial");
        }
        for (unsigned i = 0; i < d->interface_count; i++) {
            if (strcmp(d->interfaces[i], name) == 0) {
                return manifest_fail(e, "interface: %s is there twice", name);
            }
        }
        d->interface_count++;
    }
    return true;
}

static bool key_bus(struct driver_manifest *d, const char *v, struct manifest_error *e)
{
    d->bus = strcmp(v, "yes") == 0;
    return d->bus || strcmp(v, "no") == 0 ||
           manifest_fail(e, "bus: yes (it reports devices of its own) or no");
}

static bool key_memory(struct driver_manifest *d, const char *v, struct manifest_error *e)
{
    uint64_t n;

    if (!value_size(&v, &n) || *v != '\0' || !value_is_power_of_two(n) || n < MEMORY_MIN ||
        n > MEMORY_MAX) {
        return manifest_fail(e, "memory: a power of two from 128k to 64M, for example 256k");
    }
    d->memory_bits = (unsigned)__builtin_ctzll(n);
    return true;
}

static bool key_stack(struct driver_manifest *d, const char *v, struct manifest_error *e)
{
    uint64_t n;

    if (!value_size(&v, &n) || *v != '\0' || n < 4096 || n > 1u << 20 || n % 4096 != 0) {
        return manifest_fail(e, "stack: 4k to 1M, a multiple of 4k");
    }
    d->stack_bytes = n;
    return true;
}

static bool key_priority(struct driver_manifest *d, const char *v, struct manifest_error *e)
{
    uint64_t n;

    if (!value_whole_number(v, 1, DRIVER_PRIORITY, &n)) {
        return manifest_fail(e, "priority: a number from 1 to %d", DRIVER_PRIORITY);
    }
    d->priority = (unsigned)n;
    return true;
}

static bool key_dma(struct driver_manifest *d, const char *v, struct manifest_error *e)
{
    static const char *const words[] = {[DRIVER_DMA_NONE] = "none",
                                        [DRIVER_DMA_OPTIONAL] = "optional",
                                        [DRIVER_DMA_REQUIRED] = "required"};

    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(v, words[i]) == 0) {
            d->dma = (uint8_t)i;
            return true;
        }
    }
    return manifest_fail(e, "dma: none, optional (it works without, too) or required");
}

static bool key_map_data(struct driver_manifest *d, const char *v, struct manifest_error *e)
{
    d->map_data = strcmp(v, "yes") == 0;
    return d->map_data || strcmp(v, "no") == 0 ||
           manifest_fail(e, "map-data: yes (it sees the data of its sessions, as its device does) "
                            "or no");
}

static bool key_exclusive(struct driver_manifest *d, const char *v, struct manifest_error *e)
{
    if (!manifest_is_name(v, sizeof(d->exclusive))) {
        return manifest_fail(e, "exclusive: the method that one session at a time may have, for "
                                "example write");
    }
    memcpy(d->exclusive, v, strlen(v) + 1);
    return true;
}

static const struct {
    const char *name;
    bool (*set)(struct driver_manifest *, const char *, struct manifest_error *);
    bool repeats; /* one value a line, several lines */
} keys[] = {
    {"image", key_image, false},
    {"interface", key_interface, false},
    {"bus", key_bus, false},
    {"match", driver_key_match, true},
    {"need", driver_key_need, true},
    {"want", driver_key_want, true},
    {"memory", key_memory, false},
    {"stack", key_stack, false},
    {"priority", key_priority, false},
    {"budget", driver_key_budget, false},
    {"irq-limit", driver_key_irq_limit, false},
    {"heartbeat", driver_key_heartbeat, false},
    {"request-limit", driver_key_request_limit, false},
    {"irq-ack-limit", driver_key_irq_ack_limit, false},
    {"restart", driver_key_restart, false},
    {"give-up", driver_key_give_up, false},
    {"dma", key_dma, false},
    {"map-data", key_map_data, false},
    {"exclusive", key_exclusive, false},
};

bool driver_key_set(struct driver_manifest *d, const char *key, const char *value,
                    struct manifest_error *error)
{
    for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(keys[i].name, key) != 0) {
            continue;
        }
        if ((d->keys_seen & 1u << i) != 0 && !keys[i].repeats) {
            return manifest_fail(error, "%s is there twice", key);
        }
        d->keys_seen |= 1u << i;
        if (*value == '\0') {
            return manifest_fail(error, "%s: no value: write %s = ...", key, key);
        }
        return keys[i].set(d, value, error);
    }
    return manifest_fail(
        error,
        "unknown key '%.20s': image, interface, bus, match, need, want, memory, "
        "stack, priority, budget, irq-limit, heartbeat, request-limit, irq-ack-limit, "
        "restart, give-up, dma, map-data or exclusive",
        key);
}

/* What a driver has that does not say otherwise. */
static const struct driver_manifest defaults = {
    .memory_bits = 18,
    .stack_bytes = 16 << 10,
    .priority = 180,
    .budget_us = 5000,
    .period_us = 10000,
    .irq_limit = 20000,
    .irq_period_us = 1000000,
    .heartbeat_us = 100000,
    .request_limit_us = 2000000,
    .irq_ack_limit_us = 100000,
    .restart =
        {.delay_us = 10000, .factor = 2, .cap_us = 1000000, .deaths = 5, .window_us = 10000000},
};

static bool section_begin(void *to, const char *name, struct manifest_error *error)
{
    struct driver_manifest *d = to;

    if (d->line != 0) {
        return manifest_fail(error, "a second driver: write one file for each");
    }
    memcpy(d, &defaults, sizeof(*d));
    memcpy(d->name, name, strlen(name));
    d->line = error->line;
    return true;
}

static bool key_set(void *to, const char *key, const char *value, struct manifest_error *error)
{
    return driver_key_set(to, key, value, error);
}

static bool has_need(const struct driver_manifest *d, unsigned kind)
{
    for (unsigned i = 0; i < d->need_count; i++) {
        if (d->needs[i].kind == kind) {
            return true;
        }
    }
    return false;
}

static uint64_t dma_bytes(const struct driver_manifest *d)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < d->need_count; i++) {
        sum += d->needs[i].bytes;
    }
    return sum;
}

static bool check(const struct driver_manifest *d, struct manifest_error *error)
{
    error->line = d->line;
    if (d->line == 0) {
        return manifest_fail(error, "no driver: begin with [driver NAME]");
    }
    if (d->image[0] == '\0') {
        return manifest_fail(error, "driver %s: no image: add image = NAME", d->name);
    }
    if (d->match_count == 0) {
        return manifest_fail(error,
                             "driver %s: nothing that it matches: add for example "
                             "match = platform com, or match = pci 8086:100e",
                             d->name);
    }
    if (d->interface_count == 0 && !d->bus) {
        return manifest_fail(error,
                             "driver %s: it provides nothing: add interface = NAME, or bus = yes",
                             d->name);
    }
    if (d->stack_bytes > (1ull << d->memory_bits) / 2) {
        return manifest_fail(error,
                             "driver %s: its stack of %luk is more than half of its memory: make "
                             "memory at least twice the stack",
                             d->name, (unsigned long)(d->stack_bytes >> 10));
    }
    if (has_need(d, NEED_DMA) && d->dma == DRIVER_DMA_NONE) {
        return manifest_fail(error,
                             "driver %s: it needs DMA memory and has dma = none: add dma = "
                             "optional or dma = required",
                             d->name);
    }
    if (d->map_data && d->dma == DRIVER_DMA_NONE) {
        return manifest_fail(error,
                             "driver %s: map-data is for drivers with DMA; without, the driver "
                             "always has the data: leave it out",
                             d->name);
    }
    if (dma_bytes(d) > DMA_MAX) {
        return manifest_fail(error, "driver %s: more than 4M of DMA memory", d->name);
    }
    return true;
}

bool driver_manifest_parse(const char *text, size_t bytes, struct driver_manifest *out,
                           struct manifest_error *error)
{
    static const struct manifest_grammar grammar = {"driver", section_begin, key_set};

    memset(out, 0, sizeof(*out));
    return manifest_read(&grammar, text, bytes, out, error) && check(out, error);
}
