/* sources: servers/qsh/lineedit.c servers/qsh/screen.c servers/qsh/complete.c servers/qsh/keys.c servers/qsh/history.c */
/*
 * test_lineedit.c - the line editor against a model of a terminal (an endless row of cells) and a
 * reference model of the line, key by key and with random input.
 */
#define _GNU_SOURCE /* stpcpy */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../servers/qsh/lineedit.h"

static unsigned passed, failed;
#define CHECK(c) ((c) ? (void)passed++ : (void)(failed++, printf("%d: %s\n", __LINE__, #c)))

/* ---- the terminal */
static struct {
    char cells[8192][5];
    size_t column, width, rows, bytes, bells;
    char sequence[32], above[8192];
    size_t sequence_length;
} term;

static void term_text(char *to)
{
    *to = '\0';
    for (size_t i = 0; i < term.width; i++)
        to = stpcpy(to, term.cells[i]);
}

static void term_sequence(char final)
{
    size_t n = (size_t)atoi(term.sequence + 2);

    if (final == 'D')
        term.column = n > term.column ? 0 : term.column - n;
    else if (final == 'C')
        term.column += n;
    else if (final == 'J' && term.sequence[2] == '2')
        term.width = 0;
    else if (final == 'J')
        term.width = term.column;
    else if (final == 'H')
        term.column = 0;
    else
        CHECK(!"a sequence the terminal knows");
    term.sequence_length = 0;
}

static void term_put(char c)
{
    if (term.sequence_length) {
        term.sequence[term.sequence_length++] = c;
        term.sequence[term.sequence_length] = '\0';
        if (c >= '@' && c != '[')
            term_sequence(c);
    } else if (c == 0x1b) {
        term.sequence[0] = c;
        term.sequence_length = 1;
    } else if (c == '\r') {
        term.column = 0;
    } else if (c == '\n') {
        term_text(term.above);
        term.width = 0;
        term.rows++;
    } else if (c == '\b') {
        term.column--;
    } else if (c == '\a') {
        term.bells++;
    } else if (((unsigned char)c & 0xc0) == 0x80) {
        strncat(term.cells[term.column - 1], &c, 1);
    } else {
        term.cells[term.column][0] = c;
        term.cells[term.column++][1] = '\0';
        if (term.column > term.width)
            term.width = term.column;
    }
}

static void term_write(void *context, const char *bytes, size_t n)
{
    (void)context;
    term.bytes += n;
    for (size_t i = 0; i < n; i++)
        term_put(bytes[i]);
}

static const char *word(void *context, const char *line, size_t start, size_t index)
{
    static const char *const commands[] = {"bench", "echo", "help", "version", "verbose"};
    static const char *const names[] = {"ipc.call", "ipc.send", "irq.edge"};

    (void)context;
    if (start == 0)
        return index < 5 ? commands[index] : NULL;
    return strncmp(line, "bench ", 6) == 0 && index < 3 ? names[index] : NULL;
}

static struct lineedit e;

static void start(void)
{
    memset(&term, 0, sizeof(term));
    lineedit_init(&e, "quoll> ", (struct lineedit_callbacks){term_write, word, NULL});
    lineedit_begin(&e);
}

static enum lineedit_event type(const char *s)
{
    enum lineedit_event event = LINE_NONE;

    for (; *s; s++) {
        event = lineedit_feed(&e, (uint8_t)*s);
        if (event != LINE_NONE && s[1])
            lineedit_begin(&e);
        if (event == LINE_NONE)
            lineedit_refresh(&e);
    }
    return event;
}

/* Does the screen show prompt, line and cursor? */
static bool shown(void)
{
    static char want[8192], have[40000];
    size_t column = 7;

    snprintf(want, sizeof(want), "quoll> %s", e.line);
    term_text(have);
    for (size_t i = 0; i < e.cursor; i++)
        column += (e.line[i] & 0xc0) != 0x80;
    return strcmp(want, have) == 0 && term.column == column;
}

