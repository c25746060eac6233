/*
 * cmd_wget.c - wget: a file from a web server into the file system. What is not whole is removed.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <quoll/error.h>
#include <quoll/sys.h>
#include <stdio.h>
#include <string.h>
#include "files.h"
#include "http.h"
#include "net.h"

#define ANSWER_US   60000000u
#define PROGRESS_US 500000u
#define ASKED_BYTES 700 /* of a request, and so of an address */

struct wget {
    int fd;
    struct files *files;
    char path[SHELL_PATH];
    uint32_t file;
    uint64_t written; /* of the file */
    uint32_t used;    /* of the window: what is to be written next */
    uint64_t begun_tsc, shown_tsc;
    struct http_answer answer;
    struct http_body body;
    char head[HTTP_HEAD_BYTES + 1];
    size_t head_used;
};

static uint64_t us_since(const struct shell *s, uint64_t tsc)
{
    return (rdtsc() - tsc) / (s->info->tsc_hz / 1000000);
}

static bool complain(struct shell *s, const char *what)
{
    shell_error(s, "wget: %s", what);
    return false;
}

/* ---- asking */

static bool connect_to(struct shell *s, struct wget *w, const struct http_url *url)
{
    w->fd = net_socket(s, "wget", SOCK_STREAM);
    return w->fd >= 0 && net_connect(s, "wget", w->fd, url->host, url->port, ANSWER_US);
}

static bool ask(struct shell *s, struct wget *w, const struct http_url *url)
{
    char text[ASKED_BYTES];
    int n = snprintf(text, sizeof(text),
                     "GET %s HTTP/1.1\r\nHost: %s:%u\r\nUser-Agent: quoll-wget\r\n"
                     "Accept: */*\r\nConnection: close\r\n\r\n",
                     url->path[0] != '\0' ? url->path : "/", url->host, url->port);

    if (n >= (int)sizeof(text))
        return complain(s, "the address is too long");
    return send(w->fd, text, (size_t)n, 0) == n || complain(s, net_why(s));
}

/* Some bytes at @to. Below 0: it has failed, or ^C; 0: the end. */
static ssize_t receive(struct shell *s, struct wget *w, void *to, size_t room)
{
    int event = net_wait(s, w->fd, POLLIN, ANSWER_US);
    ssize_t n = event > 0 ? recv(w->fd, to, room, MSG_DONTWAIT) : -1;

    if (event == 0)
        (void)complain(s, "the server has said nothing for a minute");
    else if (event > 0 && n < 0)
        (void)complain(s, net_why(s));
    return n;
}

/* Up to the head's end; what is behind it is the beginning of the body. */
static bool receive_head(struct shell *s, struct wget *w, size_t *end)
{
    while ((*end = http_head_end(w->head, w->head_used)) == 0) {
        ssize_t n = 0;
        if (w->head_used < HTTP_HEAD_BYTES)
            n = receive(s, w, w->head + w->head_used, HTTP_HEAD_BYTES - w->head_used);
        if (n < 0)
            return false;
        if (n == 0)
            return complain(s, w->head_used < HTTP_HEAD_BYTES
                                   ? "the server has hung up before its answer was whole"
                                   : "the head of the server's answer has more than 4096 bytes");
        w->head_used += (size_t)n;
    }
    return true;
}

static bool judge(struct shell *s, struct wget *w, size_t end)
{
    const char *wrong = http_read_head(w->head, end, &w->answer);

    if (wrong) {
        shell_error(s, "wget: the server's answer: %s", wrong);
        return false;
    }
    if (w->answer.status != 200) {
        shell_error(s, "wget: the server says %u %s%s%s", w->answer.status, w->answer.reason,
                    w->answer.location[0] != '\0' ? ", it is at " : "", w->answer.location);
        return false;
    }
    return true;
}

/* ---- the body */

static void show_progress(struct shell *s, struct wget *w)
{
    uint64_t bytes = w->written + w->used, us = us_since(s, w->begun_tsc) + 1;

    if (s->json || us_since(s, w->shown_tsc) < PROGRESS_US)
        return;
    w->shown_tsc = rdtsc();
    if (w->answer.length != HTTP_UNKNOWN && w->answer.length != 0)
        output_printf(&s->out, "\r%3llu %%, ",
                      (unsigned long long)(bytes * 100 / w->answer.length));
    else
        output_string(&s->out, "\r");
    output_printf(&s->out, "%llu KiB, %llu KiB/s  ", (unsigned long long)bytes / 1024,
                  (unsigned long long)(bytes * 1000000 / us / 1024));
    output_flush(&s->out);
}

