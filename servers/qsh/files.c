/*
 * files.c - see files.h.
 */
#include "files.h"
#include <quoll/error.h>
#include <stdlib.h>
#include <string.h>

#define SLOT_WINDOW  (SLOT_FREE + 80)
#define WINDOW_PLACE 11 /* of client_session.h; sessions of commands take the first */

static char here[SHELL_PATH] = "/";

struct files *files_ask(struct shell *s)
{
    static struct files files = {.slots = SLOT_WINDOW, .place = WINDOW_PLACE};
    int error;

    if (!shell_service(s, SERVICE_FS, &files.fs))
        return NULL;
    error = files.data ? E_OK : files_open_window(&files);
    if (error == E_NO_RIGHT)
        shell_error(s, "this shell may reach no files: the system manifest does not say files = "
                       "... for it");
    else if (error == E_LIMIT)
        shell_error(s, "too many tasks use files");
    else if (error != E_OK)
        shell_failed(s, "the fs server", error);
    return error == E_OK ? &files : NULL;
}

/* ---- paths */

const char *files_here(void)
{
    return here;
}

void files_go(const char *path)
{
    memcpy(here, path, strlen(path) + 1);
}

/* Take the last name off @path, which is "/" at last. */
static void go_up(char *path)
{
    char *slash = strrchr(path, '/');

    slash[slash == path] = '\0';
}

bool files_join(char path[SHELL_PATH], const char *name)
{
    size_t n = strlen(path), bytes = strlen(name);

    if (n > 1)
        path[n++] = '/';
    if (n + bytes >= SHELL_PATH)
        return false;
    memcpy(path + n, name, bytes + 1);
    return true;
}

const char *files_last_name(const char *path)
{
    return strrchr(path, '/') + 1;
}

/* One part of a word, of @bytes bytes, behind @path. */
static bool add_part(char *path, const char *part, size_t bytes)
{
    char name[SHELL_PATH];

    if (bytes == 0 || (bytes == 1 && part[0] == '.'))
        return true;
    if (bytes == 2 && part[0] == '.' && part[1] == '.') {
        go_up(path);
        return true;
    }
    if (bytes >= sizeof(name))
        return false;
    memcpy(name, part, bytes);
    name[bytes] = '\0';
    return files_join(path, name);
}

bool files_path(struct shell *s, const char *command, const char *word, char path[SHELL_PATH])
{
    bool fits = true;

    memcpy(path, word[0] == '/' ? "/" : here, word[0] == '/' ? 2 : strlen(here) + 1);
    while (fits && *word) {
        const char *slash = strchr(word, '/');
        size_t bytes = slash ? (size_t)(slash - word) : strlen(word);

        fits = add_part(path, word, bytes);
        word += bytes + (slash != NULL);
    }
    if (!fits)
        shell_error(s, "%s: a path can have %d bytes at most", command, FS_PATH_MAX);
    return fits;
}

bool files_target(struct files *f, const char *from, char to[SHELL_PATH])
{
    struct fs_status status;

    return files_stat(f, to, &status) != E_OK || status.what != FS_KIND_DIRECTORY ||
           files_join(to, files_last_name(from));
}

/* ---- complaints */

static const char *advice(int error)
{
    switch (error) {
    case E_EXISTS:
        return "it is there already";
    case E_NOT_FOUND:
        return "there is nothing of that name; ls lists a directory, mount lists the disks";
    case E_NO_RIGHT:
        return "out of this shell's reach: files = ... in the system manifest says what it may";
    case E_NOT_MOUNTED:
        return "it was unmounted; mount it to use it again";
    case E_UNSUPPORTED:
        return "no file or file system that is known (FAT12, FAT16, FAT32, ISO 9660)";
    case E_BUSY:
        return "it is in use: mounted, open, or on a disk that another program writes to";
    case E_BAD_ARG:
        return "no path has a control character or a backslash in it";
    case E_GONE:
        return "the disk's driver was given up; drivers says why, restart starts it again";
    case E_IO:
        return "the disk reports an error; log says more";
    case E_LIMIT:
        return "too many files are open, or file systems mounted";
    default:
        return quoll_strerror(error);
    }
}

bool files_failed(struct shell *s, const char *command, const char *path, int error)
{
    if (error != E_OK)
        shell_error(s, "%s: %.200s: %s", command, path, advice(error));
    return error != E_OK;
}

bool files_failed_to_make(struct shell *s, const char *command, const char *path, int error)
{
    if (error != E_NOT_FOUND)
        return files_failed(s, command, path, error);
    shell_error(s,
                "%s: %.200s: there is no directory for it; mkdir makes one, mount lists the disks",
                command, path);
    return true;
}

bool files_open_to_read(struct shell *s, const char *command, const char *path, uint32_t *file,
                        struct fs_status *status)
{
    struct files *f = files_ask(s);
    int error = f ? files_open(f, path, FS_MODE_READ, file, status) : E_OK;

    if (error == E_IS_DIRECTORY)
        shell_error(s, "%s: %.200s is a directory; ls lists it", command, path);
    else if (error != E_OK)
        files_failed(s, command, path, error);
    return f && error == E_OK;
}

bool files_has(struct shell *s, const char *command, int argc, int least)
{
    if (argc <= least)
        shell_error(s, "%s: %s usage: %s", command,
                    argc == 1 ? "which file?" : "one more path is needed;",
                    command_find(command)->usage);
    return argc > least;
}

void files_print_name(struct shell *s, const char *text)
{
    for (; *text; text++) {
        char c = (unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text;

        output_raw(&s->out, &c, 1);
    }
}

bool files_number(const char *word, uint64_t *number)
{
    char *end;

    *number = strtoul(word, &end, 0);
    return word[0] >= '0' && word[0] <= '9' && *end == '\0';
}
