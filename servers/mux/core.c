/*
 * core.c - see core.h.
 */
#include "core.h"

#include <idl/packet_queue.h>
#include <string.h>

#define ENOUGH     16u /* buffers of a client, with which it need not be asked for more */
#define HEAD_BYTES 64u /* enough for rules: Ethernet, IPv4 with options cut off, ports */

struct mux mux;

void mux_open(unsigned place, bool transmits, struct queue_pages pages, uint64_t wake,
              uint8_t *data)
{
    struct mux_client *c = &mux.client[place];

    *c = (struct mux_client){.transmits = transmits, .data = data};
    mux_close(place);
    c->used = queue_driver_open(&c->queue, pages, wake) == E_OK;
    if (c->used) {
        *(transmits ? &mux.senders : &mux.receivers) |= 1u << place;
    }
}

void mux_close(unsigned place)
{
    mux.client[place].used = false;
    mux.senders &= ~(1u << place);
    mux.receivers &= ~(1u << place);
}

/* The next of @places, which is taken off. */
static struct mux_client *next_of(uint32_t *places)
{
    struct mux_client *c = &mux.client[__builtin_ctz(*places)];

    *places &= *places - 1;
    return c;
}

bool mux_sniffs(void)
{
    for (uint32_t places = mux.receivers; places != 0;) {
        if (next_of(&places)->sniffs) {
            return true;
        }
    }
    return false;
}

/* ---- buffers */

static bool take_posted(struct mux_client *c)
{
    struct queue_request r;
    bool moved = false;

    while (queue_take(&c->queue, &r) == E_OK) {
        moved = true;
        if (r.op != PACKET_OP_RECEIVE) { /* FLUSH: all before it is done */
            (void)queue_complete(&c->queue, r.seq, E_OK, 0);
        } else if (r.length != MUX_BUFFER) {
            (void)queue_complete(&c->queue, r.seq, E_BAD_ARG, 0);
        } else {
            unsigned at = (c->first + c->count++) % QUEUE_SLOTS_MAX;
            c->posted[at].seq = r.seq;
            c->posted[at].offset = r.offset;
        }
    }
    return moved;
}

bool mux_take_posted(void)
{
    bool moved = false;

    for (uint32_t places = mux.receivers; places != 0;) {
        struct mux_client *c = next_of(&places);
        moved |= c->count < ENOUGH && queue_driver_sees(&c->queue) && take_posted(c);
    }
    return moved;
}

/* ---- rules */

