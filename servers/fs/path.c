/*
 * path.c - names, and what a task may reach by them. A backslash is refused: FAT would take it for
 * a slash, and all that is checked here would not hold. Upper and lower case are different here,
 * even where a file system takes them for the same: who spells the way to its root otherwise is
 * refused.
 */
#include "fs.h"

#include <string.h>

static bool is_good_part(const char *part, size_t bytes)
{
    if (bytes == 0 || (bytes == 1 && part[0] == '.') ||
        (bytes == 2 && part[0] == '.' && part[1] == '.')) {
        return false;
    }
    for (size_t i = 0; i < bytes; i++) {
        if ((unsigned char)part[i] < ' ' || part[i] == 0x7f || part[i] == '\\') {
            return false;
        }
    }
    return true;
}

int path_check(char *path)
{
    size_t bytes = strlen(path);
    const char *part = path + 1;

    if (path[0] != '/' || bytes > FS_PATH_MAX) {
        return E_BAD_ARG;
    }
    if (bytes > 2 && path[bytes - 1] == '/') {
        path[--bytes] = '\0';
    }
    while (bytes > 1) {
        const char *slash = strchr(part, '/');
        if (!is_good_part(part, slash != NULL ? (size_t)(slash - part) : strlen(part))) {
            return E_BAD_ARG;
        }
        if (slash == NULL) {
            break;
        }
        part = slash + 1;
    }
    return E_OK;
}

bool path_is_within(const char *path, const char *above)
{
    size_t n = strlen(above);

    return strcmp(above, "/") == 0 ||
           (strncmp(path, above, n) == 0 && (path[n] == '\0' || path[n] == '/'));
}

int path_may(const struct access *access, const char *path, bool is_change)
{
    const char *root = access->root;

    if (is_change) {
        bool is_below = path_is_within(path, root) && strcmp(path, root) != 0;
        return access->may_write && is_below ? E_OK : E_NO_RIGHT;
    }
    return access->may_read && (path_is_within(path, root) || path_is_within(root, path))
               ? E_OK
               : E_NO_RIGHT;
}

bool path_shows(const struct access *access, const char *path, const char *name)
{
    size_t n = strlen(path), bytes = strlen(name);
    const char *root = access->root;

    if (path_is_within(path, root)) {
        return true;
    }
    n += n != 1; /* the slash behind it; "/" has it */
    return strlen(root) >= n + bytes && strncmp(root + n, name, bytes) == 0 &&
           (root[n + bytes] == '\0' || root[n + bytes] == '/');
}
