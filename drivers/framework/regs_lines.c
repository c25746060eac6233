/*
 * regs_lines.c - a device's registers as text, line by line, for `regs D`: each line is asked for
 * by its number, so a driver keeps nothing between two requests.
 */
#include "regs_lines.h"

#include <stdio.h>

struct wanted {
    unsigned index;
    char *text;
    size_t size;
    bool found;
};

static void take(void *context, const char *line)
{
    struct wanted *w = context;

    if (w->index-- == 0) {
        (void)snprintf(w->text, w->size, "%s", line);
        w->found = true;
    }
}

bool regs_line_at(const struct regs_table *table, struct regs_bus bus, unsigned index, char *text,
                  size_t size)
{
    struct wanted w = {.index = index, .text = text, .size = size};

    regs_dump(table, &bus, take, &w);
    return w.found;
}

bool regs_line_below(const char *title, const struct regs_table *table, struct regs_bus bus,
                     unsigned *index, char *text, size_t size)
{
    struct wanted w = {.index = *index, .text = text, .size = size};

    take(&w, title);
    if (!w.found) {
        regs_dump(table, &bus, take, &w);
    }
    *index = w.index;
    return w.found;
}
