/*
 * stream.c - TCP sockets. What is sent is not copied: lwIP refers to the client's ring until the
 * other side has acknowledged it. The client may change it there meanwhile; then its checksum is
 * wrong, or its own data, and nobody else's. Headers are lwIP's own memory.
 * A callback that ends its connection says ERR_ABRT, as lwIP wants it.
 */
#include "internal.h"

#include <lwip/priv/tcp_priv.h>
#include <lwip/tcp.h>

#define CLOSING_MS 20000u /* so long may what is left take, once the client has closed */

/* One that says nothing is asked whether it is there, so that what is gone without a word (no
 * power, a forgotten translation of addresses) holds no socket for good. */
#define KEEP_IDLE_MS  60000u
#define KEEP_EVERY_MS 10000u
#define KEEP_COUNT    6u

static struct waiting waiting[WAITING_MAX]; /* whom nobody has accepted yet, of all sockets */

static err_t on_receive(void *cookie, struct tcp_pcb *pcb, struct pbuf *p, err_t error);
static err_t on_sent(void *cookie, struct tcp_pcb *pcb, uint16_t count);

/* ---- ends */

/* No call comes from it any more. */
static void detach(struct tcp_pcb *pcb)
{
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
}

static void end_listener(struct socket *s)
{
    for (unsigned i = 0; i < WAITING_MAX; i++) {
        struct waiting *w = &waiting[i];
        if (w->pcb != NULL && w->listener == s) {
            detach(w->pcb);
            tcp_backlog_accepted(w->pcb);
            tcp_abort(w->pcb);
            w->pcb = NULL;
        }
    }
    (void)tcp_close(s->tcp);
}

void stream_end(struct socket *s)
{
    struct tcp_pcb *pcb = s->tcp;

    if (pcb == NULL) {
        return;
    }
    if ((s->flags & SOCKET_LISTENS) != 0) {
        end_listener(s);
    } else {
        detach(pcb);
        tcp_abort(pcb);
    }
    s->tcp = NULL;
}

/* lwIP has given the connection up: it is freed already. CLSD: since both sides have ended it. */
static void on_error(void *cookie, err_t error)
{
    struct socket *s = cookie;

    s->tcp = NULL;
    if (error == ERR_CLSD && (s->flags & SOCKET_ENDED) != 0) {
        socket_tell(s, 0, SOCKET_CONNECTED);
        core.looks_at_sockets |= s->closing;
        return;
    }
    socket_fail(s, error_of_lwip(error));
}

/* One that only waits for late segments is lwIP's alone, which frees it without a word. It comes to
 * that by a segment, and then stands first among those. */
void stream_let_go(void)
{
    struct tcp_pcb *pcb = tcp_tw_pcbs;
    struct socket *s = pcb != NULL ? pcb->callback_arg : NULL;

    if (s != NULL) {
        detach(pcb);
        s->tcp = NULL;
        socket_tell(s, SOCKET_ENDED, SOCKET_CONNECTED);
        core.looks_at_sockets |= s->closing;
    }
}

static void attach(struct socket *s, struct tcp_pcb *pcb)
{
    s->tcp = pcb;
    tcp_arg(pcb, s);
    tcp_recv(pcb, on_receive);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
    tcp_nagle_disable(pcb); /* the ring gathers */
    ip_set_option(pcb, SOF_KEEPALIVE);
    pcb->keep_idle = KEEP_IDLE_MS;
    pcb->keep_intvl = KEEP_EVERY_MS;
    pcb->keep_cnt = KEEP_COUNT;
}

/* All that the client gave is acknowledged: lwIP ends it by itself, without the ring. */
static void finish(struct socket *s)
{
    struct tcp_pcb *pcb = s->tcp;
    uint64_t left = s->rx_put - s->rx_told;

    s->tcp = NULL;
    detach(pcb);
    if (left != 0) {
        tcp_recved(pcb, (uint16_t)left); /* else it would be taken for a reset */
    }
    (void)tcp_close(pcb);
    socket_free(s);
}

/* ---- out */

