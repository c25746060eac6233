/*
 * test_console.c - the console's core: what it lets through, keys, history, sessions on their
 * devices, and that every display shows what it should and gets no more than has changed.
 */
#include "fake.h"

#include <quoll/abi.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned passed, failed;
#define CHECK(c) ((c) ? (void)passed++ : (void)(failed++, printf("%d: %s\n", __LINE__, #c)))

static struct console console;
static struct fake fake;

/* ---- guard ---- */

static char through[4096];
static size_t through_count;

static void collect(void *context, const char *bytes, size_t count)
{
    (void)context;
    if (through_count + count < sizeof(through)) {
        memcpy(through + through_count, bytes, count);
        through_count += count;
    }
}

/* What comes through is @want, however the bytes are cut. */
static bool lets(const char *bytes, size_t count, const char *want)
{
    for (size_t cut = 1; cut <= count; cut++) {
        struct guard guard;

        guard_init(&guard, collect, NULL);
        through_count = 0;
        for (size_t at = 0; at < count; at += cut) {
            guard_write(&guard, (const uint8_t *)bytes + at, count - at < cut ? count - at : cut);
        }
        if (through_count != strlen(want) || memcmp(through, want, through_count) != 0) {
            printf("cut %zu: \"%.*s\"\n", cut, (int)through_count, through);
            return false;
        }
    }
    return true;
}

#define LETS(bytes, want) CHECK(lets(bytes, sizeof(bytes) - 1, want))
#define FFFD              "\xef\xbf\xbd"

static void test_guard_text(void)
{
    LETS("hello\r\nworld\x07", "hello\r\nworld\x07");
    LETS("a\0b\x7f"
         "c",
         "abc");
    LETS("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
         "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80");
    LETS("\xc3(", FFFD "(");
    LETS("\x80\xff\xc0\xaf", FFFD FFFD FFFD FFFD);
    LETS("\xe0\x80\xaf|\xed\xa0\x80|\xf4\x90\x80\x80", FFFD "|" FFFD "|" FFFD);
    LETS("x\xe2\x82\n", "x" FFFD "\n");
    LETS("a\xc2\x9b"
         "31mb",
         "a31mb"); /* a C1 code is nothing */
    LETS("e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81"
         "f",
         "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81"
         "f");
}

static void test_guard_sequences(void)
{
    LETS("\x1b[1;31mred\x1b[m", "\x1b[1;31mred\x1b[m");
    LETS("\x1b[38:5:200m\x1b[;5H\x1b[?25l", "\x1b[38:5:200m\x1b[;5H\x1b[?25l");
    LETS("\x1b[99999999999999A\x1b[?2004h", "\x1b[255A\x1b[?2004h");
    LETS("\x1b[1;2;3;4;5;6;7;8;9;10;11;12;13;14m", "\x1b[1;2;3;4;5;6;7;8;9;10;11;12;13;14m");
    LETS("\x1b[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15mx", "x");
    LETS("\x1b[2\nJ", "\n\x1b[2J");
    LETS("\x1b[31\x18m\x1b[31\x1am", "mm");
    LETS("\x1b[3\x1b[4m", "\x1b[4m");
    LETS("\x1b[1$$px\x1b[1 q\x1b[!!py", "x\x1b[1 qy");
    LETS("\x1b[?1\xc3\xa4hz", "z");
    LETS("\x1b(0q\x1b(B\x1b%@\x1b G\x1b#3\x1b#8\x1b  Fx", "\x1b(0q\x1b(B\x1b#8x");
    LETS("a\x1b[3b|\x1b[mb\xcc\x81\x1b[0b\x1b[b", "aaaa|\x1b[mb\xcc\x81"
                                                  "bb"); /* REP becomes text */
    LETS("x\xe3\x80\xaa\xe3\x82\x99y", "xy");            /* combining, but two columns wide */
    LETS("\x1b]0;title\x07x\x1b]2;y\x1b\\z", "xz");
    LETS("\x1bP$qm\x1b\\\x1bP$qx\x1b\\\x1bP$q q\x07", "\x1bP$qm\x1b\\\x1bP$q q\x1b\\");
    LETS("\x1bPvery long string indeed\x1b\\x\x1b^pm\x1b\\y\x1b_apc\x07z", "xyz");
    LETS("\x1b]0;abc\x1b[31mx", "\x1b[31mx"); /* a string broken off */
    LETS("\x1b]0;abc\x18x", "x");
    LETS("\x1b"
         "7\x1b"
         "8\x1bM\x1b=",
         "\x1b"
         "7\x1b"
         "8\x1bM\x1b=");
    LETS("\x1b"
         "c",
         "\x1b[?1049l\x1b[?1000l\x1b[?1006l\x1b[?2004l\x1b"
         "c");
}

