/*
 * qtest_vga.c - console and vga driver together on QEMU's display, through qtest: what a session
 * writes goes through terminal, rendering and driver into the real device model. Each picture is
 * also drawn on the host, to FOLDER/NAME.ppm, for test_vga.py to compare with QEMU's screendump.
 * Arguments: qtest socket, folder. Says "picture NAME" and waits for a line after each.
 */
#include "../../drivers/framework/host/qtest.h"
#include "../../drivers/vga/vga.h"
#include "../../servers/console/colour.h"
#include "../../servers/console/console.h"

#include <font/vga.h>
#include <stdio.h>
#include <stdlib.h>

#define VGA_ID    0x11111234u
#define BAR0      0xe0000000u
#define BAR2      0xfd000000u
#define PCI_INDEX 0xcf8
#define PCI_DATA  0xcfc

static unsigned passed, failed;
#define CHECK(c) ((c) ? (void)passed++ : (void)(failed++, printf("%d: %s\n", __LINE__, #c)))

static struct console console;
static struct vga vga = {.regs = {0x3c0}, .window = 0xa0000};
static uint32_t buffer[GLYPH_HEIGHT * GLYPH_WIDTH * SCREEN_COLUMNS_MAX];
static uint32_t picture[VGA_HEIGHT_MAX][VGA_WIDTH_MAX];
static const char *folder;

/* ---- the machine, as firmware would have left it ---- */

static uint32_t pci_read(unsigned slot, unsigned offset)
{
    port_write32(PCI_INDEX, 0x80000000u | slot << 11 | offset);
    return port_read32(PCI_DATA);
}

static void pci_write(unsigned slot, unsigned offset, uint32_t value)
{
    port_write32(PCI_INDEX, 0x80000000u | slot << 11 | offset);
    port_write32(PCI_DATA, value);
}

static void place_device(void)
{
    unsigned slot = 0;

    while (slot < 32 && pci_read(slot, 0) != VGA_ID) {
        slot++;
    }
    CHECK(slot < 32);
    pci_write(slot, 0x10, BAR0);
    pci_write(slot, 0x18, BAR2);
    pci_write(slot, 4, 3);
    vga.vbe = bochs_vbe_regs_at(BAR2);
    vga.framebuffer = BAR0;
    vga.framebuffer_bytes = 16u << 20;
}

/* ---- the console's display is the driver ---- */

static bool put(void *context, const struct display_patch *patch)
{
    (void)context;
    if (console.display.kind == PICTURE_TEXT) {
        CHECK(vga_put_cells(&vga, patch->y, patch->x, patch->width, patch->data));
    } else {
        CHECK(vga_put_pixels(&vga, patch->x, patch->y, patch->width, patch->height, patch->data));
    }
    return true;
}

static bool put_cursor(void *context, unsigned row, unsigned column, enum cursor_shape shape)
{
    (void)context;
    CHECK(vga_put_cursor(&vga, row, column,
                         shape == CURSOR_HIDDEN  ? VGA_CURSOR_OFF
                         : shape == CURSOR_BLOCK ? VGA_CURSOR_BLOCK
                                                 : VGA_CURSOR_LINE));
    return true;
}

static void use_display(enum picture_kind kind, unsigned rows, unsigned columns)
{
    struct display display = {.kind = kind,
                              .rows = rows,
                              .columns = columns,
                              .buffer = buffer,
                              .buffer_bytes = sizeof(buffer),
                              .put = put,
                              .cursor = put_cursor};

    CHECK(console_set_display(&console, &display) == 0 && console_render(&console));
}

static void feed(const char *text)
{
    CHECK(console_feed(&console, 0, text, strlen(text)) == strlen(text));
    CHECK(console_render(&console));
}

/* ---- what should be seen, drawn here ---- */

static void draw_text(unsigned row, unsigned column, uint16_t cell)
{
    static const uint8_t order[16] = {0, 4, 2, 6, 1, 5, 3, 7, 8, 12, 10, 14, 9, 13, 11, 15};

    for (unsigned y = 0; y < 16; y++) {
        unsigned bits = (unsigned)vga_font[cell & 0xff][y] << 1, c = cell & 0xff;

        if (c >= 0xb0 && c <= 0xdf) { /* into the ninth column; a real VGA begins at 0xc0 */
            bits |= bits >> 1 & 1;
        }
        for (unsigned x = 0; x < 9; x++) {
            unsigned colour = (bits >> (8 - x) & 1) != 0 ? cell >> 8 & 15 : cell >> 12 & 15;

            picture[row * 16 + y][column * 9 + x] = colour_rgb(order[colour]);
        }
    }
}

static void draw_screen(void)
{
    struct cell cells[SCREEN_COLUMNS_MAX];
    uint16_t text[SCREEN_COLUMNS_MAX];
    static uint32_t pixels[GLYPH_HEIGHT][SCREEN_COLUMNS_MAX * GLYPH_WIDTH];
    unsigned columns = console.display.columns;

    for (unsigned row = 0; row < console.display.rows; row++) {
        screen_read(&console.screens[0], row, 0, columns, cells);
        if (console.display.kind == PICTURE_TEXT) {
            text_draw(cells, columns, text);
            for (unsigned i = 0; i < columns; i++) {
                draw_text(row, i, text[i]);
            }
        } else {
            pixels_draw(cells, columns, &pixels[0][0]);
            for (unsigned y = 0; y < GLYPH_HEIGHT; y++) {
                memcpy(picture[row * GLYPH_HEIGHT + y], (uint32_t *)pixels + y * columns * 8,
                       columns * 8 * sizeof(uint32_t));
            }
        }
    }
}

