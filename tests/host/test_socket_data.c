/*
 * test_socket_data.c - a stream's ring (libc/socket_data.c) with the server's end on another
 * thread, which takes bytes at any moment: what comes out is what was given, and no send says that
 * it took more than it had. SOCKET_SENDS=N: how often. And where poll says that a datagram can be
 * sent, the largest can.
 */
#define SYS_RAW_ELSEWHERE
#include "libc/socket_data.c"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define PIECE_MAX 8192u

static _Alignas(4096) uint8_t region[SOCKET_REGION_BYTES];
static uint8_t piece[PIECE_MAX];
static uint64_t all, wrong, taken; /* bytes: to be sent, that were not as they ought to be, out */

struct socket_region *socket_regions[SOCKET_SESSIONS] = {(void *)region};
bool socket_server_is_dead;
uint8_t socket_kinds[SOCKET_FDS] = {SOCK_STREAM};
bool socket_is_shut[SOCKET_FDS];
struct task_deadline task_deadline;

/* ---- what the test does not come to: all is sent without waiting */

int64_t sys_raw(int64_t number, uint64_t rdi, uint64_t rbx, struct msg *m)
{
    (void)number;
    (void)rdi;
    (void)rbx;
    (void)m;
    abort();
}

int task_set_deadline(uint64_t tsc, uint64_t bits)
{
    (void)tsc;
    (void)bits;
    abort();
}

void socket_ask_server(void)
{
    abort();
}

void socket_give_back(void)
{
    abort();
}

void socket_write_address(const struct socket_end *from, struct sockaddr *address,
                          socklen_t *length)
{
    (void)from;
    (void)address;
    (void)length;
    abort();
}

int socket_fails(int error)
{
    errno = error;
    return -1;
}

void socket_ring(int fd)
{
    (void)fd;
}

/* ---- both ends */

static uint8_t byte_at(uint64_t at)
{
    return (uint8_t)(at * 167 + at / 256);
}

static void *serve(void *unused)
{
    struct socket_words *w = &socket_regions[0]->socket[0];
    static uint8_t some[SOCKET_RING_BYTES];
    unsigned seed = 1;

    while (taken < __atomic_load_n(&all, __ATOMIC_ACQUIRE)) {
        uint64_t there = socket_load(&w->tx_put) - taken;
        uint64_t n = (seed = seed * 1103515245 + 12345) >> 16 & 1023;
        n = n < there ? n : there;
        wrong += there > SOCKET_RING_BYTES;
        socket_ring_read(socket_tx_ring(socket_regions[0], 0), taken, some, n);
        for (uint64_t i = 0; i < n; i++) {
            wrong += some[i] != byte_at(taken + i);
        }
        taken += n;
        socket_store_fenced(&w->tx_get, taken);
    }
    return unused;
}

/* Without waiting: who is told POLLOUT and then finds no room would ask again and again. */
static bool largest_datagrams_fit(void)
{
    static uint8_t largest[SOCKET_DATAGRAM_MAX];
    struct socket_words *w = &socket_regions[0]->socket[1];
    const size_t bytes = socket_record_bytes(sizeof(largest));
    bool good = true;

    socket_kinds[1] = SOCK_DGRAM;
    w->state = SOCKET_OPEN;
    for (size_t room = bytes - 8; room <= bytes + 8; room += 8) {
        bool fits = room >= bytes;
        w->tx_get = 0;
        w->tx_put = SOCKET_RING_BYTES - room;
        good &= ((readiness(1) & POLLOUT) != 0) == fits;
        good &= (send(1, largest, sizeof(largest), MSG_DONTWAIT) > 0) == fits;
    }
    return good;
}

static bool shut_is_shut(void)
{
    bool refused;

    socket_is_shut[0] = true;
    refused = send(0, piece, 1, MSG_DONTWAIT) < 0 && errno == E_GONE;
    socket_is_shut[0] = false;
    return refused;
}

int main(void)
{
    const char *often = getenv("SOCKET_SENDS");
    unsigned long sends = often != NULL ? strtoul(often, NULL, 10) : 20000, too_much = 0;
    uint64_t at = 0;
    pthread_t server;

    __atomic_store_n(&all, UINT64_MAX, __ATOMIC_RELEASE);
    socket_regions[0]->socket[0].state = SOCKET_OPEN | SOCKET_CONNECTED;
    if (pthread_create(&server, NULL, serve, NULL) != 0) {
        return 1;
    }
    for (unsigned long i = 0; i < sends && too_much == 0; i++) {
        size_t n = 1 + i * 7919 % PIECE_MAX, sent = 0;
        for (size_t k = 0; k < n; k++) {
            piece[k] = byte_at(at + k);
        }
        while (sent < n && too_much == 0) {
            ssize_t some = send(0, piece + sent, n - sent, MSG_DONTWAIT);
            sent += some > 0 ? (size_t)some : 0;
            too_much += sent > n;
        }
        at += n;
    }
    __atomic_store_n(&all, too_much == 0 ? at : 0, __ATOMIC_RELEASE);
    (void)pthread_join(server, NULL);
    printf("%llu bytes, %llu wrong, %lu sends took too much\n", (unsigned long long)at,
           (unsigned long long)wrong, too_much);
    bool good = wrong == 0 && too_much == 0, fits = largest_datagrams_fit() && shut_is_shut();
    printf("%d passed, %d failed\n", good + fits, !good + !fits);
    return !good || !fits;
}
