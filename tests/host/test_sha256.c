/* sources: servers/lib/sha256.c */
/*
 * test_sha256.c - against the examples of FIPS 180-4 (csrc.nist.gov, "SHA256.pdf") and of RFC 6234,
 * section 8.5, and a long message in pieces of every size.
 */
#include <quoll/sha256.h>

#include <stdio.h>
#include <string.h>

static unsigned passed, failed;

static void check(const char *what, struct sha256 *s, const char *expected)
{
    uint8_t sum[SHA256_BYTES];
    char text[2 * SHA256_BYTES + 1];

    sha256_end(s, sum);
    for (unsigned i = 0; i < SHA256_BYTES; i++) {
        sprintf(text + (size_t)i * 2, "%02x", sum[i]);
    }
    if (strcmp(text, expected) == 0) {
        passed++;
    } else {
        failed++;
        printf("%s: %s, expected %s\n", what, text, expected);
    }
}

int main(void)
{
    static const struct {
        const char *message;
        unsigned times;
        const char *sum;
    } examples[] = {
        {"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
        {"0123456701234567012345670123456701234567012345670123456701234567", 10,
         "594847328451bdfa85056225462cc1d867d877fb388df0ce35f25ab5562bfbb5"},
    };
    static char million[1000000];
    struct sha256 s;

    for (unsigned i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        sha256_begin(&s);
        for (unsigned k = 0; k < examples[i].times; k++) {
            sha256_add(&s, examples[i].message, strlen(examples[i].message));
        }
        check(examples[i].message, &s, examples[i].sum);
    }
    memset(million, 'a', sizeof(million));
    for (size_t piece = 1; piece < 200; piece++) {
        sha256_begin(&s);
        for (size_t at = 0; at < sizeof(million); at += piece) {
            sha256_add(&s, million + at,
                       piece < sizeof(million) - at ? piece : sizeof(million) - at);
        }
        check("in pieces", &s, examples[3].sum);
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
