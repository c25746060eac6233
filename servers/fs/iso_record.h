/*
 * iso_record.h - one directory record of ISO 9660 with its system use area, read.
 */
#ifndef FS_ISO_RECORD_H
#define FS_ISO_RECORD_H

#include "iso.h"

static inline uint32_t iso_get32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/** Read the record of @length bytes at @record, all of which are there.
 *  False: it is none to be shown (. or .., an associated file, one that has been moved elsewhere,
 *  or no valid record). */
bool iso_record_read(const struct iso *iso, const uint8_t *record, unsigned length,
                     struct iso_entry *entry);

/** Does the root's first record @record say that the volume has Rock Ridge? @skip: see struct iso.
 */
bool iso_record_has_rock_ridge(const uint8_t *record, unsigned length, uint8_t *skip);

/** Whether a record of a directory is whole: its fixed part and its name lie within @length. */
bool iso_record_is_sound(const uint8_t *record, unsigned length);

#endif
