/*
 * dump.c - the console's terminal as a program: bytes from standard input, the screen as text to
 * standard output, then the cursor's place. Arguments: rows, columns, bytes per write; a fourth
 * one prints each row's colours and styles too.
 */
#include "../../servers/console/console.h"

#include <stdio.h>
#include <stdlib.h>

static struct pool pool;
static struct screen screen;

static void ignore(void *context, const char *bytes, size_t count)
{
    (void)context;
    (void)bytes;
    (void)count;
}

static void print_code(uint32_t code)
{
    if (code < 0x80) {
        printf("%c", (int)code);
    } else if (code < 0x800) {
        printf("%c%c", (int)(0xc0 | code >> 6), (int)(0x80 | (code & 0x3f)));
    } else {
        printf("%c%c%c", (int)(0xe0 | code >> 12), (int)(0x80 | (code >> 6 & 0x3f)),
               (int)(0x80 | (code & 0x3f)));
    }
}

static void print_row(unsigned row, bool styles)
{
    struct cell cells[SCREEN_COLUMNS_MAX];

    screen_read(&screen, row, 0, screen.columns, cells);
    for (unsigned i = 0; i < screen.columns; i++) {
        if ((cells[i].what & CELL_TAIL) == 0) {
            print_code(cell_code(cells[i]));
        }
    }
    printf("\n");
    for (unsigned i = 0; styles && i < screen.columns; i++) {
        if (i == 0 || cells[i].fg != cells[i - 1].fg || cells[i].bg != cells[i - 1].bg ||
            (cells[i].what & ~(uint32_t)CELL_CODE_MASK) !=
                (cells[i - 1].what & ~(uint32_t)CELL_CODE_MASK)) {
            printf("%s%u:%x/%x/%x", i == 0 ? "" : " ", i, cells[i].what >> 21, cells[i].fg,
                   cells[i].bg);
        }
    }
    printf("%s", styles ? "\n" : "");
}

int main(int count, char **arguments)
{
    static char bytes[65536];
    size_t chunk, got;
    unsigned row, column;

    if (count < 4) {
        return 2;
    }
    chunk = strtoul(arguments[3], NULL, 10);
    if (chunk == 0 || chunk > sizeof(bytes)) {
        return 2;
    }
    screen_init(&screen, &pool, (unsigned)strtoul(arguments[1], NULL, 10),
                (unsigned)strtoul(arguments[2], NULL, 10), ignore, NULL);
    while ((got = fread(bytes, 1, chunk, stdin)) > 0) {
        screen_write(&screen, bytes, got);
    }
    for (row = 0; row < screen.rows; row++) {
        print_row(row, count > 4);
    }
    (void)screen_cursor(&screen, &row, &column);
    printf("cursor %u %u\n", row, column);
    return 0;
}
