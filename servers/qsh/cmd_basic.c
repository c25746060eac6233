/*
 * cmd_basic.c - commands that ask no server: help, echo, clear, version.
 */
#include "qsh.h"

static void help_json(struct shell *s, const struct command *c)
{
    struct json j = json_begin(&s->out);

    json_string(&j, "command", c->name);
    json_string(&j, "summary", c->summary);
    json_string(&j, "usage", c->usage);
    json_end(&j);
}

static void help_list(struct shell *s)
{
    for (size_t i = 0; i < commands_count; i++) {
        if (s->json)
            help_json(s, &commands[i]);
        else
            output_printf(&s->out, "%-10s %s\n", commands[i].name, commands[i].summary);
    }
    if (!s->json)
        output_string(&s->out, "Type help COMMAND for more about one.\n");
}

void cmd_help(struct shell *s, int argc, char **argv)
{
    struct suggestion near;
    const struct command *c;
    const char *best;

    if (argc == 1) {
        help_list(s);
        return;
    }
    c = command_find(argv[1]);
    if (c && s->json) {
        help_json(s, c);
        return;
    }
    if (c) {
        output_printf(&s->out, "%s: %s\nusage: %s\n", c->name, c->summary, c->usage);
        output_string(&s->out, c->details);
        return;
    }
    near = suggest_begin(argv[1]);
    for (size_t i = 0; i < commands_count; i++)
        suggest_offer(&near, commands[i].name);
    best = suggest_best(&near);
    shell_error(s, "help: no command %.40s; %s%s", argv[1], best ? "did you mean " : "",
                best ? best : "type help for the list");
}

void cmd_echo(struct shell *s, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        output_string(&s->out, i > 1 ? " " : "");
        output_string(&s->out, argv[i]);
    }
    output_string(&s->out, "\n");
}

void cmd_clear(struct shell *s, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    output_string(&s->out, "\x1b[H\x1b[2J");
    s->out.mid_row = false; /* the cursor is at the screen's start */
}

void cmd_version(struct shell *s, int argc, char **argv)
{
    const char *build = s->info->debug_build ? "debug" : "release";
    struct json j;

    (void)argc;
    (void)argv;
    if (!s->json) {
        output_printf(&s->out, "Quoll %s, ABI %d, %s build\n", QSH_VERSION, QUOLL_ABI_VERSION,
                      build);
        return;
    }
    j = json_begin(&s->out);
    json_string(&j, "version", QSH_VERSION);
    json_u64(&j, "abi", QUOLL_ABI_VERSION);
    json_string(&j, "build", build);
    json_end(&j);
}
