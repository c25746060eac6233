/*
 * colour.c - see colour.h. The first 16 are VGA's text colours, so that both displays look the
 * same; 16 to 231 are a 6x6x6 cube, 232 to 255 greys (xterm's 256 colours, ctlseqs).
 */
#include "colour.h"

#include "cell.h"

/* In the terminal's order: bit 0 red, bit 1 green, bit 2 blue, bit 3 bright. */
static const uint32_t first_colours[16] = {
    0x000000, 0xaa0000, 0x00aa00, 0xaa5500, 0x0000aa, 0xaa00aa, 0x00aaaa, 0xaaaaaa,
    0x555555, 0xff5555, 0x55ff55, 0xffff55, 0x5555ff, 0xff55ff, 0x55ffff, 0xffffff,
};

static uint32_t cube_level(unsigned step)
{
    return step == 0 ? 0 : 55 + 40 * step;
}

static uint32_t direct_level(unsigned five_bits)
{
    return five_bits << 3 | five_bits >> 2;
}

uint32_t colour_rgb(uint16_t colour)
{
    unsigned index = colour & 0xff;

    if ((colour & COLOUR_DIRECT) != 0) {
        return direct_level(colour >> 10 & 31) << 16 | direct_level(colour >> 5 & 31) << 8 |
               direct_level(colour & 31);
    }
    if (index < 16) {
        return first_colours[index];
    }
    if (index < 232) {
        index -= 16;
        return cube_level(index / 36) << 16 | cube_level(index / 6 % 6) << 8 |
               cube_level(index % 6);
    }
    return (8 + 10 * (index - 232)) * 0x010101;
}

static unsigned distance(uint32_t a, uint32_t b)
{
    unsigned sum = 0;

    for (unsigned shift = 0; shift < 24; shift += 8) {
        int d = (int)(a >> shift & 0xff) - (int)(b >> shift & 0xff);

        sum += (unsigned)(d * d);
    }
    return sum;
}

static unsigned nearest(uint32_t rgb)
{
    unsigned best = 0;

    for (unsigned i = 1; i < 16; i++) {
        if (distance(rgb, first_colours[i]) < distance(rgb, first_colours[best])) {
            best = i;
        }
    }
    return best;
}

uint8_t colour_vga(uint16_t colour)
{
    unsigned index = colour < 16 ? colour : nearest(colour_rgb(colour));

    /* VGA has blue in bit 0 and red in bit 2. */
    return (uint8_t)((index & 0xa) | (index & 1) << 2 | (index >> 2 & 1));
}

uint16_t colour_bright(uint16_t colour)
{
    return colour < 8 ? colour + 8 : colour;
}
