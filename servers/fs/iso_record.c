/*
 * iso_record.c - directory records and what Rock Ridge adds to them. Sources: ECMA-119, 4th
 * edition, section 10.1 (directory records); IEEE P1281 (SUSP 1.12: SP, CE, ST); IEEE P1282
 * (RRIP 1.12: NM, SL, CL, RE).
 */
#include "iso_record.h"

#include <quoll/calendar.h>
#include <string.h>

enum {
    NAME_AT = 33,
    FLAG_DIRECTORY = 0x02,
    FLAG_ASSOCIATED = 0x04,
    FLAG_CONTINUES = 0x80, /* a file in several pieces, this is not the last */

    AREAS_MAX = 8, /* a system use area and its continuations */
    NM_CONTINUES = 0x01,
    NM_SPECIAL = 0x06, /* the names of . and .. */
};

bool iso_record_is_sound(const uint8_t *record, unsigned length)
{
    return length > NAME_AT && record[32] != 0 && NAME_AT + (unsigned)record[32] <= length;
}

/* ---- dates */

/* Seven bytes: years since 1900, month, day, hour, minute, second, quarters of an hour from
 * Greenwich. 0: no date. */
static uint64_t seconds_of(const uint8_t *at)
{
    const struct clock_parts t = {.year = (uint16_t)(1900 + at[0]),
                                  .month = at[1],
                                  .day = at[2],
                                  .hour = at[3],
                                  .minute = at[4],
                                  .second = at[5]};
    int64_t east = (int64_t)(int8_t)at[6] * 15 * 60;
    int64_t seconds = calendar_is_valid(&t) ? (int64_t)calendar_seconds(&t) - east : 0;

    return seconds > 0 ? (uint64_t)seconds : 0;
}

/* ---- names without Rock Ridge */

/* "README.TXT;1" is readme.txt, "BOOT.;1" is boot. */
static void plain_name(const uint8_t *from, unsigned bytes, char *to)
{
    unsigned n = 0;

    while (n < bytes && from[n] != ';') {
        char c = (char)from[n];
        to[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    if (n > 1 && to[n - 1] == '.') {
        n--;
    }
    to[n] = '\0';
}

/* ---- the system use area */

struct rock {
    struct iso_entry *entry;
    size_t name_bytes;
    bool name_ended, is_moved; /* is_moved: this record stands where the directory is not */
    uint32_t next_block, next_at, next_bytes;
};

static void take_name(struct rock *r, const uint8_t *e)
{
    size_t bytes = e[2] - 5u;

    if (r->name_ended || (e[4] & NM_SPECIAL) != 0 || bytes > ISO_NAME_MAX - r->name_bytes) {
        return;
    }
    memcpy(r->entry->name + r->name_bytes, e + 5, bytes);
    r->name_bytes += bytes;
    r->entry->name[r->name_bytes] = '\0';
    r->name_ended = (e[4] & NM_CONTINUES) == 0;
}

static void take_entry(struct rock *r, const uint8_t *e)
{
    struct iso_node *node = &r->entry->node;

    if (memcmp(e, "NM", 2) == 0 && e[2] >= 5) {
        take_name(r, e);
    } else if (memcmp(e, "SL", 2) == 0) {
        node->is_other = true;
    } else if (memcmp(e, "CL", 2) == 0 && e[2] >= 12) {
        node->block = iso_get32(e + 4);
        node->bytes = 0; /* its own first record tells */
        node->is_directory = true;
    } else if (memcmp(e, "RE", 2) == 0) {
        r->is_moved = true;
    } else if (memcmp(e, "CE", 2) == 0 && e[2] >= 28) {
        r->next_block = iso_get32(e + 4);
        r->next_at = iso_get32(e + 12);
        r->next_bytes = iso_get32(e + 20);
    }
}

static void take_area(struct rock *r, const uint8_t *area, unsigned bytes)
{
    r->next_bytes = 0;
    while (bytes >= 4 && area[2] >= 4 && area[2] <= bytes && memcmp(area, "ST", 2) != 0) {
        take_entry(r, area);
        bytes -= area[2];
        area += area[2];
    }
}

/* The area, and where it goes on elsewhere. */
static void take_areas(struct rock *r, const struct iso *iso, const uint8_t *area, unsigned bytes)
{
    static uint8_t more[ISO_BLOCK];

    take_area(r, area, bytes);
    for (unsigned i = 1; i < AREAS_MAX && r->next_bytes != 0; i++) {
        if (r->next_block >= iso->blocks || r->next_at >= ISO_BLOCK ||
            r->next_bytes > ISO_BLOCK - r->next_at ||
            range_get_bytes(&iso->range, (uint64_t)r->next_block * ISO_BLOCK + r->next_at,
                            r->next_bytes, more) != 0) {
            return;
        }
        take_area(r, more, r->next_bytes);
    }
}

/* Where the system use area of a record begins: behind the name, at an even place. */
static unsigned area_at(const uint8_t *record)
{
    return NAME_AT + (unsigned)record[32] + (record[32] % 2 == 0);
}

bool iso_record_has_rock_ridge(const uint8_t *record, unsigned length, uint8_t *skip)
{
    unsigned at = area_at(record);
    const uint8_t *e = record + at;

    if (at + 7 > length || memcmp(e, "SP", 2) != 0 || e[2] != 7 || e[4] != 0xbe || e[5] != 0xef) {
        return false;
    }
    *skip = e[6];
    return true;
}

/* A name that can stand in a path. */
static bool is_name(const char *name)
{
    return name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

bool iso_record_read(const struct iso *iso, const uint8_t *record, unsigned length,
                     struct iso_entry *entry)
{
    struct rock rock = {.entry = entry};
    const uint8_t *name = record + NAME_AT;
    uint8_t flags = record[25];
    unsigned at;

    if (!iso_record_is_sound(record, length) || (flags & FLAG_ASSOCIATED) != 0 ||
        (record[32] == 1 && name[0] <= 1)) {
        return false;
    }
    /* Byte 1: blocks of attributes before the contents. */
    entry->node = (struct iso_node){.block = iso_get32(record + 2) + record[1],
                                    .bytes = iso_get32(record + 10),
                                    .modified = seconds_of(record + 18),
                                    .is_directory = (flags & FLAG_DIRECTORY) != 0,
                                    .is_other = (flags & FLAG_CONTINUES) != 0};
    entry->name[0] = '\0';
    at = area_at(record) + iso->skip;
    if (iso->has_rock_ridge && at < length) {
        take_areas(&rock, iso, record + at, length - at);
    }
    if (rock.name_bytes == 0) {
        plain_name(name, record[32], entry->name);
    }
    return !rock.is_moved && is_name(entry->name);
}
