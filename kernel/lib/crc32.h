/*
 * crc32.h - the CRC of IEEE 802.3 (reflected polynomial 0xedb88320), as zlib computes it.
 */
#ifndef LIB_CRC32_H
#define LIB_CRC32_H

#include <stdint.h>

/** CRC of @bytes bytes that continue a text whose CRC so far is @crc (0 at the start). */
uint32_t crc32_update(uint32_t crc, const void *data, uint64_t bytes);

#endif
