/*
 * tool.c - the fs server's core as a program: commands on standard input, one a line, their
 * results on standard output. tests/system/test_fs_host.py compares these with what mtools,
 * fsck.fat and xorriso say of the same images.
 * usage: tool NAME:FILE[:BLOCK_BYTES][:ro]...
 */
#include "image.h"

#include "../../servers/fs/fs.h"

#include <fcntl.h>
#include <quoll/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TASK = 7, PIECE = 65536 };

static struct access access_of = {.may_read = true, .may_write = true, .root = "/"};
static uint8_t piece[PIECE];

static void add_image(char *argument)
{
    char *name = strtok(argument, ":"), *path = strtok(NULL, ":"), *more;
    uint32_t block_bytes = 512;
    bool is_read_only = false;
    struct stat status;
    int fd = open(path, O_RDWR);
    void *memory;

    while ((more = strtok(NULL, ":")) != NULL) {
        if (strcmp(more, "ro") == 0) {
            is_read_only = true;
        } else {
            block_bytes = (uint32_t)atoi(more);
        }
    }
    if (fd < 0 || fstat(fd, &status) != 0) {
        perror(path);
        exit(2);
    }
    memory = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    image_add(name, memory, (uint64_t)status.st_size, block_bytes, is_read_only);
}

/* ---- commands */

static int list(const char *path)
{
    uint32_t skip = 0, count, used;
    int error;

    do {
        const uint8_t *r = piece;
        error = tree_list(&access_of, path, skip, piece, 600 + skip % 977, &count, &used);
        for (uint32_t i = 0; error == E_OK && i < count; i++, r += r[0] | r[1] << 8) {
            uint64_t bytes, modified;
            memcpy(&bytes, r + 8, 8);
            memcpy(&modified, r + 16, 8);
            if ((r[2] | r[3] << 8) != 0) {
                printf("%c%c %llu %llu %.*s\n", "fdD"[r[4]], r[5] ? 'r' : 'w',
                       (unsigned long long)bytes, (unsigned long long)modified, r[2] | r[3] << 8,
                       r + FS_RECORD_BYTES);
            }
        }
        skip += count;
    } while (error == E_OK && count != 0);
    return error;
}

static int get(const char *path, const char *host)
{
    struct fs_status status;
    uint32_t file, done;
    uint64_t offset = 0;
    FILE *to = fopen(host, "wb");
    int error = file_open(TASK, &access_of, path, FS_MODE_READ, &file, &status);

    if (error == E_OK) {
        do {
            error =
                file_read(TASK, file, offset, piece, 1 + (uint32_t)(offset * 7919 % PIECE), &done);
            if (error == E_OK) {
                fwrite(piece, 1, done, to);
                offset += done;
            }
        } while (error == E_OK && done != 0);
        if (file_close(TASK, file) != E_OK || (error == E_OK && offset != status.bytes)) {
            printf("%s is %llu bytes, read %llu\n", path, (unsigned long long)status.bytes,
                   (unsigned long long)offset);
        }
    }
    fclose(to);
    return error;
}

static int put_file(const char *host, const char *path, enum fs_mode mode)
{
    struct fs_status status;
    uint32_t file, done = 0;
    FILE *from = fopen(host, "rb");
    int error = file_open(TASK, &access_of, path, mode, &file, &status), closed;
    uint64_t offset;

    if (error != E_OK) {
        fclose(from);
        return error;
    }
    offset = mode == FS_MODE_WRITE ? status.bytes : 0;
    for (;;) {
        size_t n = fread(piece, 1, 1 + offset * 7919 % PIECE, from);
        if (n == 0) {
            break;
        }
        error = file_write(TASK, file, offset, piece, (uint32_t)n, &done);
        offset += done;
        if (error == E_OK && done != n) {
            error = E_FULL;
        }
        if (error != E_OK) {
            break;
        }
    }
    fclose(from);
    closed = file_close(TASK, file);
    return error != E_OK ? error : closed;
}

static int shorten(const char *path, const char *bytes)
{
    struct fs_status status;
    uint32_t file;
    int error = file_open(TASK, &access_of, path, FS_MODE_WRITE, &file, &status);

    if (error == E_OK) {
        error = file_truncate(TASK, file, strtoull(bytes, NULL, 10));
        if (file_close(TASK, file) != E_OK) {
            printf("not closed\n");
        }
    }
    return error;
}

static int show_volumes(void)
{
    static const char *const formats[] = {"none", "fat12", "fat16", "fat32", "iso9660"};
    struct fs_volume v;
    int error;

    for (uint32_t i = 0; (error = volume_describe(i, &v)) == E_OK; i++) {
        printf("%s %s %u %s %s %llu\n", v.name, v.disk, v.partition,
               v.is_mounted ? formats[v.holds] : "-", v.is_read_only ? "r" : "w",
               (unsigned long long)v.bytes);
    }
    return error == E_NOT_FOUND ? E_OK : error;
}

