/*
 * memmap.c - sorted lists of physical memory ranges, and the firmware's map turned into one.
 * Invariant of a list: sorted by base, no two ranges overlap or touch, none is empty.
 */
#include "boot/loader.h"
#include "console/kprintf.h"
#include "lib/string.h"

#define PAGE_BYTES     4096u
#define MEMMAP_USABLE  1u           /* ACPI 6.5 section 15, AddressRangeMemory; both loaders */
#define PHYSICAL_LIMIT (1ull << 46) /* UNTYPED_MAX_BITS: no more can be handed to user level */

static uint64_t range_end(const struct boot_range *r)
{
    return r->base + r->bytes;
}

/* Cut to what the kernel can address; false if nothing is left. Prevents every later wrap. */
static bool clip(uint64_t *base, uint64_t *end, uint64_t bytes)
{
    if (bytes == 0 || *base >= PHYSICAL_LIMIT) {
        return false;
    }
    *end = bytes > PHYSICAL_LIMIT - *base ? PHYSICAL_LIMIT : *base + bytes;
    return true;
}

static void erase(struct boot_range *r, unsigned *count, unsigned index)
{
    (*count)--;
    memmove(&r[index], &r[index + 1], (*count - index) * sizeof *r);
}

static void insert(struct boot_range *r, unsigned *count, unsigned index, uint64_t base,
                   uint64_t end)
{
    memmove(&r[index + 1], &r[index], (*count - index) * sizeof *r);
    r[index] = (struct boot_range){.base = base, .bytes = end - base};
    (*count)++;
}

static void log_dropped(uint64_t base, uint64_t bytes)
{
    kprintf("memory map: too many pieces, %lu bytes at 0x%lx stay unused\n", bytes, base);
}

static unsigned smallest(const struct boot_range *r, unsigned count)
{
    unsigned best = 0;
    for (unsigned i = 1; i < count; i++) {
        if (r[i].bytes < r[best].bytes) {
            best = i;
        }
    }
    return best;
}

void ranges_add(struct boot_range *r, unsigned *count, unsigned max, uint64_t base, uint64_t bytes)
{
    uint64_t end;
    unsigned at = 0;

    if (!clip(&base, &end, bytes)) {
        return;
    }
    while (at < *count && range_end(&r[at]) < base) {
        at++;
    }
    while (at < *count && r[at].base <= end) { /* touches: swallow it */
        base = r[at].base < base ? r[at].base : base;
        end = range_end(&r[at]) > end ? range_end(&r[at]) : end;
        erase(r, count, at);
    }
    if (*count == max) {
        unsigned victim = smallest(r, *count);
        if (r[victim].bytes >= end - base) {
            log_dropped(base, end - base);
            return;
        }
        log_dropped(r[victim].base, r[victim].bytes);
        erase(r, count, victim);
        at -= victim < at ? 1 : 0;
    }
    insert(r, count, at, base, end);
}

/* Take the inside [base, end) out of r[index], which contains more on both sides. */
static void split(struct boot_range *r, unsigned *count, unsigned max, unsigned index,
                  uint64_t base, uint64_t end)
{
    uint64_t old_end = range_end(&r[index]);
    uint64_t low = base - r[index].base;
    uint64_t high = old_end - end;

    if (*count < max) {
        r[index].bytes = low;
        insert(r, count, index + 1, end, old_end);
    } else if (low >= high) {
        log_dropped(end, high);
        r[index].bytes = low;
    } else {
        log_dropped(r[index].base, low);
        r[index] = (struct boot_range){.base = end, .bytes = high};
    }
}

void ranges_remove(struct boot_range *r, unsigned *count, unsigned max, uint64_t base,
                   uint64_t bytes)
{
    uint64_t end;

    if (!clip(&base, &end, bytes)) {
        return;
    }
    base &= ~(uint64_t)(PAGE_BYTES - 1);
    end = (end + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
    for (unsigned i = 0; i < *count;) {
        uint64_t r_end = range_end(&r[i]);
        if (r_end <= base || r[i].base >= end) {
            i++;
        } else if (r[i].base < base && r_end > end) {
            split(r, count, max, i, base, end);
            return; /* the removed part lay in this one range */
        } else if (r[i].base < base) {
            r[i].bytes = base - r[i].base;
            i++;
        } else if (r_end > end) {
            r[i++] = (struct boot_range){.base = end, .bytes = r_end - end};
        } else {
            erase(r, count, i);
        }
    }
}

void ranges_align(struct boot_range *r, unsigned *count)
{
    for (unsigned i = 0; i < *count;) {
        uint64_t base = (r[i].base + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
        uint64_t end = range_end(&r[i]) & ~(uint64_t)(PAGE_BYTES - 1);
        if (base < end) {
            r[i++] = (struct boot_range){.base = base, .bytes = end - base};
        } else {
            erase(r, count, i);
        }
    }
}

uint64_t ranges_bytes(const struct boot_range *r, unsigned count)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < count; i++) {
        sum += r[i].bytes;
    }
    return sum;
}

static struct memmap_entry entry_at(const void *entries, uint64_t stride, uint64_t index)
{
    struct memmap_entry entry;
    memcpy(&entry, (const uint8_t *)entries + index * stride, sizeof entry);
    return entry;
}

void memmap_read(const void *entries, uint64_t count, uint64_t stride, struct boot_data *out)
{
    for (uint64_t i = 0; i < count; i++) {
        struct memmap_entry e = entry_at(entries, stride, i);
        if (e.type == MEMMAP_USABLE) {
            ranges_add(out->ram, &out->ram_count, BOOT_MAX_RAM, e.base, e.bytes);
        }
    }
    /* Second pass: the order of entries that overlap is not defined, and RAM that something
     * else claims is worth less than the machine. */
    for (uint64_t i = 0; i < count; i++) {
        struct memmap_entry e = entry_at(entries, stride, i);
        if (e.type != MEMMAP_USABLE) {
            ranges_remove(out->ram, &out->ram_count, BOOT_MAX_RAM, e.base, e.bytes);
        }
    }
    ranges_align(out->ram, &out->ram_count);
}
