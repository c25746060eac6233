/*
 * cmd_basic.c - commands that ask no server: help, echo, clear, version.
 */
#include <stdlib.h>
#include <string.h>
#include "qsh.h"

#define COUNT_MAX  1000000000ul
#define COUNT_LOOK 64 /* for ^C is looked so often */

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
    if (best)
        shell_error(s, "help: no command %.40s; did you mean %s?", argv[1], best);
    else
        shell_error(s, "help: no command %.40s; type help for the list", argv[1]);
}

void cmd_echo(struct shell *s, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        output_string(&s->out, i > 1 ? " " : "");
        output_string(&s->out, argv[i]);
    }
    output_string(&s->out, "\n");
}

void cmd_count(struct shell *s, int argc, char **argv)
{
    char *end = NULL;
    unsigned long last = argc > 1 ? strtoul(argv[1], &end, 10) : 0;

    if (argc < 2 || argv[1][0] < '0' || argv[1][0] > '9' || *end != '\0' || last == 0 ||
        last > COUNT_MAX) {
        shell_error(s, "count: up to which number, from 1 to %lu? usage: %s", COUNT_MAX,
                    command_find("count")->usage);
        return;
    }
    for (unsigned long i = 1; i <= last; i++) {
        output_printf(&s->out, "%lu\n", i);
        if (i % COUNT_LOOK == 0 && input_interrupted(&s->in))
            break;
    }
}

void cmd_clear(struct shell *s, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    output_string(&s->out, "\x1b[H\x1b[2J");
    s->out.mid_row = false; /* the cursor is at the screen's start */
}

/* The names of the CPU's features, a blank before each. */
static const char *feature_names(uint64_t features)
{
    static const struct {
        uint64_t bit;
        const char *name;
    } known[] = {
#define FEATURE(name, bit, text) {QUOLL_HAS_##name, " " #name},
#include <quoll/features.def>
#undef FEATURE
    };
    static char names[256];
    size_t n = 0;

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        size_t bytes = features & known[i].bit ? strlen(known[i].name) : 0;

        if (n + bytes < sizeof(names))
            memcpy(names + n, known[i].name, bytes);
        n += n + bytes < sizeof(names) ? bytes : 0;
    }
    names[n] = '\0';
    return names;
}

void cmd_version(struct shell *s, int argc, char **argv)
{
    const char *build = s->info->build & QUOLL_BUILD_DEBUG ? "debug" : "release";
    bool fastpath = s->info->build & QUOLL_BUILD_FASTPATH;
    bool spec = s->info->build & QUOLL_BUILD_SPEC;
    const char *features = feature_names(s->info->features);
    struct json j;

    (void)argc;
    (void)argv;
    if (!s->json) {
        output_printf(&s->out, "Quoll %s, ABI %u, %s build%s%s\n", QSH_VERSION,
                      s->info->abi_version, build, fastpath ? "" : " without the fastpath",
                      spec ? " with SPEC" : "");
        output_printf(&s->out, "CPU:%s\n", features);
        return;
    }
    j = json_begin(&s->out);
    json_string(&j, "version", QSH_VERSION);
    json_u64(&j, "abi", s->info->abi_version);
    json_string(&j, "build", build);
    json_bool(&j, "fastpath", fastpath);
    json_bool(&j, "spec", spec);
    json_u64(&j, "cpus", s->info->cpu_count);
    json_string(&j, "cpu_features", *features ? features + 1 : "");
    json_end(&j);
}
