/*
 * template.c - a driver to start from; docs/write-a-driver.md does. Every handler is here; those
 * that stay as they are can go, as the framework has the same. Not in the boot image.
 */
#include <driver.h>

/* Once for each device: is it the right one? What is wrong, or a null pointer. */
const char *driver_probe(void)
{
    return NULL;
}

/* Whatever the last driver has left: no interrupt and no access to memory after this. */
const char *driver_quiet(void)
{
    return NULL;
}

/* The device may be in any state: a restart is normal. */
const char *driver_attach(void)
{
    uint64_t bytes;

    (void)driver_mmio("regs", &bytes);
    driver_log("%u bytes of registers", (unsigned)bytes);
    return NULL;
}

/* Interrupt @index of the manifest. It is acknowledged when this returns. */
void driver_irq(unsigned index, uint64_t count)
{
    (void)index;
    (void)count;
}
