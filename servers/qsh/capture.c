/*
 * capture.c - see capture.h. The format: one header, then each frame behind its own; all in this
 * machine's byte order, which the first word tells. Source: pcap-savefile(5) of libpcap.
 */
#include "capture.h"
#include <quoll/error.h>
#include <string.h>

#define MAGIC         0xa1b2c3d4u
#define LINK_ETHERNET 1u
#define FRAME_MAX     65535u

struct pcap_head {
    uint32_t magic;
    uint16_t major, minor;
    int32_t zone;
    uint32_t accuracy, frame_max, link;
};

struct pcap_frame {
    uint32_t seconds, us, kept, length;
};

_Static_assert(sizeof(struct pcap_head) == 24 && sizeof(struct pcap_frame) == 16, "the file's");

static void write_out(struct capture *c)
{
    if (c->error == E_OK && c->used != 0)
        c->error = files_write(c->files, c->file, c->offset, c->used);
    c->offset += c->used;
    c->used = 0;
}

static void put(struct capture *c, const void *bytes, size_t count)
{
    memcpy(c->files->data + c->used, bytes, count);
    c->used += (uint32_t)count;
}

bool capture_open(struct shell *s, struct capture *c, const char *word, uint64_t begun_s)
{
    const struct pcap_head head = {
        .magic = MAGIC, .major = 2, .minor = 4, .frame_max = FRAME_MAX, .link = LINK_ETHERNET};
    struct fs_status status;

    *c = (struct capture){.files = files_ask(s), .begun_s = begun_s};
    if (!c->files || !files_path(s, "tcpdump", word, c->path) ||
        files_failed(s, "tcpdump", c->path,
                     files_open(c->files, c->path, FS_MODE_REPLACE, &c->file, &status)))
        return false;
    put(c, &head, sizeof(head));
    return true;
}

bool capture_frame(struct capture *c, uint64_t us, const uint8_t *frame, size_t length)
{
    const struct pcap_frame head = {.seconds = (uint32_t)(c->begun_s + us / 1000000),
                                    .us = (uint32_t)(us % 1000000),
                                    .kept = (uint32_t)length,
                                    .length = (uint32_t)length};

    if (c->used + sizeof(head) + length > FILES_DATA_BYTES)
        write_out(c);
    put(c, &head, sizeof(head));
    put(c, frame, length);
    return c->error == E_OK;
}

bool capture_close(struct shell *s, struct capture *c)
{
    int closed;

    write_out(c);
    closed = files_close(c->files, c->file);
    return !files_failed(s, "tcpdump", c->path, c->error != E_OK ? c->error : closed);
}