/* ---- screens ---- */

static void feed(unsigned session, const char *text)
{
    CHECK(console_feed(&console, session, text, strlen(text)) == strlen(text));
}

static void start(enum picture_kind kind, unsigned rows, unsigned columns)
{
    unsigned session;

    console_init(&console);
    CHECK(console_open(&console, &session) == E_OK && session == 0);
    fake_init(&fake, kind, rows, columns);
    CHECK(console_set_display(&console, &fake.display) == E_OK);
    CHECK(console_render(&console));
}

/* Row @row of the display, without blanks at its end. */
static bool shows(unsigned row, const char *want)
{
    char text[SCREEN_COLUMNS_MAX + 1] = {0};

    CHECK(console_render(&console));
    for (unsigned i = 0; i < fake.display.columns; i++) {
        text[i] = (char)(fake.cells[row][i] & 0xff);
    }
    for (unsigned i = fake.display.columns; i > 0 && text[i - 1] == ' '; i--) {
        text[i - 1] = '\0';
    }
    if (strcmp(text, want) != 0) {
        printf("row %u shows \"%s\"\n", row, text);
    }
    return strcmp(text, want) == 0;
}

static void test_text(void)
{
    start(PICTURE_TEXT, 25, 80);
    CHECK(fake.drawn == 25 * 80 && fake.cells[0][0] == 0x0720);
    fake.drawn = fake.patches = 0;
    feed(0, "\x1b[31;44mA\x1b[1mB\x1b[7mC\x1b[0m\x1b[90;107mD\x1b[0m");
    CHECK(shows(0, "ABCD") && fake.drawn == 4 && fake.patches == 1);
    CHECK(fake.cells[0][0] == 0x1441 && fake.cells[0][1] == 0x1c42 && fake.cells[0][2] == 0x4943);
    CHECK(fake.cells[0][3] == 0xf844);
    CHECK(fake.cursor == CURSOR_BLOCK && fake.cursor_row == 0 && fake.cursor_column == 4);
    feed(0, "\x1b[38;2;255;0;0mX\x1b[38;5;46mY\x1b[0m\x1b[2;1H\xc3\xa4\xe2\x94\x80\xe2\x82\xac\xe4"
            "\xb8\xad|");
    CHECK(console_render(&console));
    CHECK(fake.cells[0][4] >> 8 == 0x04 && fake.cells[0][5] >> 8 == 0x02);
    CHECK(fake.cells[1][0] == 0x0784 && fake.cells[1][1] == 0x07c4 && fake.cells[1][2] == 0x0745);
    CHECK(fake.cells[1][3] == 0x073f && fake.cells[1][4] == 0x0720 && fake.cells[1][5] == 0x077c);
    feed(0, "\x1b(0lqk\x1b(B\x1b[?25l\x1b[4 q");
    CHECK(console_render(&console) && fake.cells[1][6] == 0x07da && fake.cursor == CURSOR_HIDDEN);
    feed(0, "\x1b[?25h");
    CHECK(console_render(&console) && fake.cursor == CURSOR_UNDERLINE);
    fake.drawn = 0;
    CHECK(console_render(&console) && fake.drawn == 0);
    CHECK(fake_is_right(&fake, &console));
}

