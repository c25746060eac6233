/*
 * colour.h - a cell's colours on a display: 256 colours as xterm has them, or 32,768 direct ones.
 */
#ifndef CONSOLE_COLOUR_H
#define CONSOLE_COLOUR_H

#include <stdint.h>

/** As 0x00RRGGBB. */
uint32_t colour_rgb(uint16_t colour);

/** The nearest of VGA's 16 text colours; their order is VGA's, not the terminal's. */
uint8_t colour_vga(uint16_t colour);

/** The bright one of the first 8 colours; others stay as they are. */
uint16_t colour_bright(uint16_t colour);

#endif
