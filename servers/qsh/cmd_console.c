/*
 * cmd_console.c - where the shell's session is shown and typed, and moving it.
 */
#include <quoll/error.h>
#include <string.h>
#include "qsh.h"

static const char *const targets[] = {"serial", "screen"};

static void show(struct shell *s)
{
    struct terminal_place p;
    struct json j;

    if (shell_failed(s, "console", terminal_place(s->out.terminal, &p)))
        return;
    if (!s->json) {
        output_printf(&s->out,
                      "on %s, %u columns, %u rows; the devices below were restarted %llu "
                      "times\n",
                      p.on_screen ? "the screen" : "the serial line", p.columns, p.rows,
                      (unsigned long long)p.restarts);
        return;
    }
    j = json_begin(&s->out);
    json_string(&j, "on", targets[p.on_screen]);
    json_u64(&j, "columns", p.columns);
    json_u64(&j, "rows", p.rows);
    json_u64(&j, "device_restarts", p.restarts);
    json_u64(&j, "bytes_in", p.bytes_in);
    json_u64(&j, "bytes_out", p.bytes_out);
    json_end(&j);
}

static void move(struct shell *s, const char *to)
{
    bool to_screen = strcmp(to, "screen") == 0;
    int error;

    if (!to_screen && strcmp(to, "serial") != 0) {
        shell_error(s, "console: %.40s is neither serial nor screen; usage: %s", to,
                    command_find("console")->usage);
        return;
    }
    output_flush(&s->out);
    error = terminal_move(s->out.terminal, to_screen);
    if (error == E_NOT_FOUND)
        shell_error(s, "console: there is no %s to move to; lsdev %s and devman explain say why",
                    to_screen ? "screen" : "serial line", to_screen ? "display" : "serial");
    else if (error == E_BUSY)
        shell_error(s, "console: another session is on the %s",
                    to_screen ? "screen" : "serial line");
    else if (!shell_failed(s, "console", error))
        show(s);
}

void cmd_console(struct shell *s, int argc, char **argv)
{
    if (argc == 1)
        show(s);
    else if (argc == 3 && strcmp(argv[1], "move") == 0)
        move(s, argv[2]);
    else
        shell_error(s, "console: %s; usage: %s", argc == 2 ? "move it where?" : "what with it?",
                    command_find("console")->usage);
}

const char *console_word(struct shell *s, size_t index)
{
    if (s->word_at == 1)
        return index == 0 ? "move" : NULL;
    return index < 2 ? targets[index] : NULL;
}
