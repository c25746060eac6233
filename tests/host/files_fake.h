/*
 * files_fake.h - a fs server for tests of the shell's commands: a few files in memory, behind the
 * functions of quoll/files.h.
 */
#ifndef FILES_FAKE_H
#define FILES_FAKE_H

#include <quoll/files.h>

#define FAKE_FILES 12

struct fake_file {
    char path[64];
    enum fs_kind what;
    char contents[256];
    uint32_t bytes;
};

extern struct fake_file fake_files[FAKE_FILES];

/* What every call answers from now on, unless E_OK; of the window alone; of writes alone. */
extern int fake_files_error, fake_window_error, fake_write_error;

/* Files that are open. */
extern unsigned fake_open;

extern bool fake_mounted;

struct fake_file *fake_file(const char *path);

#endif
