/*
 * qsh.h - the shell: its state, its table of commands, and what commands are built from.
 */
#ifndef QSH_QSH_H
#define QSH_QSH_H

#include <quoll/abi.h>
#include <quoll/client.h>
#include <quoll/info.h>
#include <quoll/task.h>
#include "args.h"
#include "input.h"
#include "json.h"
#include "lineedit.h"
#include "output.h"
#include "suggest.h"

#define QSH_VERSION "0.1.0"

enum service {
    SERVICE_SYSTEM,
    SERVICE_BENCH,
    SERVICE_TEST,
    SERVICE_FUZZ,
    SERVICE_DEVMAN,
    SERVICE_FS,
    SERVICE_NET,
    SERVICE_MUX,
    SERVICE_HTTP,
    SERVICE_COUNT
};

struct shell {
    const struct quoll_info *info;
    struct output out;
    struct input in;
    struct lineedit edit;
    bool service_known[SERVICE_COUNT]; /* its slot is filled */
    bool json;                         /* the command that runs was given --json */
    unsigned word_at;                  /* for command.word: the argument that is wanted, from 1 */
    char *argv[ARGS_MAX];
};

#define ARGUMENTS_TEXT (-2) /* any number, and a word that begins with - is no option */

struct command {
    const char *name;
    const char *summary; /* for the list: what it does, one line */
    const char *usage;
    const char *details; /* for `help CMD`, with newlines */
    bool json;           /* takes --json (which it finds in shell.json, not in argv) */
    int arguments_max;   /* checked before it runs; -1: any number; ARGUMENTS_TEXT */
    void (*run)(struct shell *s, int argc, char **argv);
    /* The @index-th word that can be its argument, NULL past the last. May itself be NULL.
     * Valid until the next call. */
    const char *(*word)(struct shell *s, size_t index);
};

extern const struct command commands[];
extern const size_t commands_count;

const struct command *command_find(const char *name);

/** The @index-th command's name, NULL past the last. */
const char *command_word(struct shell *s, size_t index);

/** Run the line @line, which is cut up on the way. */
void command_run(struct shell *s, char *line);

/** A word that can stand at @word_start of @line (struct lineedit_callbacks). */
const char *command_candidate(void *shell, const char *line, size_t word_start, size_t index);

/** One line that says what is wrong; with --json an object with the member "error". */
__attribute__((format(printf, 2, 3))) void shell_error(struct shell *s, const char *format, ...);

/** The endpoint of @service, looked up when first asked for. Errors: as names_lookup. */
int shell_lookup(struct shell *s, enum service service, uint64_t *cap);

/** The same, but complains and returns false if there is none. */
bool shell_service(struct shell *s, enum service service, uint64_t *cap);

/** Complain that @what failed with @error, and return true; false if @error is E_OK. */
bool shell_failed(struct shell *s, const char *what, int error);

void cmd_help(struct shell *s, int argc, char **argv);
void cmd_echo(struct shell *s, int argc, char **argv);
void cmd_count(struct shell *s, int argc, char **argv);
void cmd_clear(struct shell *s, int argc, char **argv);
void cmd_version(struct shell *s, int argc, char **argv);
void cmd_ps(struct shell *s, int argc, char **argv);
void cmd_mem(struct shell *s, int argc, char **argv);
void cmd_date(struct shell *s, int argc, char **argv);
void cmd_uptime(struct shell *s, int argc, char **argv);
void cmd_reboot(struct shell *s, int argc, char **argv);
void cmd_poweroff(struct shell *s, int argc, char **argv);
void cmd_log(struct shell *s, int argc, char **argv);
void cmd_kdb(struct shell *s, int argc, char **argv);
void cmd_bench(struct shell *s, int argc, char **argv);
void cmd_test(struct shell *s, int argc, char **argv);
void cmd_fuzz(struct shell *s, int argc, char **argv);
void cmd_lsdev(struct shell *s, int argc, char **argv);
void cmd_drivers(struct shell *s, int argc, char **argv);
void cmd_kill(struct shell *s, int argc, char **argv);
void cmd_restart(struct shell *s, int argc, char **argv);
void cmd_start(struct shell *s, int argc, char **argv);
void cmd_stop(struct shell *s, int argc, char **argv);
void cmd_inject(struct shell *s, int argc, char **argv);
void cmd_regs(struct shell *s, int argc, char **argv);
void cmd_devman(struct shell *s, int argc, char **argv);
void cmd_events(struct shell *s, int argc, char **argv);
void cmd_top(struct shell *s, int argc, char **argv);
void cmd_console(struct shell *s, int argc, char **argv);
void cmd_ls(struct shell *s, int argc, char **argv);
void cmd_cd(struct shell *s, int argc, char **argv);
void cmd_pwd(struct shell *s, int argc, char **argv);
void cmd_cat(struct shell *s, int argc, char **argv);
void cmd_cp(struct shell *s, int argc, char **argv);
void cmd_mv(struct shell *s, int argc, char **argv);
void cmd_rm(struct shell *s, int argc, char **argv);
void cmd_mkdir(struct shell *s, int argc, char **argv);
void cmd_hexdump(struct shell *s, int argc, char **argv);
void cmd_sha256sum(struct shell *s, int argc, char **argv);
void cmd_df(struct shell *s, int argc, char **argv);
void cmd_mount(struct shell *s, int argc, char **argv);
void cmd_umount(struct shell *s, int argc, char **argv);
void cmd_ifconfig(struct shell *s, int argc, char **argv);
void cmd_arp(struct shell *s, int argc, char **argv);
void cmd_netstat(struct shell *s, int argc, char **argv);
void cmd_nslookup(struct shell *s, int argc, char **argv);
void cmd_ping(struct shell *s, int argc, char **argv);
void cmd_tcpdump(struct shell *s, int argc, char **argv);
void cmd_wget(struct shell *s, int argc, char **argv);
void cmd_iperf(struct shell *s, int argc, char **argv);
void cmd_nc(struct shell *s, int argc, char **argv);
void cmd_web(struct shell *s, int argc, char **argv);

const char *bench_word(struct shell *s, size_t index);
const char *test_word(struct shell *s, size_t index);
const char *kdb_word(struct shell *s, size_t index);
const char *driver_word(struct shell *s, size_t index);
const char *device_word(struct shell *s, size_t index);
const char *inject_word(struct shell *s, size_t index);
const char *devman_word(struct shell *s, size_t index);
const char *follow_word(struct shell *s, size_t index);
const char *console_word(struct shell *s, size_t index);
const char *web_word(struct shell *s, size_t index);

#endif
