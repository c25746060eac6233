/*
 * reuse.c - what a client gave before its end: data that waits for an answer of ARP refers to the
 * client's ring. When the ring is another's, none of that one's bytes may leave with it; and what
 * waits for a client that lives is sent when the answer comes.
 */
#include "client.h"
#include "deaf.h"

#include <arpa/inet.h>
#include <lwip/etharp.h>
#include <lwip/netif.h>
#include <stdio.h>
#include <string.h>

#define DATA 500u /* less than what TCP may send at once without an option */

struct socket_region *regions[CORE_SESSIONS];
static unsigned passed, failed, asked, leaked, sent_data;
static uint8_t frame[CORE_FRAME_MAX], last[CORE_FRAME_MAX];
static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1}, their_mac[6] = {2, 0, 0, 0, 0, 2};

static void check(bool ok, const char *what)
{
    ok ? passed++ : failed++;
    if (!ok) {
        printf("FAILED: %s\n", what);
    }
}

uint8_t *port_frame(void)
{
    return frame;
}

unsigned port_frames(void)
{
    return 32;
}

void port_send(unsigned length, uint16_t sum_from, uint16_t sum_at)
{
    (void)sum_from;
    (void)sum_at;
    memcpy(last, frame, length);
    asked += length >= 42 && frame[13] == 6 && frame[21] == 1;
    sent_data += length >= 54 + DATA && frame[23] == 6 && frame[54] == 'a';
    leaked += length >= 54 + DATA && frame[23] == 6 && frame[54] == 'b';
}

static void put(uint8_t *at, unsigned width, uint64_t value)
{
    while (width-- > 0) {
        *at++ = (uint8_t)(value >> 8 * width);
    }
}

static void answer_arp(void)
{
    uint8_t b[42];

    memcpy(b, our_mac, 6);
    memcpy(b + 6, their_mac, 6);
    put(b + 12, 2, 0x0806);
    put(b + 14, 8, 0x0001080006040002);
    memcpy(b + 22, their_mac, 6);
    put(b + 28, 4, 0x0a000002);
    memcpy(b + 32, our_mac, 6);
    put(b + 38, 4, 0x0a000001);
    core_input(b, sizeof(b), false);
}

static uint16_t sum(const uint8_t *at, unsigned n, uint32_t start)
{
    for (unsigned i = 0; i < n; i += 2) {
        start += (uint32_t)at[i] << 8 | at[i + 1];
    }
    while (start >> 16 != 0) {
        start = (start & 0xffff) + (start >> 16);
    }
    return (uint16_t)~start;
}

/* SYN and ACK for the SYN that was sent last. */
static void answer_syn(void)
{
    uint8_t b[54] = {0};
    uint32_t number = (uint32_t)last[38] << 24 | last[39] << 16 | last[40] << 8 | last[41];

    memcpy(b, our_mac, 6);
    memcpy(b + 6, their_mac, 6);
    put(b + 12, 4, 0x08004500);
    put(b + 16, 2, 40);
    put(b + 22, 2, 0x4006);
    put(b + 26, 8, 0x0a0000020a000001);
    put(b + 24, 2, sum(b + 14, 20, 0));
    memcpy(b + 34, last + 36, 2);
    memcpy(b + 36, last + 34, 2);
    put(b + 38, 8, (uint64_t)7000 << 32 | (number + 1));
    put(b + 46, 4, 0x50122000);
    put(b + 50, 2, sum(b + 34, 20, 0x0a00 + 2 + 0x0a00 + 1 + 6 + 20));
    core_input(b, sizeof(b), false);
}

/* Session 0 connects and gives data while the other's address is not known any more. */
static void give_without_neighbour(void)
{
    static uint8_t bytes[DATA];
    unsigned s;

    new_session(0);
    check(core_create(0, CORE_STREAM, &s) == E_OK &&
              core_connect(0, s, inet_addr("10.0.0.2"), 80) == E_OK,
          "it connects");
    answer_arp();
    answer_syn();
    check((state(0, s) & SOCKET_CONNECTED) != 0, "connected");
    etharp_cleanup_netif(netif_default);
    memset(bytes, 'a', DATA);
    asked = leaked = sent_data = 0;
    check(give(0, s, bytes, DATA) == DATA, "given");
    core_doorbell(0);
    check(asked == 1 && sent_data == 0, "it waits for ARP");
}

int main(void)
{
    const uint8_t secret[16] = {1};
    const struct core_address a = {.address = inet_addr("10.0.0.1"),
                                   .mask = inet_addr("255.255.255.0")};

    core_begin(secret, 0);
    core_link(our_mac, true);
    check(core_use_address(&a) == E_OK, "its address");
    give_without_neighbour();
    answer_arp();
    check(sent_data == 1, "sent once the neighbour has answered");
    core_session_close(0);
    give_without_neighbour();
    core_session_close(0);
    new_session(0);
    memset((uint8_t *)regions[0] + SOCKET_RINGS_AT, 'b', SOCKET_REGION_BYTES - SOCKET_RINGS_AT);
    answer_arp();
    check(leaked == 0 && sent_data == 0, "nothing of the next client's leaves");
    core_session_close(0);
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
