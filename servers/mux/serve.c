/*
 * serve.c - the multiplexer's clients: they open sessions of `packet` with it as they would with
 * the driver (interface `sessions`), one to transmit and one to receive.
 */
#include "server.h"

#include <idl/mux_server.h>
#include <idl/packet_queue.h>
#include <idl/packet_server.h>
#include <idl/sessions_server.h>

#define INTERFACE_OF(badge) ((unsigned)((badge) >> 24) & 0x7f)

static struct served_all all = {.slots = SLOT_CLIENTS,
                                .first_va = 2,
                                .count = MUX_CLIENTS,
                                .most = MUX_CLIENTS / 2,
                                .depth = QUEUE_SLOTS_NARROW,
                                .pages = QUEUE_DATA_PAGES,
                                .bit = BIT_CLIENTS,
                                .system = SLOT_SYSTEM};
_Static_assert(MUX_CLIENTS <= SERVED_MAX, "a place each");

static struct {
    uint64_t reply;
    unsigned place;
    bool is_up;
} waits[TASK_REPLIES];

static void forget_waiting(unsigned place)
{
    for (unsigned i = 0; i < TASK_REPLIES; i++) {
        if (waits[i].reply != 0 && waits[i].place == place) {
            call_answer_error(waits[i].reply, E_GONE);
            waits[i].reply = 0;
        }
    }
}

static void end(unsigned place)
{
    forget_waiting(place);
    mux_close(place);
    served_close(&all, place);
}

void serve_begin(void)
{
    task_buffer()->recv_slot = SLOT_RECEIVE;
    task_buffer()->recv_count = MSG_MAX_CAPS;
}

/* ---- sessions */

static int check_open(uint32_t client, uint32_t methods, unsigned pages, unsigned depth)
{
    bool transmits = (methods & PACKET_RIGHT_TRANSMIT) != 0;

    if (pages != all.pages || (depth != 0 && depth != all.depth) ||
        transmits == ((methods & PACKET_RIGHT_RECEIVE) != 0)) {
        return E_BAD_ARG;
    }
    return args_allow(SLOT_SYSTEM, transmits ? "transmit" : "receive", client, NULL) ? E_OK
                                                                                     : E_NO_RIGHT;
}

/* NOLINTNEXTLINE(readability-function-size): as many parameters as the IDL gives it */
int sessions_serve_open(struct call *call, uint8_t interface_number, uint32_t methods,
                        uint16_t data_pages, uint16_t depth, uint64_t notification,
                        uint32_t *session, uint64_t *endpoint, uint64_t *doorbell,
                        uint64_t *acknowledge, struct sessions_geometry *shape)
{
    struct served_order o = {.client = call_session(call),
                             .interface = interface_number,
                             .methods = methods & PACKET_RIGHTS_ALL,
                             .notification = notification,
                             .limits = {.ops_known = PACKET_OPS_KNOWN,
                                        .ops_allowed = packet_ops_allowed(methods),
                                        .ops_wait = PACKET_OPS_WAIT}};
    int error = interface_number == PACKET_INTERFACE
                    ? check_open(o.client, methods, data_pages, depth)
                    : E_BAD_ARG;
    unsigned place;

    if (error == E_OK) {
        error = served_open(&all, &o, end, &place);
    }
    if (error != E_OK) {
        return error;
    }
    mux_open(place, (methods & PACKET_RIGHT_TRANSMIT) != 0, all.at[place].queue, all.at[place].wake,
             all.at[place].data);
    *session = place;
    *endpoint = served_endpoint(&all, place);
    *doorbell = *acknowledge = served_doorbell(&all, place);
    *shape =
        (struct sessions_geometry){(uint16_t)all.at[place].depth, (uint16_t)all.at[place].pages,
                                   (uint16_t)all.at[place].data_pages};
    return E_OK;
}

