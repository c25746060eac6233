/*
 * cmd_contents.c - commands about what is in files: cat, hexdump, sha256sum, cp. Contents lie in
 * the window that the shell shares with the fs server: cp does not even touch them.
 */
#include "files.h"
#include <quoll/error.h>
#include <quoll/sha256.h>
#include <string.h>

#define PRINT_BYTES 1024 /* printed between two looks for ^C */

/* What is done with a file's bytes; false: enough. */
typedef bool (*take_bytes)(struct shell *s, void *context, uint64_t offset, const uint8_t *bytes,
                           size_t count);

/* Hand the bytes of @path from @offset on, at most @most, to @take. False, with a complaint unless
 * it was @take's or the user's wish: not all of them. */
static bool read_file(struct shell *s, const char *command, const char *path, uint64_t offset,
                      uint64_t most, take_bytes take, void *context)
{
    struct files *f = files_ask(s);
    struct fs_status status;
    uint32_t file, done = 1;
    bool goes_on = true;
    int error = E_OK;

    if (!f || !files_open_to_read(s, command, path, &file, &status))
        return false;
    while (goes_on && most != 0 && done != 0 && error == E_OK) {
        error = files_read(f, file, offset,
                           most < FILES_DATA_BYTES ? (uint32_t)most : FILES_DATA_BYTES, &done);
        if (error == E_OK) {
            goes_on = !input_interrupted(&s->in) && take(s, context, offset, f->data, done);
            offset += done;
            most -= done;
        }
    }
    (void)files_close(f, file);
    return !files_failed(s, command, path, error) && goes_on;
}

/* ---- cat */

static bool print_bytes(struct shell *s, void *context, uint64_t offset, const uint8_t *bytes,
                        size_t count)
{
    (void)context;
    (void)offset;
    while (count != 0) {
        size_t n = count < PRINT_BYTES ? count : PRINT_BYTES;

        output_text(&s->out, (const char *)bytes, n);
        bytes += n;
        count -= n;
        if (input_interrupted(&s->in))
            return false;
    }
    return true;
}

void cmd_cat(struct shell *s, int argc, char **argv)
{
    char path[SHELL_PATH];

    if (!files_has(s, "cat", argc, 1))
        return;
    for (int i = 1; i < argc; i++) {
        if (!files_path(s, "cat", argv[i], path) ||
            !read_file(s, "cat", path, 0, UINT64_MAX, print_bytes, NULL))
            return;
    }
}

/* ---- hexdump */

static void dump_line(struct shell *s, uint64_t offset, const uint8_t *bytes, size_t count)
{
    char text[17];

    output_printf(&s->out, "%08llx ", (unsigned long long)offset);
    for (size_t i = 0; i < 16; i++) {
        if (i < count)
            output_printf(&s->out, "%s%02x", i == 8 ? "  " : " ", bytes[i]);
        else
            output_string(&s->out, i == 8 ? "    " : "   ");
        text[i] = i < count ? (bytes[i] >= ' ' && bytes[i] < 0x7f ? (char)bytes[i] : '.') : '\0';
    }
    text[16] = '\0';
    output_printf(&s->out, "  |%s|\n", text);
}

/* A read begins at a multiple of 16 from the first byte on: all but the last are full. */
static bool dump(struct shell *s, void *context, uint64_t offset, const uint8_t *bytes,
                 size_t count)
{
    if (count != 0)
        *(bool *)context = true;
    for (size_t i = 0; i < count; i += 16) {
        dump_line(s, offset + i, bytes + i, count - i < 16 ? count - i : 16);
        if (i % PRINT_BYTES == 0 && input_interrupted(&s->in))
            return false;
    }
    return true;
}

void cmd_hexdump(struct shell *s, int argc, char **argv)
{
    uint64_t offset = 0, count = UINT64_MAX;
    bool printed = false;
    char path[SHELL_PATH];

    if (!files_has(s, "hexdump", argc, 1) || !files_path(s, "hexdump", argv[1], path))
        return;
    if ((argc > 2 && !files_number(argv[2], &offset)) ||
        (argc > 3 && !files_number(argv[3], &count))) {
        shell_error(s, "hexdump: %.40s is no number, as 512 or 0x200; usage: %s",
                    argc > 2 && !files_number(argv[2], &offset) ? argv[2] : argv[3],
                    command_find("hexdump")->usage);
        return;
    }
    if (read_file(s, "hexdump", path, offset, count, dump, &printed) && !printed && count != 0)
        shell_error(s, "hexdump: %.200s has nothing at byte %llu", path,
                    (unsigned long long)offset);
}

