/*
 * text.c - VGA text: font, cells, cursor. See vga.h; the registers' values are in mode.c.
 */
#include "vga.h"

#include <font/vga.h>

#include <stddef.h>

enum {
    CELLS_AT = 0x18000, /* 0xb8000 in the window */
    GLYPH_BYTES = 32,   /* of which the font has 16 */
    FONT_PLANE = 2,
    BLANK = 0x0720, /* a space, light grey on black */
    CURSOR_LINES = VGA_FONT_ROWS,
};

/* The font is in plane 2, which the CPU sees only while odd and even addresses are alike. */
static void load_font(const struct vga *vga)
{
    struct vga_regs regs = vga->regs;

    vga_sequencer_map_mask_write(regs, 1u << FONT_PLANE);
    vga_sequencer_memory_mode_write(regs, (struct vga_sequencer_memory_mode){.extended = true,
                                                                             .sequential = true});
    vga_graphics_mode_write(regs, (struct vga_graphics_mode){0});
    vga_graphics_misc_write(regs, (struct vga_graphics_misc){.window = VGA_WINDOW_KB64});
    for (unsigned c = 0; c < 256; c++) {
        for (unsigned row = 0; row < GLYPH_BYTES; row++) {
            mmio_write8(vga->window + c * GLYPH_BYTES + row,
                        row < VGA_FONT_ROWS ? vga_font[c][row] : 0);
        }
    }
    vga_sequencer_map_mask_write(regs, 0x3);
    vga_sequencer_memory_mode_write(regs, (struct vga_sequencer_memory_mode){.extended = true});
    vga_graphics_mode_write(regs, (struct vga_graphics_mode){.odd_even = true});
    vga_graphics_misc_write(regs, (struct vga_graphics_misc){.chain_odd_even = true,
                                                             .window = VGA_WINDOW_COLOUR32});
}

static uintptr_t cell_at(const struct vga *vga, unsigned row, unsigned column)
{
    return vga->window + CELLS_AT + 2 * (row * VGA_COLUMNS + column);
}

void vga_show(struct vga_regs regs)
{
    vga_sequencer_clocking_set_screen_off(regs, false);
    (void)vga_input_status_1_read(regs);
    vga_attribute_index_write(regs, (struct vga_attribute_index_write){.show = true});
}

const char *vga_set_text(struct vga *vga)
{
    vga->mode = VGA_MODE_UNKNOWN;
    if (vga->has_vbe) {
        bochs_vbe_enable_write(vga->vbe, (struct bochs_vbe_enable){0});
    }
    vga_write_text_registers(vga->regs);
    load_font(vga);
    if (!vga_misc_read(vga->regs).colour || vga_crtc_horizontal_end_read(vga->regs) != 79) {
        return "the VGA does not keep what is written to its registers";
    }
    for (unsigned i = 0; i < VGA_ROWS * VGA_COLUMNS; i++) {
        mmio_write16(cell_at(vga, 0, i), BLANK);
    }
    vga_show(vga->regs);
    vga->mode = VGA_MODE_TEXT;
    return NULL;
}

bool vga_put_cells(struct vga *vga, unsigned row, unsigned column, unsigned count,
                   const uint16_t *cells)
{
    if (vga->mode != VGA_MODE_TEXT || row >= VGA_ROWS || column > VGA_COLUMNS ||
        count > VGA_COLUMNS - column) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        mmio_write16(cell_at(vga, row, column + i), cells[i]);
    }
    return true;
}

bool vga_put_cursor(struct vga *vga, unsigned row, unsigned column, enum vga_cursor shape)
{
    unsigned place = row * VGA_COLUMNS + column;
    unsigned first = shape == VGA_CURSOR_BLOCK ? 0 : CURSOR_LINES - 3;

    if (vga->mode != VGA_MODE_TEXT || row >= VGA_ROWS || column >= VGA_COLUMNS) {
        return false;
    }
    vga_crtc_cursor_high_write(vga->regs, (uint8_t)(place >> 8));
    vga_crtc_cursor_low_write(vga->regs, (uint8_t)place);
    vga_crtc_cursor_start_write(vga->regs,
                                (struct vga_crtc_cursor_start){.line = first & 0x1f,
                                                               .off = shape == VGA_CURSOR_OFF});
    vga_crtc_cursor_end_write(vga->regs, (struct vga_crtc_cursor_end){.line = CURSOR_LINES - 1});
    return true;
}
