/*
 * files.c - see files.h. What lies in the window is the server's word: lengths are checked, for it
 * may be wrong but must not harm.
 */
#include <quoll/client_session.h>
#include <quoll/files.h>
#include <quoll/sys.h>
#include <quoll/task.h>
#include <string.h>

#define PAGE_BYTES 4096u

int files_open_window(struct files *f)
{
    uint64_t va = SESSION_VA(f->place);
    int error = E_OK;
    size_t got;

    for (unsigned i = 0; error == E_OK && i < FS_WINDOW_PAGES; i += (unsigned)got) {
        error = fs_call_window(f->fs, f->slots + i, i, &got);
        if (error == E_OK && (got == 0 || got > FS_WINDOW_PAGES - i)) {
            error = E_BAD_ANSWER;
        }
        for (unsigned k = 0; error == E_OK && k < got; k++) {
            error = sys_op(SLOT_VSPACE, OP_VSPACE_MAP, va + (uint64_t)(i + k) * PAGE_BYTES,
                           f->slots + i + k, RIGHT_READ | RIGHT_WRITE, CACHE_DEFAULT, 0, 0);
        }
    }
    if (error != E_OK) {
        for (unsigned i = 0; i < FILES_SLOTS; i++) {
            (void)sys_op(SLOT_CNODE, OP_CNODE_DELETE, f->slots + i, 0, 0, 0, 0, 0);
        }
        return error;
    }
    f->data = (uint8_t *)va;
    f->paths = (char *)va + FILES_DATA_BYTES;
    return E_OK;
}

/* Put @path into the window, as the first or the second one. */
static int put_path(struct files *f, const char *path, unsigned index, struct fs_text *text)
{
    size_t n = strlen(path), at = index * (size_t)(PAGE_BYTES / 2);

    if (n == 0 || n > FS_PATH_MAX) {
        return E_BAD_ARG;
    }
    memcpy(f->paths + at, path, n);
    *text = (struct fs_text){(uint32_t)(FILES_DATA_BYTES + at), (uint32_t)n};
    return E_OK;
}

int files_open(struct files *f, const char *path, enum fs_mode mode, uint32_t *file,
               struct fs_status *status)
{
    struct fs_text text;
    int error = put_path(f, path, 0, &text);

    return error != E_OK ? error : fs_call_open(f->fs, &text, mode, file, status);
}

int files_read(struct files *f, uint32_t file, uint64_t offset, uint32_t count, uint32_t *done)
{
    int error = fs_call_read(f->fs, file, offset, 0, count, done);

    return error == E_OK && *done > count ? E_BAD_ANSWER : error;
}

int files_write(struct files *f, uint32_t file, uint64_t offset, uint32_t count)
{
    uint32_t done = 0;
    int error = fs_call_write(f->fs, file, offset, 0, count, &done);

    return error == E_OK && done != count ? E_FULL : error;
}

int files_close(struct files *f, uint32_t file)
{
    return fs_call_close(f->fs, file);
}

int files_stat(struct files *f, const char *path, struct fs_status *status)
{
    struct fs_text text;
    int error = put_path(f, path, 0, &text);

    return error != E_OK ? error : fs_call_stat(f->fs, &text, status);
}

int files_remove(struct files *f, const char *path)
{
    struct fs_text text;
    int error = put_path(f, path, 0, &text);

    return error != E_OK ? error : fs_call_remove(f->fs, &text);
}

int files_rename(struct files *f, const char *from, const char *to)
{
    struct fs_text text, other;
    int error = put_path(f, from, 0, &text);

    if (error == E_OK) {
        error = put_path(f, to, 1, &other);
    }
    return error != E_OK ? error : fs_call_rename(f->fs, &text, &other);
}

int files_make_directory(struct files *f, const char *path)
{
    struct fs_text text;
    int error = put_path(f, path, 0, &text);

    return error != E_OK ? error : fs_call_make_directory(f->fs, &text);
}

int files_room(struct files *f, const char *path, struct fs_space *space)
{
    struct fs_text text;
    int error = put_path(f, path, 0, &text);

    return error != E_OK ? error : fs_call_room(f->fs, &text, space);
}

/* ---- volumes */

int files_volume(struct files *f, uint32_t index, struct fs_volume *volume)
{
    return fs_call_volume_at(f->fs, index, volume);
}

int files_mount(struct files *f, const char *name)
{
    return fs_call_mount(f->fs, name);
}

int files_unmount(struct files *f, const char *name)
{
    return fs_call_unmount(f->fs, name);
}

/* ---- directories: records as fs.idl has them */

static uint64_t get(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = bytes; i-- > 0;) {
        value = value << 8 | at[i];
    }
    return value;
}

static int take_record(const struct files *f, struct files_walk *walk, struct files_entry *entry)
{
    uint32_t room = FILES_DATA_BYTES - walk->at;
    uint8_t at[FS_RECORD_BYTES] = {0}; /* a copy: fs could write there */
    uint64_t bytes, name;

    memcpy(at, f->data + walk->at, room < sizeof(at) ? room : sizeof(at));
    bytes = get(at, 2);
    name = get(at + 2, 2);
    if (bytes < FS_RECORD_BYTES || bytes > room || name > bytes - FS_RECORD_BYTES ||
        name > FS_PATH_MAX || at[4] > FS_KIND_DISK) {
        return E_BAD_ANSWER;
    }
    entry->what = (enum fs_kind)at[4];
    entry->is_read_only = at[5] != 0;
    entry->bytes = get(at + 8, 8);
    entry->modified = get(at + 16, 8);
    memcpy(entry->name, f->data + walk->at + FS_RECORD_BYTES, name);
    entry->name[name] = '\0';
    walk->at += (uint32_t)bytes;
    walk->left--;
    return E_OK;
}

int files_next(struct files *f, const char *path, struct files_walk *walk,
               struct files_entry *entry)
{
    struct fs_text text;
    int error;

    do {
        if (walk->left == 0) {
            error = put_path(f, path, 0, &text);
            if (error == E_OK) {
                error = fs_call_list(f->fs, &text, walk->skip, 0, FILES_DATA_BYTES, &walk->left);
            }
            if (error == E_OK && walk->left == 0) {
                error = E_NOT_FOUND;
            }
            if (error != E_OK) {
                return error;
            }
            walk->at = 0;
            walk->skip += walk->left;
        }
        error = take_record(f, walk, entry);
    } while (error == E_OK && entry->name[0] == '\0'); /* not for this task to see */
    return error;
}