static bool is(const char *input, const char *line, size_t cursor)
{
    bool ok;

    start();
    type(input);
    ok = strcmp(e.line, line) == 0 && e.cursor == cursor && shown();
    if (!ok)
        printf("got \"%s\" cursor %zu, shown %d\n", e.line, e.cursor, shown());
    return ok;
}

static void test_keys(void)
{
    CHECK(is("abc", "abc", 3));
    CHECK(is("abc\x1b[DX", "abXc", 3));
    CHECK(is("abc\x1bOD\x1bOD\x1b[CX", "abXc", 3));
    CHECK(is("abc\x02\x02\x06X", "abXc", 3));
    CHECK(is("abc\x1b[HX", "Xabc", 1));
    CHECK(is("abc\x1bOHX\x1bOFY", "XabcY", 5));
    CHECK(is("abc\x1b[1~X\x1b[4~Y", "XabcY", 5));
    CHECK(is("abc\x1b[7~X\x1b[8~Y\x1b[HZ\x1b[FW", "ZXabcYW", 7));
    CHECK(is("abc\x01X\x05Y", "XabcY", 5));
    CHECK(is("abc\x01\x1b[3~", "bc", 0));
    CHECK(is("abc\x1b[3~", "abc", 3));
    CHECK(is("abc\x01\x04", "bc", 0));
    CHECK(is("\x04", "", 0));
    CHECK(is("abc\x7f\x08", "a", 1));
    CHECK(is("\x7f", "", 0));
    CHECK(is("abcd\x02\x02\x0b", "ab", 2));
    CHECK(is("abcd\x02\x02\x15", "cd", 0));
    CHECK(is("ab cd  \x17", "ab ", 3));
    CHECK(is("ab cd\x17\x17\x17", "", 0));
    CHECK(is("ab cd\x02\x17", "ab d", 3));
    CHECK(is("abc\x02\x0cX", "abXc", 3));
    CHECK(is("a\x1b[1;5Cb\x1b[?25hc\x1b[20~d\x1b[[Ae\x1bxf", "abcdef", 6));
    CHECK(is("a\x1b]0;title\x07"
             "b\x1b]0;t\x1b\\c",
             "abc", 3));
    CHECK(is("a\x1b[12\x7f"
             "b",
             "b", 1)); /* a control ends a sequence */
    CHECK(is("a\x1b\x1b[Db", "ba", 1));
    CHECK(is("a\x1d\x1e\x0e\x10"
             "b",
             "ab", 2)); /* unknown controls, history that isn't there */
    CHECK(is("\xc3\xa4\xe2\x82\xac\x7f", "\xc3\xa4", 2));
    CHECK(is("\xc3\xa4\xe2\x82\xac"
             "b\x02\x02X",
             "\xc3\xa4X\xe2\x82\xac"
             "b",
             3));
    CHECK(is("ab\x02\xf0\x9f\x98\x80",
             "a\xf0\x9f\x98\x80"
             "b",
             5));
    CHECK(is("\xc3\xa4"
             "b\x01\x1b[3~",
             "b", 0));
}

static void test_line_ends(void)
{
    start();
    CHECK(type("one\r") == LINE_READY && strcmp(e.line, "one") == 0 && term.rows == 1);
    CHECK(strcmp(term.above, "quoll> one") == 0 && term.column == 0);
    lineedit_begin(&e);
    CHECK(type("\n") == LINE_NONE && term.rows == 1);
    CHECK(type("\n") == LINE_READY && term.rows == 2);
    lineedit_begin(&e);
    CHECK(type("x\n") == LINE_READY);
    lineedit_begin(&e);
    CHECK(type("\r") == LINE_READY); /* LF CR are two */
    lineedit_begin(&e);
    CHECK(type("abc\x01\r") == LINE_READY && strcmp(e.line, "abc") == 0);
    lineedit_begin(&e);
    CHECK(type("abc\x02\x03") == LINE_CANCELED && strcmp(term.above, "quoll> abc^C") == 0);
    lineedit_begin(&e);
    CHECK(e.length == 0 && shown());
    CHECK(type("\x1b[\r") == LINE_READY && type("\x1b\x03") == LINE_CANCELED);
}