static int show_space(const char *path)
{
    struct fs_space space;
    struct volume *v;
    const char *rest;
    int error = volume_of(path, &v, &rest);

    if (error == E_OK) {
        error = volume_space(v, &space);
    }
    if (error == E_OK) {
        printf("%llu %llu %u\n", (unsigned long long)space.bytes,
               (unsigned long long)space.free_bytes, space.unit_bytes);
    }
    return error;
}

static int show_status(const char *path)
{
    struct fs_status s;
    int error = tree_stat(&access_of, path, &s);

    if (error == E_OK) {
        printf("%c%c %llu %llu\n", "fdD"[s.what], s.is_read_only ? 'r' : 'w',
               (unsigned long long)s.bytes, (unsigned long long)s.modified);
    }
    return error;
}

static int set_root(const char *how, const char *root)
{
    access_of.may_write = strcmp(how, "write") == 0;
    access_of.may_read = strcmp(how, "none") != 0;
    strcpy(access_of.root, root);
    return E_OK;
}

/* What stays open, for the commands that need it. */
static uint32_t held;

static int hold(const char *path, const char *mode)
{
    struct fs_status status;

    return file_open(TASK, &access_of, path, (enum fs_mode)atoi(mode), &held, &status);
}

static int touch_held(bool is_write)
{
    uint32_t done = 0;

    return is_write ? file_write(TASK, held, 0, "x", 1, &done)
                    : file_read(TASK, held, 0, piece, 1, &done);
}

static int run(int argc, char **argv)
{
    static const struct {
        const char *name;
        int arguments;
    } commands[] = {{"ls", 1},    {"get", 2},      {"put", 2},       {"append", 2},
                    {"new", 2},   {"truncate", 2}, {"rm", 1},        {"mv", 2},
                    {"mkdir", 1}, {"stat", 1},     {"df", 1},        {"volumes", 0},
                    {"mount", 1}, {"umount", 1},   {"root", 2},      {"fail", 1},
                    {"lose", 1},  {"hold", 2},     {"hold-read", 0}, {"hold-write", 0},
                    {"drop", 0},  {"end", 0},      {"sync", 0}};
    unsigned i = 0;

    for (int a = 1; a <= 2 && a < argc && argv[a][0] == '/'; a++) {
        if (path_check(argv[a]) != E_OK) {
            return E_BAD_ARG;
        }
    }
    while (i < sizeof(commands) / sizeof(commands[0]) && strcmp(commands[i].name, argv[0]) != 0) {
        i++;
    }
    if (i == sizeof(commands) / sizeof(commands[0]) || argc != commands[i].arguments + 1) {
        printf("no such command: %s\n", argv[0]);
        exit(2);
    }
    switch (i) {
    case 0:
        return list(argv[1]);
    case 1:
        return get(argv[1], argv[2]);
    case 2:
        return put_file(argv[1], argv[2], FS_MODE_REPLACE);
    case 3:
        return put_file(argv[1], argv[2], FS_MODE_WRITE);
    case 4:
        return put_file(argv[1], argv[2], FS_MODE_NEW);
    case 5:
        return shorten(argv[1], argv[2]);
    case 6:
        return tree_remove(&access_of, argv[1]);
    case 7:
        return tree_rename(&access_of, argv[1], argv[2]);
    case 8:
        return tree_mkdir(&access_of, argv[1]);
    case 9:
        return show_status(argv[1]);
    case 10:
        return show_space(argv[1]);
    case 11:
        return show_volumes();
    case 12:
        return volume_mount(argv[1]);
    case 13:
        return volume_unmount(argv[1]);
    case 14:
        return set_root(argv[1], argv[2]);
    case 15:
        return image_fail_after = (unsigned long)atol(argv[1]), E_OK;
    case 16:
        return image_lose_after = (unsigned long)atol(argv[1]), E_OK;
    case 17:
        return hold(argv[1], argv[2]);
    case 18:
        return touch_held(false);
    case 19:
        return touch_held(true);
    case 20:
        return file_close(TASK, held);
    case 21:
        return files_close_all(TASK), E_OK;
    default:
        return file_sync(TASK, held);
    }
}

int main(int argc, char **argv)
{
    static char line[8192];

    for (int i = 1; i < argc; i++) {
        add_image(argv[i]);
    }
    while (fgets(line, sizeof(line), stdin) != NULL) {
        char *words[8];
        int n = 0;
        for (char *word = strtok(line, "\t\n"); word != NULL && n < 8;
             word = strtok(NULL, "\t\n")) {
            words[n++] = word;
        }
        if (n != 0) {
            printf("= %s\n", quoll_error_name(run(n, words)));
            volumes_settle();
        }
    }
    return 0;
}
