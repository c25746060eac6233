/*
 * mode.c - the registers of VGA text mode 3: 80x25 characters of 9x16 pixels, 720x400 at 70 Hz.
 * Source: IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem", the table of
 * register values by mode (mode 3+); blinking is off, so that attribute bit 7 is a background.
 */
#include "vga.h"

static void write_sequencer(struct vga_regs regs)
{
    vga_sequencer_reset_off_write(regs, (struct vga_sequencer_reset_off){.run_async = true});
    vga_sequencer_clocking_write(regs, (struct vga_sequencer_clocking){.screen_off = true});
    vga_sequencer_map_mask_write(regs, 0x3); /* plane 0: characters, 1: attributes */
    vga_sequencer_character_map_write(regs, (struct vga_sequencer_character_map){0});
    vga_sequencer_memory_mode_write(regs, (struct vga_sequencer_memory_mode){.extended = true});
    vga_sequencer_reset_off_write(regs, (struct vga_sequencer_reset_off){.run_async = true,
                                                                         .run_sync = true});
}

static void write_graphics_controller(struct vga_regs regs)
{
    vga_graphics_set_reset_write(regs, 0);
    vga_graphics_enable_set_reset_write(regs, 0);
    vga_graphics_colour_compare_write(regs, 0);
    vga_graphics_data_rotate_write(regs, (struct vga_graphics_data_rotate){0});
    vga_graphics_read_map_write(regs, 0);
    vga_graphics_mode_write(regs, (struct vga_graphics_mode){.odd_even = true});
    vga_graphics_misc_write(regs, (struct vga_graphics_misc){.chain_odd_even = true,
                                                             .window = VGA_WINDOW_COLOUR32});
    vga_graphics_colour_care_write(regs, 0);
    vga_graphics_bit_mask_write(regs, 0xff);
}

/* Horizontal values are in characters, of 9 pixels each. */
static void write_horizontal(struct vga_regs regs)
{
    vga_crtc_horizontal_total_write(regs, 95); /* 100 characters a line, less 5 */
    vga_crtc_horizontal_end_write(regs, 79);
    vga_crtc_horizontal_blank_start_write(regs, 80);
    vga_crtc_horizontal_blank_end_write(
        regs, (struct vga_crtc_horizontal_blank_end){.end = 2, .retrace_readable = true});
    vga_crtc_horizontal_retrace_start_write(regs, 85);
    vga_crtc_horizontal_retrace_end_write(
        regs, (struct vga_crtc_horizontal_retrace_end){.end = 1, .blank_end_5 = true});
}

/* Vertical values are in lines: 449 in all, 400 seen; bits 8 and 9 are in the overflow register. */
static void write_vertical(struct vga_regs regs)
{
    vga_crtc_vertical_total_write(regs, 0xbf);
    vga_crtc_overflow_write(regs, (struct vga_crtc_overflow){.total_8 = true,
                                                             .end_8 = true,
                                                             .retrace_start_8 = true,
                                                             .blank_start_8 = true,
                                                             .line_compare_8 = true});
    vga_crtc_preset_row_write(regs, (struct vga_crtc_preset_row){0});
    vga_crtc_maximum_line_write(regs, (struct vga_crtc_maximum_line){.lines = 15,
                                                                     .line_compare_9 = true});
    vga_crtc_vertical_retrace_start_write(regs, 0x9c);
    vga_crtc_vertical_end_write(regs, 0x8f);
    vga_crtc_vertical_blank_start_write(regs, 0x96);
    vga_crtc_vertical_blank_end_write(regs, 0xb9);
    vga_crtc_line_compare_write(regs, 0xff);
}

static void write_crtc(struct vga_regs regs)
{
    /* Registers 0 to 7 are protected until this says otherwise. */
    vga_crtc_vertical_retrace_end_write(
        regs, (struct vga_crtc_vertical_retrace_end){.end = 14, .interrupt_off = true});
    write_horizontal(regs);
    write_vertical(regs);
    vga_crtc_cursor_start_write(regs, (struct vga_crtc_cursor_start){.off = true, .line = 13});
    vga_crtc_cursor_end_write(regs, (struct vga_crtc_cursor_end){.line = 14});
    vga_crtc_start_high_write(regs, 0);
    vga_crtc_start_low_write(regs, 0);
    vga_crtc_cursor_high_write(regs, 0);
    vga_crtc_cursor_low_write(regs, 0);
    vga_crtc_offset_write(regs, 40); /* words a row, of which a cell has half of two */
    vga_crtc_underline_write(regs, (struct vga_crtc_underline){.line = 31});
    vga_crtc_mode_write(regs, (struct vga_crtc_mode){.plain_13 = true,
                                                     .plain_14 = true,
                                                     .wrap_64k = true,
                                                     .run = true});
    vga_crtc_vertical_retrace_end_write(
        regs,
        (struct vga_crtc_vertical_retrace_end){.end = 14, .interrupt_off = true, .protect = true});
}

/* A text colour's entry of the DAC is its bits as the EGA's monitor took them: rgbRGB. */
static uint8_t dac_entry(unsigned colour)
{
    if (colour == 6) {
        return 0x14; /* brown: half a green, where the rule gives a dark yellow */
    }
    return (uint8_t)(colour < 8 ? colour : 0x38 + (colour - 8));
}

static uint8_t dac_level(unsigned entry, unsigned strong, unsigned weak)
{
    return (uint8_t)((entry >> strong & 1) * 0x2a + (entry >> weak & 1) * 0x15);
}

static void write_colours(struct vga_regs regs)
{
    vga_dac_mask_write(regs, 0xff);
    vga_dac_write_index_write(regs, 0);
    for (unsigned i = 0; i < 64; i++) {
        vga_dac_data_write(regs, dac_level(i, 2, 5));
        vga_dac_data_write(regs, dac_level(i, 1, 4));
        vga_dac_data_write(regs, dac_level(i, 0, 3));
    }
    for (unsigned i = 0; i < 16; i++) {
        vga_text_palette_write(regs, i, dac_entry(i));
    }
    vga_attribute_mode_write(regs, (struct vga_attribute_mode){.line_graphics = true});
    vga_attribute_overscan_write(regs, 0);
    vga_attribute_planes_write(regs, (struct vga_attribute_planes){.planes = 0xf});
    vga_attribute_panning_write(regs, 8); /* of 9-pixel characters this is none */
    vga_attribute_colour_select_write(regs, (struct vga_attribute_colour_select){0});
}

void vga_write_text_registers(struct vga_regs regs)
{
    vga_misc_set_write(regs, (struct vga_misc_set){.colour = true,
                                                   .memory = true,
                                                   .clock = VGA_CLOCK_MHZ28,
                                                   .page = true,
                                                   .hsync_negative = true});
    write_sequencer(regs);
    write_graphics_controller(regs);
    write_crtc(regs);
    write_colours(regs);
}
