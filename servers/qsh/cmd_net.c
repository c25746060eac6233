/*
 * cmd_net.c - the network as it is: ifconfig, arp, netstat, nslookup.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <idl/devman.h>
#include <idl/net.h>
#include <netdb.h>
#include <quoll/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "net.h"
#include "wait.h"

#define MAC_TEXT     18
#define END_TEXT     24
#define CARD_US      5000000u /* a driver may be two seconds late, and be looked for half of one */
#define CARD_STEP_US 20000u

static char *address_text(uint32_t address, char *to)
{
    return inet_text((struct in_addr){htonl(address)}, to);
}

static char *mac_text(const uint8_t mac[6], char to[MAC_TEXT])
{
    (void)snprintf(to, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
                   mac[4], mac[5]);
    return to;
}

/* ---- ifconfig */

static unsigned bits_of(uint32_t mask)
{
    unsigned bits = 0;

    for (; mask != 0; mask <<= 1)
        bits++;
    return bits;
}

static void ifconfig_json(struct shell *s, const struct net_setting *a,
                          const struct net_card_state *card, const struct net_counters *c)
{
    struct json j = json_begin(&s->out);
    char text[INET_ADDRSTRLEN];
    char mac[MAC_TEXT];

    json_string(&j, "mac", mac_text(card->mac, mac));
    json_bool(&j, "card", card->is_there);
    json_bool(&j, "up", card->is_up);
    json_bool(&j, "dhcp", a->by_dhcp);
    json_string(&j, "address", address_text(a->address, text));
    json_u64(&j, "bits", bits_of(a->mask));
    json_string(&j, "gateway", address_text(a->gateway, text));
    json_string(&j, "dns", address_text(a->name_server, text));
    json_u64(&j, "frames_in", c->frames_in);
    json_u64(&j, "frames_out", c->frames_out);
    json_u64(&j, "bytes_in", c->bytes_in);
    json_u64(&j, "bytes_out", c->bytes_out);
    json_u64(&j, "no_memory", c->no_memory);
    json_u64(&j, "bad_frames", c->bad_frames);
    json_u64(&j, "no_room", c->no_room);
    json_end(&j);
}

static void ifconfig_text(struct shell *s, const struct net_setting *a,
                          const struct net_card_state *card, const struct net_counters *c)
{
    char text[INET_ADDRSTRLEN], gateway[INET_ADDRSTRLEN], dns[INET_ADDRSTRLEN], mac[MAC_TEXT];

    output_printf(&s->out, "en0  %s, %s\n", mac_text(card->mac, mac),
                  !card->is_there ? "no card with a driver"
                  : card->is_up   ? "link up"
                                  : "link down");
    if (a->by_dhcp && a->address == 0)
        output_string(&s->out, card->is_up ? "     no address yet: asking for one by DHCP\n"
                                           : "     no address: DHCP waits for a link\n");
    else
        output_printf(&s->out, "     %s/%u, gateway %s, name server %s, %s\n",
                      address_text(a->address, text), bits_of(a->mask),
                      address_text(a->gateway, gateway), address_text(a->name_server, dns),
                      a->by_dhcp ? "by DHCP" : "set by hand");
    output_printf(&s->out, "     in  %lu frames, %lu bytes; %lu bad, %lu without a buffer\n",
                  c->frames_in, c->bytes_in, c->bad_frames, c->no_memory);
    output_printf(&s->out, "     out %lu frames, %lu bytes; %lu datagrams found a socket full\n",
                  c->frames_out, c->bytes_out, c->no_room);
}

static void show(struct shell *s, uint64_t net)
{
    struct net_setting setting = {0};
    struct net_card_state card = {0};
    struct net_counters counters = {0};
    int error = net_call_get(net, &setting);

    if (error == E_OK)
        error = net_call_card(net, &card);
    if (error == E_OK)
        error = net_call_counted(net, &counters);
    if (!shell_failed(s, "ifconfig", error))
        (s->json ? ifconfig_json : ifconfig_text)(s, &setting, &card, &counters);
}

