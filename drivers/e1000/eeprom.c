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

static void clock(struct e1000_eecd *pins)
{
    pins->clock = true;
    set(*pins);
}

static void unclock(struct e1000_eecd *pins)
{
    pins->clock = false;
    set(*pins);
}

static void shift_out(struct e1000_eecd *pins, unsigned bits, unsigned count)
{
    while (count-- != 0) {
        pins->to = (bits >> count & 1) != 0;
        set(*pins);
        clock(pins);
        unclock(pins);
    }
    pins->to = false;
}

static uint16_t shift_in(struct e1000_eecd *pins)
{
    unsigned word = 0;

    for (unsigned i = 0; i < 16; i++) {
        clock(pins);
        word = word << 1 | e1000_eecd_read(nic.regs).from;
        unclock(pins);
    }
    return (uint16_t)word;
}

static const char *request(struct e1000_eecd *pins)
{
    *pins = e1000_eecd_read(nic.regs);
    pins->clock = pins->select = pins->to = false;
    pins->request = true;
    set(*pins);
    for (unsigned waited = 0; !e1000_eecd_read(nic.regs).grant; waited++) {
        if (waited >= WAIT_US) {
            return "its EEPROM is not granted";
        }
        driver_await_us(1);
    }
    return NULL;
}

static const char *read_by_pins(unsigned index, uint16_t *word)
{
    struct e1000_eecd pins;
    const char *wrong = request(&pins);

    if (wrong != NULL) {
        return wrong;
    }
    pins.select = true;
    set(pins);
    shift_out(&pins, OPCODE_READ, 3);
    shift_out(&pins, index, pins.large ? 8 : 6);
    *word = shift_in(&pins);
    pins.select = false;
    set(pins);
    pins.request = false;
    set(pins);
    return NULL;
}

static const char *read_by_register(unsigned index, uint16_t *word)
{
    e1000_eerd_write(nic.regs,
                     (struct e1000_eerd_write){.start = true,
                                               .address = index & E1000_EERD_ADDRESS_MAX});
    for (unsigned waited = 0; waited < WAIT_US; waited++) {
        struct e1000_eerd eerd = e1000_eerd_read(nic.regs);

        if (eerd.done) {
            *word = eerd.data;
            return NULL;
        }
        driver_await_us(1);
    }
    return "its EEPROM does not answer";
}

const char *eeprom_read(unsigned index, uint16_t *word)
{
    return nic.is_82574 ? read_by_register(index, word) : read_by_pins(index, word);
}

const char *eeprom_check(void)
{
    uint16_t sum = 0, word = 0;

    for (unsigned i = 0; i < WORDS; i++) {
        const char *wrong = eeprom_read(i, &word);

        if (wrong != NULL) {
            return wrong;
        }
        sum = (uint16_t)(sum + word);
    }
    return sum == SUM ? NULL : "the checksum of its EEPROM is wrong";
}
