/*
 * wire.h - the numbers of the NBD protocol that this server knows: fixed newstyle handshake, simple
 * replies. All are big-endian on the wire.
 * Source: "The NBD protocol", doc/proto.md of the NetworkBlockDevice project.
 */
#ifndef NBD_WIRE_H
#define NBD_WIRE_H

#include <stdint.h>

#define NBD_MAGIC         0x4e42444d41474943ull /* "NBDMAGIC" */
#define NBD_OPTION_MAGIC  0x49484156454f5054ull /* "IHAVEOPT" */
#define NBD_ANSWER_MAGIC  0x0003e889045565a9ull
#define NBD_REQUEST_MAGIC 0x25609513u
#define NBD_REPLY_MAGIC   0x67446698u

#define NBD_REQUEST_BYTES 28u
#define NBD_REPLY_BYTES   16u
#define NBD_OPTION_BYTES  16u /* of an option before its data */
#define NBD_PAYLOAD_MAX   (32u << 20)

/* What both sides say first. */
enum { NBD_FIXED_NEWSTYLE = 1, NBD_NO_ZEROES = 2 };

enum nbd_option {
    NBD_OPT_EXPORT_NAME = 1,
    NBD_OPT_ABORT = 2,
    NBD_OPT_LIST = 3,
    NBD_OPT_INFO = 6,
    NBD_OPT_GO = 7,
};

enum nbd_answer {
    NBD_REP_ACK = 1,
    NBD_REP_SERVER = 2,
    NBD_REP_INFO = 3,
};
#define NBD_REP_ERR_UNSUP    0x80000001u
#define NBD_REP_ERR_POLICY   0x80000002u
#define NBD_REP_ERR_INVALID  0x80000003u
#define NBD_REP_ERR_PLATFORM 0x80000004u
#define NBD_REP_ERR_UNKNOWN  0x80000006u
#define NBD_REP_ERR_TOO_BIG  0x80000009u

enum nbd_info {
    NBD_INFO_EXPORT = 0,
    NBD_INFO_NAME = 1,
    NBD_INFO_BLOCK_SIZE = 3,
};

/* What an export can do. */
enum {
    NBD_FLAG_HAS_FLAGS = 1,
    NBD_FLAG_READ_ONLY = 2,
    NBD_FLAG_SEND_FLUSH = 4,
    NBD_FLAG_SEND_FUA = 8,
    NBD_FLAG_CAN_MULTI_CONN = 256,
};

enum nbd_command {
    NBD_CMD_READ = 0,
    NBD_CMD_WRITE = 1,
    NBD_CMD_DISC = 2,
    NBD_CMD_FLUSH = 3,
};
#define NBD_CMD_FLAG_FUA 1u

enum nbd_error {
    NBD_EPERM = 1,
    NBD_EIO = 5,
    NBD_EINVAL = 22,
    NBD_ENOSPC = 28,
};

static inline uint64_t nbd_get(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

static inline void nbd_put(uint8_t *at, unsigned bytes, uint64_t value)
{
    for (unsigned i = bytes; i > 0; i--) {
        at[i - 1] = (uint8_t)value;
        value >>= 8;
    }
}

#endif
