/* sources: servers/lib/json.c servers/qsh/output.c */
/*
 * test_json.c - JSON escaping, and the buffered output below it.
 */
#include <quoll/client.h>
#include <quoll/abi.h>
#include <stdio.h>
#include <string.h>
#include "../../servers/qsh/json.h"

static unsigned passed, failed;
#define CHECK(c) ((c) ? (void)passed++ : (void)(failed++, printf("%d: %s\n", __LINE__, #c)))

static char written[20000];
static size_t written_bytes, calls;
static int errors_to_come, error_to_come;

int terminal_write(uint64_t cap, const void *bytes, size_t n)
{
    calls++;
    if (errors_to_come > 0) {
        errors_to_come--;
        return error_to_come;
    }
    CHECK(cap == 77 && n <= PROTO_BYTES_MAX);
    memcpy(written + written_bytes, bytes, n);
    written_bytes += n;
    written[written_bytes] = '\0';
    return E_OK;
}

static struct output out = {.terminal = 77};

static bool wrote(const char *want)
{
    bool same;

    output_flush(&out);
    same = strcmp(written, want) == 0;
    if (!same)
        printf("got \"%s\"\n", written);
    written_bytes = 0;
    written[0] = '\0';
    return same;
}

static bool escapes_to(const char *value, const char *want)
{
    char line[256];
    struct json j = json_begin(&out);

    json_string(&j, "s", value);
    json_end(&j);
    snprintf(line, sizeof(line), "{\"s\": \"%s\"}\r\n", want);
    return wrote(line);
}

static void test_json(void)
{
    struct json j = json_begin(&out);

    json_string(&j, "bench", "ipc.call_reply.diff_as.0w");
    json_string(&j, "unit", "instructions");
    json_u64(&j, "median", 1);
    json_u64(&j, "max", UINT64_MAX);
    json_bool(&j, "yes", true);
    json_bool(&j, "no", false);
    json_end(&j);
    CHECK(wrote(
        "{\"bench\": \"ipc.call_reply.diff_as.0w\", \"unit\": \"instructions\", \"median\": 1, "
        "\"max\": 18446744073709551615, \"yes\": true, \"no\": false}\r\n"));
    j = json_begin(&out);
    json_end(&j);
    CHECK(wrote("{}\r\n"));
    CHECK(escapes_to("", ""));
    CHECK(escapes_to("a\"b\\c/", "a\\\"b\\\\c/"));
    CHECK(escapes_to("\n\t\r\x01\x1f\x7f", "\\n\\t\\u000d\\u0001\\u001f\\u007f"));
    CHECK(
        escapes_to("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"));
    CHECK(escapes_to("\x80x", "\\ufffdx"));
    CHECK(escapes_to("\xc0\x80", "\\ufffd\\ufffd"));            /* overlong */
    CHECK(escapes_to("\xe0\x80\x80", "\\ufffd\\ufffd\\ufffd")); /* overlong */
    CHECK(escapes_to("\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd")); /* surrogate */
    CHECK(escapes_to("\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"));
    CHECK(escapes_to("\xf5", "\\ufffd"));
    CHECK(escapes_to("a\xe2\x82", "a\\ufffd\\ufffd")); /* cut off */
}

static void test_output(void)
{
    static char big[10001], want[10001];

    output_string(&out, "a\nb\n\nc");
    CHECK(out.mid_row);
    output_fresh_row(&out);
    output_fresh_row(&out);
    CHECK(wrote("a\r\nb\r\n\r\nc\r\n"));
    output_printf(&out, "%d %s", 5, "x");
    CHECK(wrote("5 x"));
    memset(big, 'x', 10000);
    memset(want, 'x', 10000);
    calls = 0;
    output_raw(&out, big, 10000);
    CHECK(wrote(want) && calls == (10000 + PROTO_BYTES_MAX - 1) / PROTO_BYTES_MAX);
    calls = 0;
    output_flush(&out);
    CHECK(calls == 0); /* nothing to send, nothing sent */
    errors_to_come = 3;
    error_to_come = E_GONE; /* never picked up: again */
    output_string(&out, "again");
    CHECK(wrote("again"));
    errors_to_come = 1;
    error_to_come = E_DEAD; /* outcome unknown: not twice */
    output_string(&out, "lost");
    CHECK(wrote(""));
}

int main(void)
{
    test_json();
    test_output();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