static void test_long_lines(void)
{
    static char line[LINE_BYTES_MAX + 2];

    memset(line, 'x', LINE_BYTES_MAX);
    start();
    type(line);
    CHECK(term.bytes == 7 + LINE_BYTES_MAX); /* echoing costs what was typed */
    CHECK(shown() && type("\r") == LINE_READY && strcmp(e.line, line) == 0);
    lineedit_begin(&e);
    type(line);
    CHECK(type("y") == LINE_NONE && type("\x7f\x15more\x1b[A\t") == LINE_NONE);
    CHECK(type("\r") == LINE_TOO_LONG);
    lineedit_begin(&e);
    CHECK(type("\x1b[A") == LINE_NONE && e.length == LINE_BYTES_MAX); /* history: the first */
    CHECK(type("\t") == LINE_NONE && e.length == LINE_BYTES_MAX);
    CHECK(type("zz\x03") == LINE_CANCELED);
    lineedit_begin(&e);
    CHECK(type("ok\r") == LINE_READY && strcmp(e.line, "ok") == 0);
    /* a block in the middle of a line is one redraw */
    lineedit_begin(&e);
    type("ab\x02");
    term.bytes = 0;
    for (int i = 0; i < 500; i++)
        lineedit_feed(&e, 'm');
    lineedit_refresh(&e);
    CHECK(term.bytes == 502 && shown());
}

static void test_history(void)
{
    start();
    type("one\rtwo\rtwo\r\r");
    lineedit_begin(&e);
    type("draft\x1b[A");
    CHECK(strcmp(e.line, "two") == 0 && shown());
    type("\x1b[A");
    CHECK(strcmp(e.line, "one") == 0 && shown());
    type("\x1bOA\x10");
    CHECK(strcmp(e.line, "one") == 0);
    type("\x1b[B");
    CHECK(strcmp(e.line, "two") == 0);
    type("\x0e\x0e");
    CHECK(strcmp(e.line, "draft") == 0 && e.cursor == 5 && shown());
    start();
    for (int i = 0; i < 9000; i++) {
        char line[32];
        snprintf(line, sizeof(line), "line %d\r", i);
        type(line);
        lineedit_begin(&e);
    }
    CHECK(e.history.used <= HISTORY_BYTES);
    type("\x10\x10");
    CHECK(strcmp(e.line, "line 8998") == 0);
    for (int i = 0; i < 3000; i++)
        type("\x10");
    CHECK(strncmp(e.line, "line 7", 6) == 0 && shown());
}

static void test_completion(void)
{
    CHECK(is("be\t", "bench ", 6));
    CHECK(is("v\t", "ver", 3) && term.bells == 0);
    CHECK(is("v\t\t", "ver", 3) && strcmp(term.above, "version  verbose") == 0);
    CHECK(is("xyz\t", "xyz", 3) && term.bells == 1);
    CHECK(is("bench \t", "bench i", 7));
    CHECK(is("bench ip\tc\t", "bench ipc.call ", 15));
    CHECK(is("bench ipc.call ir\t", "bench ipc.call irq.edge ", 24));
    CHECK(is("echo a\t", "echo a", 6) && term.bells == 1);
    CHECK(is("eXY\x02\x02\t", "echo XY", 5));
    CHECK(is("\t\t", "", 0) && term.rows == 2);
    CHECK(is("verXY\x02\x02\t\t", "verXY", 3) && term.rows == 2);
}

/* ---- random keys against a reference */
static struct {
    char line[LINE_BYTES_MAX + 1];
    size_t cursor;
} ref;