static bool write_out(struct shell *s, struct wget *w)
{
    int error = w->used != 0 ? files_write(w->files, w->file, w->written, w->used) : E_OK;

    w->written += w->used;
    w->used = 0;
    return !files_failed(s, "wget", w->path, error);
}

/* @n bytes that have come to the window's end. */
static bool take(struct shell *s, struct wget *w, size_t n)
{
    bool bad;

    w->used += (uint32_t)http_take(&w->body, w->files->data + w->used, n, &bad);
    if (bad)
        return complain(s, "the server's chunks are none");
    if (w->used == FILES_DATA_BYTES && !write_out(s, w))
        return false;
    show_progress(s, w);
    return true;
}

static bool receive_body(struct shell *s, struct wget *w, size_t end)
{
    size_t early = w->head_used - end;
    ssize_t n = 1;

    http_begin_body(&w->body, &w->answer);
    memcpy(w->files->data, w->head + end, early);
    if (!take(s, w, early))
        return false;
    while (n != 0 && w->body.state != HTTP_DONE) {
        n = receive(s, w, w->files->data + w->used, FILES_DATA_BYTES - w->used);
        if (n < 0 || !take(s, w, (size_t)n))
            return false;
    }
    if (!http_is_whole(&w->body)) {
        shell_error(s, "wget: the server has hung up after %llu bytes, before the end",
                    (unsigned long long)w->written + w->used);
        return false;
    }
    return write_out(s, w);
}

/* ---- the whole */

static void summary(struct shell *s, const struct wget *w)
{
    uint64_t us = us_since(s, w->begun_tsc) + 1, rate = w->written * 1000000 / us;
    struct json j;

    if (!s->json) {
        output_printf(&s->out, "\r%.200s: %llu bytes in %llu.%03llu s, %llu KiB/s\n", w->path,
                      (unsigned long long)w->written, (unsigned long long)us / 1000000,
                      (unsigned long long)us / 1000 % 1000, (unsigned long long)rate / 1024);
        return;
    }
    j = json_begin(&s->out);
    json_string(&j, "path", w->path);
    json_u64(&j, "bytes", w->written);
    json_u64(&j, "us", us);
    json_u64(&j, "bytes_per_second", rate);
    json_end(&j);
}

/* Into the file, which is made when the server has said that there is something. */
static void fetch(struct shell *s, struct wget *w, const struct http_url *url)
{
    struct fs_status status;
    bool is_whole;
    size_t end;
    int closed;

    if (!connect_to(s, w, url) || !ask(s, w, url) || !receive_head(s, w, &end) || !judge(s, w, end))
        return;
    if (files_failed(s, "wget", w->path,
                     files_open(w->files, w->path, FS_MODE_REPLACE, &w->file, &status)))
        return;
    w->begun_tsc = w->shown_tsc = rdtsc();
    is_whole = receive_body(s, w, end);
    closed = files_close(w->files, w->file);
    if (is_whole && !files_failed(s, "wget", w->path, closed))
        summary(s, w);
    else if (status.what == FS_KIND_FILE)
        shell_error(s, "wget: %.200s is not whole%s", w->path,
                    files_remove(w->files, w->path) == E_OK ? "; it was removed" : "");
}

/* What a file is called that is put into a directory: the address's last name. */
static bool choose_path(struct shell *s, struct wget *w, const struct http_url *url,
                        const char *word)
{
    char name[ASKED_BYTES];

    if (!http_file_name(url, name, sizeof(name)))
        return complain(s, "the address is too long");
    return files_path(s, "wget", word, w->path) &&
           (files_target(w->files, name, w->path) || complain(s, "the path is too long"));
}

void cmd_wget(struct shell *s, int argc, char **argv)
{
    static struct wget w;
    struct http_url url;
    const char *wrong;

    memset(&w, 0, sizeof(w));
    w.fd = -1;
    if (!files_has(s, "wget", argc, 2))
        return;
    wrong = http_read_url(argv[1], &url);
    if (wrong) {
        shell_error(s, "wget: %.80s: %s", argv[1], wrong);
        return;
    }
    w.files = files_ask(s);
    if (!w.files || !choose_path(s, &w, &url, argv[2]))
        return;
    fetch(s, &w, &url);
    if (w.fd >= 0)
        (void)socket_close(w.fd);
}
