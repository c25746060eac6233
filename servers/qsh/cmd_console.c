/*
 * cmd_console.c - where the shell's session is shown and typed: moving it, the screen's picture,
 * the keyboard's layout.
 */
#include <quoll/error.h>
#include <stdio.h>
#include <string.h>
#include "qsh.h"

static const struct {
    const char *word, *text;
} targets[] = {
    [TERMINAL_ON_SERIAL] = {"serial", "the serial line"},
    [TERMINAL_ON_SCREEN] = {"screen", "the screen"},
    [TERMINAL_ON_BOTH] = {"both", "the serial line and the screen"},
};
#define TARGETS (sizeof(targets) / sizeof(targets[0]))

static void show(struct shell *s)
{
    struct terminal_place p;
    struct json j;

    if (shell_failed(s, "console", terminal_place(s->out.terminal, &p)))
        return;
    if (!s->json) {
        output_printf(&s->out, "on %s, %u columns, %u rows; drivers restarted: %llu\n",
                      targets[p.on].text, p.columns, p.rows, (unsigned long long)p.restarts);
        return;
    }
    j = json_begin(&s->out);
    json_string(&j, "on", targets[p.on].word);
    json_u64(&j, "columns", p.columns);
    json_u64(&j, "rows", p.rows);
    json_u64(&j, "device_restarts", p.restarts);
    json_u64(&j, "bytes_in", p.bytes_in);
    json_u64(&j, "bytes_out", p.bytes_out);
    json_end(&j);
}

static void move(struct shell *s, const char *name)
{
    size_t to = 0;
    int error;

    while (to < TARGETS && strcmp(targets[to].word, name) != 0)
        to++;
    if (to == TARGETS) {
        shell_error(s, "console: %.40s is neither serial nor screen nor both; usage: %s", name,
                    command_find("console")->usage);
        return;
    }
    output_flush(&s->out);
    error = terminal_move(s->out.terminal, (enum terminal_on)to);
    if (error == E_NOT_FOUND)
        shell_error(s, "console: there is no %s to move to; lsdev %s and devman explain say why",
                    to == TERMINAL_ON_SCREEN ? "screen" : "serial line",
                    to == TERMINAL_ON_SCREEN ? "display" : "serial");
    else if (error == E_BUSY)
        shell_error(s, "console: another session is on the serial line");
    else if (!shell_failed(s, "console", error))
        show(s);
}

static void draw(struct shell *s, bool pixels)
{
    int error;

    output_flush(&s->out);
    error = terminal_draw(s->out.terminal, pixels);
    if (error == E_NOT_FOUND)
        shell_error(s, "console: there is no screen; lsdev display and devman explain say why");
    else if (error == E_UNSUPPORTED)
        shell_error(s, "console: the display can't show %s", pixels ? "graphics" : "text");
    else if (error == E_BUSY)
        shell_error(s, "console: the display's driver does not answer; drivers says how it stands");
    else if (!shell_failed(s, "console", error))
        show(s);
}

static void show_layout(struct shell *s)
{
    char name[TERMINAL_NAME];
    struct json j;
    int error = terminal_get_layout(s->out.terminal, name);

    if (error == E_NOT_FOUND) {
        shell_error(s, "console: there is no keyboard; lsdev input and devman explain say why");
    } else if (!shell_failed(s, "console", error) && !s->json) {
        output_printf(&s->out, "the keyboard's layout is %s\n", name);
    } else if (error == E_OK) {
        j = json_begin(&s->out);
        json_string(&j, "layout", name);
        json_end(&j);
    }
}

static void wrong_layout(struct shell *s, const char *name)
{
    char known[TERMINAL_NAME], all[80] = "";
    size_t n = 0;

    for (unsigned i = 0;
         n + sizeof(known) < sizeof(all) && terminal_layout(s->out.terminal, i, known) == E_OK; i++)
        n += (size_t)snprintf(all + n, sizeof(all) - n, " %s", known);
    shell_error(s, "console: there is no layout %.40s; there are:%s", name, all);
}

static void set_layout(struct shell *s, const char *name)
{
    int error = terminal_set_layout(s->out.terminal, name);

    if (error == E_BAD_ARG)
        wrong_layout(s, name);
    else if (error == E_NOT_FOUND || !shell_failed(s, "console", error))
        show_layout(s);
}

void cmd_console(struct shell *s, int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (argc == 1)
        show(s);
    else if (argc == 3 && strcmp(what, "move") == 0)
        move(s, argv[2]);
    else if (argc == 2 && (strcmp(what, "graphics") == 0 || strcmp(what, "text") == 0))
        draw(s, what[0] == 'g');
    else if (argc == 2 && strcmp(what, "layout") == 0)
        show_layout(s);
    else if (argc == 3 && strcmp(what, "layout") == 0)
        set_layout(s, argv[2]);
    else if (argc == 2 && strcmp(what, "move") == 0)
        shell_error(s, "console: move it where? usage: %s", command_find("console")->usage);
    else
        shell_error(s, "console: %.40s is nothing that can be done with it; usage: %s",
                    argv[argc - 1], command_find("console")->usage);
}

const char *console_word(struct shell *s, size_t index)
{
    static const char *const words[] = {"graphics", "layout", "move", "text"};

    if (s->word_at == 1)
        return index < sizeof(words) / sizeof(words[0]) ? words[index] : NULL;
    return index < TARGETS && s->word_at == 2 ? targets[index].word : NULL;
}
