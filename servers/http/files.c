/*
 * files.c - files and directories, through the fs server, which lets this task see no more than its
 * manifest says. Files are sent in pieces of a connection's buffer. A few are kept open between two
 * pieces, for all who read them; whoever needs another takes the place of the one that was used
 * longest ago, and that one is opened again with its next piece: so a client that does not read
 * keeps nothing from others. A file that was changed meanwhile ends the connections that read it.
 */
#include "server.h"
#include "services.h"

#include <quoll/calendar.h>
#include <quoll/client.h>
#include <quoll/error.h>
#include <stdio.h>
#include <string.h>

#define OPEN_MAX 4u
#define OPEN_IDLE_MS                                                                               \
    1000u /* then it is closed: an open file can be neither removed nor written                    \
           */

static struct {
    bool used;
    uint32_t file;
    uint64_t used_ms;
    struct fs_status status;
    char path[PATH_BYTES];
} opened[OPEN_MAX];

static struct files files = {.fs = SLOT_FS, .slots = SLOT_WINDOW, .place = 0};

/* ---- open files */

static void close_one(unsigned i)
{
    (void)files_close(&files, opened[i].file);
    opened[i].used = false;
}

/* A place for another one. */
static unsigned find_place(void)
{
    unsigned oldest = 0;

    for (unsigned i = 0; i < OPEN_MAX; i++) {
        if (!opened[i].used) {
            return i;
        }
        oldest = opened[i].used_ms < opened[oldest].used_ms ? i : oldest;
    }
    close_one(oldest);
    return oldest;
}

static int open_file(const char *path, unsigned *which)
{
    unsigned i = 0;
    int error;

    while (i < OPEN_MAX && (!opened[i].used || strcmp(opened[i].path, path) != 0)) {
        i++;
    }
    if (i == OPEN_MAX) {
        i = find_place();
        error = files_open(&files, path, FS_MODE_READ, &opened[i].file, &opened[i].status);
        if (error != E_OK) {
            return error;
        }
        opened[i].used = true;
        memcpy(opened[i].path, path, strlen(path) + 1);
    }
    opened[i].used_ms = now_ms();
    *which = i;
    return E_OK;
}

int files_time(void)
{
    uint64_t now = now_ms();
    int ms = -1;

    for (unsigned i = 0; i < OPEN_MAX; i++) {
        if (opened[i].used && now - opened[i].used_ms >= OPEN_IDLE_MS) {
            close_one(i);
        }
        if (opened[i].used) {
            ms = OPEN_IDLE_MS;
        }
    }
    return ms;
}

/* ---- sending one */

/* Of a request for /files/disk0/a: /disk0/a. The path stays in the connection. */
static char *path_of(struct connection *c)
{
    return c->request.path + sizeof("/files") - 1;
}

#define CHANGED (-1) /* beside the errors */

/* CHANGED: it is not the file that was promised. */
static int read_piece(const struct connection *c, const char *path, uint32_t count, uint32_t *got)
{
    unsigned i;
    int error = open_file(path, &i);

    if (error != E_OK) {
        return error;
    }
    if (opened[i].status.bytes != c->file_bytes || opened[i].status.modified != c->file_modified) {
        return CHANGED;
    }
    error = files_read(&files, opened[i].file, c->at, count, got);
    if (error != E_OK) {
        close_one(i); /* it ended with its disk: perhaps there is a new one */
    }
    return error;
}

static void log_broken(const struct connection *c, const char *path, int error)
{
    char line[120];

    (void)snprintf(line, sizeof(line), "%.60s broke off at byte %llu: %s", path,
                   (unsigned long long)c->at,
                   error == CHANGED ? "it was changed" : quoll_strerror(error));
    (void)system_log_write(SLOT_SYSTEM, line);
}

static bool more_file(struct connection *c)
{
    uint64_t left = c->file_bytes - c->at;
    uint32_t count = left < OUT_BYTES ? (uint32_t)left : OUT_BYTES, got = 0;
    int error = read_piece(c, path_of(c), count, &got);

    if (error != E_OK || got == 0) {
        log_broken(c, path_of(c), error != E_OK ? error : CHANGED);
        c->is_broken = true; /* fewer bytes than were promised say so */
        return false;
    }
    answer_put(c, (const char *)files.data, got);
    c->at += got;
    return c->at != c->file_bytes;
}

/* What browsers may show: what can't be a program. The rest is saved. */
static const char *type_of(const char *path)
{
    static const struct {
        const char *end, *type;
    } types[] = {
        {".txt", "text/plain; charset=utf-8"},
        {".md", "text/plain; charset=utf-8"},
        {".log", "text/plain; charset=utf-8"},
        {".c", "text/plain; charset=utf-8"},
        {".h", "text/plain; charset=utf-8"},
        {".html", "text/plain; charset=utf-8"},
        {".json", "application/json"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".gif", "image/gif"},
    };
    size_t n = strlen(path);

    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        size_t length = strlen(types[i].end);
        if (n > length && strcmp(path + n - length, types[i].end) == 0) {
            return types[i].type;
        }
    }
    return "application/octet-stream";
}

/* ---- directories */

static void put_html(struct connection *c, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            answer_text(c, "&amp;");
            break;
        case '<':
            answer_text(c, "&lt;");
            break;
        case '>':
            answer_text(c, "&gt;");
            break;
        case '"':
            answer_text(c, "&quot;");
            break;
        default:
            answer_put(c, text, 1);
        }
    }
}

static bool is_plain(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("-._~/", c) != NULL);
}

