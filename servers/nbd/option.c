/*
 * option.c - the handshake: greeting, options, until the client has chosen the export. An option
 * whose data is wrong, or longer than any sensible one, is refused and skipped; one that cannot be
 * skipped ends the connection. The next one is read when the answers to the last are sent.
 */
#include "nbd.h"

#include <string.h>

/* ---- answers */

static void put(struct nbd *c, unsigned bytes, uint64_t value)
{
    nbd_put(c->out + c->out_have, bytes, value);
    c->out_have += bytes;
}

static void put_bytes(struct nbd *c, const void *from, size_t n)
{
    memcpy(c->out + c->out_have, from, n);
    c->out_have += (uint32_t)n;
}

static void answer(struct nbd *c, uint32_t what, uint32_t bytes)
{
    put(c, 8, NBD_ANSWER_MAGIC);
    put(c, 4, c->option);
    put(c, 4, what);
    put(c, 4, bytes);
}

static void refuse(struct nbd *c, uint32_t what, const char *why)
{
    answer(c, what, (uint32_t)strlen(why));
    put_bytes(c, why, strlen(why));
}

void nbd_begin(struct nbd *c, unsigned number)
{
    memset(c, 0, sizeof(*c));
    c->number = number;
    put(c, 8, NBD_MAGIC);
    put(c, 8, NBD_OPTION_MAGIC);
    put(c, 2, NBD_FIXED_NEWSTYLE | NBD_NO_ZEROES);
}

/* ---- the export */

static bool is_export(const uint8_t *name, uint32_t bytes)
{
    return bytes == 0 || (bytes == strlen(NBD_EXPORT) && memcmp(name, NBD_EXPORT, bytes) == 0);
}

static int open_disk(struct nbd *c)
{
    int error = c->is_open ? E_OK : port_open(c->number, &c->disk);

    c->is_open |= error == E_OK;
    return error;
}

static uint16_t export_flags(const struct nbd *c)
{
    return c->disk.is_read_only ? NBD_FLAG_HAS_FLAGS | NBD_FLAG_READ_ONLY | NBD_FLAG_SEND_FLUSH |
                                      NBD_FLAG_CAN_MULTI_CONN
                                : NBD_FLAG_HAS_FLAGS | NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_FUA;
}

/* The old way to choose: there is no answer that says no. */
static void export_name(struct nbd *c)
{
    static const uint8_t zeroes[124];

    if (!is_export(c->in, c->option_bytes) || open_disk(c) != E_OK) {
        c->phase = NBD_ENDED;
        return;
    }
    put(c, 8, c->disk.bytes);
    put(c, 2, export_flags(c));
    if (!c->no_zeroes) {
        put_bytes(c, zeroes, sizeof(zeroes));
    }
    c->phase = NBD_TRANSMITS;
}

/* Is information @which among those that the client asks for? */
static bool is_asked(const struct nbd *c, uint32_t name_bytes, enum nbd_info which)
{
    const uint8_t *at = c->in + 4 + name_bytes;
    uint32_t count = (uint32_t)nbd_get(at, 2);

    for (uint32_t i = 0; i < count; i++) {
        if (nbd_get(at + 2 + 2ul * i, 2) == which) {
            return true;
        }
    }
    return false;
}

static void describe(struct nbd *c, uint32_t name_bytes)
{
    uint32_t block = c->disk.block_bytes;

    answer(c, NBD_REP_INFO, 12);
    put(c, 2, NBD_INFO_EXPORT);
    put(c, 8, c->disk.bytes);
    put(c, 2, export_flags(c));
    if (is_asked(c, name_bytes, NBD_INFO_BLOCK_SIZE)) {
        answer(c, NBD_REP_INFO, 14);
        put(c, 2, NBD_INFO_BLOCK_SIZE);
        put(c, 4, block);
        put(c, 4, block > 4096 ? block : 4096);
        put(c, 4, NBD_PAYLOAD_MAX);
    }
    if (is_asked(c, name_bytes, NBD_INFO_NAME)) {
        answer(c, NBD_REP_INFO, 2 + (uint32_t)strlen(NBD_EXPORT));
        put(c, 2, NBD_INFO_NAME);
        put_bytes(c, NBD_EXPORT, strlen(NBD_EXPORT));
    }
    answer(c, NBD_REP_ACK, 0);
}

/* The data of INFO and GO: a name's length, the name, a count, and so many numbers. */
static bool go_is_sound(const struct nbd *c, uint32_t *name_bytes)
{
    uint64_t bytes = c->option_bytes, name;

    if (bytes < 6) {
        return false;
    }
    name = nbd_get(c->in, 4);
    *name_bytes = (uint32_t)name;
    return name <= bytes - 6 && name + 6 + 2 * nbd_get(c->in + 4 + name, 2) == bytes;
}

