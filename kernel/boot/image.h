/*
 * image.h - checking and reading the boot image in memory; its layout is in quoll/image.h.
 */
#ifndef BOOT_IMAGE_H
#define BOOT_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

/** Verify the whole image of @bytes bytes: header, entries, names, offsets and all checksums.
 *  NULL, or a sentence for boot_refuse in a static buffer that names the damaged file. */
const char *image_check(const void *image, uint64_t bytes);

/** Find the file @name in an image that image_check has accepted.
 *  False if there is none; outputs are written only on success. */
bool image_find(const void *image, const char *name, const void **data, uint64_t *bytes);

#endif