static void test_full_screen(void)
{
    start(PICTURE_TEXT, 25, 80);
    feed(0, "shell\r\nprompt> \x1b[?1049h\x1b[H\x1b[2J");
    CHECK(shows(0, "") && shows(1, ""));
    for (unsigned i = 1; i <= 25; i++) {
        char line[32];

        (void)snprintf(line, sizeof(line), "\x1b[%u;1Hline %u", i, i);
        feed(0, line);
    }
    feed(0, "\x1b[3;10r\x1b[3;1H\x1b[2L\x1b[r"); /* insert two lines in a region */
    CHECK(shows(1, "line 2") && shows(2, "") && shows(4, "line 3") && shows(9, "line 8") &&
          shows(10, "line 11"));
    feed(0, "\x1b[3;1H\x1b[2M"); /* delete them from the whole screen */
    CHECK(shows(2, "line 3") && shows(8, "line 11") && shows(24, ""));
    feed(0, "\x1b[1;1H\x1b[4@\x1b[1;1Hpre-\x1b[2;3H\x1b[2P\x1b[3;2H\x1b[3X\x1b[4;5H\x1b[1K");
    CHECK(shows(0, "pre-line 1") && shows(1, "li 2") && shows(2, "l    3"));
    CHECK(shows(3, "     4"));
    feed(0, "\x1b[1;1H\x1bM\x1bMtop");
    CHECK(shows(0, "top") && shows(2, "pre-line 1"));
    feed(0, "\x1b[?1049l");
    CHECK(shows(0, "shell") && shows(1, "prompt>") && fake.cursor_row == 1 &&
          fake.cursor_column == 8);
    CHECK(console.screens[0].history.count == 0 && fake_is_right(&fake, &console));
}

static void test_wrapping(void)
{
    start(PICTURE_TEXT, 25, 80);
    for (unsigned i = 0; i < 8; i++) {
        feed(0, "0123456789");
    }
    CHECK(shows(1, "") && fake.cursor_row == 0 && fake.cursor_column == 79);
    feed(0, "\r\n\x1b[?7l\x1b[2;75Habcdefghijk\x1b[?7h");
    CHECK(fake.cursor_row == 0 && shows(2, ""));
    feed(0, "\x1b[3;80Hx\xe4\xb8\xad"); /* a wide one does not fit the rest of a row */
    CHECK(shows(3, "?") && fake.cursor_column == 2);
    feed(0, "\x1b[5;1Ha\tb\tc\x1b[3g\x1b[5;20H\x1bH\x1b[6;1Hd\te");
    CHECK(shows(4, "a       b       c") && shows(5, "d                  e"));
    feed(0, "\x1b[2J\x1b#8\x1b[H");
    CHECK(fake_is_right(&fake, &console) == false && console_render(&console));
    CHECK(fake.cells[24][79] == 0x0745 && fake_is_right(&fake, &console));
}

static void test_history(void)
{
    struct key_event up = {KEY_PAGE_UP, KEY_PRESSED, MODIFIER_SHIFT, 0};
    struct key_event down = {KEY_PAGE_DOWN, KEY_PRESSED, MODIFIER_SHIFT, 0};
    struct key_event letter = {KEY_A, KEY_PRESSED, 0, 'a'};
    char line[32];

    start(PICTURE_TEXT, 25, 80);
    for (unsigned i = 0; i < 1500; i++) {
        (void)snprintf(line, sizeof(line), "\x1b[3%um%u\x1b[0m\r\n", i % 8, i);
        feed(0, line);
    }
    CHECK(console.screens[0].history.count == HISTORY_LINES && shows(0, "1476"));
    console_key(&console, &up);
    CHECK(shows(0, "1452") && shows(24, "1476") && fake.cursor == CURSOR_HIDDEN);
    CHECK(fake.cells[0][0] >> 8 == (1452 % 8 == 4 ? 0x01 : 0));
    feed(0, "new\r\n"); /* the view stays where it is */
    CHECK(shows(0, "1452") && shows(24, "1476"));
    console_key(&console, &down);
    CHECK(shows(0, "1476"));
    for (unsigned i = 0; i < 100; i++) {
        console_key(&console, &up);
    }
    CHECK(shows(0, "477") && fake_is_right(&fake, &console));
    console_key(&console, &letter);
    CHECK(shows(0, "1477") && console_read(&console, 0, line, 9) == 1 && line[0] == 'a');
    CHECK(fake_is_right(&fake, &console));
}

