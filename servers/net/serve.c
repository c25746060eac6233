/*
 * serve.c - the net server's clients: sessions of `socket`, each with memory of its own that both
 * have mapped, and the interface `net` for those who configure and look. Addresses are numbers in
 * messages, and in network byte order in the core.
 */
#include "server.h"

#include <idl/net_server.h>
#include <idl/sessions_server.h>
#include <idl/socket_server.h>
#include <quoll/client.h>
#include <stdio.h>
#include <string.h>

#define INTERFACE_OF(badge) ((unsigned)((badge) >> 24) & 0x7f)
#define REGION_PAGES        ((unsigned)(SOCKET_REGION_BYTES / QUEUE_PAGE_BYTES))
#define CLIENT_SESSIONS     3u /* as many as libc opens */

static struct served_all all = {.slots = SLOT_CLIENTS,
                                .first_va = 2,
                                .count = CORE_SESSIONS,
                                .most = CLIENT_SESSIONS,
                                .depth = 0,
                                .pages = REGION_PAGES,
                                .bit = BIT_CLIENTS,
                                .system = SLOT_SYSTEM};
_Static_assert(CORE_SESSIONS <= SERVED_MAX, "a place each");
_Static_assert(SOCKET_REGION_BYTES == QUEUE_DATA_LARGE, "a session's large page");

static struct {
    bool used, is_done;
    uint64_t reply;
    int error;
    uint32_t address;
} questions[TASK_REPLIES];

void serve_begin(void)
{
    task_buffer()->recv_slot = SLOT_RECEIVE;
    task_buffer()->recv_count = MSG_MAX_CAPS;
    (void)served_reserve(&all,
                         1); /* in a small machine services would leave no memory for a shell */
}

/* The same both ways. */
static uint32_t swap(uint32_t address)
{
    return __builtin_bswap32(address);
}

/* ---- sessions */

static void end(unsigned place)
{
    core_session_close(place);
    served_close(&all, place);
}

void serve_bury(void)
{
    served_bury(&all, end);
}

void port_wake(unsigned session)
{
    (void)sys_signal(all.at[session].wake);
}

/* Who rang is this task's equal, mostly, and was stopped by that: what it has to give goes as one
 * batch if it goes on first. */
void serve_doorbells(uint64_t bits)
{
    bool any = false;

    for (bits = bits >> BIT_CLIENTS & ((1u << CORE_SESSIONS) - 1); bits != 0; bits &= bits - 1) {
        core_rung((unsigned)__builtin_ctzll(bits));
        any = true;
    }
    if (any) {
        sys_yield();
        core_attend();
    }
}

/* With the ports that the manifest lets @client have. */
static void open_core(unsigned place, uint32_t client)
{
    unsigned ports[2];

    core_session_open(place, all.at[place].data, (struct core_rights){1, 0});
    for (unsigned i = 0; args_range(SLOT_SYSTEM, "listen", client, i, ports); i++) {
        core_session_allow(place, (struct core_rights){(uint16_t)ports[0], (uint16_t)ports[1]});
    }
}

/* NOLINTNEXTLINE(readability-function-size): as many parameters as the IDL gives it */
int sessions_serve_open(struct call *call, uint8_t interface_number, uint32_t methods,
                        uint16_t data_pages, uint16_t depth, uint64_t notification,
                        uint32_t *session, uint64_t *endpoint, uint64_t *doorbell,
                        uint64_t *acknowledge, struct sessions_geometry *shape)
{
    const struct served_order o = {.client = call_session(call),
                                   .interface = interface_number,
                                   .methods = methods & SOCKET_RIGHTS_ALL,
                                   .notification = notification,
                                   .is_preferred =
                                       args_allow(SLOT_SYSTEM, "manage", call_session(call), NULL)};
    unsigned place;
    int error;

    if (interface_number != SOCKET_INTERFACE || data_pages != REGION_PAGES || depth != 0) {
        return E_BAD_ARG;
    }
    error = served_open(&all, &o, end, &place);
    if (error != E_OK) {
        return error;
    }
    open_core(place, o.client);
    *session = place;
    *endpoint = served_endpoint(&all, place);
    *doorbell = *acknowledge = served_doorbell(&all, place);
    *shape = (struct sessions_geometry){0, (uint16_t)all.at[place].pages, REGION_PAGES};
    return E_OK;
}

int sessions_serve_pages(struct call *call, uint32_t session, uint32_t first, uint64_t *frames,
                         size_t *frames_count)
{
    return session < all.count
               ? served_frames(&all, session, call_session(call), first, frames, frames_count)
               : E_BAD_ARG;
}

int sessions_serve_close(struct call *call, uint32_t session)
{
    if (!served_is_of(&all, session, call_session(call))) {
        return E_BAD_ARG;
    }
    end(session);
    return E_OK;
}

/* ---- sockets */

int socket_serve_create(struct call *call, enum socket_sort what, uint32_t *result)
{
    static const enum core_kind kinds[] = {[SOCKET_SORT_STREAM] = CORE_STREAM,
                                           [SOCKET_SORT_DATAGRAM] = CORE_DATAGRAM,
                                           [SOCKET_SORT_ECHO] = CORE_ECHO};
    return core_create(call_session(call), kinds[what], result);
}

int socket_serve_bind(struct call *call, uint32_t socket, const struct socket_end *at)
{
    return core_bind(call_session(call), socket, swap(at->address), at->port_number);
}

int socket_serve_listen(struct call *call, uint32_t socket, uint32_t backlog)
{
    return core_listen(call_session(call), socket, backlog);
}

int socket_serve_accept(struct call *call, uint32_t socket, uint32_t into, uint32_t *result,
                        struct socket_end *from)
{
    struct core_end there = {0};
    uint32_t session = call_session(call);
    int error = served_is_of(&all, into, all.at[session].client)
                    ? core_accept(session, socket, into, result, &there)
                    : E_BAD_ARG;

