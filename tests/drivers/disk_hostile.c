/*
 * disk_hostile.c - a client that writes anything into its queue's page: numbers out of order, again
 * and never given, unknown operations, blocks that no disk has, lengths and buffers that overflow,
 * words that change while they are read. The driver answers or ignores it; its neighbour on the
 * other drive notices nothing, and no byte of that drive or of the neighbour's region changes.
 */
#include "disk_test.h"

#include <string.h>

#define ROUNDS      250u
#define CHANGES_MAX 12u
#define LOOK_EVERY  8u
#define KEPT_AT     20000u /* blocks of the first disk that nobody writes to */
#define BUSY_US     20000u

static struct host_session *hostile;
static uint8_t kept[REGION], region[SMALL];
static uint64_t state = 0x9e3779b97f4a7c15ull;

static uint64_t draw(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 11) % below;
}

/* The number that the driver takes next, as far as D shows it. */
static uint64_t next_number(void)
{
    uint64_t most = 0;

    for (unsigned i = 0; i < QUEUE_SLOTS_NARROW; i++) {
        uint64_t taken = hostile->pages.d->done[i].taken & ~QUEUE_WAITS;
        most = taken > most ? taken : most;
    }
    return most + 1;
}

/* A word that could be taken for something. */
static uint64_t nasty(void)
{
    const uint64_t words[] = {0,
                              1,
                              2,
                              511,
                              512,
                              513,
                              4096,
                              4096 - 512,
                              8192,
                              0x100000,
                              0x100200,
                              SECOND_BLOCKS - 1,
                              SECOND_BLOCKS,
                              SECOND_BLOCKS + 1,
                              DISK_BLOCKS,
                              1ull << 28,
                              1ull << 48,
                              1ull << 55,
                              UINT32_MAX,
                              UINT64_MAX,
                              UINT64_MAX - 511,
                              INT64_MAX,
                              QUEUE_SEQ_MAX,
                              next_number() + draw(5) - 2,
                              next_number() - draw(70),
                              draw(SECOND_BLOCKS),
                              draw(UINT64_MAX)};

    return words[draw(sizeof(words) / sizeof(words[0]))];
}

/* In a form that gets further: the next number, and as much as can be right of the rest. */
static void forge(struct queue_slot *to, uint64_t seq)
{
    to->op = (uint32_t)(draw(10) == 0 ? nasty() : draw(6));
    to->flags = draw(20) == 0;
    to->offset = draw(3) == 0 ? nasty() : draw(16) * 512;
    to->length = draw(3) == 0 ? nasty() : draw(16) * 512;
    to->arg[0] = draw(3) == 0 ? nasty() : draw(SECOND_BLOCKS);
    to->arg[1] = nasty();
    to->seq = seq;
}

static void change(void)
{
    struct queue_c *c = hostile->pages.c;
    uint64_t seq = next_number() + draw(3) % 2;

    if (draw(4) == 0) {
        ((uint64_t *)c)[draw(sizeof(*c) / sizeof(uint64_t) / 2)] = nasty();
    } else {
        forge(&c->req[seq % QUEUE_SLOTS_NARROW], seq);
    }
}

/* Nothing of the neighbour's has changed, and its requests are done as ever. */
static void look_at_neighbour(unsigned round)
{
    HOST_CHECK(memcmp(session->data, region, SMALL) == 0);
    HOST_CHECK(transfer(session, true, 100 + round, 0, 4096) == E_OK);
    HOST_CHECK(image_is(disk_path, (100 + round) * 512ull, region, 4096));
    HOST_CHECK(transfer(session, false, KEPT_AT, 8192, 4096) == E_OK);
    HOST_CHECK(memcmp(session->data + 8192, kept, 4096) == 0);
    memcpy(session->data + 8192, region + 8192, 4096);
}

static void keep(void)
{
    FILE *f = fopen(disk_path, "rb");

    HOST_CHECK(f != NULL && fseek(f, KEPT_AT * 512l, SEEK_SET) == 0 &&
               fread(kept, 1, sizeof(kept), f) == sizeof(kept));
    if (f != NULL) {
        (void)fclose(f);
    }
    fill(session->data, SMALL, 11);
    memcpy(region, session->data, SMALL);
}

void test_hostile(void)
{
    struct host_session *again;
    uint64_t requests;

    HOST_CHECK(host_start() == NULL);
    session = open_unit(0, BLOCK_RIGHTS_ALL, SMALL / 4096);
    hostile = open_unit(1, BLOCK_RIGHTS_ALL, 2);
    keep();
    requests = host_requests();
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (uint64_t n = draw(CHANGES_MAX); n != 0; n--) {
            change();
        }
        host_ring(hostile);
        change(); /* while it is at work */
        host_run_us(draw(4) == 0 ? BUSY_US : 100);
        if (round % LOOK_EVERY == 0) {
            look_at_neighbour(round);
        }
    }
    HOST_CHECK(next_number() > ROUNDS);                  /* so many were answered ... */
    HOST_CHECK(host_requests() - requests > ROUNDS / 4); /* ... and these done, too */
    HOST_CHECK(image_is(disk_path, KEPT_AT * 512ull, kept, sizeof(kept)));
    host_session_close(hostile);
    again = open_unit(1, BLOCK_RIGHTS_ALL, 2);
    fill(again->data, 4096, 12);
    HOST_CHECK(transfer(again, true, 7, 0, 4096) == E_OK);
    HOST_CHECK(transfer(again, false, 7, 4096, 4096) == E_OK);
    HOST_CHECK(memcmp(again->data, again->data + 4096, 4096) == 0);
    host_session_close(again);
}
