/*
 * inet.c - addresses as text.
 */
#include <arpa/inet.h>
#include <stdio.h>

/* A number up to 255; null: it is none. */
static const char *read_part(const char *at, uint32_t *value)
{
    const char *begin = at;

    for (*value = 0; *at >= '0' && *at <= '9' && at - begin < 3; at++) {
        *value = *value * 10 + (uint32_t)(*at - '0');
    }
    return at == begin || *value > 255 || (*begin == '0' && at - begin > 1) ? NULL : at;
}

int inet_aton(const char *text, struct in_addr *address)
{
    uint32_t all = 0, part;

    for (unsigned i = 0; i < 4; i++) {
        text = read_part(text, &part);
        if (text == NULL || *text != (i < 3 ? '.' : '\0')) {
            return 0;
        }
        all = all << 8 | part;
        text++;
    }
    address->s_addr = htonl(all);
    return 1;
}

char *inet_text(struct in_addr address, char *to)
{
    uint32_t a = ntohl(address.s_addr);

    (void)snprintf(to, INET_ADDRSTRLEN, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255,
                   a & 255);
    return to;
}
