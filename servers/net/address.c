/*
 * address.c - the interface's addresses, by DHCP or by hand, the neighbours that ARP knows, and
 * names. core.h.
 */
#include "internal.h"

#include <lwip/dhcp.h>
#include <lwip/dns.h>
#include <lwip/etharp.h>
#include <string.h>

void core_use_dhcp(void)
{
    core.uses_dhcp = true;
    (void)dhcp_start(&core.netif);
}

/* Ones, then zeros. */
static bool mask_is_sound(uint32_t mask)
{
    uint32_t host = ~lwip_ntohl(mask);

    return (host & (host + 1)) == 0;
}

static bool is_of_host(uint32_t address, uint32_t mask)
{
    uint32_t part = lwip_ntohl(address & ~mask), first = lwip_ntohl(address) >> 24;

    return first != 0 && first != 127 && first < 224 &&
           (~mask == 0 || lwip_ntohl(~mask) == 1 || (part != 0 && part != lwip_ntohl(~mask)));
}

static void set_dns(uint32_t address)
{
    const ip_addr_t server = {.addr = address};

    dns_setserver(0, &server);
}

int core_use_address(const struct core_address *a)
{
    const ip4_addr_t address = {a->address}, mask = {a->mask}, gateway = {a->gateway};

    if (!mask_is_sound(a->mask) || !is_of_host(a->address, a->mask) ||
        (a->gateway != 0 && ((a->gateway ^ a->address) & a->mask) != 0)) {
        return E_BAD_ARG;
    }
    if (core.uses_dhcp) {
        dhcp_release_and_stop(&core.netif);
        core.uses_dhcp = false;
    }
    netif_set_addr(&core.netif, &address, &mask, &gateway);
    set_dns(a->dns);
    return E_OK;
}

void core_get_address(struct core_address *a)
{
    *a = (struct core_address){.address = netif_ip4_addr(&core.netif)->addr,
                               .mask = netif_ip4_netmask(&core.netif)->addr,
                               .gateway = netif_ip4_gw(&core.netif)->addr,
                               .dns = dns_getserver(0)->addr,
                               .by_dhcp = core.uses_dhcp,
                               .is_up = core.has_card && netif_is_link_up(&core.netif)};
    memcpy(a->mac, core.mac, sizeof(a->mac));
}

unsigned core_neighbours_max(void)
{
    return ARP_TABLE_SIZE;
}

bool core_neighbour(unsigned index, struct core_neighbour *n)
{
    struct netif *netif;
    struct eth_addr *mac;
    ip4_addr_t *address;

    if (index >= ARP_TABLE_SIZE || !etharp_get_entry(index, &address, &netif, &mac)) {
        return false;
    }
    n->address = address->addr;
    memcpy(n->mac, mac->addr, sizeof(n->mac));
    return true;
}

/* ---- names */

static void resolved(const char *name, const ip_addr_t *address, void *cookie)
{
    (void)name;
    port_resolved((unsigned)(uintptr_t)cookie, address != NULL ? E_OK : E_NOT_FOUND,
                  address != NULL ? address->addr : 0);
}

int core_resolve(const char *name, unsigned cookie)
{
    ip_addr_t address;

    if (dns_getserver(0)->addr == 0 && !ip4addr_aton(name, &address)) {
        return E_NOT_FOUND;
    }
    switch (dns_gethostbyname(name, &address, resolved, (void *)(uintptr_t)cookie)) {
    case ERR_OK:
        port_resolved(cookie, E_OK, address.addr);
        return E_OK;
    case ERR_INPROGRESS:
        return E_OK;
    case ERR_MEM:
        return E_LIMIT;
    default:
        return E_BAD_ARG;
    }
}
