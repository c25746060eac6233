/*
 * cmd_kdb.c - into the kernel's debugger, which takes the serial line over until it is left.
 */
#include <quoll/sys.h>
#include <string.h>
#include "qsh.h"

static const struct {
    const char *word;
    enum quoll_debug function;
} ways[] = {{"panic", DEBUG_PANIC}, {"fault", DEBUG_FAULT}};

const char *kdb_word(struct shell *s, size_t index)
{
    (void)s;
    return index < sizeof(ways) / sizeof(ways[0]) ? ways[index].word : NULL;
}

void cmd_kdb(struct shell *s, int argc, char **argv)
{
    enum quoll_debug function = DEBUG_ENTER;

    for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (strcmp(argv[1], ways[i].word) == 0)
            function = ways[i].function;
    }
    if (argc > 1 && function == DEBUG_ENTER) {
        shell_error(s, "kdb: %.40s is neither panic nor fault; usage: kdb [panic | fault]",
                    argv[1]);
        return;
    }
    if (!(s->info->build & QUOLL_BUILD_DEBUG)) {
        shell_error(s, "kdb: this kernel is a release build; for the debugger: make DEBUG=1 run");
        return;
    }
    output_flush(&s->out);
    (void)terminal_flush(s->out.terminal); /* the driver has nothing left to send meanwhile */
    (void)shell_failed(s, "kdb", sys_debug(function, DEBUG_MAGIC));
}
