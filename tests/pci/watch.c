/*
 * watch.c - see watch.h.
 */
#include "watch.h"

#include "../../drivers/framework/host/qtest.h"

#define CONFIG_AT  0xcf8u
#define ECAM_BYTES 0x10000000u

static void (*told)(uint16_t place, uint32_t offset, unsigned bytes);
static uint64_t ecam_at;
static uint32_t config_address;

static void see_port(uint64_t port, unsigned bytes, uint64_t value)
{
    if (port == CONFIG_AT && bytes == 4) {
        config_address = (uint32_t)value;
    } else if (told != 0 && port >= CONFIG_AT + 4 && port < CONFIG_AT + 8) {
        told((uint16_t)(config_address >> 8), (config_address & 0xfc) + (uint32_t)port % 4, bytes);
    }
}

static void see_write(bool port, uint64_t place, unsigned bytes, uint64_t value)
{
    if (port) {
        see_port(place, bytes, value);
    } else if (told != 0 && ecam_at != 0 && place >= ecam_at && place < ecam_at + ECAM_BYTES) {
        told((uint16_t)((place - ecam_at) >> 12), place & 0xfff, bytes);
    }
}

void watch_config(void (*watch)(uint16_t place, uint32_t offset, unsigned bytes), uint64_t ecam)
{
    told = watch;
    ecam_at = ecam;
    qtest_on_write = see_write;
}
