/*
 * acpi_os.c - what ACPICA asks of an operating system, for one task with one thread.
 * It gets nothing but what struct acpi_platform names: tables through mapped windows, ports of a
 * list, configuration space, a bounded pool. Every refusal is a status that ACPICA hands on.
 */
#include "acpi_os.h"

#include "acpi_pool.h"

#include <acpica.h>

#include <regs/io.h>

#include <stdio.h>
#include <string.h>

#define STALL_US_MAX 1000000u
#define LINE_BYTES   160u

static const struct acpi_platform *os;
static char line[LINE_BYTES];
static unsigned line_bytes;

void acpi_os_set_platform(const struct acpi_platform *platform)
{
    os = platform;
}

acpi_status acpi_os_initialize(void)
{
    line_bytes = 0;
    return AE_OK;
}

acpi_status acpi_os_terminate(void)
{
    return AE_OK;
}

acpi_physical_address acpi_os_get_root_pointer(void)
{
    return os->rsdp_pa;
}

/* ---- nothing is overridden ---- */

acpi_status acpi_os_predefined_override(const struct acpi_predefined_names *init_val,
                                        acpi_string *new_val)
{
    (void)init_val;
    *new_val = NULL;
    return AE_OK;
}

acpi_status acpi_os_table_override(struct acpi_table_header *existing_table,
                                   struct acpi_table_header **new_table)
{
    (void)existing_table;
    *new_table = NULL;
    return AE_OK;
}

acpi_status acpi_os_physical_table_override(struct acpi_table_header *existing_table,
                                            acpi_physical_address *new_address,
                                            u32 *new_table_length)
{
    (void)existing_table;
    *new_address = 0;
    *new_table_length = 0;
    return AE_OK;
}

/* ---- memory ---- */

void *acpi_os_allocate(acpi_size size)
{
    return acpi_pool_take(size);
}

void acpi_os_free(void *memory)
{
    acpi_pool_give(memory);
}

void *acpi_os_map_memory(acpi_physical_address where, acpi_size length)
{
    for (unsigned i = 0; i < os->window_count; i++) {
        const struct acpi_window *w = &os->windows[i];

        if (where >= w->pa && where - w->pa <= w->bytes && length <= w->bytes - (where - w->pa)) {
            return (void *)(w->va + (uintptr_t)(where - w->pa));
        }
    }
    return NULL;
}

/* Windows stay mapped. */
void acpi_os_unmap_memory(void *logical_address, acpi_size size)
{
    (void)logical_address;
    (void)size;
}

/* An access of device memory by AML: natural widths only, so that the device sees one. */
static bool memory_at(acpi_physical_address address, u32 width, uintptr_t *at)
{
    *at = (uintptr_t)acpi_os_map_memory(address, width / 8);
    return *at != 0 && (width == 8 || width == 16 || width == 32 || width == 64) &&
           *at % (width / 8) == 0;
}

acpi_status acpi_os_read_memory(acpi_physical_address address, u64 *value, u32 width)
{
    uintptr_t at;

    if (!memory_at(address, width, &at)) {
        return AE_BAD_ADDRESS;
    }
    switch (width) {
    case 8:
        *value = memory_read8((const uint8_t *)at);
        break;
    case 16:
        *value = memory_read16((const uint16_t *)at);
        break;
    case 32:
        *value = memory_read32((const uint32_t *)at);
        break;
    default:
        *value = memory_read64((const uint64_t *)at);
        break;
    }
    return AE_OK;
}

/* Tables are mapped read-only; and no answer about PCI needs a write to memory. */
acpi_status acpi_os_write_memory(acpi_physical_address address, u64 value, u32 width)
{
    (void)address;
    (void)value;
    (void)width;
    return AE_ACCESS;
}

/* ---- ports ---- */

static bool port_is_ours(acpi_io_address address, u32 width)
{
    if (width != 8 && width != 16 && width != 32) {
        return false;
    }
    for (unsigned i = 0; i < os->port_count; i++) {
        if (address >= os->ports[i].first && address + width / 8 - 1 <= os->ports[i].last) {
            return true;
        }
    }
    return false;
}

acpi_status acpi_os_read_port(acpi_io_address address, u32 *value, u32 width)
{
    if (!port_is_ours(address, width)) {
        return AE_ACCESS;
    }
    *value = width == 8    ? port_read8((uint16_t)address)
             : width == 16 ? port_read16((uint16_t)address)
                           : port_read32((uint16_t)address);
    return AE_OK;
}

acpi_status acpi_os_write_port(acpi_io_address address, u32 value, u32 width)
{
    if (!port_is_ours(address, width)) {
        return AE_ACCESS;
    }
    if (width == 8) {
        port_write8((uint16_t)address, (uint8_t)value);
    } else if (width == 16) {
        port_write16((uint16_t)address, (uint16_t)value);
    } else {
        port_write32((uint16_t)address, value);
    }
    return AE_OK;
}

/* ---- configuration space: firmware's own methods, so nothing of it is refused ---- */