static void test_display_with_no_room(void)
{
    unsigned rounds = 0;

    start(PICTURE_PIXELS, 48, 128);
    fake.display.buffer_bytes = DISPLAY_BUFFER_MIN; /* a cell at a time */
    CHECK(console_set_display(&console, &fake.display) == E_OK);
    feed(0, "\x1b[2;3Hsome text\x1b[48;1Hlast");
    for (fake.room = 7; !console_render(&console); fake.room = 7) {
        rounds++;
    }
    CHECK(rounds == 48 * 128 / 7 && fake_is_right(&fake, &console));
    memset(fake.pixels, 0x55, sizeof(fake.pixels)); /* the driver has died */
    console_repaint(&console);
    fake.room = UINT32_MAX;
    CHECK(console_render(&console) && fake_is_right(&fake, &console));
    fake.drawn = 0;
    feed(0, "\x1b[1;1H*");
    CHECK(console_render(&console) && fake.drawn == 3); /* the cell, the cursor's two */
    fake_init(&fake, PICTURE_TEXT, 25, 80);
    fake.room = 0;
    CHECK(console_set_display(&console, &fake.display) == E_OK && !console_render(&console));
    fake.room = 25;
    CHECK(!console_render(&console)); /* all but the cursor */
    fake.room = 1;
    CHECK(console_render(&console) && fake_is_right(&fake, &console));
}

static void test_displays_refused(void)
{
    struct display display;

    start(PICTURE_TEXT, 25, 80);
    display = fake.display;
    display.rows = SCREEN_ROWS_MAX + 1;
    CHECK(console_set_display(&console, &display) == E_BAD_ARG);
    display = fake.display;
    display.columns = 1;
    CHECK(console_set_display(&console, &display) == E_BAD_ARG);
    display = fake.display;
    display.buffer_bytes = DISPLAY_BUFFER_MIN - 1;
    CHECK(console_set_display(&console, &display) == E_BAD_ARG);
    display = fake.display;
    display.cursor = NULL;
    CHECK(console_set_display(&console, &display) == E_BAD_ARG);
    CHECK(console.display.rows == 25 && console_set_display(&console, NULL) == E_OK);
    feed(0, "unseen");
    CHECK(console_render(&console) && console_set_display(&console, &fake.display) == E_OK);
    CHECK(shows(0, "unseen"));
}

static void test_resize(void)
{
    static const unsigned sizes[][2] = {{48, 128}, {25, 80}, {2, 8}, {48, 8}, {3, 128}, {25, 80}};
    unsigned taken;

    start(PICTURE_TEXT, 25, 80);
    taken = pool_taken(&console.pool);
    for (unsigned i = 0; i < 24; i++) {
        feed(0, "row\r\n");
    }
    feed(0, "end\x1b[5;3H"); /* text below the cursor */
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        fake_init(&fake, PICTURE_TEXT, sizes[i][0], sizes[i][1]);
        CHECK(console_set_display(&console, &fake.display) == E_OK && console_render(&console));
        CHECK(fake_is_right(&fake, &console) && pool_taken(&console.pool) == taken);
    }
    feed(0, "\x1b"
            "8\x1b[H\x1b[2Jok");
    CHECK(shows(0, "ok"));
    start(PICTURE_TEXT, 48, 128);
    for (unsigned i = 0; i < 40; i++) {
        feed(0, "x\r\n");
    }
    feed(0, "prompt");
    fake_init(&fake, PICTURE_TEXT, 25, 80);
    CHECK(console_set_display(&console, &fake.display) == E_OK && shows(24, "prompt"));
    CHECK(fake.cursor_row == 24 && fake.cursor_column == 6);
    CHECK(console.screens[0].history.count == 16);
}

