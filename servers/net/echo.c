/*
 * echo.c - sockets for ping: each has an ICMP identifier of its own; a record out is an echo
 * request, a record in its answer, and the port of both is the sequence number.
 */
#include "internal.h"

#include <lwip/icmp.h>
#include <lwip/inet_chksum.h>
#include <lwip/prot/icmp.h>
#include <lwip/prot/ip4.h>
#include <lwip/raw.h>

static struct raw_pcb *raw;

static struct socket *find(uint16_t id)
{
    for (unsigned i = 0; i < CORE_SESSIONS; i++) {
        struct session *all = &core.session[i];
        for (unsigned k = 0; all->region != NULL && k < SOCKET_COUNT; k++) {
            struct socket *s = &all->socket[k];
            if (s->used && s->kind == CORE_ECHO && s->echo_id == id &&
                (s->flags & SOCKET_FAILED) == 0) {
                return s;
            }
        }
    }
    return NULL;
}

/* lwIP looks at the sums of requests alone, and later. */
static bool is_whole(struct pbuf *p, unsigned skip)
{
    bool is;

    if (pbuf_remove_header(p, skip) != 0) {
        return false;
    }
    is = inet_chksum_pbuf(p) == 0;
    (void)pbuf_add_header_force(p, skip);
    return is;
}

/* 1: it was an answer to one of ours. */
static uint8_t on_receive(void *cookie, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from)
{
    struct icmp_echo_hdr head;
    struct socket *s;
    unsigned skip;

    (void)cookie;
    (void)pcb;
    skip = IPH_HL_BYTES((const struct ip_hdr *)p->payload);
    if (p->tot_len < skip + sizeof(head) ||
        pbuf_copy_partial(p, &head, sizeof(head), (uint16_t)skip) != sizeof(head) ||
        ICMPH_TYPE(&head) != ICMP_ER || !is_whole(p, skip)) {
        return 0;
    }
    s = find(lwip_ntohs(head.id));
    if (s == NULL) {
        return 0;
    }
    skip += (unsigned)sizeof(head);
    socket_put_record(s,
                      &(struct socket_record){.address = from->addr,
                                              .port = lwip_ntohs(head.seqno),
                                              .length = (uint16_t)(p->tot_len - skip)},
                      p, skip);
    (void)pbuf_free(p);
    return 1;
}

int echo_begin(void)
{
    raw = raw_new(IP_PROTO_ICMP);
    if (raw == NULL) {
        return E_NO_MEMORY;
    }
    raw_recv(raw, on_receive, NULL);
    return error_of_lwip(raw_bind(raw, IP4_ADDR_ANY));
}

void echo_create(struct socket *s)
{
    do {
        s->echo_id = (uint16_t)LWIP_RAND();
    } while (find(s->echo_id) != s && find(s->echo_id) != NULL);
}

static uint16_t checksum_of(struct pbuf *p)
{
    return inet_chksum_pbuf(p);
}

static int send(const struct socket *s, struct pbuf *p, const struct socket_record *record)
{
    struct icmp_echo_hdr *head = p->payload;
    const ip_addr_t to = {.addr = record->address != 0 ? record->address : s->peer_address};

    ICMPH_TYPE_SET(head, ICMP_ECHO);
    ICMPH_CODE_SET(head, 0);
    head->id = lwip_htons(s->echo_id);
    head->seqno = lwip_htons(record->port);
    head->chksum = 0;
    head->chksum = checksum_of(p);
    if (to.addr == 0) {
        return E_BAD_ARG;
    }
    return socket_has_frames(p->tot_len) ? error_of_lwip(raw_sendto(raw, p, &to)) : E_NO_MEMORY;
}

void echo_pump(struct socket *s)
{
    struct socket_record record;
    struct pbuf *p;
    bool moved = false;

    if (!socket_look(s)) {
        return;
    }
    while ((p = socket_take_record(s, sizeof(struct icmp_echo_hdr), &record)) != NULL) {
        int error = send(s, p, &record);
        (void)pbuf_free(p);
        if (error == E_NO_MEMORY) {
            break;
        }
        s->tx_get += socket_record_bytes(record.length);
        moved = true;
    }
    socket_sent(s, moved);
}
