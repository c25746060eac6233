/*
 * vga.h - the display driver without its framework: VGA text 80x25, and the Bochs/QEMU linear
 * framebuffer. Everything assumes a dirty device: each mode is set in full, whatever was before.
 * Sources: IBM PS/2 Hardware Interface Technical Reference (1990), "Video Subsystem"; QEMU 7.2,
 * docs/specs/standard-vga.txt.
 */
#ifndef VGA_VGA_H
#define VGA_VGA_H

#include <regs/bochs_vbe.h>
#include <regs/vga.h>

enum {
    VGA_COLUMNS = 80,
    VGA_ROWS = 25,
    VGA_WIDTH_MAX = 1024, /* of the framebuffer's mode */
    VGA_HEIGHT_MAX = 768,
};

enum vga_mode {
    VGA_MODE_UNKNOWN, /* not set by this instance */
    VGA_MODE_TEXT,
    VGA_MODE_GRAPHICS,
};

enum vga_cursor {
    VGA_CURSOR_OFF,
    VGA_CURSOR_BLOCK,
    VGA_CURSOR_LINE,
};

struct vga {
    struct vga_regs regs;
    uintptr_t window; /* 0xa0000, 128 KiB */
    bool has_vbe;     /* the rest is there: a PCI device with BAR 0 and BAR 2 */
    struct bochs_vbe_regs vbe;
    uintptr_t framebuffer;
    uint64_t framebuffer_bytes;
    enum vga_mode mode;
    unsigned width, height; /* in pixels, in graphics */
};

/** 80x25 cells, blank, with 16 colours for the background too (no blinking), the cursor off.
 *  The font is Terminus in the order of code page 437: what the firmware's was is gone once
 *  graphics were on. Null, or why it is not so. */
const char *vga_set_text(struct vga *vga);

/** Put @count cells (character, attribute << 8) to row @row from column @column on; false, and
 *  nothing is changed, if they do not lie on the screen or it is not text. */
bool vga_put_cells(struct vga *vga, unsigned row, unsigned column, unsigned count,
                   const uint16_t *cells);

/** Where the text cursor is and what it looks like; false if that is not on the screen. */
bool vga_put_cursor(struct vga *vga, unsigned row, unsigned column, enum vga_cursor shape);

/** A black picture of @width x @height pixels of 0x00RRGGBB. Null, or why not. */
const char *vga_set_graphics(struct vga *vga, unsigned width, unsigned height);

/** Put a rectangle of pixels, row by row in @pixels; false, and nothing is changed, if it does
 *  not lie on the picture or there is none. */
bool vga_put_pixels(struct vga *vga, unsigned x, unsigned y, unsigned width, unsigned height,
                    const uint32_t *pixels);

/* mode.c, for text.c: the registers of mode 3, 720x400, with the picture off. */
void vga_write_text_registers(struct vga_regs regs);

/* text.c, for graphics.c: let the picture be seen. */
void vga_show(struct vga_regs regs);

#endif
