/*
 * cmd_mount.c - commands about file systems: df, mount, umount.
 */
#include "files.h"
#include <quoll/error.h>
#include <stdio.h>
#include <string.h>

static const char *format_name(enum fs_format format)
{
    static const char *const names[] = {[FS_FORMAT_NONE] = "",
                                        [FS_FORMAT_FAT12] = "fat12",
                                        [FS_FORMAT_FAT16] = "fat16",
                                        [FS_FORMAT_FAT32] = "fat32",
                                        [FS_FORMAT_ISO9660] = "iso9660"};

    return names[format];
}

/* ---- df */

static void print_space(struct shell *s, const struct fs_volume *v, const struct fs_space *space)
{
    uint64_t used = space->bytes - space->free_bytes;
    struct json j;

    if (!s->json) {
        output_printf(&s->out, "/%-9s %-8s %12llu %12llu %12llu %6llu\n", v->name,
                      format_name(v->holds), (unsigned long long)space->bytes / 1024,
                      (unsigned long long)used / 1024, (unsigned long long)space->free_bytes / 1024,
                      (unsigned long long)(space->bytes ? used * 100 / space->bytes : 0));
        return;
    }
    j = json_begin(&s->out);
    json_string(&j, "name", v->name);
    json_string(&j, "format", format_name(v->holds));
    json_u64(&j, "bytes", space->bytes);
    json_u64(&j, "used_bytes", used);
    json_u64(&j, "free_bytes", space->free_bytes);
    json_u64(&j, "unit_bytes", space->unit_bytes);
    json_end(&j);
}

void cmd_df(struct shell *s, int argc, char **argv)
{
    struct files *f = files_ask(s);
    char path[FS_NAME_MAX + 2];
    struct fs_volume v;
    struct fs_space space;
    unsigned count = 0;

    (void)argc;
    (void)argv;
    if (!f)
        return;
    if (!s->json)
        output_printf(&s->out, "%-10s %-8s %12s %12s %12s %6s\n", "WHERE", "FORMAT", "SIZE (KiB)",
                      "USED (KiB)", "FREE (KiB)", "USED %");
    for (uint32_t i = 0; files_volume(f, i, &v) == E_OK; i++) {
        if (!v.is_mounted)
            continue;
        count++;
        (void)snprintf(path, sizeof(path), "/%s", v.name);
        if (!files_failed(s, "df", path, files_room(f, path, &space)))
            print_space(s, &v, &space);
    }
    if (count == 0 && !s->json)
        output_string(&s->out, "No file system is mounted: ls /disk0 mounts the first disk's.\n");
}

/* ---- mount */

static void print_volume(struct shell *s, const struct fs_volume *v)
{
    char part[24] = "the whole disk";
    struct json j;

    if (v->partition)
        (void)snprintf(part, sizeof(part), "partition %u", v->partition);
    if (!s->json) {
        output_printf(&s->out, "/%-9s %-8s %s, %s, %llu KiB, %s, %u open\n", v->name,
                      v->is_mounted ? format_name(v->holds) : "-", v->disk, part,
                      (unsigned long long)v->bytes / 1024,
                      v->is_read_only ? "read only" : "read and write", v->files);
        return;
    }
    j = json_begin(&s->out);
    json_string(&j, "name", v->name);
    json_string(&j, "disk", v->disk);
    json_u64(&j, "partition", v->partition);
    json_bool(&j, "mounted", v->is_mounted);
    json_string_or_null(&j, "format", format_name(v->holds));
    json_bool(&j, "read_only", v->is_read_only);
    json_u64(&j, "open_files", v->files);
    json_u64(&j, "bytes", v->bytes);
    json_end(&j);
}

static void list(struct shell *s, struct files *f)
{
    struct fs_volume v;
    uint32_t i = 0;
    int error;

    while ((error = files_volume(f, i, &v)) == E_OK) {
        print_volume(s, &v);
        i++;
    }
    if (error != E_NOT_FOUND)
        shell_failed(s, "mount", error);
    else if (i == 0 && !s->json)
        output_string(&s->out, "There is no disk: lsdev block lists those that have a driver.\n");
}

/* disk0 of disk0 and /disk0. NULL, with a complaint: neither. */
static const char *volume_name(struct shell *s, const char *command, const char *word)
{
    word += word[0] == '/';
    if (word[0] == '\0' || strlen(word) > FS_NAME_MAX || strchr(word, '/')) {
        shell_error(s, "%s: %.40s is not the name of a file system; mount lists them", command,
                    word);
        return NULL;
    }
    return word;
}

void cmd_mount(struct shell *s, int argc, char **argv)
{
    struct files *f = files_ask(s);
    const char *name;
    int error;

    if (f && argc == 1)
        list(s, f);
    name = f && argc == 2 ? volume_name(s, "mount", argv[1]) : NULL;
    if (!name)
        return;
    error = files_mount(f, name);
    if (error == E_EXISTS)
        shell_error(s, "mount: %s is mounted already", name);
    else
        files_failed(s, "mount", name, error);
}

void cmd_umount(struct shell *s, int argc, char **argv)
{
    struct files *f = files_ask(s);
    const char *name;
    int error;

    if (argc == 1) {
        shell_error(s, "umount: which one? usage: %s", command_find("umount")->usage);
        return;
    }
    name = f ? volume_name(s, "umount", argv[1]) : NULL;
    if (!name)
        return;
    error = files_unmount(f, name);
    if (error == E_NOT_FOUND)
        shell_error(s, "umount: %s is not mounted; mount lists those that are", name);
    else
        files_failed(s, "umount", name, error);
}
