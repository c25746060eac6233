/*
 * iommu_scope.c - see iommu_scope.h.
 * Source: VT-d specification 4.1, 8.3.1: a path begins on the scope's bus; each step but the last
 * is a bridge, whose secondary bus the next one is on.
 */
#include <quoll/iommu_scope.h>
#include <stdbool.h>
#include <stddef.h>

enum match { MATCH_NONE, MATCH_BEHIND, MATCH_ITSELF };

/* The way may be longer than the path: its first hops lie before the scope's bus, and behind a
 * bridge it goes on. */
static enum match match(const struct boot_scope *s, const struct iommu_hop *hops, unsigned count)
{
    unsigned first = 0, i = 0;

    while (first < count && hops[first].bus != s->bus) {
        first++;
    }
    while (i < s->depth && i < BOOT_PATH && first + i < count &&
           hops[first + i].devfn == s->path[i]) {
        i++;
    }
    if (s->depth == 0 || i < s->depth) {
        return MATCH_NONE;
    }
    if (first + i == count) {
        return MATCH_ITSELF;
    }
    return s->kind == BOOT_SCOPE_BRIDGE ? MATCH_BEHIND : MATCH_NONE;
}

int iommu_unit_of(const struct boot_iommu *iommu, const struct iommu_hop *hops, unsigned count)
{
    const struct boot_unit *unit = NULL;
    enum match best = MATCH_NONE;

    for (uint32_t i = 0; i < iommu->unit_count; i++) {
        if (iommu->unit[i].all && iommu->unit[i].segment == 0) {
            unit = &iommu->unit[i];
        }
    }
    for (uint32_t i = 0; i < iommu->scope_count; i++) {
        const struct boot_scope *s = &iommu->scope[i];
        enum match m = s->of_rmrr ? MATCH_NONE : match(s, hops, count);
        if (m > best && iommu->unit[s->of].segment == 0) {
            best = m;
            unit = &iommu->unit[s->of];
        }
    }
    return unit == NULL || unit->number == BOOT_NO_UNIT ? IOMMU_NO_UNIT : unit->number;
}

const struct boot_rmrr *iommu_rmrr_of(const struct boot_iommu *iommu, const struct iommu_hop *hops,
                                      unsigned count, unsigned n)
{
    for (uint32_t i = 0; i < iommu->scope_count; i++) {
        const struct boot_scope *s = &iommu->scope[i];
        if (s->of_rmrr && iommu->rmrr[s->of].segment == 0 && match(s, hops, count) != MATCH_NONE &&
            n-- == 0) {
            return &iommu->rmrr[s->of];
        }
    }
    return NULL;
}