/* ---- keys ---- */

static bool types(uint8_t code, uint8_t modifiers, uint32_t unicode, const char *want)
{
    struct key_event key = {code, KEY_PRESSED, modifiers, unicode};
    char got[64] = {0};
    size_t count, length = strlen(want);

    length = length == 0 && code == KEY_SPACE ? 1 : length; /* NUL */
    console_key(&console, &key);
    count = console_read(&console, 0, got, sizeof(got) - 1);
    if (count != length || memcmp(got, want, count) != 0) {
        printf("key %02x types %zu bytes, last 0x%02x\n", code, count,
               count > 0 ? (unsigned char)got[count - 1] : 0);
    }
    return count == length && memcmp(got, want, count) == 0;
}

static void test_keys(void)
{
    start(PICTURE_TEXT, 25, 80);
    CHECK(types(KEY_A, 0, 'a', "a") && types(KEY_A, MODIFIER_SHIFT, 'A', "A"));
    CHECK(types(KEY_C, MODIFIER_CTRL, 'c', "\x03"));
    CHECK(types(KEY_M, MODIFIER_CTRL, 'm', "\r") && types(KEY_I, MODIFIER_CTRL, 'i', "\t"));
    CHECK(types(KEY_C, MODIFIER_CTRL | MODIFIER_SHIFT, 'C', "\x03"));
    CHECK(types(KEY_SPACE, MODIFIER_CTRL, ' ', "") && types(KEY_1, MODIFIER_CTRL, '1', "1"));
    CHECK(types(KEY_BRACKET_LEFT, MODIFIER_CTRL, '[', "\x1b"));
    CHECK(types(KEY_X, MODIFIER_ALT, 'x', "\x1bx") && types(KEY_APOSTROPHE, 0, 0xe4, "\xc3\xa4"));
    CHECK(types(KEY_APOSTROPHE, MODIFIER_ALT, 0xe4, "\x1b\xc3\xa4"));
    CHECK(types(KEY_ENTER, 0, 0, "\r") && types(KEY_PAD_ENTER, MODIFIER_SHIFT, 0, "\r"));
    CHECK(types(KEY_BACKSPACE, 0, 0, "\x7f") && types(KEY_ESCAPE, MODIFIER_CTRL, 0, "\x1b"));
    CHECK(types(KEY_TAB, 0, 0, "\t") && types(KEY_TAB, MODIFIER_SHIFT, 0, "\x1b[Z"));
    CHECK(types(KEY_UP, 0, 0, "\x1b[A") && types(KEY_LEFT, MODIFIER_CTRL, 0, "\x1b[1;5D"));
    CHECK(types(KEY_HOME, 0, 0, "\x1b[H") && types(KEY_DELETE, 0, 0, "\x1b[3~"));
    CHECK(types(KEY_PAGE_UP, 0, 0, "\x1b[5~") && types(KEY_F1, 0, 0, "\x1bOP"));
    CHECK(types(KEY_F12, 0, 0, "\x1b[24~") && types(KEY_PAD_7, MODIFIER_NUM, '7', "7"));
    CHECK(types(KEY_PAD_PERIOD, 0, ',', ",") && types(KEY_SHIFT_LEFT, MODIFIER_SHIFT, 0, ""));
    feed(0, "\x1b[?1h\x1b=");
    CHECK(types(KEY_UP, 0, 0, "\x1bOA") && types(KEY_PAD_7, MODIFIER_NUM, '7', "\x1bOw"));
    CHECK(types(KEY_PAD_DIVIDE, 0, '/', "\x1bOo"));
    for (unsigned code = 0; code < 256; code++) { /* nothing is out of bounds */
        struct key_event key = {(uint8_t)code, KEY_PRESSED, 0xff, 0x110000 + code};

        console_key(&console, &key);
    }
}

