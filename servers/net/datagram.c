/*
 * datagram.c - UDP sockets: records in both rings. What is sent is copied from the ring into the
 * frame, once, unless it has to wait for ARP: lwIP copies it then.
 */
#include "internal.h"

#include <lwip/udp.h>

static void on_receive(void *cookie, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from,
                       uint16_t port)
{
    const struct socket_record head = {.address = from->addr, .port = port, .length = p->tot_len};

    (void)pcb;
    socket_put_record(cookie, &head, p, 0);
    (void)pbuf_free(p);
}

int datagram_create(struct socket *s)
{
    s->udp = udp_new();
    if (s->udp == NULL) {
        return E_NO_MEMORY;
    }
    ip_set_option(s->udp, SOF_BROADCAST);
    udp_recv(s->udp, on_receive, s);
    return E_OK;
}

int datagram_bind(struct socket *s, uint32_t address, uint16_t port)
{
    const ip_addr_t at = {.addr = address};

    return error_of_lwip(udp_bind(s->udp, &at, port));
}

int datagram_connect(struct socket *s, uint32_t address, uint16_t port)
{
    const ip_addr_t to = {.addr = address};

    return error_of_lwip(udp_connect(s->udp, &to, port));
}

void datagram_end(struct socket *s)
{
    if (s->udp != NULL) {
        udp_remove(s->udp);
        s->udp = NULL;
    }
}

static int send(struct socket *s, struct pbuf *p, const struct socket_record *head)
{
    const ip_addr_t to = {.addr = head->address != 0 ? head->address : s->peer_address};
    uint16_t port = head->address != 0 ? head->port : s->peer_port;

    if (to.addr == 0 || port == 0) {
        return E_BAD_ARG;
    }
    if (!socket_has_frames(UDP_HLEN + p->tot_len)) {
        return E_NO_MEMORY;
    }
    core_sum_udp(p->tot_len);
    return error_of_lwip(udp_sendto(s->udp, p, &to, port));
}

/* What finds no buffer stays in the ring; what has no way is dropped, as it would be on its way. */
void datagram_pump(struct socket *s)
{
    struct socket_record head;
    struct pbuf *p;
    bool moved = false;

    if (!socket_look(s)) {
        return;
    }
    while ((p = socket_take_record(s, 0, &head)) != NULL) {
        int error = send(s, p, &head);
        (void)pbuf_free(p);
        if (error == E_NO_MEMORY) {
            break;
        }
        s->tx_get += socket_record_bytes(head.length);
        moved = true;
    }
    socket_sent(s, moved);
}

void datagram_describe(const struct socket *s, struct core_socket *about)
{
    if (s->udp != NULL) {
        about->local_address = s->udp->local_ip.addr;
        about->local_port = s->udp->local_port;
    }
}
