/*
 * driver.c - the handlers of the display driver. Every picture is the clients': after a restart the
 * screen is blank text until they have set their mode and drawn again, which they do when their
 * session comes back up.
 */
#include "vga.h"

#include <driver.h>
#include <idl/display_desc.h>
#include <idl/display_queue.h>
#include <idl/display_server.h>
#include <regs/table.h>
#include <regs/vga_table.h>
#include <regs_lines.h>

const struct idl_interface *const driver_interfaces[] = {&display_desc, NULL};

static struct vga vga;

/* A display makes no interrupts and touches no memory: it is always quiet. */
const char *driver_attach(void)
{
    vga = (struct vga){.regs = vga_regs_at(driver_ports("ports")),
                       .window = (uintptr_t)driver_mmio("memory", NULL)};
    if (driver_has("framebuffer") && driver_has("registers")) {
        vga.has_vbe = true;
        vga.vbe = bochs_vbe_regs_at((uintptr_t)driver_mmio("registers", NULL));
        vga.framebuffer = (uintptr_t)driver_mmio("framebuffer", &vga.framebuffer_bytes);
    }
    return vga_set_text(&vga);
}

/* ---- queue */

void driver_session_rung(unsigned s)
{
    struct queue_request request;

    while (driver_take(s, &request)) {
        display_dispatch_request(driver_queue(s), &request);
    }
}

static bool put_cells(unsigned left, unsigned top, unsigned width, unsigned height,
                      const uint16_t *cells)
{
    for (unsigned row = 0; row < height; row++) {
        if (!vga_put_cells(&vga, top + row, left, width, cells + (size_t)row * width)) {
            return false;
        }
    }
    return true;
}

/* Checked as a whole first, so that what is refused changes nothing. */
static bool fits(unsigned left, unsigned top, unsigned width, unsigned height)
{
    bool text = vga.mode == VGA_MODE_TEXT;
    unsigned columns = text ? VGA_COLUMNS : vga.width, rows = text ? VGA_ROWS : vga.height;

    return width != 0 && height != 0 && left + width <= columns && top + height <= rows;
}

void display_start_blit(struct queue_driver *queue, const struct queue_request *request,
                        uint16_t left, uint16_t top, uint16_t width, uint16_t height)
{
    unsigned s = driver_session_of(queue);
    const char *data = (const char *)driver_session_data(s) + request->offset;
    bool text = vga.mode == VGA_MODE_TEXT;
    uint64_t bytes = (uint64_t)width * height * (text ? sizeof(uint16_t) : sizeof(uint32_t));
    bool done = false;

    if (bytes == request->length && request->offset % sizeof(uint32_t) == 0 &&
        fits(left, top, width, height)) {
        done = text ? put_cells(left, top, width, height, (const uint16_t *)data)
                    : vga_put_pixels(&vga, left, top, width, height, (const uint32_t *)data);
    }
    driver_complete(s, request->seq, done ? E_OK : E_BAD_ARG, 0);
}

static int set_mode(enum display_kind type, uint16_t width, uint16_t height)
{
    const char *wrong;

    if (type == DISPLAY_KIND_TEXT) {
        if (width != VGA_COLUMNS || height != VGA_ROWS) {
            return E_UNSUPPORTED;
        }
        wrong = vga_set_text(&vga);
    } else {
        if (!vga.has_vbe || width == 0 || height == 0 || width > VGA_WIDTH_MAX ||
            height > VGA_HEIGHT_MAX) {
            return E_UNSUPPORTED;
        }
        wrong = vga_set_graphics(&vga, width, height);
    }
    if (wrong != NULL) {
        driver_log("%s", wrong);
        return E_IO;
    }
    return E_OK;
}

void display_start_set_mode(struct queue_driver *queue, const struct queue_request *request,
                            enum display_kind type, uint16_t width, uint16_t height)
{
    driver_complete(driver_session_of(queue), request->seq, set_mode(type, width, height), 0);
}

void display_start_set_cursor(struct queue_driver *queue, const struct queue_request *request,
                              uint16_t column, uint16_t row, enum display_cursor shape)
{
    static const enum vga_cursor shapes[] = {[DISPLAY_CURSOR_OFF] = VGA_CURSOR_OFF,
                                             [DISPLAY_CURSOR_BLOCK] = VGA_CURSOR_BLOCK,
                                             [DISPLAY_CURSOR_LINE] = VGA_CURSOR_LINE};
    bool done = vga_put_cursor(&vga, row, column, shapes[shape]);

    driver_complete(driver_session_of(queue), request->seq, done ? E_OK : E_BAD_ARG, 0);
}

/* ---- methods */

bool driver_message(struct call *call)
{
    return display_dispatch(call);
}

int display_serve_get_mode(struct call *call, struct display_mode *result)
{
    (void)call;
    *result = vga.mode == VGA_MODE_GRAPHICS ? (struct display_mode){.type = DISPLAY_KIND_PIXELS,
                                                                    .width = (uint16_t)vga.width,
                                                                    .height = (uint16_t)vga.height}
                                            : (struct display_mode){.type = DISPLAY_KIND_TEXT,
                                                                    .width = VGA_COLUMNS,
                                                                    .height = VGA_ROWS};
    return E_OK;
}

bool driver_regs_line(unsigned index, char *text, size_t size)
{
    return regs_line_at(&vga_regs_table, regs_bus_at(driver_ports("ports")), index, text, size);
}