static void test_full_input(void)
{
    struct key_event up = {KEY_UP, KEY_PRESSED, 0, 0};
    static char bytes[2 * RING_BYTES];
    size_t count;

    start(PICTURE_TEXT, 25, 80);
    for (unsigned i = 0; i < RING_BYTES; i++) {
        console_key(&console, &up);
    }
    count = console_read(&console, 0, bytes, sizeof(bytes));
    CHECK(count % 3 == 0 && count > RING_BYTES - 40 && console.sessions[0].lost > 0);
    for (size_t i = 0; i < count; i += 3) {
        if (memcmp(bytes + i, "\x1b[A", 3) != 0) {
            CHECK(!"half a sequence");
        }
    }
}

static void test_mouse(void)
{
    struct mouse_event move = {.dx = 80, .dy = 32};
    struct mouse_event press = {.buttons = MOUSE_LEFT};
    struct mouse_event release = {0}, wheel = {.wheel = -1};
    char got[32] = {0};

    start(PICTURE_TEXT, 25, 80);
    console_mouse(&console, &move);
    console_mouse(&console, &press);
    console_mouse(&console, &release);
    CHECK(console_read(&console, 0, got, 32) == 0 && console_render(&console));
    CHECK(fake.cells[2][10] == 0x0720);
    feed(0, "\x1b[?1000h\x1b[?1006h");
    CHECK(console_render(&console) && fake.cells[2][10] == 0x7020); /* now it is seen */
    move.dx = -8;
    move.dy = 0;
    console_mouse(&console, &move);
    console_mouse(&console, &press);
    console_mouse(&console, &release);
    console_mouse(&console, &wheel);
    CHECK(console_read(&console, 0, got, 32) == 31);
    CHECK(memcmp(got, "\x1b[<0;10;3M\x1b[<0;10;3m\x1b[<64;10;3M", 31) == 0);
    CHECK(console_render(&console) && fake.cells[2][9] == 0x7020 && fake.cells[2][10] == 0x0720);
    (void)console_read(&console, 0, got, 32);
    feed(0, "\x1b[?1000l");
    for (unsigned i = 0; i < 60; i++) {
        feed(0, "\r\nx");
    }
    console_mouse(&console, &wheel);
    CHECK(console.screens[0].scrolled == 3 && console_read(&console, 0, got, 32) == 0);
    move.dx = -32768;
    move.dy = 32767;
    console_mouse(&console, &move);
    CHECK(console.pointer_x == 0 && console.pointer_y == 25 * 16 - 1);
}

/* ---- sessions ---- */

