/*
 * set2.c - scan-code set 2, see set2.h. A key is one byte, or 0xe0 and one byte; 0xf0 before the
 * last byte says that it went up. Pause alone has a long sequence and no release.
 */
#include "set2.h"

#include <quoll/input_event.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
    PREFIX_EXTENDED = 0xe0,
    PREFIX_PAUSE = 0xe1,
    PREFIX_RELEASE = 0xf0,
    BYTE_OVERRUN_0 = 0x00, /* sets 2 and 3 */
    BYTE_OVERRUN_1 = 0xff, /* set 1; some keyboards send it always */
    BYTE_PASSED = 0xaa,
    BYTE_ACK = 0xfa,
    BYTE_RESEND = 0xfe,
    CODE_SYSTEM_REQUEST = 0x84, /* Alt and Print */
    CODE_BREAK = 0x7e,          /* extended: Ctrl and Pause */
    CODE_FAKE_LEFT = 0x12,      /* extended: shifts that nobody pressed */
    CODE_FAKE_RIGHT = 0x59,
};

/* Three banks: plain, extended, Pause's. */
#define BANK(set2) ((set2) >> 8 == 0 ? 0 : (set2) >> 8 == PREFIX_EXTENDED ? 256 : 512)
static const uint8_t key_of_code[3 * 256] = {
#define KEY(name, code, set2) [BANK(set2) + ((set2)&0xff)] = (code),
#include <quoll/keys.def>
#undef KEY
};

static const uint8_t pause_sequence[] = {PREFIX_PAUSE,   0x14, 0x77,           PREFIX_PAUSE,
                                         PREFIX_RELEASE, 0x14, PREFIX_RELEASE, 0x77};

static struct set2_code answer(enum set2_kind kind)
{
    return (struct set2_code){.kind = kind};
}

static void forget(struct set2 *decoder)
{
    decoder->extended = 0;
    decoder->release = 0;
    decoder->pause = 0;
}

static uint8_t look_up(const struct set2 *decoder, uint8_t byte)
{
    if (decoder->extended == 0) {
        return byte == CODE_SYSTEM_REQUEST ? KEY_PRINT : key_of_code[byte];
    }
    if (byte == CODE_BREAK) {
        return KEY_PAUSE;
    }
    return key_of_code[256 + byte];
}

static struct set2_code key_byte(struct set2 *decoder, uint8_t byte)
{
    struct set2_code code = {.kind = SET2_KEY};
    bool fake = decoder->extended != 0 && (byte == CODE_FAKE_LEFT || byte == CODE_FAKE_RIGHT);

    code.key = look_up(decoder, byte);
    code.released = decoder->release != 0;
    forget(decoder);
    if (code.key != 0) {
        return code;
    }
    if (!fake) {
        decoder->unknown++;
    }
    return answer(SET2_MORE);
}

/* Bytes that are no codes, wherever they come; a sequence that one interrupts is lost. */
static enum set2_kind special(uint8_t byte)
{
    switch (byte) {
    case BYTE_OVERRUN_0:
    case BYTE_OVERRUN_1:
        return SET2_LOST;
    case BYTE_PASSED:
        return SET2_RESTARTED;
    case BYTE_ACK:
        return SET2_ACK;
    case BYTE_RESEND:
        return SET2_RESEND;
    default:
        return SET2_MORE;
    }
}

struct set2_code set2_byte(struct set2 *decoder, uint8_t byte)
{
    enum set2_kind kind = special(byte);

    if (kind != SET2_MORE) {
        if (kind == SET2_LOST || kind == SET2_RESTARTED) {
            forget(decoder);
        }
        return answer(kind);
    }
    if (decoder->pause != 0 && byte == pause_sequence[decoder->pause]) {
        decoder->pause++;
        if (decoder->pause < COUNT(pause_sequence)) {
            return answer(SET2_MORE);
        }
        forget(decoder);
        return answer(SET2_PAUSE);
    }
    decoder->pause = 0; /* a byte was lost: start over with this one */
    switch (byte) {
    case PREFIX_PAUSE:
        forget(decoder);
        decoder->pause = 1;
        return answer(SET2_MORE);
    case PREFIX_EXTENDED:
        decoder->extended = 1;
        decoder->release = 0;
        return answer(SET2_MORE);
    case PREFIX_RELEASE:
        decoder->release = 1;
        return answer(SET2_MORE);
    default:
        return key_byte(decoder, byte);
    }
}

enum { BEGUN_EXTENDED = 1, BEGUN_RELEASE = 2, BEGUN_PAUSE = 4 };

uint8_t set2_begun(const struct set2 *decoder)
{
    return (uint8_t)((decoder->extended != 0 ? BEGUN_EXTENDED : 0) |
                     (decoder->release != 0 ? BEGUN_RELEASE : 0) | decoder->pause * BEGUN_PAUSE);
}

void set2_go_on(struct set2 *decoder, uint8_t begun)
{
    forget(decoder);
    if (begun / BEGUN_PAUSE < COUNT(pause_sequence)) {
        decoder->extended = (begun & BEGUN_EXTENDED) != 0;
        decoder->release = (begun & BEGUN_RELEASE) != 0;
        decoder->pause = begun / BEGUN_PAUSE;
    }
}
