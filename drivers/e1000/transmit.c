/*
 * transmit.c - frames, in the order in which they came, to the device (section 3.3). Each has a
 * data descriptor that the device writes back when it has the frame; where the places of a checksum
 * change, a context descriptor before it says so. The driver keeps what it was asked to send, not
 * what the ring says: after a stop the ring is made anew from that.
 */
#include "e1000.h"

#define DESCRIPTORS 256u /* a power of two */
#define FRAMES      128u /* so there is room for a context before each */
#define KIND_DATA   1u

union descriptor {
    struct e1000_send data;
    struct e1000_context context;
};

static union descriptor *ring;
static uint64_t ring_address;
static struct frame frames[FRAMES];
static uint32_t first, end;  /* numbers of frames; these and the next only grow */
static uint32_t descriptors; /* number of the first that is free */
static uint32_t poisoned;    /* of the first that is not poisoned */
static uint32_t told;        /* what the device knows of `descriptors` */
static uint8_t from, at;     /* of the context that the device has */

_Static_assert(2 * FRAMES <= DESCRIPTORS, "frames with contexts fit, but for one descriptor");
_Static_assert(DESCRIPTORS * sizeof(union descriptor) <= RING_BYTES, "transmit ring");

static union descriptor *descriptor(uint32_t number)
{
    return &ring[number % DESCRIPTORS];
}

static void poison(union descriptor *d)
{
    e1000_send_buffer_write(&d->data, RING_POISON);
    e1000_send_control_write(&d->data, (struct e1000_send_control){0});
}

void transmit_begin(void *memory, uint64_t address)
{
    ring = memory;
    ring_address = address;
}

bool transmit_has_room(void)
{
    return end - first < FRAMES - 1;
}

/* Section 3.3.6; `to` 0 is the end of the frame. */
static void put_context(const struct frame *f)
{
    struct e1000_context *d = &descriptor(descriptors++)->context;

    from = f->from;
    at = f->at;
    e1000_context_sums_write(d, (struct e1000_context_sums){.from = from, .at = at});
    e1000_context_control_write(d, (struct e1000_context_control){.extended = true});
}

/* Section 3.3.7. */
static void put_data(const struct frame *f)
{
    struct e1000_send *d = &descriptor(descriptors++)->data;

    e1000_send_buffer_write(d, f->address);
    e1000_send_control_write(d, (struct e1000_send_control){
                                    .length = f->length & E1000_SEND_CONTROL_LENGTH_MAX,
                                    .kind = KIND_DATA,
                                    .end = true,
                                    .check_sequence = true,
                                    .report = true,
                                    .extended = true,
                                    .tagged = f->tag != 0,
                                    .sum = f->at != 0,
                                    .tag = (uint16_t)f->tag,
                                });
}

static void put(struct frame *f)
{
    if (f->at != 0 && (f->at != at || f->from != from)) {
        put_context(f);
    }
    put_data(f);
    f->end = descriptors;
}

void transmit_start(const struct frame *frame)
{
    struct frame *f = &frames[end++ % FRAMES];

    *f = *frame;
    if (nic.runs) {
        put(f);
    }
}

void transmit_go(void)
{
    if (told != descriptors && nic.runs) {
        told = descriptors;
        e1000_ring_tail_write(nic.regs, RING_TRANSMIT, (uint16_t)(told % DESCRIPTORS));
    }
}

/* The device has it; poisoning what was its own makes room for others. */
static void finish(const struct frame *f, struct e1000_send_control control)
{
    bool failed = control.excess || control.late;

    for (; poisoned != f->end; poisoned++) {
        poison(descriptor(poisoned));
    }
    complete(f->session, f->seq, failed ? E_IO : E_OK, 0);
}

bool transmit_reap(void)
{
    while (nic.runs && first != end) {
        const struct frame *f = &frames[first % FRAMES];
        struct e1000_send_control control = e1000_send_control_read(&descriptor(f->end - 1)->data);

        if (!control.done) {
            break;
        }
        first++;
        finish(f, control);
    }
    return first != end;
}

bool transmit_forget(unsigned s)
{
    uint32_t kept = first, all = end;

    for (uint32_t i = first; i != all; i++) {
        if (frames[i % FRAMES].session != s) {
            frames[kept++ % FRAMES] = frames[i % FRAMES];
        }
    }
    end = kept;
    return kept != all;
}

/* The device begins at descriptor 0 again, and knows no context. */
void transmit_resume(void)
{
    for (uint32_t i = 0; i < DESCRIPTORS; i++) {
        poison(&ring[i]);
    }
    descriptors = poisoned = told = 0;
    from = at = 0;
    for (uint32_t i = first; i != end; i++) {
        put(&frames[i % FRAMES]);
    }
    chip_set_ring(RING_TRANSMIT, ring_address, DESCRIPTORS * sizeof(*ring));
}

void transmit_wild(uint64_t address)
{
    put_data(&(struct frame){.address = address, .length = PACKET_FRAME_MAX});
    transmit_go();
}