static void put_encoded(struct connection *c, const char *text)
{
    for (; *text != '\0'; text++) {
        if (is_plain(*text)) {
            answer_put(c, text, 1);
        } else {
            answer_printf(c, "%%%02x", (unsigned)(unsigned char)*text);
        }
    }
}

static void put_time(struct connection *c, uint64_t seconds)
{
    char text[CALENDAR_TEXT];
    struct clock_parts t;

    if (seconds == 0 || seconds > CLOCK_SECONDS_MAX) {
        answer_text(c, "-");
        return;
    }
    t = calendar_parts(seconds);
    calendar_format(&t, text);
    answer_text(c, text);
}

static void put_entry(struct connection *c, const char *path, const struct files_entry *e)
{
    bool is_directory = e->what == FS_KIND_DIRECTORY;

    answer_text(c, "<tr><td><a href=\"/files");
    put_encoded(c, path);
    answer_text(c, path[1] != '\0' ? "/" : "");
    put_encoded(c, e->name);
    answer_text(c, is_directory ? "/\">" : "\">");
    put_html(c, e->name);
    answer_text(c, is_directory ? "/</a><td><td>" : "</a><td>");
    if (!is_directory) {
        answer_printf(c, "%llu<td>", (unsigned long long)e->bytes);
    }
    put_time(c, e->modified);
    answer_text(c, "\n");
}

static void put_head(struct connection *c, const char *path)
{
    answer_text(
        c, "<!doctype html><html lang=en><meta "
           "charset=utf-8><title>files</title><style>:root{color-scheme:light "
           "dark}body{font:15px/1.5 system-ui,"
           "sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}td{padding:.1rem 1.5rem "
           ".1rem 0}td+td{text-align:right;font-variant-numeric:tabular-nums}a{text-decoration:"
           "none}a:hover{text-decoration:underline}</style><h1>");
    put_html(c, path);
    answer_text(c, "</h1><p><a href=\"/\">status</a> &middot; <a href=\"../\">up</a><table>\n");
}

/* c->at is how many entries were sent, and 1 for the head; what changes meanwhile may be missed. */
static bool more_entries(struct connection *c)
{
    static struct files_entry entry; /* 1 KiB of name */
    struct files_walk walk = {0};
    const char *path = path_of(c);
    size_t mark;
    int error;

    if (c->at == 0) {
        put_head(c, path);
        c->at = 1;
    }
    walk.skip = (uint32_t)c->at - 1;
    while ((error = files_next(&files, path, &walk, &entry)) == E_OK) {
        mark = c->out_used;
        put_entry(c, path, &entry);
        if (!answer_keep(c, mark)) {
            return true;
        }
        c->at = 1 + walk.skip - walk.left;
    }
    c->is_broken = error != E_NOT_FOUND;
    mark = c->out_used;
    answer_text(c, "</table>\n");
    return !answer_keep(c, mark);
}

/* ---- what was asked for */

static struct refusal refusal_of(int error)
{
    switch (error) {
    case E_NOT_FOUND:
    case E_NOT_DIRECTORY:
        return (struct refusal){404, "there is no such file; /files/ lists what there is"};
    case E_NO_RIGHT:
        return (struct refusal){403, "this server's manifest lets it read only what /files/ lists"};
    case E_BAD_ARG:
    case E_BAD_NAME:
        return (struct refusal){400, "a path is UTF-8, without empty parts, . and .."};
    case E_NOT_MOUNTED:
        return (struct refusal){503,
                                "the disk was unmounted; `mount` at the console brings it back"};
    case E_BUSY:
        return (struct refusal){503, "the file is being written; try again later"};
    case E_LIMIT:
    case E_NO_MEMORY:
        return (struct refusal){503, "too many files are open; try again later"};
    case E_GONE:
    case E_BAD_CAP:
        return (struct refusal){503, "there are no files: no fs server, or no driver of the disk"};
    default:
        return (struct refusal){500, "the disk can't be read; the console's log says why"};
    }
}

static void begin_file(struct connection *c, const char *path)
{
    unsigned i;
    int error = open_file(path, &i);

    if (error != E_OK) {
        answer_refusal(c, refusal_of(error));
        return;
    }
    c->file_bytes = opened[i].status.bytes;
    c->file_modified = opened[i].status.modified;
    answer_begin_sized(c, type_of(path), c->file_bytes, more_file);
}

/* Without the / at its end; of a directory, whether it has one or not. */
static bool cut_end(char *path)
{
    size_t n = strlen(path);
    bool has_end = n > 1 && path[n - 1] == '/';

    if (n == 0) {
        memcpy(path, "/", 2);
    }
    if (has_end) {
        path[n - 1] = '\0';
    }
    return has_end;
}

void files_answer(struct connection *c)
{
    char *path = path_of(c);
    bool has_end = cut_end(path);
    struct fs_status status = {0};
    int error = files.data != NULL ? E_OK : files_open_window(&files);

    if (error == E_OK && path[1] != '\0') {
        error = files_stat(&files, path, &status);
    } else if (error == E_OK) {
        status.what = FS_KIND_DIRECTORY;
    }
    if (error != E_OK) {
        answer_refusal(c, refusal_of(error));
    } else if (status.what == FS_KIND_DIRECTORY) {
        answer_begin(c, "text/html; charset=utf-8", more_entries);
    } else if (has_end) {
        answer_refusal(c, refusal_of(E_NOT_FOUND));
    } else {
        begin_file(c, path);
    }
}
