/* sources: servers/qsh/decode.c */
/*
 * test_decode.c - frames as tcpdump shows them; then noise of every length, each frame at the end
 * of its memory, under the address sanitizer.
 */
#include "../../servers/qsh/decode.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long passed, failed;

static void check(bool ok, const char *what)
{
    ok ? passed++ : failed++;
    if (!ok) {
        printf("FAILED: %s\n", what);
    }
}

static void expect(const char *frame, size_t length, const char *wanted)
{
    char text[DECODE_TEXT];

    decode_frame((const uint8_t *)frame, length, text, sizeof(text));
    check(strcmp(text, wanted) == 0, wanted);
    if (strcmp(text, wanted) != 0) {
        printf("  it is: %s\n", text);
    }
}

#define MACS "\2\0\0\0\0\1\2\0\0\0\0\2"
#define IP4(length, protocol)                                                                      \
    MACS "\x08\0\x45\0\0" length "\0\1\0\0\x40" protocol "\0\0\x0a\0\0\1\x0a\0\0\2"

int main(void)
{
    static const char tcp[] =
        IP4("\x2a", "\6") "\x1f\x90\0\x50\0\0\0\1\0\0\0\2\x50\x18\x10\0\0\0\0\0hi";
    static const char udp[] = IP4("\x1e", "\x11") "\0\x35\x10\0\0\x0a\0\0hi";
    static const char icmp[] = IP4("\x1e", "\1") "\x08\0\0\0\0\7\0\3hi";
    static const char arp[] = MACS "\x08\6\0\1\x08\0\6\4\0\1"
                                   "\2\0\0\0\0\2\x0a\0\0\2"
                                   "\0\0\0\0\0\0\x0a\0\0\1";
    static const char other[] = MACS "\x86\xdd"
                                     "abcd";
    char text[DECODE_TEXT];

    expect(tcp, sizeof(tcp) - 1,
           "10.0.0.1 > 10.0.0.2: TCP 8080 > 80 PA seq 1 ack 2 win 4096 length 2");
    expect(udp, sizeof(udp) - 1, "10.0.0.1 > 10.0.0.2: UDP 53 > 4096 length 2");
    expect(icmp, sizeof(icmp) - 1, "10.0.0.1 > 10.0.0.2: ICMP echo request, id 7 seq 3 length 2");
    expect(arp, sizeof(arp) - 1, "ARP who has 10.0.0.1 tell 10.0.0.2");
    expect(other, sizeof(other) - 1, "02:00:00:00:00:02 > 02:00:00:00:00:01: type 86dd length 4");
    expect(tcp, 30, "IP, malformed");
    expect("abc", 3, "a frame of 3 bytes");
    srand(1);
    for (unsigned i = 0; i < 200000; i++) {
        static const char *const seeds[] = {tcp, udp, icmp, arp};
        static const size_t lengths[] = {sizeof(tcp) - 1, sizeof(udp) - 1, sizeof(icmp) - 1,
                                         sizeof(arp) - 1};
        size_t n = (size_t)rand() % (lengths[i % 4] + 1);
        uint8_t *frame = malloc(n != 0 ? n : 1);
        memcpy(frame, seeds[i % 4], n);
        for (unsigned k = (unsigned)rand() % 4; k > 0 && n > 0; k--) {
            frame[(size_t)rand() % n] = (uint8_t)rand();
        }
        decode_frame(frame, n, text, sizeof(text));
        if (memchr(text, '\0', sizeof(text)) == NULL) {
            check(false, "an end");
        }
        free(frame);
    }
    passed++;
    printf("%lu passed, %lu failed\n", passed, failed);
    return failed != 0;
}
