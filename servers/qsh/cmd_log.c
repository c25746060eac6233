/*
 * cmd_log.c - the system log, which arrives in blocks and is printed in lines.
 */
#include <quoll/proto.h>
#include <string.h>
#include "qsh.h"

#define LOG_LINE_MAX 400 /* a longer one is printed in pieces */

struct log_line {
    size_t used;
    char text[LOG_LINE_MAX + 1];
};

static void log_line_print(struct shell *s, struct log_line *line)
{
    struct json j;

    line->text[line->used] = '\0';
    line->used = 0;
    if (s->json) {
        j = json_begin(&s->out);
        json_string(&j, "line", line->text);
        json_end(&j);
        return;
    }
    output_string(&s->out, line->text);
    output_string(&s->out, "\n");
}

static void log_put(struct shell *s, struct log_line *line, char c)
{
    if (c == '\r' || c == '\0')
        return;
    if (c != '\n')
        line->text[line->used++] = c;
    if (c == '\n' || line->used == LOG_LINE_MAX)
        log_line_print(s, line);
}

void cmd_log(struct shell *s, int argc, char **argv)
{
    char bytes[PROTO_BYTES_MAX];
    struct log_line line = {0};
    uint64_t cap, first = 0, offset = 0;
    size_t got;

    (void)argc;
    (void)argv;
    if (!shell_service(s, SERVICE_SYSTEM, &cap))
        return;
    do {
        int error = system_log(cap, offset, &first, bytes, sizeof(bytes), &got);

        if (shell_failed(s, "log", error))
            return;
        for (size_t i = 0; i < got; i++)
            log_put(s, &line, bytes[i]);
        offset = first + got;
    } while (got > 0 && !input_interrupted(&s->in));
    if (line.used > 0)
        log_line_print(s, &line);
}
