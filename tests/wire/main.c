/*
 * main.c - a network card for tests without one: a mirror. An ARP question is answered by a machine
 * that has every address; an echo request comes back as its answer; any other IPv4 packet comes
 * back with source and destination changed, so whoever connects to any address connects to himself.
 */
#include <driver.h>
#include <idl/packet_desc.h>
#include <idl/packet_queue.h>
#include <idl/packet_server.h>
#include <string.h>

#define WAITING 64u

const struct idl_interface *const driver_interfaces[] = {&packet_desc, NULL};

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1}, their_mac[6] = {2, 0, 0, 0, 0, 0x99};
static struct packet_statistics stats;

/* Buffers to receive into, of the one session that receives. */
static struct {
    uint64_t seq, offset;
} posted[WAITING];
static unsigned first, end, receiver;

const char *driver_attach(void)
{
    return NULL;
}

static void swap(uint8_t *a, uint8_t *b, unsigned n)
{
    for (; n > 0; n--, a++, b++) {
        uint8_t old = *a;
        *a = *b;
        *b = old;
    }
}

/* True: it comes back. */
static bool mirror(uint8_t *frame, unsigned length)
{
    bool is_arp = length >= 42 && frame[12] == 8 && frame[13] == 6;
    bool is_ip = length >= 34 && frame[12] == 8 && frame[13] == 0 && frame[30] != 255;
    uint32_t sum;

    memcpy(frame, our_mac, 6);
    memcpy(frame + 6, their_mac, 6);
    if (is_arp && frame[21] == 1 && memcmp(frame + 28, frame + 38, 4) != 0) {
        frame[21] = 2;
        memcpy(frame + 32, our_mac, 6);
        memcpy(frame + 22, their_mac, 6);
        swap(frame + 28, frame + 38, 4);
        return true;
    }
    if (!is_ip) {
        return false;
    }
    swap(frame + 26, frame + 30, 4);
    if (frame[23] == 1 && length >= 42 && frame[34] == 8) {
        frame[34] = 0;
        sum = ((uint32_t)frame[36] << 8 | frame[37]) + 0x0800;
        sum = (sum & 0xffff) + (sum >> 16);
        frame[36] = (uint8_t)(sum >> 8);
        frame[37] = (uint8_t)sum;
    }
    return true;
}

static void give_back(const uint8_t *frame, unsigned length)
{
    unsigned at = first % WAITING;

    if (first == end) {
        stats.dropped++;
        return;
    }
    first++;
    memcpy((uint8_t *)driver_session_data(receiver) + posted[at].offset, frame, length);
    stats.packets_in++;
    stats.bytes_in += length;
    driver_complete(receiver, posted[at].seq, E_OK, length);
}

void packet_start_transmit(struct queue_driver *queue, const struct queue_request *request,
                           uint16_t checksum_from, uint16_t checksum_at, uint32_t tag)
{
    unsigned s = driver_session_of(queue), length = (unsigned)request->length;
    uint8_t frame[PACKET_FRAME_MAX];

    (void)checksum_from;
    (void)checksum_at;
    (void)tag;
    memcpy(frame, (const uint8_t *)driver_session_data(s) + request->offset, length);
    stats.packets_out++;
    stats.bytes_out += length;
    driver_complete(s, request->seq, E_OK, 0);
    if (mirror(frame, length)) {
        give_back(frame, length);
    }
}

void packet_start_receive(struct queue_driver *queue, const struct queue_request *request)
{
    receiver = driver_session_of(queue);
    posted[end % WAITING].seq = request->seq;
    posted[end++ % WAITING].offset = request->offset;
}

void driver_session_rung(unsigned s)
{
    struct queue_request r;

    while (driver_take(s, &r)) {
        packet_dispatch_request(driver_queue(s), &r);
    }
}

void driver_session_closed(unsigned s)
{
    if (s == receiver) {
        first = end;
    }
}

bool driver_message(struct call *call)
{
    return packet_dispatch(call);
}

int packet_serve_info(struct call *call, struct packet_card *result)
{
    (void)call;
    *result = (struct packet_card){.mtu = 1500,
                                   .link = {.is_up = true, .is_full_duplex = true, .megabits = 10}};
    memcpy(result->mac, our_mac, sizeof(our_mac));
    return E_OK;
}

int packet_serve_set_filter(struct call *call, bool promiscuous, bool all_multicast,
                            const struct packet_group *multicast, size_t multicast_count)
{
    (void)call;
    (void)promiscuous;
    (void)all_multicast;
    (void)multicast;
    (void)multicast_count;
    return E_OK;
}

int packet_serve_stats(struct call *call, struct packet_statistics *result)
{
    (void)call;
    *result = stats;
    return E_OK;
}

int packet_serve_link_wait(struct call *call, bool is_up, struct packet_link_state *result)
{
    (void)call;
    (void)is_up;
    (void)result;
    return E_BUSY; /* the cable is never pulled */
}