static void ref_splice(size_t from, size_t to, const char *with)
{
    char tail[LINE_BYTES_MAX + 1];

    strcpy(tail, ref.line + to);
    ref.line[from] = '\0';
    strcat(ref.line, with);
    strcat(ref.line, tail);
    ref.cursor = from + strlen(with);
}

static const char *const tokens[] = {
    "a",    "b",        " ",      "\xc3\xa4", "\xe2\x82\xac", "\x1b[D", "\x1b[C",
    "\x01", "\x05",     "\x7f",   "\x1b[3~",  "\x0b",         "\x15",   "\x17",
    "\x0c", "\x1b[99x", "\x1bOP", "\x03",     "longer text",
};

static void ref_key(size_t t)
{
    size_t n = strlen(ref.line), c = ref.cursor, left = c, right = c;

    if (c > 0)
        do
            left--;
        while ((ref.line[left] & 0xc0) == 0x80);
    if (c < n)
        do
            right++;
        while ((ref.line[right] & 0xc0) == 0x80);
    if (t <= 4 || t == 18)
        ref_splice(c, c, tokens[t]);
    else if (t == 5)
        ref.cursor = left;
    else if (t == 6)
        ref.cursor = right;
    else if (t == 7)
        ref.cursor = 0;
    else if (t == 8)
        ref.cursor = n;
    else if (t == 9)
        ref_splice(left, c, "");
    else if (t == 10)
        ref_splice(c, right, "");
    else if (t == 11)
        ref_splice(c, n, "");
    else if (t == 12)
        ref_splice(0, c, "");
    else if (t == 13) {
        for (left = c; left > 0 && ref.line[left - 1] == ' ';)
            left--;
        while (left > 0 && ref.line[left - 1] != ' ')
            left--;
        ref_splice(left, c, "");
    } else if (t == 17) {
        ref_splice(0, n, "");
    }
}

static void test_random_keys(void)
{
    size_t total = 0, bad = 0;

    start();
    while (total < 1000000 && bad < 5) {
        size_t t = (size_t)rand() % 19;

        if ((t == 17 || (t >= 11 && t <= 13)) && rand() % 8) /* let lines grow */
            t = (size_t)rand() % 5;
        if (strlen(ref.line) + 20 > LINE_BYTES_MAX)
            t = 17;
        for (const char *p = tokens[t]; *p; p++, total++) {
            if (lineedit_feed(&e, (uint8_t)*p) == LINE_CANCELED)
                lineedit_begin(&e);
            if (rand() % 4 == 0)
                lineedit_refresh(&e);
        }
        ref_key(t);
        if (strcmp(ref.line, e.line) != 0 || ref.cursor != e.cursor)
            bad++;
        if (rand() % 3 == 0) {
            lineedit_refresh(&e);
            bad += !shown();
        }
    }
    CHECK(bad == 0);
}

/* ---- random bytes: nothing breaks, the bounds hold, and a line always comes through after */
static void discard(void *context, const char *bytes, size_t n)
{
    (void)context;
    (void)bytes;
    (void)n;
}

static void test_random_bytes(void)
{
    size_t bad = 0;

    start();
    e.on.write = discard;
    for (size_t i = 0; i < 1000000; i++) {
        uint8_t byte = (uint8_t)(rand() >> 8);

        if (byte == '\r' && rand() % 64)
            byte = 'x';
        if (lineedit_feed(&e, byte) != LINE_NONE)
            lineedit_begin(&e);
        if (byte & 1)
            lineedit_refresh(&e);
        bad += e.cursor > e.length || e.length > LINE_BYTES_MAX || strlen(e.line) != e.length;
    }
    CHECK(bad == 0);
    type("\x03");
    lineedit_begin(&e);
    CHECK(type("fine\r") == LINE_READY && strcmp(e.line, "fine") == 0);
}

int main(void)
{
    srand(1);
    test_keys();
    test_line_ends();
    test_long_lines();
    test_history();
    test_completion();
    test_random_keys();
    test_random_bytes();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