static void test_sessions(void)
{
    struct key_event f2 = {KEY_F1 + 1, KEY_PRESSED, MODIFIER_ALT, 0};
    struct key_event f1 = {KEY_F1, KEY_PRESSED, MODIFIER_ALT, 0};
    struct key_event a = {KEY_A, KEY_PRESSED, 0, 'a'};
    unsigned session;
    char got[8];

    start(PICTURE_TEXT, 25, 80);
    feed(0, "one");
    console_key(&console, &f2);
    CHECK(shows(0, "Screen 2 has no session. Alt-F1 to Alt-F4 change it."));
    CHECK(fake.cursor == CURSOR_HIDDEN);
    console_key(&console, &a); /* for nobody */
    for (unsigned i = 1; i < 4; i++) {
        CHECK(console_open(&console, &session) == E_OK && session == i);
    }
    CHECK(console_open(&console, &session) == E_LIMIT && shows(0, ""));
    feed(1, "two");
    feed(0, " more");
    CHECK(shows(0, "two"));
    console_key(&console, &a);
    CHECK(console_read(&console, 0, got, 8) == 0 && console_read(&console, 1, got, 8) == 1);
    console_key(&console, &f1);
    CHECK(shows(0, "one more") && console_show(&console, 4) == E_BAD_ARG);
    CHECK(console_close(&console, 1) == E_OK && console_close(&console, 1) == E_BAD_ARG);
    CHECK(console_feed(&console, 1, "x", 1) == 0 && console_feed(&console, 99, "x", 1) == 0);
    CHECK(console_open(&console, &session) == E_OK && session == 1);
    console_key(&console, &f2);
    CHECK(shows(0, "") && console_read(&console, 99, got, 8) == 0);
    feed(0, "\x1b[6n\x1b[c"); /* a question is answered, on whichever screen */
    CHECK(console_read(&console, 0, got, 6) == 6 && memcmp(got, "\x1b[1;9R", 6) == 0);
}

/* Take all that line 0 has to say; returns how much. */
static size_t drain(char *to, size_t size)
{
    size_t count = 0, got;

    do {
        got = console_serial_out(&console, 0, to + count, size - count);
        count += got;
    } while (got != 0);
    return count;
}

static void test_move(void)
{
    static char out[65536];
    struct key_event a = {KEY_A, KEY_PRESSED, 0, 'a'};
    unsigned other;
    char got[16];
    size_t count;

    start(PICTURE_TEXT, 25, 80);
    CHECK(console_open(&console, &other) == E_OK);
    feed(0, "before\r\n");
    CHECK(console_move(&console, 0, CONSOLE_SERIAL, 0) == E_BAD_ARG); /* no such line */
    CHECK(console_serial_in(&console, 0, "x", 1) == 1 &&
          console_serial_out(&console, 9, got, 1) == 0);
    console_set_line(&console, 0, true);
    CHECK(console_move(&console, 0, 0, 0) == E_BAD_ARG &&
          console_move(&console, 0, 4, 0) == E_BAD_ARG);
    CHECK(console_move(&console, 3, CONSOLE_VGA, 0) == E_BAD_ARG);
    CHECK(console_move(&console, 0, CONSOLE_SERIAL, CONSOLE_LINES) == E_BAD_ARG);
    CHECK(console_move(&console, 0, CONSOLE_SERIAL, 0) == E_OK);
    CHECK(console_move(&console, other, CONSOLE_BOTH, 0) == E_BUSY);
    CHECK(console_feed(&console, 0, "later", 5) == 0); /* first what was there */
    CHECK(shows(0, "This session is on serial line 0. `console move screen` brings it back."));
    count = drain(out, sizeof(out));
    CHECK(count > 20 && strstr(out, "before") != NULL);
    feed(0, "\x1b]0;t\x07raw\xff\r\n\x1b[6n");
    memset(out, 0, sizeof(out));
    CHECK(drain(out, sizeof(out)) == 16 && memcmp(out, "\x1b]0;t\x07raw\xff\r\n\x1b[6n", 16) == 0);
    CHECK(console_read(&console, 0, got, 16) == 0); /* the real terminal answers */
    CHECK(console_serial_in(&console, 0, "typed", 5) == 5);
    console_key(&console, &a); /* not its keyboard now */
    CHECK(console_read(&console, 0, got, 16) == 5 && memcmp(got, "typed", 5) == 0);
    CHECK(console_move(&console, 0, CONSOLE_BOTH, 0) == E_OK && drain(out, sizeof(out)) == 0);
    CHECK(shows(0, "before") && shows(1, "raw?"));
    console_key(&console, &a);
    CHECK(console_serial_in(&console, 0, "b", 1) == 1 && console_read(&console, 0, got, 16) == 2);
    CHECK(console_move(&console, 0, CONSOLE_VGA, 0) == E_OK && console.lines[0].session < 0);
    CHECK(drain(out, sizeof(out)) > 10 && strstr(out, "moved to the screen") != NULL);
    CHECK(console_move(&console, other, CONSOLE_SERIAL, 0) == E_OK);
    console_set_line(&console, 0, false); /* unplugged */
    CHECK(console.sessions[other].line == CONSOLE_NONE && console.sessions[other].on_vga);
    console_set_line(&console, 99, true);
}

