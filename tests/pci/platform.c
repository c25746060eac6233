/*
 * platform.c - the platform driver's core against QEMU's machines: platform SOCKET HEX, the bits
 * of platform_probe that this machine should give. What a probe must leave alone is compared
 * before and after it.
 */
#include "../../drivers/framework/host/qtest.h"
#include "../../drivers/platform/platform.h"
#include "check.h"

#include <regs/i8042.h>
#include <regs/io.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HPET_AT   0xfed00000u
#define COM_PORTS 4u

unsigned passed, failed;

/* All that reading does not change; a state that no reset leaves. */
static void set_up_com(uint16_t port)
{
    port_write8((uint16_t)(port + 3), 0x80); /* divisor 0x1234 */
    port_write8(port, 0x34);
    port_write8((uint16_t)(port + 1), 0x12);
    port_write8((uint16_t)(port + 3), 0x1b);
    port_write8((uint16_t)(port + 1), 0x05);
    port_write8((uint16_t)(port + 4), 0x0b);
    port_write8((uint16_t)(port + 7), 0x77);
}

static void check_com(uint16_t port)
{
    CHECK(port_read8((uint16_t)(port + 3)) == 0x1b && port_read8((uint16_t)(port + 1)) == 0x05);
    CHECK(port_read8((uint16_t)(port + 4)) == 0x0b && port_read8((uint16_t)(port + 7)) == 0x77);
    CHECK((port_read8((uint16_t)(port + 5)) & 0x61) == 0x60); /* idle, nothing received */
    port_write8((uint16_t)(port + 3), 0x9b);
    CHECK(port_read8(port) == 0x34 && port_read8((uint16_t)(port + 1)) == 0x12);
    port_write8((uint16_t)(port + 3), 0x1b);
}

static void test_probe(uint32_t expected)
{
    static const struct platform_machine machine = {.hpet_pa = HPET_AT, .hpet_va = HPET_AT};
    uint16_t ports[COM_PORTS];
    uint32_t found;

    for (unsigned i = 0; i < COM_PORTS; i++) {
        ports[i] = (uint16_t)platform_devices[i].resource[0].base;
        if ((expected >> i & 1) != 0) {
            set_up_com(ports[i]);
        }
    }
    port_write8(0x3c2, 0x67); /* VGA in colour: its CRTC is at 0x3d4 */
    port_write8(0x3d4, 0x0f);
    port_write8(0x3d5, 0x33);
    port_write8(0x3d4, 0x0a);
    found = platform_probe(&machine);
    printf("# found %x\n", found);
    CHECK(found == expected);
    for (unsigned i = 0; i < COM_PORTS; i++) {
        if ((expected >> i & 1) != 0) {
            check_com(ports[i]);
        }
    }
    if ((expected >> 5 & 1) != 0) {
        CHECK(port_read8(0x3d4) == 0x0a);
        port_write8(0x3d4, 0x0f);
        CHECK(port_read8(0x3d5) == 0x33);
    }
}

static void test_without_hpet(uint32_t expected)
{
    struct platform_machine machine = {.hpet_pa = 0};
    uint32_t hpet = 0;

    for (unsigned i = 0; i < PLATFORM_DEVICES; i++) {
        hpet |= platform_devices[i].kind == PLATFORM_HPET ? 1u << i : 0;
    }
    CHECK(platform_probe(&machine) == (expected & ~hpet));
    machine.live = 1u << PLATFORM_DEVICES >> 1; /* cmos */
    machine.live |= 1u << 3;                    /* com4: there, because a driver has it */
    CHECK(platform_probe(&machine) == ((expected & ~hpet) | machine.live));
}

/* Every command has one entry; the dangerous ones are refused whatever else changes. */
static void test_commands(bool has_i8042)
{
    static const uint8_t dangerous[] = {0xd1, 0xdd, 0xdf, 0xf0, 0xf1, 0xfe, 0xff};
    unsigned allowed = 0;

    for (unsigned command = 0; command < 256; command++) {
        const struct i8042_command *c = i8042_command_find((uint8_t)command);

        CHECK(command >= c->first && command <= c->last && c->what[0] != '\0');
        CHECK(c->refused == NULL || strlen(c->refused) > 10);
        allowed += c->refused == NULL;
    }
    CHECK(allowed == 13);
    for (unsigned i = 0; i < sizeof(dangerous); i++) {
        CHECK(i8042_command_find(dangerous[i])->refused != NULL);
        CHECK(i8042_command_send(dangerous[i]) != NULL);
    }
    if (has_i8042) {
        CHECK(i8042_command_send(0xaa) == NULL && i8042_command_find(0xaa)->answers == 1);
        CHECK(port_read8(0x60) == 0x55);
        CHECK(i8042_command_send(0x20) == NULL);
        (void)port_read8(0x60);
    } else {
        CHECK(strstr(i8042_command_send(0xaa), "input buffer") != NULL);
    }
}

int main(int count, char **arguments)
{
    uint32_t expected;

    if (count != 3 || !qtest_open(arguments[1])) {
        return 2;
    }
    expected = (uint32_t)strtoul(arguments[2], NULL, 16);
    test_probe(expected);
    test_without_hpet(expected);
    test_commands((expected >> 4 & 1) != 0);
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