/* lwIP had no memory for what it was given: nobody else would say that there is some again. */
static bool is_starved(const struct socket *s)
{
    return s->tcp != NULL && (s->flags & SOCKET_CONNECTED) != 0 && s->tx_sent == s->tx_get &&
           s->tx_sent != s->tx_seen;
}

/* Of the next @n bytes those that lwIP is given: it takes all of them or none, and a segment has
 * two of its buffers, for the headers and for what refers to the ring. More than can leave soon
 * stays in the ring, but for a segment: who does not take it would have the segments of others. */
static size_t give_at_most(const struct socket *s, size_t n)
{
    const struct tcp_pcb *pcb = s->tcp;
    size_t half = pcb->snd_wnd_max / 2, mss = half != 0 && half < pcb->mss ? half : pcb->mss;
    size_t window = pcb->snd_wnd < pcb->cwnd ? pcb->snd_wnd : pcb->cwnd;
    size_t there = (size_t)(s->tx_sent - s->tx_get), most = window > mss ? window : mss;
    size_t buffers =
        pcb->snd_queuelen + 1u < TCP_SND_QUEUELEN ? TCP_SND_QUEUELEN - 1u - pcb->snd_queuelen : 0;

    most = most > there ? most - there : 0;
    most = most < buffers / 2 * mss ? most : buffers / 2 * mss;
    return n <= most ? n : most - most % mss;
}

static void send(struct socket *s)
{
    struct tcp_pcb *pcb = s->tcp;
    uint8_t *ring = socket_tx_ring(region_of(s), s->number);
    uint64_t before = s->tx_sent;

    while (s->tx_sent != s->tx_seen) {
        size_t n = socket_piece(s->tx_sent, (size_t)(s->tx_seen - s->tx_sent));
        bool more = n < s->tx_seen - s->tx_sent;
        n = give_at_most(s, n < tcp_sndbuf(pcb) ? n : tcp_sndbuf(pcb));
        if (n == 0 || tcp_write(pcb, ring + s->tx_sent % SOCKET_RING_BYTES, (uint16_t)n,
                                more ? TCP_WRITE_FLAG_MORE : 0) != ERR_OK) {
            break;
        }
        s->tx_sent += n;
    }
    if (s->shut && !s->shut_done && s->tx_sent == s->tx_seen) {
        s->shut_done = tcp_shutdown(pcb, 0, 1) == ERR_OK;
    }
    core.looks_at_sockets |= is_starved(s);
    if (s->tx_sent != before) {
        (void)tcp_output(pcb);
    }
}

static err_t on_sent(void *cookie, struct tcp_pcb *pcb, uint16_t count)
{
    struct socket *s = cookie;
    uint64_t on_the_way = s->tx_sent - s->tx_get;

    (void)pcb;
    s->tx_get += count < on_the_way ? count : on_the_way;
    core.looks_at_sockets |= s->closing; /* this may have been the last of it */
    socket_tell_sent(s);
    if (!s->closing && !socket_look(s)) {
        return ERR_ABRT;
    }
    send(s);
    return ERR_OK;
}

/* ---- in */

static void put(struct socket *s, const struct pbuf *p)
{
    uint8_t *ring = socket_rx_ring(region_of(s), s->number);

    for (; p != NULL; p = p->next) {
        socket_ring_write(ring, s->rx_put, p->payload, p->len);
        s->rx_put += p->len;
    }
}

static err_t take(struct socket *s, struct pbuf *p)
{
    if (!socket_look_taken(s)) {
        (void)pbuf_free(p);
        return ERR_ABRT;
    }
    if (p->tot_len > socket_room(s)) {
        return ERR_MEM; /* lwIP keeps it and asks again */
    }
    put(s, p);
    socket_tell(s, 0, 0);
    (void)pbuf_free(p);
    return ERR_OK;
}

static err_t on_receive(void *cookie, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    struct socket *s = cookie;

    (void)error;
    if (p == NULL) {
        socket_tell(s, SOCKET_ENDED, 0);
        return ERR_OK;
    }
    if (s->closing) { /* nobody will read it */
        tcp_recved(pcb, p->tot_len);
        (void)pbuf_free(p);
        return ERR_OK;
    }
    return take(s, p);
}

