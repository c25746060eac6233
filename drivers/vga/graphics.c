/*
 * graphics.c - the linear framebuffer of Bochs and QEMU. Resolution and depth are set while it is
 * off; turning it on clears the memory.
 * Source: QEMU 7.2, docs/specs/standard-vga.txt; Bochs 2.7, "VBE Display API".
 */
#include "vga.h"

#include <stddef.h>

enum {
    BITS_PER_PIXEL = 32,
    MEMORY_UNIT = 65536,
};

static const char *check(const struct vga *vga, unsigned width, unsigned height)
{
    uint64_t bytes = (uint64_t)width * height * 4;
    unsigned id;

    if (!vga->has_vbe) {
        return "the display has no linear framebuffer";
    }
    if (width == 0 || height == 0 || width > VGA_WIDTH_MAX || height > VGA_HEIGHT_MAX) {
        return "the picture must have 1x1 to 1024x768 pixels";
    }
    id = (unsigned)bochs_vbe_id_read(vga->vbe);
    if (id < BOCHS_VBE_VBE_VERSION_V5 || id >> 4 != BOCHS_VBE_VBE_VERSION_V5 >> 4) {
        return "the display's interface is not Bochs' version 5";
    }
    if (bytes > vga->framebuffer_bytes ||
        bytes > (uint64_t)bochs_vbe_memory_read(vga->vbe) * MEMORY_UNIT) {
        return "the display has not enough memory for the picture";
    }
    return NULL;
}

const char *vga_set_graphics(struct vga *vga, unsigned width, unsigned height)
{
    const char *why = check(vga, width, height);

    if (why != NULL) {
        return why;
    }
    vga->mode = VGA_MODE_UNKNOWN;
    bochs_vbe_enable_write(vga->vbe, (struct bochs_vbe_enable){0});
    bochs_vbe_xres_write(vga->vbe, (uint16_t)width);
    bochs_vbe_yres_write(vga->vbe, (uint16_t)height);
    bochs_vbe_bits_per_pixel_write(vga->vbe, BITS_PER_PIXEL);
    bochs_vbe_virtual_width_write(vga->vbe, (uint16_t)width);
    bochs_vbe_enable_write(vga->vbe, (struct bochs_vbe_enable){.enabled = true, .linear = true});
    bochs_vbe_x_offset_write(vga->vbe, 0);
    bochs_vbe_y_offset_write(vga->vbe, 0);
    if (bochs_vbe_xres_read(vga->vbe) != width || bochs_vbe_yres_read(vga->vbe) != height ||
        bochs_vbe_virtual_width_read(vga->vbe) != width ||
        bochs_vbe_bits_per_pixel_read(vga->vbe) != BITS_PER_PIXEL) {
        return "the display does not take this resolution";
    }
    vga_show(vga->regs);
    vga->mode = VGA_MODE_GRAPHICS;
    vga->width = width;
    vga->height = height;
    return NULL;
}

/* Two pixels at a time: the framebuffer is slow, and a picture has 786,432 of them. */
static void put_row(uintptr_t to, const uint32_t *pixels, unsigned count)
{
    if (to % 8 != 0 && count > 0) {
        mmio_write32(to, *pixels);
        to += 4;
        pixels++;
        count--;
    }
    for (; count >= 2; count -= 2, pixels += 2, to += 8) {
        mmio_write64(to, pixels[0] | (uint64_t)pixels[1] << 32);
    }
    if (count != 0) {
        mmio_write32(to, *pixels);
    }
}

bool vga_put_pixels(struct vga *vga, unsigned x, unsigned y, unsigned width, unsigned height,
                    const uint32_t *pixels)
{
    if (vga->mode != VGA_MODE_GRAPHICS || x > vga->width || width > vga->width - x ||
        y > vga->height || height > vga->height - y) {
        return false;
    }
    for (unsigned row = 0; row < height; row++) {
        put_row(vga->framebuffer + ((uint64_t)(y + row) * vga->width + x) * 4,
                pixels + (uint64_t)row * width, width);
    }
    return true;
}