static unsigned u16_at(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

/* Does the destination's port of the IPv4 packet with that head lie in the range? Fragments behind
 * the first have none. */
static bool port_fits(const struct mux_rule *r, const uint8_t *head, unsigned length)
{
    unsigned ip = MUX_FRAME_MIN, bytes = (head[ip] & 15u) * 4u, port;
    uint8_t protocol = head[ip + 9];

    if (r->port_first == 0) {
        return true;
    }
    if ((protocol != 6 && protocol != 17) || (u16_at(head + ip + 6) & 0x1fff) != 0 ||
        ip + bytes + 4 > length || ip + bytes + 4 > HEAD_BYTES) {
        return false;
    }
    port = u16_at(head + ip + bytes + 2);
    return port >= r->port_first && port <= r->port_last;
}

static bool rule_fits(const struct mux_rule *r, const uint8_t *head, unsigned length)
{
    unsigned type = u16_at(head + 12);

    if (r->ethertype != 0 && r->ethertype != type) {
        return false;
    }
    if (r->protocol == 0 && r->port_first == 0) {
        return true;
    }
    if (type != 0x0800 || length < MUX_FRAME_MIN + 20 || head[14] >> 4 != 4) {
        return false;
    }
    return (r->protocol == 0 || r->protocol == head[23]) && port_fits(r, head, length);
}

static bool is_ours(const uint8_t *head)
{
    uint64_t to = 0, ours = 0;

    memcpy(&to, head, sizeof(mux.mac));
    memcpy(&ours, mux.mac, sizeof(mux.mac));
    return (head[0] & 1) != 0 || to == ours;
}

/* ---- frames */

static void deliver(struct mux_client *c, const uint8_t *frame, unsigned length, uint64_t about)
{
    unsigned at;

    if (c->count == 0 && !(take_posted(c) && c->count != 0)) {
        c->lost++;
        return;
    }
    at = c->first;
    queue_driver_hold(&c->queue); /* mux_about_to_sleep rings */
    c->first = (at + 1) % QUEUE_SLOTS_MAX;
    mux.starves |= --c->count == 0;
    c->frames++;
    memcpy(c->data + c->posted[at].offset, frame, length);
    (void)queue_complete(&c->queue, c->posted[at].seq, E_OK, about);
}

void mux_in(const uint8_t *frame, uint64_t about)
{
    unsigned length = (unsigned)(about & PACKET_RECEIVED_LENGTH);
    uint8_t head[HEAD_BYTES] = {0};
    bool ours;

    if (length < MUX_FRAME_MIN || length > MUX_BUFFER) {
        return;
    }
    memcpy(head, frame, length < HEAD_BYTES ? length : HEAD_BYTES);
    ours = is_ours(head);
    for (uint32_t places = mux.receivers; places != 0;) {
        struct mux_client *c = next_of(&places);
        if ((ours || c->sniffs) && rule_fits(&c->rule, head, length)) {
            deliver(c, frame, length, about);
        }
    }
}

bool mux_wake_starving(void)
{
    bool any = mux.starves;

    for (unsigned i = 0; any && i < MUX_CLIENTS; i++) {
        if (mux.client[i].used && !mux.client[i].transmits) {
            queue_driver_ring(&mux.client[i].queue);
        }
    }
    mux.starves = false;
    return any;
}

/* What the card is to put in (packet.transmit), so that a listener sees what will be on the wire. A
 * sum of 0 is sent as 0xffff, which is the same number: RFC 768 wants that of UDP, and QEMU's cards
 * do it for TCP too (RFC 1624 allows it). */
static void put_checksum(uint8_t *frame, const struct mux_out *out)
{
    uint32_t sum = 0;

    if (out->checksum_at < out->checksum_from || out->checksum_at + 2u > out->length) {
        return; /* the card's driver refuses it */
    }
    for (unsigned i = out->checksum_from; i < out->length; i++) {
        sum += (uint32_t)frame[i] << ((i - out->checksum_from) % 2 == 0 ? 8 : 0);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~(sum + (sum >> 16)) & 0xffff;
    sum = sum == 0 ? 0xffff : sum;
    frame[out->checksum_at] = (uint8_t)(sum >> 8);
    frame[out->checksum_at + 1] = (uint8_t)sum;
}

static void show_sniffers(const uint8_t *sent, const struct mux_out *out)
{
    static uint8_t frame[MUX_FRAME_MAX];
    unsigned length = out->length;

    if (!mux_sniffs()) {
        return;
    }
    memcpy(frame, sent, length);
    if (out->checksum_at != 0) {
        put_checksum(frame, out);
    }
    for (uint32_t places = mux.receivers; places != 0;) {
        struct mux_client *c = next_of(&places);
        if (c->sniffs && rule_fits(&c->rule, frame, length)) {
            deliver(c, frame, length, length);
        }
    }
}

/* One frame of @c's. */
static bool take_frame(struct mux_client *c, uint8_t *to, struct mux_out *out)
{
    struct queue_request r;

    queue_driver_hold(&c->queue);
    while (queue_take(&c->queue, &r) == E_OK) {
        bool good = r.op == PACKET_OP_TRANSMIT && r.length >= MUX_FRAME_MIN &&
                    r.length <= MUX_FRAME_MAX && r.arg[0] <= PACKET_CHECKSUM_AFTER &&
                    r.arg[1] <= PACKET_CHECKSUM_AFTER && r.arg[2] < 2ull * PACKET_TAGGED;
        if (good) {
            memcpy(to, c->data + r.offset, r.length);
            *out = (struct mux_out){(unsigned)r.length, (uint16_t)r.arg[0], (uint16_t)r.arg[1],
                                    (uint32_t)r.arg[2]};
            c->frames++;
        }
        (void)queue_complete(&c->queue, r.seq, good || r.op == QUEUE_OP_FLUSH ? E_OK : E_BAD_ARG,
                             0);
        if (good) {
            return true;
        }
    }
    return false;
}

/* Who has something, be it wrong. */
static inline uint32_t who_sends(void)
{
    uint32_t who = 0;

    for (uint32_t places = mux.senders; places != 0; places &= places - 1) {
        unsigned i = (unsigned)__builtin_ctz(places);
        who |= (uint32_t)queue_driver_sees(&mux.client[i].queue) << i;
    }
    return who;
}

__attribute__((noinline)) static bool take_frame_of(uint32_t who, uint8_t *to, struct mux_out *out)
{
    while (who != 0) {
        uint32_t after = who >> mux.turn << mux.turn;
        unsigned i = (unsigned)__builtin_ctz(after != 0 ? after : who);
        who &= ~(1u << i);
        if (take_frame(&mux.client[i], to, out)) {
            mux.turn = i + 1;
            show_sniffers(to, out);
            return true;
        }
    }
    return false;
}

bool mux_out(uint8_t *to, struct mux_out *out)
{
    uint32_t who = who_sends();

    return who != 0 && take_frame_of(who, to, out);
}

/* Who sends need not ring: this looks again before it sleeps. */
static void stay_awake(void)
{
    for (uint32_t places = mux.senders; places != 0;) {
        queue_driver_awake(&next_of(&places)->queue);
    }
}

/* Who is woken runs at once, if it has the higher priority. */
bool mux_ring(void)
{
    bool rung = false;

    for (uint32_t places = mux.receivers; places != 0;) {
        struct mux_client *c = next_of(&places);
        if (c->queue.owes) {
            stay_awake();
            queue_driver_ring(&c->queue);
            rung = true;
        }
    }
    return rung && who_sends() != 0;
}

bool mux_about_to_sleep(bool full)
{
    for (uint32_t places = mux.senders | mux.receivers; places != 0;) {
        struct mux_client *c = next_of(&places);
        queue_driver_ring(&c->queue);
        if ((c->transmits ? !full : c->count < ENOUGH) && !queue_driver_about_to_sleep(&c->queue)) {
            return false;
        }
    }
    return true;
}