/* What the client has taken is room for the other side. */
static void open_window(struct socket *s)
{
    uint64_t taken = s->rx_seen - s->rx_told;

    if (taken == 0) {
        return;
    }
    s->rx_told = s->rx_seen;
    tcp_recved(s->tcp, (uint16_t)taken);
    if (s->tcp->refused_data != NULL) {
        (void)tcp_process_refused_data(s->tcp);
    }
}

void stream_pump(struct socket *s)
{
    if (s->tcp == NULL || (s->flags & SOCKET_CONNECTED) == 0) {
        return;
    }
    if (s->closing) {
        send(s);
        if (s->tx_get == s->tx_seen) {
            finish(s);
        }
        return;
    }
    if (!socket_look(s)) {
        return;
    }
    open_window(s);
    if (s->tcp != NULL) {
        send(s);
    }
}

void stream_time(struct socket *s)
{
    if (!s->closing) {
        if (is_starved(s)) {
            send(s);
        }
        return;
    }
    if (s->tcp == NULL || core.now_ms - s->closing_since_ms > CLOSING_MS) {
        stream_end(s);
        socket_free(s);
        return;
    }
    stream_pump(s);
}

void stream_close(struct socket *s)
{
    if (s->tcp == NULL || (s->flags & SOCKET_CONNECTED) == 0 || !socket_look(s)) {
        stream_end(s);
        socket_free(s);
        return;
    }
    s->closing = true;
    s->closing_since_ms = core.now_ms;
    stream_pump(s);
}

/* ---- beginnings */

err_t net_drop_options(struct tcp_pcb *pcb, struct tcp_hdr *head, uint16_t length, uint16_t first,
                       uint8_t *second, struct pbuf *p)
{
    uint8_t *options = first != 0 ? (uint8_t *)(head + 1) : second;

    (void)pcb;
    (void)p;
    if (length != 0 && (TCPH_FLAGS(head) & TCP_SYN) == 0) {
        options[0] = 0; /* the end of all options */
    }
    return ERR_OK;
}

int stream_create(struct socket *s)
{
    struct tcp_pcb *pcb = tcp_new();

    if (pcb == NULL) {
        return E_NO_MEMORY;
    }
    ip_set_option(pcb, SOF_REUSEADDR);
    attach(s, pcb);
    return E_OK;
}

/* lwIP lets two that both may use a port again have it at once. */
static bool port_is_taken(uint16_t port)
{
    for (unsigned i = 0; i < CORE_SESSIONS; i++) {
        for (unsigned k = 0; core.session[i].region != NULL && k < SOCKET_COUNT; k++) {
            const struct socket *s = &core.session[i].socket[k];
            if (s->used && s->kind == CORE_STREAM && s->tcp != NULL &&
                (s->tcp->state == LISTEN || s->tcp->state == CLOSED) &&
                s->tcp->local_port == port) {
                return true;
            }
        }
    }
    return false;
}

int stream_bind(struct socket *s, uint32_t address, uint16_t port)
{
    const ip_addr_t at = {.addr = address};

    /* Once: lwIP would put it into its list again, which then has no end. */
    if (s->tcp == NULL || s->flags != SOCKET_OPEN || s->tcp->local_port != 0) {
        return E_BAD_ARG;
    }
    if (port != 0 && port_is_taken(port)) {
        return E_EXISTS;
    }
    return error_of_lwip(tcp_bind(s->tcp, &at, port));
}

uint16_t stream_port(const struct socket *s)
{
    return s->tcp != NULL ? s->tcp->local_port : 0;
}

static err_t on_connected(void *cookie, struct tcp_pcb *pcb, err_t error)
{
    (void)pcb;
    (void)error; /* always ERR_OK: others come to on_error */
    socket_tell(cookie, SOCKET_CONNECTED, 0);
    return ERR_OK;
}

int stream_connect(struct socket *s, uint32_t address, uint16_t port)
{
    const ip_addr_t to = {.addr = address};

    if (s->tcp == NULL || s->flags != SOCKET_OPEN || s->tcp->state != CLOSED) {
        return E_EXISTS;
    }
    return error_of_lwip(tcp_connect(s->tcp, &to, port, on_connected));
}

