/*
 * files.h - what the commands for files share: the fs server, paths from where the shell is, and
 * what is said when something fails.
 */
#ifndef QSH_FILES_H
#define QSH_FILES_H

#include "qsh.h"

#include <quoll/files.h>

#define SHELL_PATH (FS_PATH_MAX + 1)

/** The shell's files, with their window; complains and returns NULL if there are none. */
struct files *files_ask(struct shell *s);

/** Where the shell is: "/" at first. */
const char *files_here(void);

/** @word as a path from the root on, seen from where the shell is: no . and .. is left in it.
 *  False, after a complaint of @command: it is too long. */
bool files_path(struct shell *s, const char *command, const char *word, char path[SHELL_PATH]);

/** Go to @path, which is a directory. */
void files_go(const char *path);

/** Complain that @command failed at @path with @error, what it means and what to do, and return
 *  true; false if it is E_OK. */
bool files_failed(struct shell *s, const char *command, const char *path, int error);

/** As files_failed, for a path that was to be made: what is not there is its directory. */
bool files_failed_to_make(struct shell *s, const char *command, const char *path, int error);

/** As files_failed, for a file that is to be read. */
bool files_open_to_read(struct shell *s, const char *command, const char *path, uint32_t *file,
                        struct fs_status *status);

/** Print @text without what would move the cursor. */
void files_print_name(struct shell *s, const char *text);

/** The arguments that @command needs are there; else complains with its usage. */
bool files_has(struct shell *s, const char *command, int argc, int least);

/** If @to is a directory, put the last name of @from behind it. False: the path is too long. */
bool files_target(struct files *f, const char *from, char to[SHELL_PATH]);

/** @path's last name, and @path with @name behind it (false: too long). */
const char *files_last_name(const char *path);
bool files_join(char path[SHELL_PATH], const char *name);

/** The numbers as in 4096 or 0x1000; false: it is none. */
bool files_number(const char *word, uint64_t *number);

#endif
