/*
 * image_file.h - files of the boot image. The kernel has checked the image's checksums before it
 * started root; its readers still believe no offset.
 */
#ifndef QUOLL_IMAGE_FILE_H
#define QUOLL_IMAGE_FILE_H

#include <stdbool.h>
#include <stdint.h>

struct image_file {
    const char *name; /* in the image; NUL-terminated within IMAGE_NAME_BYTES */
    const uint8_t *data;
    uint64_t bytes;
};

/** Find the file @name in the image of @bytes bytes at @image. */
bool image_find(const uint8_t *image, uint64_t bytes, const char *name, struct image_file *out);

/** The file number @index; false past the last, or where its entry is damaged. */
bool image_file_at(const uint8_t *image, uint64_t bytes, uint32_t index, struct image_file *out);

#endif
