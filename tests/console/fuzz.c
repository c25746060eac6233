/*
 * fuzz.c - random and mutated output, keys, moves, closes and sizes for a whole console, under
 * the sanitizers. After every round each display must show what a redraw would, no memory may be
 * missing, and the cursor lies on the screen. Arguments: seed, rounds.
 */
#include "fake.h"

#include <quoll/abi.h>
#include <stdio.h>
#include <stdlib.h>

enum { STEPS = 200, WRITE_MAX = 300 };

static struct console console;
static struct fake fake;
static uint64_t state;

static unsigned roll(unsigned n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % n;
}

/* Pieces that terminals react to, to be cut, joined and spoiled. */
static const char *const pieces[] = {
    "\x1b[",
    "\x1b[?",
    "\x1b]",
    "\x1bP",
    "\x1b\\",
    "\x1b#8",
    "\x1b(0",
    "\x1b(B",
    "\x1b)0",
    "\x0e",
    "\x0f",
    "\x1bN",
    "\x1bO",
    "\x1b"
    "7",
    "\x1b"
    "8",
    "\x1b"
    "c",
    "\x1bM",
    "\x1b"
    "D",
    "\x1b"
    "E",
    "\x1bH",
    "\x1b[?1049h",
    "\x1b[?1049l",
    "\x1b[?47h",
    "\x1b[?1048h",
    "\x1b[?1048l",
    "\x1b[?6h",
    "\x1b[?69h",
    "\x1b[?69l",
    "\x1b[5;9r",
    "\x1b[3;40s",
    "\x1b[4h",
    "\x1b[4l",
    "\x1b[?7l",
    "\x1b[?7h",
    "\x1b[!p",
    "\x1b[?1003h",
    "\x1b[?1006h",
    "\x1b[?1005h",
    "\x1b[?1015h",
    "\x1b[38;2;1;2m",
    "\x1b[38:5m",
    "\x1b[48;5;1m",
    "\x1b[6n",
    "\x1b[c",
    "\x1b[?5h",
    "\x1b[2J",
    "\x1b[3J",
    "\x1b[200b",
    "\x1b[1\"q",
    "\x1b[?2J",
    "\xe4\xb8\xad",
    "\xcc\x81",
    "\xf0\x9f\x98\x80",
    "\xc2\x9b",
    "\xe2\x80\x8b",
    "\r\n",
    "\n\n\n",
    "\t",
    "\b\b",
    "\x1bP$qr\x1b\\",
    "\x1bP$q\"q\x1b\\",
    "\x1b[?1;5$p",
    "\x1b[5 q",
    "\x1b[2'}",
    "\x1b[2'~",
    "\x1b[3 @",
    "\x1b[3 A",
    "text text",
    "\x1b[H",
};
static const char finals[] = "@ABCDEFGHIJKLMPSTXZ`abcdefghlmnpqrstuvwxyz{|}~";

static size_t put_piece(char *to)
{
    const char *piece;
    size_t n;

    switch (roll(4)) {
    case 0:
        to[0] = (char)roll(256);
        return 1;
    case 1:
        n = (size_t)snprintf(to, 40, "\x1b[%s%u;%u%c", roll(4) == 0 ? "?" : "",
                             roll(roll(3) == 0 ? 70000 : 60), roll(140),
                             finals[roll(sizeof(finals) - 1)]);
        return n;
    default:
        piece = pieces[roll(sizeof(pieces) / sizeof(pieces[0]))];
        n = strlen(piece);
        memcpy(to, piece, n);
        if (roll(8) == 0) {
            to[roll((unsigned)n)] ^= (char)(1 << roll(8));
        }
        return n;
    }
}

static void write_some(void)
{
    char bytes[WRITE_MAX + 64];
    size_t count = 0, size = roll(WRITE_MAX);

    while (count < size) {
        count += put_piece(bytes + count);
    }
    (void)console_feed(&console, roll(4), bytes, count);
}

static void press_key(void)
{
    struct key_event key = {(uint8_t)roll(256), (uint8_t)roll(3), (uint8_t)roll(256),
                            roll(2) == 0 ? roll(0x180) : (uint32_t)roll(0x7fffffff)};

    console_key(&console, &key);
}

static void move_mouse(void)
{
    struct mouse_event mouse = {(int16_t)(roll(400) - 200), (int16_t)(roll(400) - 200),
                                (int8_t)(roll(5) - 2), (uint8_t)roll(32)};

    console_mouse(&console, &mouse);
}

static void change_devices(void)
{
    unsigned session;

    switch (roll(12)) {
    case 0:
        (void)console_close(&console, roll(5));
        break;
    case 1:
        fake_init(&fake, roll(2) == 0 ? PICTURE_TEXT : PICTURE_PIXELS, 2 + roll(47), 8 + roll(121));
        (void)console_set_display(&console, &fake.display);
        break;
    case 2:
        console_set_line(&console, roll(5), roll(2) == 0);
        break;
    case 3:
    case 4:
        (void)console_move(&console, roll(5), roll(5), roll(5));
        break;
    default:
        (void)console_open(&console, &session);
        break;
    }
}

static void step(void)
{
    char bytes[1000];

    switch (roll(10)) {
    case 0:
        press_key();
        break;
    case 1:
        move_mouse();
        break;
    case 2:
        change_devices();
        break;
    case 3:
        memset(bytes, 'x', sizeof(bytes));
        (void)console_serial_in(&console, roll(5), bytes, roll(sizeof(bytes)));
        (void)console_serial_out(&console, roll(5), bytes, roll(sizeof(bytes)));
        (void)console_read(&console, roll(5), bytes, roll(sizeof(bytes)));
        break;
    case 4:
        fake.room = roll(4) == 0 ? UINT32_MAX : roll(20);
        (void)console_render(&console);
        break;
    default:
        write_some();
        break;
    }
}

static bool is_sound(void)
{
    for (unsigned i = 0; i < SCREENS; i++) {
        const struct screen *s = &console.screens[i];
        VTermPos pos;

        vterm_state_get_cursorpos(s->state, &pos);
        if (pos.row < 0 || pos.row >= (int)s->rows || pos.col < 0 || pos.col >= (int)s->columns) {
            printf("the cursor of screen %u is at %d %d\n", i, pos.row, pos.col);
            return false;
        }
        if (console.sessions[i].line != CONSOLE_NONE &&
            console.lines[console.sessions[i].line].session != (int)i) {
            printf("session %u is not on its line\n", i);
            return false;
        }
    }
    fake.room = UINT32_MAX;
    if (!console_render(&console) || !fake_is_right(&fake, &console)) {
        printf("the display does not show what it should\n");
        return false;
    }
    return true;
}

int main(int count, char **arguments)
{
    unsigned rounds = count > 2 ? (unsigned)strtoul(arguments[2], NULL, 10) : 100, taken;
    unsigned session;

    state = count > 1 ? strtoull(arguments[1], NULL, 10) : 1;
    console_init(&console);
    (void)console_open(&console, &session);
    fake_init(&fake, PICTURE_TEXT, 25, 80);
    (void)console_set_display(&console, &fake.display);
    taken = pool_taken(&console.pool);
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < STEPS; i++) {
            step();
        }
        if (!is_sound() || pool_taken(&console.pool) != taken) {
            printf("%u passed, 1 failed\n", round);
            return 1;
        }
    }
    printf("%u passed, 0 failed\n", rounds);
    return 0;
}