/* 10.0.2.15/24 */
static bool read_net(char *text, struct net_setting *to)
{
    char *slash = strchr(text, '/'), *end = NULL;
    struct in_addr address;
    unsigned long bits = slash ? strtoul(slash + 1, &end, 10) : 33;

    if (slash == NULL || end == slash + 1 || *end != '\0' || bits > 32)
        return false;
    *slash = '\0';
    to->mask = bits == 0 ? 0 : ~0u << (32 - bits);
    if (!inet_aton(text, &address))
        return false;
    to->address = ntohl(address.s_addr);
    return true;
}

static bool read_host(const char *text, uint32_t *to)
{
    struct in_addr address;

    if (!inet_aton(text, &address))
        return false;
    *to = ntohl(address.s_addr);
    return true;
}

void cmd_ifconfig(struct shell *s, int argc, char **argv)
{
    struct net_setting wanted = {0};
    uint64_t net;
    int error;

    if (!shell_service(s, SERVICE_NET, &net))
        return;
    if (argc == 1) {
        show(s, net);
        return;
    }
    wanted.by_dhcp = argc == 2 && strcmp(argv[1], "dhcp") == 0;
    if (!wanted.by_dhcp &&
        (!read_net(argv[1], &wanted) || (argc > 2 && !read_host(argv[2], &wanted.gateway)) ||
         (argc > 3 && !read_host(argv[3], &wanted.name_server)))) {
        shell_error(s, "ifconfig: an address is four numbers up to 255 with dots, the first with a "
                       "slash and its net's bits: 10.0.2.15/24 10.0.2.2; or dhcp");
        return;
    }
    error = net_call_set(net, &wanted);
    if (error == E_BAD_ARG)
        shell_error(s, "ifconfig: no host can have that address, or the gateway is not in its net");
    else if (!shell_failed(s, "ifconfig", error) && !wanted.by_dhcp)
        show(s, net);
}

/* ---- arp, netstat */

void cmd_arp(struct shell *s, int argc, char **argv)
{
    struct net_neighbour_state n = {0};
    char text[INET_ADDRSTRLEN], mac[MAC_TEXT];
    uint64_t net;

    (void)argc;
    (void)argv;
    if (!shell_service(s, SERVICE_NET, &net))
        return;
    if (!s->json)
        output_string(&s->out, "ADDRESS          HARDWARE\n");
    for (uint32_t i = 0; net_call_neighbour(net, i, &n) == E_OK; i++) {
        if (s->json) {
            struct json j = json_begin(&s->out);
            json_string(&j, "address", address_text(n.address, text));
            json_string(&j, "mac", mac_text(n.mac, mac));
            json_end(&j);
        } else {
            output_printf(&s->out, "%-16s %s\n", address_text(n.address, text),
                          mac_text(n.mac, mac));
        }
    }
}

static char *end_text(uint32_t address, uint16_t port, char to[END_TEXT])
{
    char text[INET_ADDRSTRLEN];

    if (port == 0 && address == 0)
        (void)snprintf(to, END_TEXT, "*");
    else
        (void)snprintf(to, END_TEXT, "%s:%u", address == 0 ? "*" : address_text(address, text),
                       port);
    return to;
}

static void netstat_line(struct shell *s, const struct net_socket_state *n)
{
    char here[END_TEXT], there[END_TEXT];
    struct json j;

    (void)end_text(n->local_address, n->local_port, here);
    (void)end_text(n->remote_address, n->remote_port, there);
    if (!s->json) {
        output_printf(&s->out, "%-5s %6u %6u  %-22s %-22s %-11s %s\n", n->protocol,
                      n->receive_queue, n->send_queue, here, there, n->status, n->task);
        return;
    }
    j = json_begin(&s->out);
    json_string(&j, "protocol", n->protocol);
    json_u64(&j, "receive_queue", n->receive_queue);
    json_u64(&j, "send_queue", n->send_queue);
    json_string(&j, "local", here);
    json_string(&j, "remote", there);
    json_string_or_null(&j, "state", n->status);
    json_string(&j, "task", n->task);
    json_end(&j);
}

