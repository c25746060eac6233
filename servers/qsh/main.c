/*
 * main.c - the shell's loop: read a line, run it.
 * All state is in one static record: the stack stays small.
 */
#include <stdlib.h>
#include "qsh.h"

#define SLOT_TERMINAL SLOT_FREE

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

int main(void)
{
    struct shell *s = &shell;

    s->info = quoll_info();
    s->out.terminal = s->in.terminal = SLOT_TERMINAL;
    if (names_lookup("console", SLOT_TERMINAL) != E_OK)
        abort(); /* nobody to tell but root, which sees the fault */
    lineedit_init(&s->edit, "quoll> ",
                  (struct lineedit_callbacks){shell_write, command_candidate, s});
    output_string(&s->out, "\nQuoll " QSH_VERSION ". Type help for the commands.\n");
    for (;;)
        shell_turn(s);
}
