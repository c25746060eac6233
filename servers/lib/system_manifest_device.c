/*
 * system_manifest_device.c - the manifest's keys for hardware: ports, irq, mmio and devices.
 * An ISA interrupt is given by its number only: the pin and its mode come from ACPI (irq_route.c).
 */
#include "system_manifest_key.h"

#include <string.h>

bool manifest_key_ports(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    char word[24];

    while (*v != '\0') {
        uint64_t first = 0, last = 0;
        const char *s = word;
        bool ok = value_next_word(&v, word, sizeof(word)) && value_number(&s, 0xffff, &first);
        last = first;
        if (ok && *s == '-') {
            s++;
            ok = value_number(&s, 0xffff, &last);
        }
        if (!ok || *s != '\0' || last < first) {
            return manifest_fail(e, "ports: ranges FIRST-LAST from 0 to 0xffff, for example "
                                    "0x3f8-0x3ff");
        }
        if (t->port_count == MANIFEST_PORTS) {
            return manifest_fail(e, "ports: at most %d ranges", MANIFEST_PORTS);
        }
        t->ports[t->port_count++] = (struct task_ports){(uint16_t)first, (uint16_t)last};
    }
    return true;
}

/* The words behind `gsi N`: edge or level, high or low, in any order. */
static bool irq_modes(const char **v, struct manifest_irq *irq)
{
    char word[8];

    while (**v != '\0') {
        if (!value_next_word(v, word, sizeof(word))) {
            return false;
        }
        if (strcmp(word, "level") == 0) {
            irq->level = true;
        } else if (strcmp(word, "low") == 0) {
            irq->active_low = true;
        } else if (strcmp(word, "edge") != 0 && strcmp(word, "high") != 0) {
            return false;
        }
    }
    return true;
}

static bool irq_parse(const char *v, struct manifest_irq *irq)
{
    char word[24];
    uint64_t n;

    if (!value_next_word(&v, word, sizeof(word))) {
        return false;
    }
    irq->is_isa = strcmp(word, "isa") == 0;
    if (!irq->is_isa && strcmp(word, "gsi") != 0) {
        return false;
    }
    if (!value_next_word(&v, word, sizeof(word)) ||
        !value_whole_number(word, 0, irq->is_isa ? 15 : 1023, &n)) {
        return false;
    }
    irq->number = (uint32_t)n;
    return irq->is_isa ? *v == '\0' : irq_modes(&v, irq);
}

bool manifest_key_irq(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    struct manifest_irq irq = {0};

    if (t->irq_count == MANIFEST_IRQS) {
        return manifest_fail(e, "irq: at most %d lines", MANIFEST_IRQS);
    }
    if (!irq_parse(v, &irq)) {
        return manifest_fail(e, "irq: isa 0 to 15, or gsi N [level] [low]; one interrupt a line");
    }
    t->irqs[t->irq_count++] = irq;
    return true;
}

static bool mmio_parse(const char *v, struct manifest_mmio *mmio)
{
    uint64_t bytes;

    if (!value_number(&v, (1ull << 46) - 1, &mmio->base) || *v++ != ' ') {
        return false;
    }
    while (*v == ' ') {
        v++;
    }
    if (!value_size(&v, &bytes) || *v != '\0' || bytes < 4096 || !value_is_power_of_two(bytes) ||
        mmio->base % bytes != 0) {
        return false;
    }
    mmio->bits = (unsigned)__builtin_ctzll(bytes);
    return true;
}

bool manifest_key_mmio(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    struct manifest_mmio mmio = {0};

    if (t->mmio_count == MANIFEST_MMIO) {
        return manifest_fail(e, "mmio: at most %d lines", MANIFEST_MMIO);
    }
    if (!mmio_parse(v, &mmio)) {
        return manifest_fail(e, "mmio: ADDRESS SIZE, the size a power of two from 4k and the "
                                "address a multiple of it, for example 0xfed00000 4k");
    }
    t->mmio[t->mmio_count++] = mmio;
    return true;
}

bool manifest_key_devices(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    if (strcmp(v, "all") != 0) {
        return manifest_fail(e, "devices: all (or leave the key out; single ranges are mmio's)");
    }
    t->all_devices = true;
    return true;
}
