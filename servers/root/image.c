/*
 * image.c - finds a file in the boot image by its name.
 * Pure reading of memory; tested on the host.
 */
#include "image.h"

#include <quoll/image.h>
#include <string.h>

bool image_find(const uint8_t *image, uint64_t bytes, const char *name, struct image_file *out)
{
    struct image_header header;

    if (bytes < sizeof(header)) {
        return false;
    }
    memcpy(&header, image, sizeof(header));
    if (header.magic != IMAGE_MAGIC ||
        header.count > (bytes - sizeof(header)) / sizeof(struct image_entry)) {
        return false;
    }
    for (uint32_t i = 0; i < header.count; i++) {
        struct image_entry e;
        memcpy(&e, image + sizeof(header) + i * sizeof(e), sizeof(e));
        e.name[IMAGE_NAME_BYTES - 1] = '\0';
        if (strcmp(e.name, name) != 0) {
            continue;
        }
        if (e.offset > bytes || e.bytes > bytes - e.offset) {
            return false;
        }
        *out = (struct image_file){.data = image + e.offset, .bytes = e.bytes};
        return true;
    }
    return false;
}
