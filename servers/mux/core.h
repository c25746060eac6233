/*
 * core.h - the multiplexer without its system: the ends of its clients' queues, who gets which
 * frame, and the copying. Pure but for the queue library's signal; tested on the host.
 * Invariant: a frame's bytes go from a client's region to the card's, or from the card's to those
 * of clients, once each; a client's words say where in its own region, and nothing else.
 */
#ifndef MUX_CORE_H
#define MUX_CORE_H

#include <idl/mux.h>
#include <quoll/queue.h>

#define MUX_CLIENTS   10u
#define MUX_FRAME_MIN 14u
#define MUX_FRAME_MAX 1514u
#define MUX_BUFFER    2048u

/* What goes with a frame to the card. */
struct mux_out {
    unsigned length;
    uint16_t checksum_from, checksum_at;
    uint32_t tag;
};

struct mux_client {
    bool used, transmits, sniffs;
    struct queue_driver queue;
    uint8_t *data;
    struct mux_rule rule;
    uint64_t frames, lost;
    struct { /* buffers to receive into, in their order */
        uint64_t seq, offset;
    } posted[QUEUE_SLOTS_MAX];
    unsigned first, count;
};

struct mux {
    uint8_t mac[6];
    unsigned turn;               /* whose frame is sent next */
    uint32_t senders, receivers; /* bit per client in use: which of the two it is */
    bool starves;                /* somebody has no buffer left, and is not awake yet */
    struct mux_client client[MUX_CLIENTS];
};
extern struct mux mux;

/** Place @place is a client's now, its queue UP. */
void mux_open(unsigned place, bool transmits, struct queue_pages pages, uint64_t wake,
              uint8_t *data);

void mux_close(unsigned place);

/** Take the buffers that clients have posted. True: some. */
bool mux_take_posted(void);

/** A frame has arrived at @frame, with @about as the card's driver says of it (packet.receive).
 *  Its head is copied before it is looked at: the card may still write there. */
void mux_in(const uint8_t *frame, uint64_t about);

/** Wake those who have no buffer left, so that they post some. True: there was one. */
bool mux_wake_starving(void);

/** Copy the next frame that a client has to send to @to. False: there is none. Who only listens
 *  sees it too. */
bool mux_out(uint8_t *to, struct mux_out *out);

/** Wake those who have received something. True: somebody has answered already, without a signal.
 */
bool mux_ring(void);

/** False: there is something to take; @full: frames to be sent can't be taken anyway. */
bool mux_about_to_sleep(bool full);

/** Does anyone want frames that are for others? */
bool mux_sniffs(void);

#endif