/* ---- connections that wait for accept */

static err_t on_early_receive(void *cookie, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    struct waiting *w = cookie;

    (void)pcb;
    (void)error;
    if (p != NULL) {
        return ERR_MEM; /* lwIP keeps it till it is accepted */
    }
    w->has_ended = true;
    return ERR_OK;
}

static bool somebody_waits(const struct socket *s)
{
    for (unsigned i = 0; i < WAITING_MAX; i++) {
        if (waiting[i].pcb != NULL && waiting[i].listener == s) {
            return true;
        }
    }
    return false;
}

static void on_early_error(void *cookie, err_t error)
{
    struct waiting *w = cookie;

    (void)error;
    w->pcb = NULL;
    if (!somebody_waits(w->listener)) {
        socket_tell(w->listener, 0, SOCKET_CAN_ACCEPT);
    }
}

static err_t on_accept(void *cookie, struct tcp_pcb *pcb, err_t error)
{
    struct socket *s = cookie;
    unsigned i = 0;

    while (i < WAITING_MAX && waiting[i].pcb != NULL) {
        i++;
    }
    if (error != ERR_OK || pcb == NULL || i == WAITING_MAX) {
        return ERR_MEM; /* lwIP refuses it */
    }
    waiting[i] = (struct waiting){.pcb = pcb, .order = s->arrivals++, .listener = s};
    tcp_arg(pcb, &waiting[i]);
    tcp_recv(pcb, on_early_receive);
    tcp_err(pcb, on_early_error);
    tcp_backlog_delayed(pcb);
    socket_tell(s, SOCKET_CAN_ACCEPT, 0);
    return ERR_OK;
}

int stream_listen(struct socket *s, unsigned backlog)
{
    struct tcp_pcb *pcb;
    err_t error = ERR_OK;

    if (s->tcp == NULL || s->flags != SOCKET_OPEN || s->tcp->local_port == 0 || backlog == 0 ||
        backlog > BACKLOG_MAX) {
        return E_BAD_ARG;
    }
    pcb = tcp_listen_with_backlog_and_err(s->tcp, (uint8_t)backlog, &error);
    if (pcb == NULL) {
        return error_of_lwip(error);
    }
    s->tcp = pcb;
    tcp_arg(pcb, s);
    tcp_accept(pcb, on_accept);
    socket_tell(s, SOCKET_LISTENS, 0);
    return E_OK;
}

static struct waiting *first_waiting(const struct socket *s)
{
    struct waiting *first = NULL;

    for (unsigned i = 0; i < WAITING_MAX; i++) {
        struct waiting *w = &waiting[i];
        if (w->pcb != NULL && w->listener == s &&
            (first == NULL || (int32_t)(w->order - first->order) < 0)) {
            first = w;
        }
    }
    return first;
}

int stream_accept(struct socket *listener, struct socket *s, struct core_end *from)
{
    struct waiting *w = first_waiting(listener);
    struct tcp_pcb *pcb = w->pcb;

    w->pcb = NULL;
    attach(s, pcb);
    tcp_backlog_accepted(pcb);
    *from = (struct core_end){pcb->remote_ip.addr, pcb->remote_port};
    socket_tell(s, SOCKET_OPEN | SOCKET_CONNECTED | (w->has_ended ? SOCKET_ENDED : 0), 0);
    if (!somebody_waits(listener)) {
        socket_tell(listener, 0, SOCKET_CAN_ACCEPT);
    }
    if (pcb->refused_data != NULL) {
        (void)tcp_process_refused_data(pcb);
    }
    return E_OK;
}

void stream_describe(const struct socket *s, struct core_socket *about)
{
    const struct tcp_pcb *pcb = s->tcp;

    about->state = pcb != NULL ? tcp_debug_state_str(pcb->state) : "CLOSED";
    if (pcb == NULL) {
        return;
    }
    about->local_address = pcb->local_ip.addr;
    about->local_port = pcb->local_port;
    if (pcb->state != LISTEN) {
        about->remote_address = pcb->remote_ip.addr;
        about->remote_port = pcb->remote_port;
    }
}