void cmd_netstat(struct shell *s, int argc, char **argv)
{
    struct net_socket_state n;
    uint64_t net;

    (void)argc;
    (void)argv;
    if (!shell_service(s, SERVICE_NET, &net))
        return;
    if (!s->json)
        output_string(&s->out, "PROTO RECV-Q SEND-Q  LOCAL                  REMOTE                 "
                               "STATE       TASK\n");
    for (uint32_t i = 0; net_call_socket_at(net, i, &n) == E_OK; i++)
        netstat_line(s, &n);
}

/* ---- is there a card? */

/* A driver of a card that is on its way, or runs: the multiplexer looks for it twice a second. */
static bool card_may_come(struct shell *s)
{
    struct devman_node_state node;
    uint64_t devman;

    if (shell_lookup(s, SERVICE_DEVMAN, &devman) != E_OK)
        return false;
    for (uint32_t i = 0; devman_call_find(devman, "packet", i, &node) == E_OK; i++) {
        if (node.status == DEVMAN_STATE_STARTING || node.status == DEVMAN_STATE_RESTARTING ||
            node.status == DEVMAN_STATE_RUNNING)
            return true;
    }
    return false;
}

bool net_has_card(struct shell *s, const char *command)
{
    struct net_card_state card = {0};
    uint64_t net, mux, waited = 0;
    bool interrupted = false;

    if (!shell_service(s, SERVICE_NET, &net) || shell_failed(s, command, net_call_card(net, &card)))
        return false;
    if (!card.is_there && shell_lookup(s, SERVICE_MUX, &mux) == E_GONE)
        return shell_service(s, SERVICE_MUX, &mux); /* which says so */
    for (; !card.is_there && !interrupted && waited < CARD_US && card_may_come(s);
         waited += CARD_STEP_US) {
        interrupted = wait_or_interrupt(s, CARD_STEP_US);
        if (shell_failed(s, command, net_call_card(net, &card)))
            return false;
    }
    if (!card.is_there && !interrupted)
        shell_error(s,
                    "%s: there is no network card with a driver; lsdev and devman explain say why",
                    command);
    return card.is_there;
}

static bool has_way(struct shell *s, struct net_setting *setting)
{
    struct net_card_state card = {0};
    uint64_t net;

    return shell_lookup(s, SERVICE_NET, &net) == E_OK && net_call_get(net, setting) == E_OK &&
           net_call_card(net, &card) == E_OK && setting->address != 0 && card.is_up;
}

bool net_has_way(struct shell *s)
{
    struct net_setting setting = {0};

    return has_way(s, &setting);
}

/* ---- nslookup */

/* No answer, or one that there is none: net does not tell which. */
static void say_unknown(struct shell *s, const char *command, const char *name)
{
    struct net_setting setting = {0};
    char text[INET_ADDRSTRLEN];

    if (!has_way(s, &setting))
        shell_error(s, "%s: %.100s: " NET_NO_WAY, command, name);
    else if (setting.name_server == 0)
        shell_error(s, "%s: %.100s: no name server is set; ifconfig shows it, and sets one",
                    command, name);
    else
        shell_error(s, "%s: %.100s: the name server %s does not know this name, or does not answer",
                    command, name, address_text(setting.name_server, text));
}

bool net_resolve(struct shell *s, const char *command, const char *name, struct in_addr *address)
{
    if (!net_has_card(s, command))
        return false;
    if (resolve_host(name, address) == 0)
        return true;
    if (errno == E_NOT_FOUND)
        say_unknown(s, command, name);
    else
        shell_error(s, "%s: %.100s: %s", command, name,
                    errno == E_BAD_ARG ? "no machine can have this name" : net_why(s));
    return false;
}

void cmd_nslookup(struct shell *s, int argc, char **argv)
{
    struct in_addr address;
    char text[INET_ADDRSTRLEN];
    struct json j;

    if (argc != 2) {
        shell_error(s, "nslookup: which name? usage: %s", command_find("nslookup")->usage);
        return;
    }
    if (!net_resolve(s, "nslookup", argv[1], &address))
        return;
    (void)inet_text(address, text);
    if (!s->json) {
        output_printf(&s->out, "%s\n", text);
        return;
    }
    j = json_begin(&s->out);
    json_string(&j, "name", argv[1]);
    json_string(&j, "address", text);
    json_end(&j);
}
