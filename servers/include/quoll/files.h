/*
 * files.h - files, for programs: what they ask of the fs server, by path, through the window of
 * pages that it shares with them. The window's last page is for paths, the rest for contents.
 * One thread a task. Every function returns E_OK, an error of the interface fs, or one of the call.
 */
#ifndef QUOLL_FILES_H
#define QUOLL_FILES_H

#include <idl/fs.h>
#include <stddef.h>

enum {
    FILES_DATA_BYTES = (FS_WINDOW_PAGES - 1) * 4096, /* at most one read, write or list */
    FILES_SLOTS = (FS_WINDOW_PAGES + 3) / 4 * 4,
};

struct files {
    uint64_t fs;    /* the server's handle; set by the caller, like the next two */
    uint64_t slots; /* the first of FILES_SLOTS empty slots */
    unsigned
        place; /* where the window is mapped: a place of client_session.h that no session has */

    uint8_t *data; /* FILES_DATA_BYTES: what was read, what is to be written */
    char *paths;   /* one page */
};

/* An entry of a directory. */
struct files_entry {
    enum fs_kind what;
    bool is_read_only;
    uint64_t bytes, modified;
    char name[FS_PATH_MAX + 1];
};

/* A way through a directory; all zero is its beginning. What changes meanwhile may be missed. */
struct files_walk {
    uint32_t skip, left; /* entries before those in the window; in the window */
    uint32_t at;
};

/** Map the window. Errors: NO_RIGHT (the manifest has no `files`), LIMIT, NO_MEMORY. */
int files_open_window(struct files *f);

int files_open(struct files *f, const char *path, enum fs_mode mode, uint32_t *file,
               struct fs_status *status);

/** Up to @count bytes, at most FILES_DATA_BYTES, into f->data. */
int files_read(struct files *f, uint32_t file, uint64_t offset, uint32_t count, uint32_t *done);

/** All of the first @count bytes of f->data; FULL: not all of them. */
int files_write(struct files *f, uint32_t file, uint64_t offset, uint32_t count);

int files_close(struct files *f, uint32_t file);

int files_stat(struct files *f, const char *path, struct fs_status *status);
int files_remove(struct files *f, const char *path);
int files_rename(struct files *f, const char *from, const char *to);
int files_make_directory(struct files *f, const char *path);
int files_room(struct files *f, const char *path, struct fs_space *space);

/** Volume @index, from 0. NOT_FOUND: past the last. */
int files_volume(struct files *f, uint32_t index, struct fs_volume *volume);
int files_mount(struct files *f, const char *name);
int files_unmount(struct files *f, const char *name);

/** The next entry. Errors: NOT_FOUND (there are no more). Nothing else may use the window between
 *  two calls. */
int files_next(struct files *f, const char *path, struct files_walk *walk,
               struct files_entry *entry);

#endif
