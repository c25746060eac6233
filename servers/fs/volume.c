/*
 * volume.c - file systems by name: /disk0 is all of disk 0 if a file system begins at its first
 * block, else its first partition; /disk0p2 is partition 2. One is mounted when it is first used;
 * after umount only by mount. A disk is open, and closed to other writers, as long as something of
 * it is in use.
 */
#include "fs.h"

#include <stdio.h>
#include <string.h>

struct volume volumes[VOLUMES_MAX];

/* Where a name leads. */
struct place {
    char name[VOLUME_NAME_BYTES];
    struct range range;
    unsigned partition; /* 0: the whole disk */
};

/* ---- which are ended */

static char ended[VOLUMES_MAX][VOLUME_NAME_BYTES]; /* by unmount */

static bool is_ended(const char *name)
{
    for (unsigned i = 0; i < VOLUMES_MAX; i++) {
        if (strcmp(ended[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* With the table full the oldest is forgotten: it would be mounted again when it is used. */
static void remember_end(const char *name)
{
    memmove(ended[1], ended[0], sizeof(ended) - sizeof(ended[0]));
    memcpy(ended[0], name, VOLUME_NAME_BYTES);
}

static void forget_end(const char *name)
{
    for (unsigned i = 0; i < VOLUMES_MAX; i++) {
        if (strcmp(ended[i], name) == 0) {
            ended[i][0] = '\0';
        }
    }
}

/* ---- what is on a disk */

static uint8_t head[DISK_BLOCK_MAX];

/* Does a FAT volume begin here? As FatFs tells it, which would also follow a partition table. */
static int check_fat(const struct range *range, bool *is)
{
    int error = range->blocks == 0 ? E_BAD_ARG : range_get(range, 0, 1, head);

    *is = error == E_OK && head[510] == 0x55 && head[511] == 0xaa &&
          (head[0] == 0xeb || head[0] == 0xe9 || head[0] == 0xe8) &&
          (memcmp(head + 54, "FAT", 3) == 0 || memcmp(head + 82, "FAT32", 5) == 0);
    return error;
}

static int check_iso(const struct range *range, bool *is)
{
    static struct iso iso;
    int error = iso_mount(&iso, range);

    *is = error == E_OK;
    return error == E_NOT_FOUND || error == E_DAMAGED || error == E_UNSUPPORTED ? E_OK : error;
}

static int check_whole(const struct range *range, bool *is)
{
    int error = check_fat(range, is);

    return error != E_OK || *is ? error : check_iso(range, is);
}

/* All places on @disk, which is open, that have or could have a file system. */
struct places {
    struct place at[1 + PARTITIONS_MAX];
    unsigned count;
};

static int find_places(struct disk *disk, struct places *places)
{
    static struct partition table[PARTITIONS_MAX];
    const struct range all = {disk, 0, disk->blocks};
    unsigned count = 0;
    bool is_whole;
    int error = check_whole(&all, &is_whole);

    places->count = 0;
    if (error == E_OK) {
        error = partitions_read(disk, table, &count);
    }
    if (error != E_OK) {
        return error;
    }
    if (is_whole || count == 0) {
        struct place *p = &places->at[places->count++];
        *p = (struct place){.range = all};
        memcpy(p->name, disk->name, DISK_NAME_BYTES);
    }
    for (unsigned i = 0; i < count; i++) {
        struct place *p = &places->at[places->count++];
        *p = (struct place){.range = {disk, table[i].first, table[i].blocks},
                            .partition = table[i].number};
        if (i == 0 && !is_whole) {
            memcpy(p->name, disk->name, DISK_NAME_BYTES);
        } else {
            (void)snprintf(p->name, sizeof(p->name),
                           "%s"
                           "p%u",
                           disk->name, table[i].number);
        }
    }
    return E_OK;
}

static int open_disk(struct disk *disk)
{
    return disk->is_open ? (disk->is_lost ? E_GONE : E_OK) : disk_open(disk);
}

/* "disk0p12" is disk0 and 12, "disk0" is disk0 and 0. */
static struct disk *disk_of(const char *name, unsigned *partition)
{
    for (unsigned i = 0; i < DISKS_MAX; i++) {
        size_t n = strlen(disks[i].name);
        const char *at = name + n + 1;
        if (n == 0 || strncmp(name, disks[i].name, n) != 0) {
            continue;
        }
        *partition = 0;
        if (name[n] == '\0') {
            return &disks[i];
        }
        if (name[n] != 'p' || *at < '1' || *at > '9') {
            continue; /* disk1 and disk10 */
        }
        while (*at >= '0' && *at <= '9' && *partition < 10000) {
            *partition = *partition * 10 + (unsigned)(*at++ - '0');
        }
        return *at == '\0' ? &disks[i] : NULL;
    }
    return NULL;
}

static struct places places;

static int locate(const char *name, struct place *place)
{
    unsigned partition = 0;
    struct disk *disk;
    int error = disks_find();

    if (error < 0) {
        return -error;
    }
    disk = disk_of(name, &partition);
    if (disk == NULL) {
        return E_NOT_FOUND;
    }
    error = open_disk(disk);
    if (error == E_OK) {
        error = find_places(disk, &places);
    }
    for (unsigned i = 0; error == E_OK && i < places.count; i++) {
        if (strcmp(places.at[i].name, name) == 0 ||
            (partition != 0 && places.at[i].partition == partition)) {
            *place = places.at[i];
            return E_OK;
        }
    }
    return error == E_OK ? E_NOT_FOUND : error;
}

/* ---- mounting */

static struct volume *find_mounted(const char *name)
{
    for (unsigned i = 0; i < VOLUMES_MAX; i++) {
        if (volumes[i].is_mounted && strcmp(volumes[i].name, name) == 0) {
            return &volumes[i];
        }
    }
    return NULL;
}

static struct volume *find_free(void)
{
    for (unsigned i = 0; i < VOLUMES_MAX; i++) {
        if (!volumes[i].is_mounted) {
            return &volumes[i];
        }
    }
    return NULL;
}

static int mount_there(struct volume *v)
{
    bool is_fat;
    int error = check_fat(&v->range, &is_fat);

    if (error != E_OK) {
        return error;
    }
    v->kind = is_fat ? VOLUME_FAT : VOLUME_ISO;
    if (is_fat) {
        return fat_mount(v);
    }
    error = iso_mount(&v->iso, &v->range);
    return error == E_NOT_FOUND ? E_UNSUPPORTED : error;
}

static int mount_place(const struct place *place, struct volume **out)
{
    struct volume *v = find_free();
    int error;

    if (v == NULL) {
        return E_LIMIT;
    }
    if (place->range.disk->writers != 0) {
        return E_BUSY;
    }
    memset(v, 0, sizeof(*v));
    memcpy(v->name, place->name, sizeof(v->name));
    v->range = place->range;
    v->partition = place->partition;
    error = mount_there(v);
    if (error == E_OK) {
        v->is_mounted = true;
        v->range.disk->users++;
        *out = v;
    }
    return volume_error(v, error);
}

int volume_of(const char *path, struct volume **volume, const char **rest)
{
    char name[VOLUME_NAME_BYTES];
    const char *slash = strchr(path + 1, '/');
    size_t bytes = slash != NULL ? (size_t)(slash - path - 1) : strlen(path + 1);
    struct place place;
    int error;

    if (bytes == 0 || bytes >= sizeof(name)) {
        return E_NOT_FOUND;
    }
    memcpy(name, path + 1, bytes);
    name[bytes] = '\0';
    *rest = slash != NULL ? slash + 1 : "";
    *volume = find_mounted(name);
    if (*volume != NULL) {
        return (*volume)->range.disk->is_lost ? E_GONE : E_OK;
    }
    error = locate(name, &place);
    if (error == E_OK) {
        *volume = find_mounted(place.name); /* /disk0p1 may be /disk0 */
        if (*volume == NULL) {
            error = is_ended(place.name) ? E_NOT_MOUNTED : mount_place(&place, volume);
        }
    }
    return error;
}

int volume_mount(const char *name)
{
    struct volume *v;
    struct place place;
    int error = locate(name, &place);

    if (error == E_OK && find_mounted(place.name) != NULL) {
        error = E_EXISTS;
    }
    if (error != E_OK) {
        return error;
    }
    if (place.range.disk->writers == 0) {
        forget_end(place.name); /* it is taken back, even if nothing can be done with it */
    }
    return mount_place(&place, &v);
}

static int end(struct volume *v, bool is_lost)
{
    int error = v->kind == VOLUME_FAT ? fat_unmount(v, is_lost) : E_OK;

    v->is_mounted = false;
    v->range.disk->users--;
    return error;
}

int volume_unmount(const char *name)
{
    struct volume *v = find_mounted(name);
    struct place place;
    int error = E_OK;

    if (v == NULL) { /* by its other name? */
        error = locate(name, &place);
        v = error == E_OK ? find_mounted(place.name) : NULL;
    }
    if (v == NULL && error == E_OK) {
        error = is_ended(place.name) ? E_NOT_FOUND : E_OK;
        if (error == E_OK) {
            remember_end(place.name);
        }
    }
    if (v == NULL) {
        return error;
    }
    if (v->files != 0) {
        return E_BUSY;
    }
    remember_end(v->name);
    return end(v, false);
}

int volume_error(const struct volume *volume, int error)
{
    return error != E_OK && volume->range.disk->is_lost ? E_GONE : error;
}

int volume_space(struct volume *volume, struct fs_space *out)
{
    uint64_t bytes;

    if (volume->kind == VOLUME_FAT) {
        return fat_space(volume, out);
    }
    bytes = (uint64_t)volume->iso.blocks * ISO_BLOCK;
    *out = (struct fs_space){.bytes = bytes, .unit_bytes = ISO_BLOCK};
    return E_OK;
}

void volumes_settle(void)
{
    for (unsigned i = 0; i < VOLUMES_MAX; i++) {
        if (volumes[i].is_mounted && volumes[i].range.disk->is_lost) {
            files_lose(&volumes[i], NULL);
            (void)end(&volumes[i], true);
        }
    }
    for (unsigned i = 0; i < DISKS_MAX; i++) {
        if (disks[i].is_open && disks[i].is_lost) {
            files_lose(NULL, &disks[i]);
        }
        if (disks[i].is_open && disks[i].users == 0) {
            disk_close(&disks[i]);
        }
    }
}

/* ---- telling */

static enum fs_format format_of(const struct volume *v)
{
    static const enum fs_format fats[] = {
        [FS_FAT12] = FS_FORMAT_FAT12, [FS_FAT16] = FS_FORMAT_FAT16, [FS_FAT32] = FS_FORMAT_FAT32};

    return v->kind == VOLUME_ISO ? FS_FORMAT_ISO9660 : fats[v->fat.fs_type];
}

static void describe(const struct place *place, struct fs_volume *out)
{
    const struct disk *disk = place->range.disk;
    const struct volume *v = find_mounted(place->name);

    *out = (struct fs_volume){.partition = place->partition,
                              .is_mounted = v != NULL,
                              .is_read_only = disk->is_read_only,
                              .holds = v != NULL ? format_of(v) : FS_FORMAT_NONE,
                              .files = v != NULL ? v->files : 0,
                              .bytes = place->range.blocks * disk->block_bytes,
                              .is_let_go = is_ended(place->name)};
    memcpy(out->name, place->name, sizeof(place->name));
    memcpy(out->disk, disk->name, sizeof(disk->name));
}

int volume_describe(unsigned index, struct fs_volume *out)
{
    int error = disks_find();

    if (error < 0) {
        return -error;
    }
    for (unsigned i = 0; i < DISKS_MAX; i++) {
        if (disks[i].name[0] == '\0') {
            continue;
        }
        error = open_disk(&disks[i]);
        if (error == E_OK) {
            error = find_places(&disks[i], &places);
        }
        if (error != E_OK) { /* a disk that cannot be read is there all the same */
            places.count = 1;
            places.at[0] = (struct place){.range = {&disks[i], 0, 0}};
            memcpy(places.at[0].name, disks[i].name, DISK_NAME_BYTES);
        }
        if (index < places.count) {
            describe(&places.at[index], out);
            return E_OK;
        }
        index -= places.count;
    }
    return E_NOT_FOUND;
}
