/*
 * power.c - the end of the machine: reset and power-off through I/O ports.
 * Ports are granted only when they are used, so that drivers can own them before; for a port that
 * one holds (0x64 is the bus driver platform's, 0xcf9 lies between PCI's) all drivers are ended.
 * Source: ACPI 6.4, sections 4.8.3.2 (PM1 control) and 4.8.3.6 (reset).
 */
#include "port.h"
#include "root.h"

#define KBC_STATUS     0x64
#define KBC_INPUT_FULL 0x02
#define KBC_PULSE      0xfe  /* pulse output line 0: the CPU's reset */
#define RESET_CONTROL  0xcf9 /* PIIX3, ICH9: reset control register */
#define PM1_SLP_EN     (1u << 13)
#define QEMU_PM1       0x604
#define QEMU_OLD_PM1   0xb004
#define BOCHS_SHUTDOWN 0x8900

int power_init(void)
{
    return spawn_portmap(&root.task[0].s);
}

/* With the driver manager, which their memory is from. False: that has been done. */
static bool end_drivers(void)
{
    static bool done;

    if (done) {
        return false;
    }
    done = true;
    for (unsigned i = 1; i < root.task_count; i++) {
        if (root.task[i].manifest != NULL && root.task[i].manifest->all_devices) {
            task_end(&root.task[i]);
        }
    }
    return true;
}

static int open_ports(uint16_t port, uint16_t count)
{
    return spawn_ports(&root.task[0].s, port, (uint16_t)(port + count - 1));
}

/* Make @count ports from @port root's. Ports that it was given before are kept in @own. */
static bool power_grant(uint16_t port, uint16_t count)
{
    static uint16_t own[16];
    static unsigned own_count;
    int error;

    for (unsigned i = 0; i < own_count; i++) {
        if (own[i] == port) {
            return true;
        }
    }
    if (own_count == sizeof(own) / sizeof(own[0])) {
        return false;
    }
    error = open_ports(port, count);
    if (error == E_BUSY && end_drivers()) {
        error = open_ports(port, count);
    }
    if (error != E_OK) {
        return false;
    }
    own[own_count++] = port;
    return true;
}

/* Wait about @us microseconds: the hardware acts a moment after the write. */
static void power_settle(uint64_t us)
{
    uint64_t start = rdtsc();

    while (ticks_to_us(rdtsc() - start) < us && quoll_info()->tsc_hz != 0) {
        __asm__ volatile("pause");
    }
}

static void reset_by_keyboard_controller(void)
{
    if (!power_grant(KBC_STATUS, 1)) {
        return;
    }
    for (unsigned i = 0; i < 10000 && (port_in8(KBC_STATUS) & KBC_INPUT_FULL) != 0; i++) {
        __asm__ volatile("pause");
    }
    port_out8(KBC_STATUS, KBC_PULSE);
    power_settle(50000);
}

void power_reboot(void)
{
    const struct boot_acpi *acpi = &boot_machine(root.info)->acpi;

    syslog("reboot");
    if (acpi->has_reset && power_grant(acpi->reset_port, 1)) {
        port_out8(acpi->reset_port, acpi->reset_value);
        power_settle(50000);
    }
    reset_by_keyboard_controller();
    if (power_grant(RESET_CONTROL, 1)) {
        port_out8(RESET_CONTROL,
                  0x02); /* a hard reset is chosen, then started by the rising bit 2 */
        port_out8(RESET_CONTROL, 0x06);
        power_settle(50000);
    }
    syslog("the machine does not reset: use its reset button");
    console_report();
}

static void write_pm1(uint16_t port, unsigned value)
{
    if (port != 0 && power_grant(port, 2)) {
        port_out16(port, (uint16_t)value);
    }
}

void power_off(void)
{
    static const char shutdown[] = "Shutdown";
    const struct boot_acpi *acpi = &boot_machine(root.info)->acpi;

    syslog("power off");
    write_pm1(acpi->pm1a_port, (unsigned)acpi->s5_typ_a << 10 | PM1_SLP_EN);
    write_pm1(acpi->pm1b_port, (unsigned)acpi->s5_typ_b << 10 | PM1_SLP_EN);
    power_settle(50000);
    write_pm1(QEMU_PM1, PM1_SLP_EN);
    write_pm1(QEMU_OLD_PM1, PM1_SLP_EN);
    power_settle(50000);
    if (power_grant(BOCHS_SHUTDOWN, 1)) {
        for (const char *s = shutdown; *s != '\0'; s++) {
            port_out8(BOCHS_SHUTDOWN, (uint8_t)*s);
        }
    }
    power_settle(50000);
    syslog("the machine does not power off: switch it off");
    console_report();
}
