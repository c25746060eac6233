/* sources: kernel/boot/image.c kernel/lib/crc32.c kernel/console/format.c kernel/console/kprintf.c kernel/console/klog.c */
/*
 * The boot image's check: good images, every kind of damage, every single flipped bit of the
 * tables, and 200,000 random mutations with the table's checksum made right again.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/image.h"
#include "console/console.h"
#include "lib/crc32.h"
#include "quoll/image.h"

#define FILES       3u
#define IMAGE_BYTES (4 * 4096u + 100)
#define TABLE_BYTES (sizeof(struct image_header) + FILES * sizeof(struct image_entry))

static unsigned passed, failed;
static uint8_t *image; /* exactly IMAGE_BYTES in the heap */
static uint8_t pristine[IMAGE_BYTES];

void console_put(char c)
{
    (void)c;
}

static void check(bool good, const char *what, int line)
{
    if (good) {
        passed++;
    } else {
        failed++;
        fprintf(stderr, "line %d: FAILED: %s\n", line, what);
    }
}
#define CHECK(x) check((x), #x, __LINE__)

static uint64_t random_state = 0x1234567ull;
static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static struct image_header *header(void)
{
    return (struct image_header *)image;
}

static struct image_entry *entry(unsigned i)
{
    return (struct image_entry *)(image + sizeof(struct image_header)) + i;
}

static void seal(void)
{
    uint64_t table = sizeof(struct image_header);
    if (header()->count <= (IMAGE_BYTES - table) / sizeof(struct image_entry)) {
        table += header()->count * sizeof(struct image_entry);
    }
    header()->crc32 = 0;
    header()->crc32 = crc32_update(0, image, table);
}

static void build(void)
{
    static const char *const names[FILES] = {"root", "qsh", "system.manifest"};
    static const uint64_t sizes[FILES] = {4097, 0, 100};
    static const uint64_t offsets[FILES] = {4096, 4 * 4096, 4 * 4096};

    for (unsigned i = 0; i < IMAGE_BYTES; i++) {
        image[i] = (uint8_t)(i * 7 + i / 256);
    }
    memset(image, 0, TABLE_BYTES);
    *header() = (struct image_header){.magic = IMAGE_MAGIC, .bytes = IMAGE_BYTES, .count = FILES};
    for (unsigned i = 0; i < FILES; i++) {
        strcpy(entry(i)->name, names[i]);
        entry(i)->offset = offsets[i];
        entry(i)->bytes = sizes[i];
        entry(i)->crc32 = crc32_update(0, image + offsets[i], sizes[i]);
    }
    seal();
    memcpy(pristine, image, IMAGE_BYTES);
}

static void reset(void)
{
    memcpy(image, pristine, IMAGE_BYTES);
}

static bool says(const char *part)
{
    seal();
    const char *wrong = image_check(image, IMAGE_BYTES);
    bool good = wrong != NULL && strstr(wrong, part) != NULL;
    if (!good) {
        fprintf(stderr, "said: %s\n", wrong == NULL ? "nothing" : wrong);
    }
    reset();
    return good;
}

static void test_crc(void)
{
    CHECK(crc32_update(0, "123456789", 9) == 0xcbf43926u);
    CHECK(crc32_update(0, "", 0) == 0);
    for (unsigned cut = 0; cut < 40; cut++) {
        uint32_t whole = crc32_update(0, pristine + 4096, 40);
        uint32_t first = crc32_update(0, pristine + 4096, cut);
        CHECK(crc32_update(first, pristine + 4096 + cut, 40 - cut) == whole);
    }
}

static void test_good(void)
{
    const void *data;
    uint64_t bytes;

    CHECK(image_check(image, IMAGE_BYTES) == NULL);
    CHECK(image_find(image, "root", &data, &bytes) && data == image + 4096 && bytes == 4097);
    CHECK(image_find(image, "system.manifest", &data, &bytes) && bytes == 100);
    CHECK(image_find(image, "qsh", &data, &bytes) && bytes == 0);
    bytes = 5;
    CHECK(!image_find(image, "roo", &data, &bytes) && bytes == 5);
    CHECK(!image_find(image, "", &data, &bytes));
}

static void test_damage(void)
{
    for (unsigned n = 0; n < TABLE_BYTES; n++) {
        uint8_t *shorter = malloc(n == 0 ? 1 : n);
        memcpy(shorter, pristine, n);
        CHECK(image_check(shorter, n) != NULL);
        free(shorter);
    }
    for (unsigned bit = 0; bit < TABLE_BYTES * 8; bit++) {
        image[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(image_check(image, IMAGE_BYTES) != NULL);
        reset();
    }
    header()->magic++;
    CHECK(says("not a Quoll boot image"));
    header()->bytes = IMAGE_BYTES + 1;
    CHECK(says("cut off"));
    header()->count = UINT32_MAX;
    CHECK(says("header is damaged"));
    entry(1)->name[0] = 0;
    CHECK(says("number 1"));
    memset(entry(1)->name, 'a', IMAGE_NAME_BYTES);
    CHECK(says("number 1"));
    entry(2)->name[3] = '\n';
    CHECK(says("number 2"));
    strcpy(entry(1)->name, "root");
    CHECK(says("`root` in the boot image is there twice"));
    entry(0)->offset = 4095;
    CHECK(says("`root` in the boot image starts at"));
    entry(0)->offset = 0;
    CHECK(says("`root` in the boot image starts at"));
    entry(2)->offset = 0xfffffffffffff000ull;
    CHECK(says("`system.manifest` in the boot image does not fit"));
    entry(2)->bytes = UINT64_MAX;
    CHECK(says("`system.manifest` in the boot image does not fit"));
    image[4096 + 50] ^= 1;
    CHECK(says("`root` in the boot image is damaged"));
    header()->count = 0;
    seal();
    CHECK(image_check(image, IMAGE_BYTES) == NULL); /* empty is whole; root's absence shows later */
    reset();
}

static void fuzz(void)
{
    unsigned accepted = 0;
    for (unsigned i = 0; i < 200000; i++) {
        for (uint64_t n = 1 + next_random() % 4; n > 0; n--) {
            image[next_random() % TABLE_BYTES] = (uint8_t)next_random();
        }
        if (next_random() % 8 != 0) {
            header()->magic = IMAGE_MAGIC;
            seal();
        }
        const char *wrong = image_check(image, IMAGE_BYTES);
        accepted += wrong == NULL;
        const void *data;
        uint64_t bytes;
        if (wrong == NULL && image_find(image, "root", &data, &bytes) && bytes > 0) {
            volatile uint8_t last = ((const uint8_t *)data)[bytes - 1];
            (void)last;
        }
        memcpy(image, pristine, TABLE_BYTES);
    }
    CHECK(accepted < 200000);
}

int main(void)
{
    image = malloc(IMAGE_BYTES);
    build();
    test_crc();
    test_good();
    test_damage();
    fuzz();
    free(image);
    printf("%u passed, %u failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
