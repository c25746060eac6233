/*
 * driver_manifest_match.c - which devices a driver is for, how well it fits, and what of them it
 * needs. Scores: the more exactly a line names a device, the higher; score= may raise it.
 */
#include "driver_manifest_key.h"

#include <string.h>

enum { SCORE_VENDOR = 30, SCORE_CLASS = 50, SCORE_CLASS_INTERFACE = 60, SCORE_EXACT = 100 };

#define MATCH_HELP                                                                                 \
    "match: BUS NAME, pci VVVV:DDDD, pci VVVV:* or pci class CCSS[PP], hexadecimal, then perhaps " \
    "score=N, for example pci 8086:100e"

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* Exactly @digits hexadecimal digits at *@s; *@s moves behind them. */
static bool hex(const char **s, unsigned digits, uint32_t *out)
{
    uint32_t n = 0;

    for (unsigned i = 0; i < digits; i++) {
        char c = (*s)[i];
        if (!is_hex(c)) {
            return false;
        }
        n = n << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *s += digits;
    *out = n;
    return true;
}

static bool pci_class(const char *word, struct driver_match *m)
{
    size_t digits = strlen(word);
    const char *s = word;

    m->kind = MATCH_PCI_CLASS;
    m->has_interface = digits == 6;
    if ((digits != 4 && digits != 6) || !hex(&s, (unsigned)digits, &m->class_code)) {
        return false;
    }
    m->class_code <<= m->has_interface ? 0 : 8;
    m->score = m->has_interface ? SCORE_CLASS_INTERFACE : SCORE_CLASS;
    return true;
}

static bool pci_id(const char *s, struct driver_match *m)
{
    uint32_t vendor, device = 0;

    if (!hex(&s, 4, &vendor) || *s++ != ':') {
        return false;
    }
    m->kind = strcmp(s, "*") == 0 ? MATCH_PCI_VENDOR : MATCH_PCI_ID;
    if (m->kind == MATCH_PCI_ID && (!hex(&s, 4, &device) || *s != '\0')) {
        return false;
    }
    m->vendor = (uint16_t)vendor;
    m->device = (uint16_t)device;
    m->score = m->kind == MATCH_PCI_ID ? SCORE_EXACT : SCORE_VENDOR;
    return true;
}

static bool match_parse(const char **v, struct driver_match *m)
{
    char word[DRIVER_WORD_BYTES];

    if (!value_next_word(v, m->bus, sizeof(m->bus)) || !manifest_is_name(m->bus, sizeof(m->bus)) ||
        !value_next_word(v, word, sizeof(word))) {
        return false;
    }
    if (strcmp(m->bus, "pci") != 0) {
        m->kind = MATCH_NAME;
        m->score = SCORE_EXACT;
        memcpy(m->name, word, sizeof(word));
        return manifest_is_name(word, sizeof(word));
    }
    if (strcmp(word, "class") == 0) {
        return value_next_word(v, word, sizeof(word)) && pci_class(word, m);
    }
    return pci_id(word, m);
}

static bool score_parse(const char *v, struct driver_match *m, struct manifest_error *e)
{
    uint64_t score;

    while (*v == ' ' || *v == '\t') {
        v++;
    }
    if (*v == '\0') {
        return true;
    }
    if (strncmp(v, "score=", 6) != 0) {
        return manifest_fail(e, MATCH_HELP);
    }
    if (!value_whole_number(v + 6, m->score, DRIVER_SCORE_MAX, &score)) {
        return manifest_fail(e, "match: score= only raises: this line has %u, so write %u to %d",
                             m->score, m->score, DRIVER_SCORE_MAX);
    }
    m->score = (unsigned)score;
    return true;
}

static bool same_match(const struct driver_match *a, const struct driver_match *b)
{
    return a->kind == b->kind && strcmp(a->bus, b->bus) == 0 && strcmp(a->name, b->name) == 0 &&
           a->vendor == b->vendor && a->device == b->device && a->class_code == b->class_code &&
           a->has_interface == b->has_interface;
}

bool driver_key_match(struct driver_manifest *d, const char *v, struct manifest_error *e)
{
    struct driver_match m = {0};

    if (d->match_count == DRIVER_MATCHES) {
        return manifest_fail(e, "match: at most %d lines", DRIVER_MATCHES);
    }
    if (!match_parse(&v, &m)) {
        return manifest_fail(e, MATCH_HELP);
    }
    if (!score_parse(v, &m, e)) {
        return false;
    }
    for (unsigned i = 0; i < d->match_count; i++) {
        if (same_match(&d->matches[i], &m)) {
            return manifest_fail(e, "match: the same device is there twice");
        }
    }
    d->matches[d->match_count++] = m;
    return true;
}

static bool line_matches(const struct driver_match *m, const struct driver_device *device)
{
    if (strcmp(m->bus, device->bus) != 0) {
        return false;
    }
    switch (m->kind) {
    case MATCH_NAME:
        return strcmp(m->name, device->name) == 0;
    case MATCH_PCI_ID:
        return m->vendor == device->vendor && m->device == device->device;
    case MATCH_PCI_VENDOR:
        return m->vendor == device->vendor;
    default: /* MATCH_PCI_CLASS */
        return m->has_interface ? m->class_code == device->class_code
                                : m->class_code >> 8 == device->class_code >> 8;
    }
}

unsigned driver_manifest_score(const struct driver_manifest *m, const struct driver_device *device)
{
    unsigned best = 0;

    for (unsigned i = 0; i < m->match_count; i++) {
        const struct driver_match *line = &m->matches[i];
        if (line->score > best && line_matches(line, device)) {
            best = line->score;
        }
    }
    return best;
}

static const char *const need_names[] = {
    [NEED_PORTS] = "ports",   [NEED_MMIO] = "mmio", [NEED_IRQ] = "irq",     [NEED_MSI] = "msi",
    [NEED_CONFIG] = "config", [NEED_DMA] = "dma",   [NEED_PROBE] = "probe",
};
#define NEED_KINDS (sizeof(need_names) / sizeof(need_names[0]))

const char *driver_need_name(unsigned kind)
{
    return kind < NEED_KINDS ? need_names[kind] : "?";
}

/* DMA memory is no device's: its NAME says how much. 2M are one page, others of 4k. */
static bool dma_parse(struct driver_need *n, struct manifest_error *e)
{
    const char *v = n->name;
    uint64_t bytes;

    if (!value_size(&v, &bytes) || *v != '\0' || !value_is_power_of_two(bytes) || bytes < 4096 ||
        (bytes > 64u << 10 && bytes != 2u << 20)) {
        return manifest_fail(e, "need: SIZE as ALIAS dma, the size a power of two from 4k to "
                                "64k, or 2M, for example 64k as buffers dma");
    }
    n->bytes = (uint32_t)bytes;
    return true;
}

/* NAME as ALIAS KIND. */
static bool need_parse(const char *v, struct driver_need *n)
{
    char as[4], kind[8];

    if (!value_next_word(&v, n->name, sizeof(n->name)) || !value_next_word(&v, as, sizeof(as)) ||
        strcmp(as, "as") != 0 || !value_next_word(&v, n->alias, sizeof(n->alias)) ||
        !manifest_is_name(n->alias, sizeof(n->alias)) || !value_next_word(&v, kind, sizeof(kind)) ||
        *v != '\0') {
        return false;
    }
    for (unsigned i = 0; i < NEED_KINDS; i++) {
        if (strcmp(kind, need_names[i]) == 0) {
            n->kind = (uint8_t)i;
            return i == NEED_DMA || manifest_is_name(n->name, sizeof(n->name));
        }
    }
    return false;
}

static bool add_need(struct driver_manifest *d, const char *v, bool optional,
                     struct manifest_error *e)
{
    struct driver_need n = {.optional = optional};

    if (d->need_count == DRIVER_NEEDS) {
        return manifest_fail(e, "need, want: at most %d lines", DRIVER_NEEDS);
    }
    if (!need_parse(v, &n)) {
        return manifest_fail(e, "need, want: NAME as ALIAS KIND, the kind one of ports, mmio, irq, "
                                "msi, config, dma and probe, for example bar0 as regs mmio");
    }
    if (n.kind == NEED_DMA && !(optional ? manifest_fail(e, "want: memory of kind dma is there "
                                                            "wherever DMA is: write need")
                                         : dma_parse(&n, e))) {
        return false;
    }
    for (unsigned i = 0; i < d->need_count; i++) {
        if (strcmp(d->needs[i].alias, n.alias) == 0) {
            return manifest_fail(e, "need, want: the alias %s is there twice", n.alias);
        }
    }
    d->needs[d->need_count++] = n;
    return true;
}

bool driver_key_need(struct driver_manifest *d, const char *v, struct manifest_error *e)
{
    return add_need(d, v, false, e);
}

bool driver_key_want(struct driver_manifest *d, const char *v, struct manifest_error *e)
{
    return add_need(d, v, true, e);
}
