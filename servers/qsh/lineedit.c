/*
 * lineedit.c - editing one line: what each key does to it.
 * The cursor stands on the first byte of a UTF-8 sequence or at the end. Screen: screen.c.
 */
#include "lineedit.h"
#include <string.h>

void lineedit_init(struct lineedit *e, const char *prompt, struct lineedit_callbacks on)
{
    memset(e, 0, sizeof(*e));
    e->on = on;
    e->prompt = prompt;
    e->dirty = LINE_CLEAN;
}

void lineedit_begin(struct lineedit *e)
{
    e->length = e->cursor = 0;
    e->line[0] = '\0';
    e->too_long = e->tabbed = false;
    e->history_back = 0;
    lineedit_redraw(e);
}

static void mark_dirty(struct lineedit *e, size_t from)
{
    if (from < e->dirty)
        e->dirty = from;
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* The character boundary before @at, or after it. */
static size_t step_back(const struct lineedit *e, size_t at)
{
    while (at > 0 && is_continuation(e->line[--at]))
        ;
    return at;
}

static size_t step_forward(const struct lineedit *e, size_t at)
{
    if (at < e->length)
        at++;
    while (at < e->length && is_continuation(e->line[at]))
        at++;
    return at;
}

bool lineedit_insert(struct lineedit *e, const char *bytes, size_t n)
{
    if (n > LINE_BYTES_MAX - e->length)
        return false;
    memmove(e->line + e->cursor + n, e->line + e->cursor, e->length - e->cursor + 1);
    memcpy(e->line + e->cursor, bytes, n);
    mark_dirty(e, e->cursor);
    e->cursor += n;
    e->length += n;
    return true;
}

/* Take out bytes @from to @to; the cursor goes to @from. */
static void erase(struct lineedit *e, size_t from, size_t to)
{
    if (from == to)
        return;
    memmove(e->line + from, e->line + to, e->length - to + 1);
    e->length -= to - from;
    e->cursor = from;
    mark_dirty(e, from);
}

static size_t word_before(const struct lineedit *e)
{
    size_t at = e->cursor;

    while (at > 0 && e->line[at - 1] == ' ')
        at--;
    while (at > 0 && e->line[at - 1] != ' ')
        at--;
    return at;
}

static void show_line(struct lineedit *e, const char *line)
{
    erase(e, 0, e->length);
    e->cursor = 0;
    (void)lineedit_insert(e, line, strlen(line));
}

/* Show the history line @back, 0 for the draft; stay where there is none. */
static void show_history(struct lineedit *e, size_t back)
{
    const char *line = back ? history_get(&e->history, back) : e->draft;

    if (!line)
        return;
    if (e->history_back == 0)
        memcpy(e->draft, e->line, e->length + 1);
    e->history_back = back;
    show_line(e, line);
}

static enum lineedit_event line_end(struct lineedit *e, enum lineedit_event event)
{
    e->cursor = e->length;
    lineedit_refresh(e);
    lineedit_write(e, event == LINE_CANCELED ? "^C\r\n" : "\r\n");
    if (event == LINE_READY)
        history_add(&e->history, e->line);
    return event;
}

static void key_move(struct lineedit *e, enum key key)
{
    if (key == KEY_LEFT)
        e->cursor = step_back(e, e->cursor);
    else if (key == KEY_RIGHT)
        e->cursor = step_forward(e, e->cursor);
    else if (key == KEY_HOME)
        e->cursor = 0;
    else if (key == KEY_END)
        e->cursor = e->length;
    else if (key == KEY_UP)
        show_history(e, e->history_back + 1);
    else if (key == KEY_DOWN && e->history_back > 0)
        show_history(e, e->history_back - 1);
}

static void key_erase(struct lineedit *e, enum key key)
{
    size_t at = e->cursor;

    if (key == KEY_BACKSPACE)
        erase(e, step_back(e, at), at);
    else if (key == KEY_DELETE)
        erase(e, at, step_forward(e, at));
    else if (key == KEY_ERASE_TAIL)
        erase(e, at, e->length);
    else if (key == KEY_ERASE_LINE)
        erase(e, 0, at);
    else if (key == KEY_ERASE_WORD)
        erase(e, word_before(e), at);
}

/* All but Enter, ^C and characters. */
static void key_edit(struct lineedit *e, enum key key)
{
    if (key == KEY_TAB) {
        lineedit_complete(e);
        return;
    }
    e->tabbed = false;
    if (key == KEY_CLEAR) {
        lineedit_write(e, "\x1b[H\x1b[2J");
        lineedit_redraw(e);
        return;
    }
    key_move(e, key);
    key_erase(e, key);
}

/* How many bytes follow @byte in its UTF-8 sequence, of which @left were still to come. */
static unsigned utf8_follow(unsigned left, uint8_t byte)
{
    if ((byte & 0xc0) == 0x80)
        return left > 0 ? left - 1 : 0;
    return byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : 0;
}

enum lineedit_event lineedit_feed(struct lineedit *e, uint8_t byte)
{
    enum key key = keys_feed(&e->keys, byte);
    char c = (char)byte;

    if (key == KEY_NONE)
        return LINE_NONE;
    e->utf8_left = key == KEY_CHAR && !e->too_long ? utf8_follow(e->utf8_left, byte) : 0;
    if (key == KEY_INTERRUPT)
        return line_end(e, LINE_CANCELED);
    if (key == KEY_ENTER)
        return line_end(e, e->too_long ? LINE_TOO_LONG : LINE_READY);
    if (e->too_long) /* swallowed to its end */
        return LINE_NONE;
    if (key == KEY_CHAR) {
        e->tabbed = false;
        e->too_long = !lineedit_insert(e, &c, 1);
    } else {
        key_edit(e, key);
    }
    return LINE_NONE;
}
