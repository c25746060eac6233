/*
 * image.h - files of the boot image. The kernel has checked the image's checksums before it
 * started root; root still believes no offset.
 */
#ifndef ROOT_IMAGE_H
#define ROOT_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

struct image_file {
    const uint8_t *data;
    uint64_t bytes;
};

/** Find the file @name in the image of @bytes bytes at @image. */
bool image_find(const uint8_t *image, uint64_t bytes, const char *name, struct image_file *out);

#endif
