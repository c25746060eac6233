/*
 * eeprom.c - the words that the maker has left: a 93C46 or 93C66 on four pins, which the driver
 * clocks itself (sections 5.3, 5.6.1), or behind a register (82574, 10.2.2.5). The register of the
 * other parts is not used: QEMU has it in the 82574's layout.
 */
#include "e1000.h"

#define EDGE_US     1u /* 93C46: at most 1 MHz; too short to sleep */
#define OPCODE_READ 6u /* with the start bit */
#define WAIT_US     1000u
#define WORDS       64u
#define SUM         0xbabau /* of all words: section 5.6.35 */

static void set(struct e1000_eecd pins)
{
    e1000_eecd_write(nic.regs, pins);
    chip_spin_us(EDGE_US);
}

/* The lowest @count bits of @bits to it, the highest first; what came back meanwhile. */
static unsigned shift(struct e1000_eecd pins, unsigned bits, unsigned count)
{
    unsigned came = 0;

    while (count-- != 0) {
        pins.to = (bits >> count & 1) != 0;
        set(pins);
        pins.clock = true;
        set(pins);
        came = came << 1 | e1000_eecd_read(nic.regs).from;
        pins.clock = false;
        set(pins);
    }
    return came;
}

static bool is_granted(void)
{
    return e1000_eecd_read(nic.regs).grant;
}

static const char *read_by_pins(unsigned index, uint16_t *word)
{
    struct e1000_eecd pins = e1000_eecd_read(nic.regs);

    pins.clock = pins.select = pins.to = false;
    pins.request = true;
    set(pins);
    if (!chip_await(is_granted, WAIT_US)) {
        return "its EEPROM is not granted";
    }
    pins.select = true;
    set(pins);
    (void)shift(pins, OPCODE_READ, 3);
    (void)shift(pins, index, pins.large ? 8 : 6);
    *word = (uint16_t)shift(pins, 0, 16);
    pins.select = pins.request = false;
    set(pins);
    return NULL;
}

static bool is_read(void)
{
    return e1000_eerd_read(nic.regs).done;
}

static const char *read_by_register(unsigned index, uint16_t *word)
{
    e1000_eerd_write(nic.regs,
                     (struct e1000_eerd_write){.start = true,
                                               .address = index & E1000_EERD_ADDRESS_MAX});
    if (!chip_await(is_read, WAIT_US)) {
        return "its EEPROM does not answer";
    }
    *word = e1000_eerd_read(nic.regs).data;
    return NULL;
}

const char *eeprom_read(unsigned first, unsigned count, uint16_t *words)
{
    const char *wrong = NULL;

    for (unsigned i = 0; wrong == NULL && i < count; i++) {
        wrong = nic.is_82574 ? read_by_register(first + i, &words[i])
                             : read_by_pins(first + i, &words[i]);
    }
    return wrong;
}

const char *eeprom_check(void)
{
    uint16_t words[WORDS] = {0}, sum = 0;
    const char *wrong = eeprom_read(0, WORDS, words);

    for (unsigned i = 0; i < WORDS; i++) {
        sum = (uint16_t)(sum + words[i]);
    }
    return wrong != NULL || sum == SUM ? wrong : "the checksum of its EEPROM is wrong";
}
