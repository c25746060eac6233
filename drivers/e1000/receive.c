/*
 * receive.c - buffers of the one session that receives, in the order of its requests, to the device
 * and back (section 3.2). What the device writes into a descriptor is read once, and believed only
 * about the length of a frame and its checksums: whose buffer it is, and where, is kept here.
 */
#include "e1000.h"

#define DESCRIPTORS 128u /* a power of two; more than a session has requests */

struct buffer {
    uint64_t seq, address;
};

static struct e1000_receive *ring;
static uint64_t ring_address;
static struct buffer buffers[DESCRIPTORS]; /* by descriptor */
static uint32_t told;                      /* of `receive_end` */
uint32_t receive_first, receive_end;
unsigned receive_owner = RECEIVE_NOBODY;

_Static_assert(QUEUE_SLOTS_MAX < DESCRIPTORS, "there is always room");
_Static_assert(DESCRIPTORS * sizeof(struct e1000_receive) <= RING_BYTES / 2, "receive ring");

static struct e1000_receive *descriptor(uint32_t number)
{
    return &ring[number % DESCRIPTORS];
}

static void poison(struct e1000_receive *d)
{
    e1000_receive_buffer_write(d, RING_POISON);
    e1000_receive_result_write(d, (struct e1000_receive_result){0});
}

void receive_begin(void *memory, uint64_t address)
{
    ring = memory;
    ring_address = address;
}

static void put(struct buffer buffer)
{
    buffers[receive_end % DESCRIPTORS] = buffer;
    e1000_receive_buffer_write(descriptor(receive_end), buffer.address);
    e1000_receive_result_write(descriptor(receive_end++), (struct e1000_receive_result){0});
}

void receive_start(unsigned s, const struct queue_request *r)
{
    if (receive_owner != RECEIVE_NOBODY && receive_owner != s) {
        complete(s, r->seq, E_BUSY, 0);
    } else if (r->length != PACKET_BUFFER_BYTES) {
        complete(s, r->seq, E_BAD_ARG, 0);
    } else {
        receive_owner = s;
        put((struct buffer){r->seq, driver_session_dma(s) + r->offset});
    }
}

void receive_go(void)
{
    if (told != receive_end && nic.runs) {
        told = receive_end;
        e1000_ring_tail_write(nic.regs, RING_RECEIVE, (uint16_t)(receive_end % DESCRIPTORS));
    }
}

/* 0: no frame that a client could use. */
static uint64_t value_of(struct e1000_receive_result r)
{
    uint64_t value = r.length;

    if (!r.end || r.length == 0 || r.length > PACKET_BUFFER_BYTES || r.crc_error ||
        r.symbol_error || r.sequence_error || r.carrier_error || r.data_error) {
        return 0;
    }
    if (!r.no_checksum && r.transport_checked && !r.transport_error && !r.ip_error) {
        value |= PACKET_RECEIVED_CHECKED;
    }
    if (r.tagged) {
        value |= PACKET_RECEIVED_TAGGED | (uint64_t)r.tag << PACKET_RECEIVED_TAG_SHIFT;
    }
    return value;
}

/* A buffer with a damaged frame goes to the device again; only those that it has now are looked at,
 * so a device that damages everything does not keep the driver here. */
unsigned receive_reap(void)
{
    uint32_t last = receive_end;
    unsigned frames = 0;

    while (nic.runs && receive_first != last) {
        struct e1000_receive_result r = e1000_receive_result_read(descriptor(receive_first));
        struct buffer buffer = buffers[receive_first % DESCRIPTORS];
        uint64_t value = value_of(r);

        if (!r.done) {
            break;
        }
        poison(descriptor(receive_first++));
        if (value != 0) {
            complete(receive_owner, buffer.seq, E_OK, value);
            frames++;
        } else {
            nic.count.errors++;
            put(buffer);
        }
    }
    return frames;
}

bool receive_forget(unsigned s)
{
    bool had = receive_owner == s && receive_first != receive_end;

    if (receive_owner == s) {
        receive_owner = RECEIVE_NOBODY;
        receive_first = receive_end;
    }
    return had;
}

/* The device begins at descriptor 0 again. */
void receive_resume(void)
{
    uint32_t count = receive_end - receive_first;
    struct buffer kept[DESCRIPTORS];

    for (uint32_t i = 0; i < count; i++) {
        kept[i] = buffers[(receive_first + i) % DESCRIPTORS];
    }
    for (uint32_t i = 0; i < DESCRIPTORS; i++) {
        poison(&ring[i]);
    }
    receive_first = receive_end = told = 0;
    for (uint32_t i = 0; i < count; i++) {
        put(kept[i]);
    }
    chip_set_ring(RING_RECEIVE, ring_address, DESCRIPTORS * sizeof(*ring));
}

void receive_wild(uint64_t address)
{
    for (uint32_t i = receive_first; i != receive_end; i++) {
        e1000_receive_buffer_write(descriptor(i), address);
    }
    e1000_receive_buffer_write(descriptor(receive_end), address);
    e1000_ring_tail_write(nic.regs, RING_RECEIVE, (uint16_t)((receive_end + 1) % DESCRIPTORS));
}
