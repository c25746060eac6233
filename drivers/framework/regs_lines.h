/*
 * regs_lines.h - a device's registers as numbered lines of text.
 */
#ifndef REGS_LINES_H
#define REGS_LINES_H

#include <regs/table.h>

/** Line @index of the device at @bus as @table describes it into @text of @size bytes. False: past
 *  the last. Reads the registers anew, those that reading does not change. */
bool regs_line_at(const struct regs_table *table, struct regs_bus bus, unsigned index, char *text,
                  size_t size);

/** The same below a line that says @title, for a device of several tables: behind the last line
 *  @index becomes that of the table that follows. */
bool regs_line_below(const char *title, const struct regs_table *table, struct regs_bus bus,
                     unsigned *index, char *text, size_t size);

#endif