    *from = (struct socket_end){swap(there.address), there.port};
    return error;
}

int socket_serve_connect(struct call *call, uint32_t socket, const struct socket_end *to)
{
    return core_connect(call_session(call), socket, swap(to->address), to->port_number);
}

int socket_serve_shutdown(struct call *call, uint32_t socket)
{
    return core_shutdown(call_session(call), socket);
}

int socket_serve_close(struct call *call, uint32_t socket)
{
    return core_close(call_session(call), socket);
}

int socket_serve_ends(struct call *call, uint32_t socket, struct socket_end *here,
                      struct socket_end *there)
{
    struct core_socket about;
    int error = core_describe(call_session(call), socket, &about);

    if (error == E_OK) {
        *here = (struct socket_end){swap(about.local_address), about.local_port};
        *there = (struct socket_end){swap(about.remote_address), about.remote_port};
    }
    return error;
}

/* ---- names */

void port_resolved(unsigned cookie, int error, uint32_t address)
{
    if (questions[cookie].reply == 0) { /* known at once */
        questions[cookie].is_done = true;
        questions[cookie].error = error;
        questions[cookie].address = swap(address);
        return;
    }
    socket_answer_resolve(questions[cookie].reply, error, swap(address));
    questions[cookie].reply = 0;
    questions[cookie].used = false;
}

int socket_serve_resolve(struct call *call, const char *name, uint32_t *result)
{
    unsigned i = 0;
    int error;

    while (i < TASK_REPLIES && questions[i].used) {
        i++;
    }
    if (i == TASK_REPLIES) {
        return E_LIMIT;
    }
    questions[i].used = true;
    questions[i].is_done = false;
    questions[i].reply = 0;
    error = core_resolve(name, i);
    if (error == E_OK && questions[i].is_done) {
        error = questions[i].error;
        *result = questions[i].address;
    } else if (error == E_OK) {
        error = call_keep(call, &questions[i].reply);
        if (error == CALL_LATER) {
            return error;
        }
        /* Its answer, when it comes, is for nobody: the place stays used until then. */
        questions[i].reply = 0;
        return error;
    }
    questions[i].used = false;
    return error;
}

/* ---- net */

int net_serve_get(struct call *call, struct net_setting *result)
{
    struct core_address a;

    (void)call;
    core_get_address(&a);
    *result = (struct net_setting){swap(a.address), swap(a.mask), swap(a.gateway), swap(a.dns),
                                   a.by_dhcp};
    return E_OK;
}

int net_serve_set(struct call *call, const struct net_setting *what)
{
    const struct core_address a = {.address = swap(what->address),
                                   .mask = swap(what->mask),
                                   .gateway = swap(what->gateway),
                                   .dns = swap(what->name_server)};

    if (!args_allow(SLOT_SYSTEM, "manage", call_session(call), NULL)) {
        return E_NO_RIGHT;
    }
    if (what->by_dhcp) {
        core_use_dhcp();
        return E_OK;
    }
    return core_use_address(&a);
}

int net_serve_card(struct call *call, struct net_card_state *result)
{
    struct core_address a;

    (void)call;
    wire_tick(); /* as it is now, not half a second ago */
    core_get_address(&a);
    result->is_there = wire_is_there();
    result->is_up = a.is_up;
    memcpy(result->mac, a.mac, sizeof(a.mac));
    return E_OK;
}

int net_serve_neighbour(struct call *call, uint32_t index, struct net_neighbour_state *result)
{
    struct core_neighbour n;

    (void)call;
    for (unsigned i = 0; i < core_neighbours_max(); i++) {
        if (core_neighbour(i, &n) && index-- == 0) {
            result->address = swap(n.address);
            memcpy(result->mac, n.mac, sizeof(n.mac));
            return E_OK;
        }
    }
    return E_NOT_FOUND;
}

static void describe(const struct core_socket *about, struct net_socket_state *to)
{
    static const char *const protocols[] = {
        [CORE_STREAM] = "tcp", [CORE_DATAGRAM] = "udp", [CORE_ECHO] = "icmp"};

    (void)snprintf(to->protocol, sizeof(to->protocol), "%s", protocols[about->kind]);
    (void)snprintf(to->status, sizeof(to->status), "%s", about->state);
    task_name(SLOT_SYSTEM, all.at[about->session].client, to->task);
    to->local_address = swap(about->local_address);
    to->remote_address = swap(about->remote_address);
    to->local_port = about->local_port;
    to->remote_port = about->remote_port;
    to->receive_queue = about->rx_used;
    to->send_queue = about->tx_used;
}

int net_serve_socket_at(struct call *call, uint32_t index, struct net_socket_state *result)
{
    struct core_socket about;
    bool used;

    (void)call;
    for (unsigned i = 0; core_socket_at(i, &about, &used); i++) {
        if (used && index-- == 0) {
            describe(&about, result);
            return E_OK;
        }
    }
    return E_NOT_FOUND;
}

int net_serve_counted(struct call *call, struct net_counters *result)
{
    struct core_counters c;

    (void)call;
    core_get_counters(&c);
    *result = (struct net_counters){c.frames_in, c.frames_out, c.bytes_in, c.bytes_out,
                                    c.no_memory, c.bad_frames, c.no_room,  c.lies};
    return E_OK;
}

bool serve_call(struct call *call)
{
    if (INTERFACE_OF(call->m.badge) == SOCKET_INTERFACE) {
        return socket_dispatch(call);
    }
    return msg_label(&call->m) >> 8 == NET_INTERFACE ? net_dispatch(call) : sessions_dispatch(call);
}
