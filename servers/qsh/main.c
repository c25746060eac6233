/*
 * main.c - the shell's loop: read a line, run it.
 * All state is in one static record: the stack stays small.
 */
#include <stdlib.h>
#include <string.h>
#include "qsh.h"

#define SLOT_TERMINAL SLOT_FREE
#define SCREEN_ARG    "screen "

static struct shell shell;

static void shell_write(void *context, const char *bytes, size_t n)
{
    output_raw(&((struct shell *)context)->out, bytes, n);
}

/* Read up to the end of a line; the editor is shown what came, block by block. */
static enum lineedit_event shell_read_line(struct shell *s)
{
    enum lineedit_event event;
    uint8_t byte;

    lineedit_begin(&s->edit);
    for (;;) {
        while (input_take(&s->in, &byte)) {
            event = lineedit_feed(&s->edit, byte);
            if (event != LINE_NONE)
                return event;
        }
        lineedit_refresh(&s->edit);
        output_flush(&s->out);
        input_wait(&s->in);
    }
}

static void shell_turn(struct shell *s)
{
    enum lineedit_event event = shell_read_line(s);

    s->json = false;
    if (event == LINE_TOO_LONG)
        shell_error(s, "a line can have %d bytes at most; this one was not run", LINE_BYTES_MAX);
    if (event != LINE_READY)
        return;
    output_flush(&s->out); /* the command may take long */
    command_run(s, s->edit.line);
    output_fresh_row(&s->out);
}

/* The manifest's args, "screen N", say which virtual console is this shell's; without them the
 * console gives it the first that is free. */
static bool take_screen(struct shell *s, const char *args)
{
    size_t word = strlen(SCREEN_ARG);

    if (args[0] == '\0')
        return true;
    return strncmp(args, SCREEN_ARG, word) == 0 && args[word] >= '1' && args[word] <= '4' &&
           args[word + 1] == '\0' &&
           terminal_take(s->out.terminal, (unsigned)(args[word] - '1')) == E_OK;
}

int main(void)
{
    struct shell *s = &shell;

    s->info = quoll_info();
    s->out.terminal = s->in.terminal = SLOT_TERMINAL;
    if (names_lookup("console", SLOT_TERMINAL) != E_OK || !take_screen(s, task_info()->args))
        abort(); /* nobody to tell but root, which sees the fault */
    lineedit_init(&s->edit, "quoll> ",
                  (struct lineedit_callbacks){shell_write, command_candidate, s});
    output_string(&s->out, "\nQuoll " QSH_VERSION ". Type help for the commands.\n");
    for (;;)
        shell_turn(s);
}
