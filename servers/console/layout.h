/*
 * layout.h - the keyboard's layout, between the terminals and the keyboard's driver; see layout.c.
 */
#ifndef CONSOLE_LAYOUT_H
#define CONSOLE_LAYOUT_H

#include <quoll/queue.h>
#include <stdbool.h>
#include <stdint.h>

/** The next thing to ask of the keyboard's driver or to tell it, through @queue; @offset: of
 *  INPUT_LAYOUTS_BYTES of the session's data region. */
void layout_pump(struct queue_client *queue, uint64_t offset);

/** Was that a request of layout_pump's? @data: what lies at its offset. */
bool layout_done(const struct queue_done *done, const char *data);

/** The driver was restarted. */
void layout_again(void);

/** The keyboard is gone, and its queue. */
void layout_forget(void);

/** The layout in use; another one, which stays over the driver's restarts; layout @index. Names
 *  have TERMINAL_LAYOUT_MAX bytes and a NUL. Errors: NOT_FOUND (no keyboard, or its driver has not
 *  said; past the last), BAD_ARG (no layout of that name). */
int layout_get(char *name);
int layout_set(const char *name);
int layout_name(unsigned index, char *name);

#endif
