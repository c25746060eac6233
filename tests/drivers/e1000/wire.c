/*
 * wire.c - see wire.h.
 */
#include "wire.h"

#include <errno.h>
#include <driver.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define TAKE_US 300000

const uint8_t wire_mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x77};
const uint8_t wire_broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static int wire = -1;
static struct sockaddr_un card;
static FILE *monitor;

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    return address;
}

static void fail(const char *what)
{
    perror(what);
    exit(2);
}

static void ask(const char *what)
{
    static char answer[4096];

    (void)fprintf(monitor, "%s\n", what);
    (void)fflush(monitor);
    do {
        if (fgets(answer, sizeof(answer), monitor) == NULL || strstr(answer, "\"error\"") != NULL) {
            (void)fprintf(stderr, "QEMU's monitor: %s\n", answer);
            exit(2);
        }
    } while (strstr(answer, "\"return\"") == NULL);
}

void wire_open(const char *card_path, const char *peer, const char *monitor_path)
{
    struct sockaddr_un here = address_of(peer), there = address_of(monitor_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    card = address_of(card_path);
    wire = socket(AF_UNIX, SOCK_DGRAM, 0);
    (void)remove(peer);
    if (wire < 0 || bind(wire, (struct sockaddr *)&here, sizeof(here)) != 0) {
        fail(peer);
    }
    if (fd < 0 || connect(fd, (struct sockaddr *)&there, sizeof(there)) != 0) {
        fail(monitor_path);
    }
    monitor = fdopen(fd, "r+");
    ask("{\"execute\": \"qmp_capabilities\"}");
}

bool wire_offer(const void *frame, size_t bytes)
{
    ssize_t sent = sendto(wire, frame, bytes, MSG_DONTWAIT, (struct sockaddr *)&card, sizeof(card));

    if (sent < 0 && errno != EAGAIN) {
        fail("wire");
    }
    return sent == (ssize_t)bytes;
}

void wire_send(const void *frame, size_t bytes)
{
    uint64_t end = driver_now_us() + TAKE_US;

    while (!wire_offer(frame, bytes)) {
        host_poll();
        if (driver_now_us() > end) {
            fail("the card takes no frames");
        }
    }
}

size_t wire_take(void *frame, size_t room)
{
    uint64_t end = driver_now_us() + TAKE_US;
    ssize_t got = -1;

    while (got < 0 && driver_now_us() < end) {
        got = recv(wire, frame, room, MSG_DONTWAIT);
        if (got < 0) {
            host_poll();
        }
    }
    return got > 0 ? (size_t)got : 0;
}

void wire_link(bool up)
{
    ask(up ? "{\"execute\": \"set_link\", \"arguments\": {\"name\": \"n0\", \"up\": true}}"
           : "{\"execute\": \"set_link\", \"arguments\": {\"name\": \"n0\", \"up\": false}}");
}

void wire_frame(uint8_t *frame, size_t bytes, const uint8_t to[6], unsigned seed)
{
    for (size_t i = 0; i < bytes; i++) {
        frame[i] = (uint8_t)(seed * 31 + i * 7 + (i >> 8));
    }
    memcpy(frame, to, 6);
    memcpy(frame + 6, wire_mac, 6);
    frame[12] = 0x88;
    frame[13] = 0xb5;
}

struct host_session *open_packet(uint32_t methods)
{
    const struct queue_limits limits = {.ops_known = PACKET_OPS_KNOWN,
                                        .ops_allowed = packet_ops_allowed(methods),
                                        .ops_wait = PACKET_OPS_WAIT};

    return host_session_open(PACKET_INTERFACE, methods, &limits, PAGES);
}

int transmit(struct host_session *s, uint64_t offset, size_t bytes, uint16_t from, uint16_t at,
             uint32_t tag)
{
    struct queue_done done;
    uint64_t seq;
    int error = packet_submit_transmit(&s->queue, from, at, tag, offset, bytes, &seq);

    return error == E_OK ? host_await(s, seq, &done) : error;
}
