/*
 * image.h - the boot image: one multiboot module that holds every server, every driver and the
 * system manifest. Made by tools/mkimage.py; checked by the kernel before it starts root.
 *   header, count entries, then the files, each at a multiple of 4096 from the image's start.
 */
#ifndef QUOLL_IMAGE_H
#define QUOLL_IMAGE_H

#include <stdint.h>

#define IMAGE_MAGIC      0x31676d696c6f7571ull /* "quolimg1" */
#define IMAGE_NAME_BYTES 40

struct image_entry {
    char name[IMAGE_NAME_BYTES]; /* NUL-terminated: "root", "qsh", "system.manifest" */
    uint64_t offset;             /* from the image's start, multiple of 4096 */
    uint64_t bytes;
    uint32_t crc32; /* IEEE 802.3, of the file's bytes */
    uint32_t reserved;
};

struct image_header {
    uint64_t magic;
    uint64_t bytes; /* of the whole image */
    uint32_t count;
    uint32_t crc32; /* of this header with this field 0, and of the entries */
    uint64_t reserved;
};

#endif
