/*
 * cmd_files.c - commands about names: ls, cd, pwd, mkdir, rm, mv.
 */
#include "files.h"
#include <quoll/calendar.h>
#include <quoll/error.h>
#include <string.h>

static const char *kind_name(enum fs_kind kind)
{
    static const char *const names[] = {
        [FS_KIND_FILE] = "file", [FS_KIND_DIRECTORY] = "directory", [FS_KIND_DISK] = "disk"};

    return names[kind];
}

static void print_entry(struct shell *s, const struct files_entry *e)
{
    struct clock_parts t = calendar_parts(e->modified);
    char text[CALENDAR_TEXT] = "";
    struct json j;

    if (e->modified != 0)
        calendar_format(&t, text);
    if (s->json) {
        j = json_begin(&s->out);
        json_string(&j, "name", e->name);
        json_string(&j, "kind", kind_name(e->what));
        json_u64(&j, "bytes", e->bytes);
        json_string_or_null(&j, "modified", text);
        json_bool(&j, "read_only", e->is_read_only);
        json_end(&j);
        return;
    }
    if (text[0] != '\0') {
        text[10] = ' ';
        text[16] = '\0';
    }
    if (e->what == FS_KIND_DIRECTORY)
        output_printf(&s->out, "%12s  %-16s  ", "-", text);
    else
        output_printf(&s->out, "%12llu  %-16s  ", (unsigned long long)e->bytes, text);
    files_print_name(s, e->name);
    output_string(&s->out, e->what == FS_KIND_DIRECTORY ? "/\n" : "\n");
}

/* What a directory holds, or the file itself. */
static void list(struct shell *s, struct files *f, const char *path)
{
    static struct files_entry entry;
    struct files_walk walk = {0};
    struct fs_status status;
    int error = files_stat(f, path, &status);

    if (files_failed(s, "ls", path, error))
        return;
    if (status.what != FS_KIND_DIRECTORY) {
        entry = (struct files_entry){.what = status.what,
                                     .is_read_only = status.is_read_only,
                                     .bytes = status.bytes,
                                     .modified = status.modified};
        memcpy(entry.name, files_last_name(path), strlen(files_last_name(path)) + 1);
        print_entry(s, &entry);
        return;
    }
    while (error == E_OK && !input_interrupted(&s->in)) {
        error = files_next(f, path, &walk, &entry);
        if (error == E_OK)
            print_entry(s, &entry);
    }
    files_failed(s, "ls", path, error == E_NOT_FOUND ? E_OK : error);
}

void cmd_ls(struct shell *s, int argc, char **argv)
{
    struct files *f = files_ask(s);
    char path[SHELL_PATH];

    for (int i = 1; f && i < (argc > 1 ? argc : 2); i++) {
        if (!files_path(s, "ls", argc > 1 ? argv[i] : ".", path))
            return;
        if (argc > 2 && !s->json)
            output_printf(&s->out, "%s:\n", path);
        list(s, f, path);
    }
}

void cmd_cd(struct shell *s, int argc, char **argv)
{
    struct files *f = files_ask(s);
    struct fs_status status;
    char path[SHELL_PATH];
    int error;

    if (!f || !files_path(s, "cd", argc > 1 ? argv[1] : "/", path))
        return;
    error = files_stat(f, path, &status);
    if (error == E_OK && status.what != FS_KIND_DIRECTORY)
        error = E_NOT_DIRECTORY;
    if (!files_failed(s, "cd", path, error))
        files_go(path);
}

void cmd_pwd(struct shell *s, int argc, char **argv)
{
    struct json j;

    (void)argc;
    (void)argv;
    if (!s->json) {
        output_printf(&s->out, "%s\n", files_here());
        return;
    }
    j = json_begin(&s->out);
    json_string(&j, "path", files_here());
    json_end(&j);
}

typedef bool (*complain)(struct shell *s, const char *command, const char *path, int error);

/* @change for each of the arguments, up to the first that fails. */
static void for_each(struct shell *s, const char *command, int argc, char **argv,
                     int (*change)(struct files *f, const char *path), complain failed)
{
    struct files *f = files_has(s, command, argc, 1) ? files_ask(s) : NULL;
    char path[SHELL_PATH];

    for (int i = 1; f && i < argc; i++) {
        if (!files_path(s, command, argv[i], path) || failed(s, command, path, change(f, path)))
            return;
    }
}

void cmd_mkdir(struct shell *s, int argc, char **argv)
{
    for_each(s, "mkdir", argc, argv, files_make_directory, files_failed_to_make);
}

void cmd_rm(struct shell *s, int argc, char **argv)
{
    for_each(s, "rm", argc, argv, files_remove, files_failed);
}

void cmd_mv(struct shell *s, int argc, char **argv)
{
    struct files *f = files_has(s, "mv", argc, 2) ? files_ask(s) : NULL;
    char from[SHELL_PATH], to[SHELL_PATH];
    struct fs_status status;
    int error;

    if (!f || !files_path(s, "mv", argv[1], from) || !files_path(s, "mv", argv[2], to))
        return;
    if (!files_target(f, from, to)) {
        shell_error(s, "mv: a path can have %d bytes at most", FS_PATH_MAX);
        return;
    }
    if (files_failed(s, "mv", from, files_stat(f, from, &status)))
        return;
    error = files_rename(f, from, to);
    if (error == E_EXISTS)
        shell_error(s, "mv: %.200s is there already; rm it first", to);
    else if (error == E_BAD_ARG)
        shell_error(s, "mv: %.200s cannot be moved into itself", from);
    else if (error == E_UNSUPPORTED)
        shell_error(s, "mv: %.200s is on another disk; cp the file, then rm it here", to);
    else if (error == E_NOT_FOUND)
        files_failed_to_make(s, "mv", to, error);
    else
        files_failed(s, "mv", from, error);
}