static void refuse_disk(struct nbd *c, int error)
{
    switch (error) {
    case E_NOT_FOUND:
        refuse(c, NBD_REP_ERR_UNKNOWN, "there is no disk");
        return;
    case E_LIMIT:
        refuse(c, NBD_REP_ERR_POLICY, "too many clients have it");
        return;
    case E_NO_RIGHT:
        refuse(c, NBD_REP_ERR_POLICY, "the system manifest gives the server no disk");
        return;
    default:
        refuse(c, NBD_REP_ERR_PLATFORM, "the disk's driver is not there");
    }
}

static void go(struct nbd *c)
{
    uint32_t name_bytes = 0;
    int error;

    if (!go_is_sound(c, &name_bytes)) {
        refuse(c, NBD_REP_ERR_INVALID, "the option's data is not a name and a list");
        return;
    }
    if (!is_export(c->in + 4, name_bytes)) {
        refuse(c, NBD_REP_ERR_UNKNOWN, "the only export is " NBD_EXPORT);
        return;
    }
    error = open_disk(c);
    if (error != E_OK) {
        refuse_disk(c, error);
        return;
    }
    describe(c, name_bytes);
    if (c->option == NBD_OPT_GO) {
        c->phase = NBD_TRANSMITS;
    }
}

static void list(struct nbd *c)
{
    if (c->option_bytes != 0) {
        refuse(c, NBD_REP_ERR_INVALID, "this option has no data");
        return;
    }
    answer(c, NBD_REP_SERVER, 4 + (uint32_t)strlen(NBD_EXPORT));
    put(c, 4, strlen(NBD_EXPORT));
    put_bytes(c, NBD_EXPORT, strlen(NBD_EXPORT));
    answer(c, NBD_REP_ACK, 0);
}

/* ---- options */

/* All of its data is there, or as much as is kept. */
static void serve_option(struct nbd *c)
{
    bool is_whole = c->option_bytes <= NBD_IN_BYTES;

    switch (c->option) {
    case NBD_OPT_ABORT:
        answer(c, NBD_REP_ACK, 0);
        c->phase = NBD_FINISHES;
        return;
    case NBD_OPT_EXPORT_NAME:
        if (is_whole) {
            export_name(c);
        } else {
            c->phase = NBD_ENDED;
        }
        return;
    case NBD_OPT_LIST:
    case NBD_OPT_INFO:
    case NBD_OPT_GO:
        if (!is_whole) {
            refuse(c, NBD_REP_ERR_TOO_BIG, "an option's data has 512 bytes at most");
        } else if (c->option == NBD_OPT_LIST) {
            list(c);
        } else {
            go(c);
        }
        return;
    default:
        refuse(c, NBD_REP_ERR_UNSUP, "");
    }
}

static bool take_header(struct nbd *c)
{
    if (!nbd_gather(c, NBD_OPTION_BYTES)) {
        return false;
    }
    c->option = (uint32_t)nbd_get(c->in + 8, 4);
    c->option_bytes = (uint32_t)nbd_get(c->in + 12, 4);
    if (nbd_get(c->in, 8) != NBD_OPTION_MAGIC || c->option_bytes > NBD_SKIP_MAX) {
        c->phase = NBD_ENDED;
        return false;
    }
    c->has_option = true;
    c->in_have = 0;
    return true;
}

static bool take_option(struct nbd *c)
{
    uint32_t keep = c->option_bytes < NBD_IN_BYTES ? c->option_bytes : NBD_IN_BYTES;

    if (!nbd_gather(c, keep)) {
        return false;
    }
    while (c->in_have < c->option_bytes) {
        uint32_t n = nbd_skip(c, c->option_bytes - c->in_have);
        if (n == 0) {
            return false;
        }
        c->in_have += n;
    }
    serve_option(c);
    c->has_option = false;
    c->in_have = 0;
    return true;
}

static bool take_flags(struct nbd *c)
{
    uint64_t flags;

    if (!nbd_gather(c, 4)) {
        return false;
    }
    flags = nbd_get(c->in, 4);
    c->in_have = 0;
    c->no_zeroes = (flags & NBD_NO_ZEROES) != 0;
    c->phase =
        (flags & ~(uint64_t)(NBD_FIXED_NEWSTYLE | NBD_NO_ZEROES)) == 0 ? NBD_CHOOSES : NBD_ENDED;
    return true;
}

bool nbd_negotiate(struct nbd *c)
{
    if (c->out_have != 0) {
        return false;
    }
    if (c->phase == NBD_GREETED) {
        return take_flags(c);
    }
    return c->has_option ? take_option(c) : take_header(c);
}
