/*
 * image.c - the boot image's integrity, before anything in it runs.
 * The image comes from a disk through a loader: nothing in it is believed before its CRC fits,
 * and offsets not even then.
 */
#include "boot/image.h"

#include "console/kprintf.h"
#include "lib/crc32.h"
#include "lib/string.h"
#include "quoll/image.h"

#define FILE_ALIGN 4096u
#define ADVICE     "make the image anew with `make iso`."

static char sentence[192];

static const struct image_entry *entry_at(const void *image, uint32_t index)
{
    const void *entries = (const uint8_t *)image + sizeof(struct image_header);
    return (const struct image_entry *)entries + index;
}

static uint64_t table_bytes(const struct image_header *header)
{
    return sizeof *header + (uint64_t)header->count * sizeof(struct image_entry);
}

static const char *check_header(const void *image, uint64_t bytes)
{
    struct image_header header;

    if (bytes < sizeof header) {
        return "the boot image is too short to be one; " ADVICE;
    }
    memcpy(&header, image, sizeof header);
    if (header.magic != IMAGE_MAGIC) {
        return "the first boot module is not a Quoll boot image; "
               "check the module2 line of grub.cfg or the -initrd option.";
    }
    if (header.bytes > bytes) {
        ksnprintf(sentence, sizeof sentence,
                  "the boot image is cut off: %lu of %lu bytes were loaded; " ADVICE, bytes,
                  header.bytes);
        return sentence;
    }
    if (header.bytes < sizeof header || table_bytes(&header) > header.bytes) {
        return "the boot image's header is damaged; " ADVICE;
    }
    uint32_t expected = header.crc32;
    header.crc32 = 0;
    uint32_t crc = crc32_update(0, &header, sizeof header);
    crc = crc32_update(crc, entry_at(image, 0), table_bytes(&header) - sizeof header);
    if (crc != expected) {
        return "the boot image's table of files is damaged; " ADVICE;
    }
    return NULL;
}

/* Letters, digits and "._-/" only, so that a name can be printed and typed. */
static bool name_valid(const char *name)
{
    size_t length = strnlen(name, IMAGE_NAME_BYTES);

    if (length == 0 || length == IMAGE_NAME_BYTES) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        char c = name[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool digit = c >= '0' && c <= '9';
        if (!letter && !digit && c != '.' && c != '_' && c != '-' && c != '/') {
            return false;
        }
    }
    return true;
}

static const char *complain(const char *name, const char *what)
{
    ksnprintf(sentence, sizeof sentence, "the file `%s` in the boot image %s; " ADVICE, name, what);
    return sentence;
}

static const char *check_entry(const void *image, const struct image_header *header, uint32_t index)
{
    const struct image_entry *entry = entry_at(image, index);

    if (!name_valid(entry->name)) {
        ksnprintf(sentence, sizeof sentence,
                  "the name of file number %u in the boot image is damaged; " ADVICE, index);
        return sentence;
    }
    for (uint32_t i = 0; i < index; i++) {
        if (strcmp(entry_at(image, i)->name, entry->name) == 0) {
            return complain(entry->name, "is there twice");
        }
    }
    if (entry->offset % FILE_ALIGN != 0 || entry->offset < table_bytes(header)) {
        return complain(entry->name, "starts at an impossible place");
    }
    if (entry->offset > header->bytes || entry->bytes > header->bytes - entry->offset) {
        return complain(entry->name, "does not fit into it");
    }
    if (crc32_update(0, (const uint8_t *)image + entry->offset, entry->bytes) != entry->crc32) {
        return complain(entry->name, "is damaged (its checksum is wrong)");
    }
    return NULL;
}

const char *image_check(const void *image, uint64_t bytes)
{
    const struct image_header *header = image;
    const char *wrong = NULL;

    if ((uintptr_t)image % _Alignof(struct image_header) != 0) {
        return "the boot loader put the boot image at an odd address; use GRUB 2.06 or later.";
    }
    wrong = check_header(image, bytes);
    if (wrong != NULL) {
        return wrong;
    }
    for (uint32_t i = 0; wrong == NULL && i < header->count; i++) {
        wrong = check_entry(image, header, i);
    }
    return wrong;
}

bool image_find(const void *image, const char *name, const void **data, uint64_t *bytes)
{
    const struct image_header *header = image;

    for (uint32_t i = 0; i < header->count; i++) {
        const struct image_entry *entry = entry_at(image, i);
        if (strncmp(entry->name, name, IMAGE_NAME_BYTES) == 0) {
            *data = (const uint8_t *)image + entry->offset;
            *bytes = entry->bytes;
            return true;
        }
    }
    return false;
}
