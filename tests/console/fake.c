/*
 * fake.c - see fake.h.
 */
#include "fake.h"

static bool take_cells(struct fake *fake, const struct display_patch *patch)
{
    if (patch->height != 1 || patch->y >= fake->display.rows ||
        patch->x + patch->width > fake->display.columns) {
        fake->outside = true;
        return true;
    }
    memcpy(&fake->cells[patch->y][patch->x], patch->data, patch->width * sizeof(uint16_t));
    fake->drawn += patch->width;
    return true;
}

static bool take_pixels(struct fake *fake, const struct display_patch *patch)
{
    const uint32_t *from = patch->data;

    if (patch->y + patch->height > fake->display.rows * GLYPH_HEIGHT ||
        patch->x + patch->width > fake->display.columns * GLYPH_WIDTH) {
        fake->outside = true;
        return true;
    }
    for (unsigned row = 0; row < patch->height; row++) {
        memcpy(&fake->pixels[patch->y + row][patch->x], from + (size_t)row * patch->width,
               patch->width * sizeof(uint32_t));
    }
    fake->drawn += patch->width / GLYPH_WIDTH;
    return true;
}

static bool put(void *context, const struct display_patch *patch)
{
    struct fake *fake = context;

    if (fake->room == 0) {
        return false;
    }
    fake->room--;
    fake->patches++;
    return fake->display.kind == PICTURE_TEXT ? take_cells(fake, patch) : take_pixels(fake, patch);
}

static bool cursor(void *context, unsigned row, unsigned column, enum cursor_shape shape)
{
    struct fake *fake = context;

    if (fake->room == 0) {
        return false;
    }
    fake->room--;
    fake->outside = fake->outside || row >= fake->display.rows || column >= fake->display.columns;
    fake->cursor_row = row;
    fake->cursor_column = column;
    fake->cursor = shape;
    return true;
}

void fake_init(struct fake *fake, enum picture_kind kind, unsigned rows, unsigned columns)
{
    memset(fake, 0, sizeof(*fake));
    fake->display = (struct display){
        .kind = kind,
        .rows = rows,
        .columns = columns,
        .buffer = fake->buffer,
        .buffer_bytes = sizeof(fake->buffer),
        .context = fake,
        .put = put,
        .cursor = cursor,
    };
    fake->room = UINT32_MAX;
}

bool fake_is_right(struct fake *fake, const struct console *console)
{
    static struct console copy;
    static struct fake whole;

    copy = *console; /* its own picture of what is shown, forgotten */
    fake_init(&whole, fake->display.kind, fake->display.rows, fake->display.columns);
    copy.display = whole.display;
    console_repaint(&copy);
    return console_render(&copy) && !fake->outside &&
           memcmp(whole.cells, fake->cells, sizeof(whole.cells)) == 0 &&
           memcmp(whole.pixels, fake->pixels, sizeof(whole.pixels)) == 0 &&
           whole.cursor == fake->cursor && whole.cursor_row == fake->cursor_row &&
           whole.cursor_column == fake->cursor_column;
}
