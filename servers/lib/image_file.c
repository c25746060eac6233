/*
 * image_file.c - finds files in the boot image, by name or one after the other.
 * Pure reading of memory; tested on the host.
 */
#include <quoll/image.h>
#include <quoll/image_file.h>
#include <string.h>

bool image_file_at(const uint8_t *image, uint64_t bytes, uint32_t index, struct image_file *out)
{
    struct image_header header;
    struct image_entry e;
    const uint8_t *entry;

    if (bytes < sizeof(header)) {
        return false;
    }
    memcpy(&header, image, sizeof(header));
    if (header.magic != IMAGE_MAGIC ||
        header.count > (bytes - sizeof(header)) / sizeof(struct image_entry) ||
        index >= header.count) {
        return false;
    }
    entry = image + sizeof(header) + index * sizeof(e);
    memcpy(&e, entry, sizeof(e));
    if (memchr(e.name, '\0', sizeof(e.name)) == NULL || e.offset > bytes ||
        e.bytes > bytes - e.offset) {
        return false;
    }
    *out = (struct image_file){.name = (const char *)entry,
                               .data = image + e.offset,
                               .bytes = e.bytes};
    return true;
}

/* A damaged entry ends the search: the kernel has checked the image, so there is none. */
bool image_find(const uint8_t *image, uint64_t bytes, const char *name, struct image_file *out)
{
    struct image_file file;

    for (uint32_t i = 0; image_file_at(image, bytes, i, &file); i++) {
        if (strcmp(file.name, name) == 0) {
            *out = file;
            return true;
        }
    }
    return false;
}