static void show(const char *name, unsigned width, unsigned height)
{
    char path[512], line[16];
    FILE *file;

    draw_screen();
    (void)snprintf(path, sizeof(path), "%s/%s.ppm", folder, name);
    file = fopen(path, "wb");
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    (void)fprintf(file, "P6\n%u %u\n255\n", width, height);
    for (unsigned y = 0; y < height; y++) {
        for (unsigned x = 0; x < width; x++) {
            uint32_t rgb = picture[y][x];
            uint8_t bytes[3] = {(uint8_t)(rgb >> 16), (uint8_t)(rgb >> 8), (uint8_t)rgb};

            (void)fwrite(bytes, 1, 3, file);
        }
    }
    (void)fclose(file);
    (void)vga_misc_read(vga.regs); /* all writes before have been answered */
    printf("picture %s\n", name);
    (void)fflush(stdout);
    if (fgets(line, sizeof(line), stdin) == NULL) {
        exit(2);
    }
}

/* ---- the tests ---- */

static void write_page(void)
{
    char line[64];

    feed("\x1b[H\x1b[2J\x1b[?25l");
    for (unsigned i = 0; i < 16; i++) {
        (void)snprintf(line, sizeof(line), "\x1b[%u;1H\x1b[38;5;%u;48;5;%umcolour %2u\x1b[0m",
                       i + 1, i, 15 - i, i);
        feed(line);
    }
    feed("\x1b[3;20H\x1b[1mbold\x1b[0m \x1b[7mreverse\x1b[0m gr\xc3\xbc\xc3\x9f");
    feed("\x1b[5;20H\x1b(0lqqqk\x1b(B\x1b[6;20H\xe2\x94\x82 x \xe2\x94\x82"
         "\x1b[7;20H\xe2\x94\x94\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x98");
    feed("\x1b[9;20H\xe2\x96\x80\xe2\x96\x84\xe2\x96\x88\xe2\x96\x93\xe2\x96\x92\xe2\x96\x91");
    feed("\x1b[20;3HQuoll\x1b[23;80H|\x1b[24;1Hthe last but one");
}

static void test_text(const char *name)
{
    uint16_t cells[4] = {0};

    CHECK(vga_set_text(&vga) == NULL && vga.mode == VGA_MODE_TEXT);
    use_display(PICTURE_TEXT, VGA_ROWS, VGA_COLUMNS);
    write_page();
    qtest_read(0xb8000, cells, sizeof(cells));
    CHECK(cells[0] == (0xf0 << 8 | 'c') && cells[1] == (0xf0 << 8 | 'o'));
    feed("\x1b[12;34H\x1b[?25h");
    CHECK(vga_crtc_cursor_high_read(vga.regs) == (11 * 80 + 33) >> 8 &&
          vga_crtc_cursor_low_read(vga.regs) == ((11 * 80 + 33) & 0xff) &&
          !vga_crtc_cursor_start_read(vga.regs).off);
    feed("\x1b[?25l");
    CHECK(vga_crtc_cursor_start_read(vga.regs).off);
    CHECK(!vga_put_cells(&vga, 25, 0, 1, cells) && !vga_put_cells(&vga, 0, 79, 2, cells));
    CHECK(!vga_put_cells(&vga, 0, 81, 0, cells) && !vga_put_cursor(&vga, 0, 80, VGA_CURSOR_OFF));
    CHECK(!vga_put_pixels(&vga, 0, 0, 1, 1, buffer));
    show(name, 720, 400);
}

static void test_graphics(void)
{
    uint32_t pixel = 0;

    vga.has_vbe = false;
    CHECK(strstr(vga_set_graphics(&vga, 1024, 768), "no linear framebuffer") != NULL);
    vga.has_vbe = true;
    CHECK(strstr(vga_set_graphics(&vga, 1025, 768), "1x1 to 1024x768") != NULL);
    CHECK(strstr(vga_set_graphics(&vga, 0, 768), "1x1 to 1024x768") != NULL);
    vga.framebuffer_bytes = 1u << 20;
    CHECK(strstr(vga_set_graphics(&vga, 1024, 768), "not enough memory") != NULL);
    vga.framebuffer_bytes = 16u << 20;
    CHECK(vga.mode == VGA_MODE_TEXT); /* what is refused changes nothing */
    CHECK(vga_set_graphics(&vga, 1024, 768) == NULL && vga.mode == VGA_MODE_GRAPHICS);
    use_display(PICTURE_PIXELS, 48, 128);
    write_page();
    feed("\x1b[30;5H\x1b[38;2;255;128;0mdirect\x1b[0;3;4;9mstyles\x1b[0m\x1b[48;128H\xe2\x82\xac");
    qtest_read(BAR0, &pixel, sizeof(pixel));
    CHECK(pixel == 0xffffff);
    CHECK(!vga_put_pixels(&vga, 1023, 0, 2, 1, buffer) &&
          !vga_put_pixels(&vga, 0, 768, 1, 1, buffer));
    CHECK(!vga_put_cells(&vga, 0, 0, 1, (const uint16_t *)(const void *)buffer));
    show("graphics", 1024, 768);
}

int main(int count, char **arguments)
{
    unsigned session;

    if (count != 3 || !qtest_open(arguments[1])) {
        return 2;
    }
    folder = arguments[2];
    place_device();
    console_init(&console);
    CHECK(console_open(&console, &session) == 0);
    test_text("text");
    test_graphics();
    test_text("text_again"); /* font and registers were overwritten by graphics */
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