int sessions_serve_pages(struct call *call, uint32_t session, uint32_t first, uint64_t *frames,
                         size_t *frames_count)
{
    return session < all.count
               ? served_frames(&all, session, call_session(call), first, frames, frames_count)
               : E_BAD_ARG;
}

void serve_bury(void)
{
    served_bury(&all, end);
    card_set_filter();
}

int sessions_serve_close(struct call *call, uint32_t session)
{
    if (!served_is_of(&all, session, call_session(call))) {
        return E_BAD_ARG;
    }
    end(session);
    card_set_filter();
    return E_OK;
}

/* ---- packet */

static struct mux_client *client_of(const struct call *call)
{
    unsigned place = call_session(call);

    return place < MUX_CLIENTS && mux.client[place].used ? &mux.client[place] : NULL;
}

int packet_serve_info(struct call *call, struct packet_card *result)
{
    (void)call;
    return card_info(result);
}

int packet_serve_set_filter(struct call *call, bool promiscuous, bool all_multicast,
                            const struct packet_group *multicast, size_t multicast_count)
{
    struct mux_client *c = client_of(call);

    (void)all_multicast; /* all that is for groups and reaches the card is for all */
    (void)multicast;
    (void)multicast_count;
    if (c == NULL || c->transmits) {
        return E_BAD_ARG;
    }
    if (promiscuous && !args_allow(SLOT_SYSTEM, "sniff", all.at[call_session(call)].client, NULL)) {
        return E_NO_RIGHT;
    }
    c->sniffs = promiscuous;
    card_set_filter();
    return E_OK;
}

int packet_serve_stats(struct call *call, struct packet_statistics *result)
{
    (void)call;
    return card_stats(result);
}

int packet_serve_link_wait(struct call *call, bool is_up, struct packet_link_state *result)
{
    struct packet_card card;

    if (card_info(&card) == E_OK && card.link.is_up != is_up) {
        *result = card.link;
        return E_OK;
    }
    for (unsigned i = 0; i < TASK_REPLIES; i++) {
        if (waits[i].reply == 0) {
            int error = call_keep(call, &waits[i].reply);
            if (error != CALL_LATER) {
                waits[i].reply = 0;
            }
            waits[i].is_up = is_up;
            waits[i].place = call_session(call);
            return error;
        }
    }
    return E_BUSY;
}

void serve_link(const struct packet_link_state *link)
{
    for (unsigned i = 0; i < TASK_REPLIES; i++) {
        uint64_t reply = waits[i].reply;
        if (reply != 0 && waits[i].is_up != link->is_up) {
            waits[i].reply = 0;
            packet_answer_link_wait(reply, E_OK, link);
        }
    }
}

/* ---- mux */

int mux_serve_set_rule(struct call *call, uint32_t session, const struct mux_rule *what)
{
    struct mux_client *c;

    if (!served_is_of(&all, session, call_session(call)) || what->port_last < what->port_first) {
        return E_BAD_ARG;
    }
    c = &mux.client[session];
    c->rule = *what;
    return E_OK;
}

int mux_serve_client(struct call *call, uint32_t index, struct mux_client_state *result)
{
    (void)call;
    for (unsigned i = 0; i < MUX_CLIENTS; i++) {
        const struct mux_client *c = &mux.client[i];
        if (!c->used || index-- != 0) {
            continue;
        }
        task_name(SLOT_SYSTEM, all.at[i].client, result->task);
        result->transmits = c->transmits;
        result->sniffs = c->sniffs;
        result->frames = c->frames;
        result->lost = c->lost;
        return E_OK;
    }
    return E_NOT_FOUND;
}

bool serve_call(struct call *call)
{
    unsigned of_session = INTERFACE_OF(call->m.badge);

    if (of_session == PACKET_INTERFACE) {
        return packet_dispatch(call);
    }
    return msg_label(&call->m) >> 8 == MUX_INTERFACE ? mux_dispatch(call) : sessions_dispatch(call);
}