static void test_slow_line(void)
{
    static char out[65536];
    char block[1000];
    size_t fed = 0, got = 0, n;

    start(PICTURE_TEXT, 25, 80);
    console_set_line(&console, 0, true);
    CHECK(console_move(&console, 0, CONSOLE_SERIAL, 0) == E_OK && drain(out, sizeof(out)) > 0);
    memset(block, 'x', sizeof(block));
    while ((n = console_feed(&console, 0, block, sizeof(block))) != 0) {
        fed += n;
    }
    CHECK(fed == RING_BYTES);
    while ((n = console_serial_out(&console, 0, out, 100)) != 0) {
        got += n;
    }
    CHECK(got == fed);
    fed = 0;
    while ((n = console_serial_in(&console, 0, block, sizeof(block))) != 0) {
        fed += n;
    }
    CHECK(fed == RING_BYTES && console_read(&console, 0, out, sizeof(out)) == RING_BYTES);
}

static void ignore(void *context, const char *bytes, size_t count)
{
    (void)context;
    (void)bytes;
    (void)count;
}

static bool same_screens(const struct screen *a, const struct screen *b)
{
    struct cell x[SCREEN_COLUMNS_MAX], y[SCREEN_COLUMNS_MAX];

    for (unsigned row = 0; row < a->rows; row++) {
        screen_read_terminal(a, row, 0, a->columns, x);
        screen_read_terminal(b, row, 0, b->columns, y);
        if (memcmp(x, y, a->columns * sizeof(x[0])) != 0) {
            printf("row %u\n", row);
            return false;
        }
    }
    return a->cursor_row == b->cursor_row && a->cursor_column == b->cursor_column &&
           a->guard.modes == b->guard.modes && a->cursor_visible == b->cursor_visible;
}

/* A terminal that a session moves to ends with the same screen, modes and pen. */
static void test_repaint(void)
{
    static struct pool pool;
    static struct screen terminal;
    static char out[65536];
    size_t count;

    start(PICTURE_TEXT, 25, 80);
    console_set_line(&console, 0, true);
    feed(0, "\x1b[?1049h\x1b[?1h\x1b[?1002h\x1b[?2004h\x1b=\x1b[2J\x1b[H");
    feed(0,
         "\x1b[1;38;5;200;48;2;8;16;24mcolours\x1b[0;3;4;9mstyles\x1b[m \xe4\xb8\xad\xc3\xa4\x1b[25"
         ";70H0123456789\x1b[7;31m\x1b[12;34H");
    screen_init(&terminal, &pool, 25, 80, ignore, NULL);
    CHECK(console_move(&console, 0, CONSOLE_SERIAL, 0) == E_OK);
    count = drain(out, sizeof(out));
    screen_write(&terminal, out, count);
    CHECK(same_screens(&console.screens[0], &terminal));
    feed(0, "pen");
    count = drain(out, sizeof(out));
    screen_write(&terminal, out, count);
    CHECK(same_screens(&console.screens[0], &terminal));
    screen_free(&terminal);
    CHECK(pool_taken(&pool) == 0);
}

int main(void)
{
    test_guard_text();
    test_guard_sequences();
    test_text();
    test_full_screen();
    test_wrapping();
    test_history();
    test_display_with_no_room();
    test_displays_refused();
    test_resize();
    test_keys();
    test_full_input();
    test_mouse();
    test_sessions();
    test_move();
    test_slow_line();
    test_repaint();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