static bool config_at(const struct acpi_pci_id *id, u32 offset, u32 width,
                      struct config_device *device)
{
    *device = (struct config_device){.access = os->config,
                                     .place = PCI_PLACE(id->bus, id->device, id->function)};
    return id->segment == 0 && id->bus <= UINT8_MAX && id->device < PCI_SLOTS &&
           id->function < PCI_FUNCTIONS && (width == 8 || width == 16 || width == 32) &&
           offset % (width / 8) == 0 && pci_access_reaches(os->config, id->bus, offset, width / 8);
}

acpi_status acpi_os_read_pci_configuration(struct acpi_pci_id *pci_id, u32 reg, u64 *value,
                                           u32 width)
{
    struct config_device device;

    if (!config_at(pci_id, reg, width, &device)) {
        return AE_BAD_ADDRESS;
    }
    *value = width == 8    ? config_read8(&device, reg)
             : width == 16 ? config_read16(&device, reg)
                           : config_read32(&device, reg);
    return AE_OK;
}

acpi_status acpi_os_write_pci_configuration(struct acpi_pci_id *pci_id, u32 reg, u64 value,
                                            u32 width)
{
    struct config_device device;

    if (!config_at(pci_id, reg, width, &device)) {
        return AE_BAD_ADDRESS;
    }
    if (width == 8) {
        config_write8(&device, reg, (uint8_t)value);
    } else if (width == 16) {
        config_write16(&device, reg, (uint16_t)value);
    } else {
        config_write32(&device, reg, (uint32_t)value);
    }
    return AE_OK;
}

/* ---- one thread: what is taken twice would never be given ---- */

acpi_thread_id acpi_os_get_thread_id(void)
{
    return 1;
}

acpi_status acpi_os_create_semaphore(u32 max_units, u32 initial_units, acpi_semaphore *out_handle)
{
    u32 *units = acpi_pool_take(sizeof(*units));

    (void)max_units;
    if (units == NULL) {
        return AE_NO_MEMORY;
    }
    *units = initial_units;
    *out_handle = units;
    return AE_OK;
}

acpi_status acpi_os_delete_semaphore(acpi_semaphore handle)
{
    acpi_pool_give(handle);
    return AE_OK;
}

acpi_status acpi_os_wait_semaphore(acpi_semaphore handle, u32 units, u16 timeout)
{
    u32 *free_units = handle;

    (void)timeout; /* nobody else could signal meanwhile */
    if (*free_units < units) {
        return AE_TIME;
    }
    *free_units -= units;
    return AE_OK;
}

acpi_status acpi_os_signal_semaphore(acpi_semaphore handle, u32 units)
{
    u32 *free_units = handle;

    *free_units += units;
    return AE_OK;
}

acpi_status acpi_os_create_lock(acpi_spinlock *out_handle)
{
    *out_handle = NULL;
    return AE_OK;
}

void acpi_os_delete_lock(acpi_spinlock handle)
{
    (void)handle;
}

acpi_cpu_flags acpi_os_acquire_lock(acpi_spinlock handle)
{
    (void)handle;
    return 0;
}

void acpi_os_release_lock(acpi_spinlock handle, acpi_cpu_flags flags)
{
    (void)handle;
    (void)flags;
}

acpi_status acpi_os_execute(acpi_execute_type type, acpi_osd_exec_callback function, void *context)
{
    (void)type;
    function(context);
    return AE_OK;
}

void acpi_os_wait_events_complete(void)
{
}

/* ---- time ---- */

u64 acpi_os_get_timer(void)
{
    return os->time_100ns();
}

void acpi_os_stall(u32 microseconds)
{
    u32 us = microseconds < STALL_US_MAX ? microseconds : STALL_US_MAX;
    uint64_t end = os->time_100ns() + (uint64_t)us * 10;

    while (os->time_100ns() < end) {
        __asm__ volatile("pause");
    }
}

void acpi_os_sleep(u64 milliseconds)
{
    acpi_os_stall(milliseconds < STALL_US_MAX / 1000 ? (u32)milliseconds * 1000 : STALL_US_MAX);
}

/* ---- what does not exist here ---- */

acpi_status acpi_os_signal(u32 function, void *info)
{
    (void)function;
    (void)info;
    return AE_OK;
}

acpi_status acpi_os_enter_sleep(u8 sleep_state, u32 rega_value, u32 regb_value)
{
    (void)sleep_state;
    (void)rega_value;
    (void)regb_value;
    return AE_SUPPORT;
}

/* ---- messages: whole lines go to the driver's log ---- */

static void line_end(void)
{
    line[line_bytes] = '\0';
    os->log(line);
    line_bytes = 0;
}

void acpi_os_vprintf(const char *format, va_list args)
{
    char text[LINE_BYTES];

    (void)vsnprintf(text, sizeof(text), format, args);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c != '\n') {
            line[line_bytes++] = *c;
        }
        if (*c == '\n' || line_bytes == LINE_BYTES - 1) {
            line_end();
        }
    }
}

void acpi_os_printf(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    acpi_os_vprintf(format, args);
    va_end(args);
}
