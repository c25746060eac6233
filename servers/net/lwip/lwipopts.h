/*
 * lwipopts.h - lwIP as the net server has it: IPv4 with ARP, ICMP, UDP, TCP, DHCP and DNS, no
 * threads, its callback interface alone. All its memory is static: MEM_SIZE (headers of what is
 * sent), the pools below, and the received packets' buffers; about 1.3 MiB together, printed by
 * tests/system/test_net_host.py, which fails above its MEMORY_MAX.
 */
#ifndef NET_LWIPOPTS_H
#define NET_LWIPOPTS_H

#define NO_SYS                     1
#define SYS_LIGHTWEIGHT_PROT       0
#define LWIP_NETCONN               0
#define LWIP_SOCKET                0
#define LWIP_TIMERS                1
#define LWIP_NETIF_API             0
#define LWIP_SINGLE_NETIF          1
#define LWIP_NETIF_HOSTNAME        1
#define LWIP_NETIF_STATUS_CALLBACK 0
#define LWIP_NETIF_TX_SINGLE_PBUF  0

/* ---- memory */

#define MEM_LIBC_MALLOC         0
#define MEMP_MEM_MALLOC         0
#define MEM_ALIGNMENT           8
#define MEM_SIZE                (384 * 1024)
#define MEMP_NUM_PBUF           1024 /* of sent data, which lies in the clients' rings */
#define MEMP_NUM_TCP_PCB        192
#define MEMP_NUM_TCP_PCB_LISTEN 32
#define MEMP_NUM_TCP_SEG        1024
#define MEMP_NUM_UDP_PCB        256 /* all sockets that there can be, DHCP and names */
#define MEMP_NUM_RAW_PCB        16
#define MEMP_NUM_REASSDATA      8
#define MEMP_NUM_FRAG_PBUF      32
#define MEMP_NUM_ARP_QUEUE      32
#define MEMP_NUM_SYS_TIMEOUT    12
#define PBUF_POOL_SIZE          384
#define PBUF_POOL_BUFSIZE       1600 /* a whole frame */

/* ---- below IP */

#define LWIP_ARP                 1
#define ARP_TABLE_SIZE           64
#define ARP_QUEUEING             1
#define ARP_QUEUE_LEN            4
#define ETH_PAD_SIZE             0
#define LWIP_SUPPORT_CUSTOM_PBUF 1
#define ETHARP_SUPPORT_VLAN      0

/* ---- IP */

#define LWIP_IPV4                1
#define LWIP_IPV6                0
#define IP_FORWARD               0
#define IP_REASSEMBLY            1
#define IP_REASS_MAX_PBUFS       32
#define IP_FRAG                  1
#define IP_OPTIONS_ALLOWED       0 /* source routing and its kin: nobody honest uses them */
#define LWIP_ICMP                1
#define LWIP_RAW                 1
#define LWIP_BROADCAST_PING      0
#define LWIP_MULTICAST_PING      0
#define LWIP_IGMP                0
#define LWIP_AUTOIP              0
#define LWIP_DHCP                1
#define LWIP_DHCP_DOES_ACD_CHECK 0
#define DHCP_DOES_ARP_CHECK      0
#define LWIP_DNS                 1
#define DNS_TABLE_SIZE           8
#define DNS_MAX_NAME_LENGTH      256
#define DNS_MAX_SERVERS          2
#define LWIP_UDP                 1
#define IP_SOF_BROADCAST         1
#define IP_SOF_BROADCAST_RECV    0
#define SO_REUSE                 1 /* a listening port may be taken again while old connections end */

/* ---- TCP */

#define LWIP_TCP                   1
#define TCP_MSS                    1460
#define TCP_WND                    32768 /* as long as a socket's ring: quoll/socket_region.h */
#define TCP_SND_BUF                32768
#define TCP_SND_QUEUELEN           96
#define TCP_QUEUE_OOSEQ            1
#define TCP_OOSEQ_MAX_PBUFS        24
#define TCP_LISTEN_BACKLOG         1
#define TCP_DEFAULT_LISTEN_BACKLOG 16
#define TCP_OVERSIZE               0 /* what is sent is not copied, so nothing can be added to it */
#define LWIP_TCP_KEEPALIVE         1
#define LWIP_TCP_SACK_OUT          0
#define LWIP_TCP_TIMESTAMPS        0
#define LWIP_WND_SCALE             0

/* A number that only this machine can foresee begins each connection (RFC 6528). */
struct tcp_pcb;
#include <lwip/arch.h>
#include <lwip/ip_addr.h>
uint32_t net_first_number(const ip_addr_t *local, uint16_t local_port, const ip_addr_t *remote,
                          uint16_t remote_port);
#define LWIP_HOOK_TCP_ISN net_first_number

/* Options are looked at where a connection begins: lwIP would take another MSS at any time, and is
 * not ready for a smaller one than that of segments it has made. */
struct pbuf;
struct tcp_hdr;
int8_t net_drop_options(struct tcp_pcb *pcb, struct tcp_hdr *head, uint16_t length, uint16_t first,
                        uint8_t *second, struct pbuf *p);
#define LWIP_HOOK_TCP_INPACKET_PCB net_drop_options

/* ---- checksums: core.c says for each frame which of them are the card's matter */

#define LWIP_CHECKSUM_ON_COPY        0
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
#define LWIP_INLINE_IP_CHKSUM        1 /* of a header that is sent, while it is written */

/* ---- the rest */

#define LWIP_STATS          1
#define LWIP_STATS_LARGE    1
#define MEM_STATS           1
#define MEMP_STATS          1
#define LWIP_STATS_DISPLAY  0
#define LWIP_COMPAT_SOCKETS 0
#define LWIP_NOASSERT_NOT   0

#endif
