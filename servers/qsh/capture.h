/*
 * capture.h - frames into a file, as libpcap has them: what tcpdump -w writes and Wireshark opens.
 * Bytes are gathered in the window that the shell shares with the fs server.
 */
#ifndef QSH_CAPTURE_H
#define QSH_CAPTURE_H

#include "files.h"

struct capture {
    struct files *files;
    char path[SHELL_PATH];
    uint32_t file;
    uint64_t offset;  /* of the file: what is written */
    uint32_t used;    /* of the window: what is not */
    uint64_t begun_s; /* when it began, in seconds since 1970; 0: no clock knows */
    int error;
};

/** Begin the file @word names, in place of what it had, at @begun_s. False, after a complaint: not.
 */
bool capture_open(struct shell *s, struct capture *c, const char *word, uint64_t begun_s);

/** Add a frame, @us microseconds after the beginning. False: it cannot be written. */
bool capture_frame(struct capture *c, uint64_t us, const uint8_t *frame, size_t length);

/** Write the rest. False, after a complaint: not all that was added is in the file. */
bool capture_close(struct shell *s, struct capture *c);

#endif