/* ---- sha256sum */

static bool add_to_sum(struct shell *s, void *context, uint64_t offset, const uint8_t *bytes,
                       size_t count)
{
    (void)s;
    (void)offset;
    sha256_add(context, bytes, count);
    return true;
}

static void print_sum(struct shell *s, const char *path, const uint8_t sum[SHA256_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * SHA256_BYTES + 1];
    struct json j;

    for (size_t i = 0; i < SHA256_BYTES; i++) {
        text[2 * i] = digits[sum[i] >> 4];
        text[2 * i + 1] = digits[sum[i] & 15];
    }
    text[sizeof(text) - 1] = '\0';
    if (s->json) {
        j = json_begin(&s->out);
        json_string(&j, "path", path);
        json_string(&j, "sha256", text);
        json_end(&j);
        return;
    }
    output_printf(&s->out, "%s  ", text);
    files_print_name(s, path);
    output_string(&s->out, "\n");
}

void cmd_sha256sum(struct shell *s, int argc, char **argv)
{
    uint8_t sum[SHA256_BYTES];
    struct sha256 sha;
    char path[SHELL_PATH];

    if (!files_has(s, "sha256sum", argc, 1))
        return;
    for (int i = 1; i < argc; i++) {
        sha256_begin(&sha);
        if (!files_path(s, "sha256sum", argv[i], path) ||
            !read_file(s, "sha256sum", path, 0, UINT64_MAX, add_to_sum, &sha))
            return;
        sha256_end(&sha, sum);
        print_sum(s, path, sum);
    }
}

/* ---- cp */

/* From one open file to another; the bytes that a read leaves in the window a write takes there.
 * False: ^C. */
static bool copy_bytes(struct shell *s, struct files *f, uint32_t from, uint32_t to, int *error)
{
    uint64_t offset = 0;
    uint32_t done = 1;

    *error = E_OK;
    while (done != 0 && *error == E_OK) {
        if (input_interrupted(&s->in))
            return false;
        *error = files_read(f, from, offset, FILES_DATA_BYTES, &done);
        if (*error == E_OK && done != 0)
            *error = files_write(f, to, offset, done);
        offset += done;
    }
    return true;
}

/* @file is open to be read; so nothing of it is lost if @to is the same by another name. */
static void copy_to(struct shell *s, struct files *f, uint32_t file, const char *to)
{
    struct fs_status status;
    bool is_whole;
    uint32_t copy;
    int error = files_open(f, to, FS_MODE_REPLACE, &copy, &status), closed;

    if (files_failed_to_make(s, "cp", to, error))
        return;
    is_whole = copy_bytes(s, f, file, copy, &error);
    closed = files_close(f, copy);
    if (error == E_OK)
        error = closed;
    files_failed(s, "cp", to, error);
    if ((!is_whole || error != E_OK) && status.what == FS_KIND_FILE)
        shell_error(s, "cp: %.200s is not whole%s", to,
                    files_remove(f, to) == E_OK ? "; it was removed" : "");
}

void cmd_cp(struct shell *s, int argc, char **argv)
{
    struct files *f = files_has(s, "cp", argc, 2) ? files_ask(s) : NULL;
    char from[SHELL_PATH], to[SHELL_PATH];
    struct fs_status status;
    uint32_t file;

    if (!f || !files_path(s, "cp", argv[1], from) || !files_path(s, "cp", argv[2], to))
        return;
    if (!files_target(f, from, to)) {
        shell_error(s, "cp: a path can have %d bytes at most", FS_PATH_MAX);
        return;
    }
    if (strcmp(from, to) == 0)
        shell_error(s, "cp: %.200s is the file itself; a copy needs another name", from);
    else if (files_open_to_read(s, "cp", from, &file, &status)) {
        copy_to(s, f, file, to);
        (void)files_close(f, file);
    }
}
