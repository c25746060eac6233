/*
 * layout.c - the keyboard's layout: which ones there are and which is in use, as the driver has
 * said, and the one that was asked for, which each successor is given. All of that goes through the
 * queue of keyboard.c's session, one request at a time, and who asks is answered with what is known
 * here: no terminal waits for a driver that may not come back.
 */
#include "layout.h"

#include <idl/input_queue.h>
#include <idl/terminal.h>
#include <string.h>

#define LAYOUTS_MAX (INPUT_LAYOUTS_BYTES / 2)
_Static_assert(TERMINAL_LAYOUT_MAX == INPUT_LAYOUT_MAX, "a name fits the terminals' too");

static char text[INPUT_LAYOUTS_BYTES + 1]; /* copied: the driver may still write there */
static const char *names[LAYOUTS_MAX];
static unsigned count, in_use = LAYOUTS_MAX; /* `count` or more: not known */
static char chosen[INPUT_LAYOUT_MAX + 1];    /* empty: the driver's own */

/* A driver is asked for its list, then told the layout, or asked for its own. */
static enum { NOTHING, LIST, SET, GET } next = LIST, under_way;
static uint64_t seq; /* 0: nothing is under way */

static unsigned find(const char *name)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return count;
}

/* A name is one word that can be printed and typed. */
static bool is_sound(const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < n; i++) {
        if (name[i] <= ' ' || name[i] > '~') {
            return false;
        }
    }
    return n != 0 && n <= INPUT_LAYOUT_MAX;
}

/* Up to the first that is wrong. */
static void take_names(const char *from, uint32_t bytes)
{
    memcpy(text, from, bytes);
    text[bytes] = '\0';
    count = 0;
    for (char *at = text; at < text + bytes && is_sound(at); at += strlen(at) + 1) {
        names[count++] = at;
    }
}

/* The index may have changed, and a successor knows nothing of it. */
static void choose_again(void)
{
    if (chosen[0] != '\0') {
        in_use = find(chosen);
        chosen[0] = in_use != count ? chosen[0] : '\0';
    }
    if (next != LIST) {
        next = chosen[0] != '\0' ? SET : GET;
    }
}

void layout_forget(void)
{
    count = 0;
    in_use = LAYOUTS_MAX;
    next = LIST;
    seq = 0;
}

void layout_again(void)
{
    next = LIST;
}

void layout_pump(struct queue_client *queue, uint64_t offset)
{
    int error = E_BUSY;

    if (seq != 0 || next == NOTHING) {
        return;
    }
    if (next == LIST) {
        error = input_submit_list_layouts(queue, offset, INPUT_LAYOUTS_BYTES, &seq);
    } else if (next == SET) {
        error = input_submit_set_layout(queue, in_use, &seq);
    } else {
        error = input_submit_get_layout(queue, &seq);
    }
    if (error == E_OK) {
        under_way = next;
        next = NOTHING;
    }
}

bool layout_done(const struct queue_done *done, const char *data)
{
    uint32_t result = 0;

    if (done->seq != seq) {
        return false;
    }
    seq = 0;
    if (under_way == LIST) {
        if (input_finish_list_layouts(done, INPUT_LAYOUTS_BYTES, &result) == E_OK) {
            take_names(data, result);
            choose_again();
        }
    } else if (under_way == GET) {
        if (input_finish_get_layout(done, &result) == E_OK && chosen[0] == '\0') {
            in_use = result;
        }
    } else if (input_finish_set_layout(done) != E_OK && next == NOTHING) {
        chosen[0] = '\0';
        next = GET;
    }
    return true;
}

int layout_name(unsigned index, char *name)
{
    if (index >= count) {
        return E_NOT_FOUND;
    }
    memcpy(name, names[index], strlen(names[index]) + 1);
    return E_OK;
}

int layout_get(char *name)
{
    return layout_name(in_use, name);
}

int layout_set(const char *name)
{
    unsigned found = find(name);

    if (found == count) {
        return count == 0 ? E_NOT_FOUND : E_BAD_ARG;
    }
    memcpy(chosen, names[found], strlen(names[found]) + 1);
    in_use = found;
    next = next == LIST ? LIST : SET;
    return E_OK;
}
