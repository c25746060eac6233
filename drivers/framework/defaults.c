/*
 * defaults.c - handlers of a driver that does not need them.
 */
#include "loop.h"

__attribute__((weak)) const char *driver_probe(void)
{
    return NULL;
}

__attribute__((weak)) const char *driver_quiet(void)
{
    return NULL;
}

__attribute__((weak)) void driver_detach(void)
{
}

__attribute__((weak)) void driver_irq(unsigned index, uint64_t count)
{
    (void)index;
    (void)count;
}

__attribute__((weak)) void driver_timer(void)
{
}

__attribute__((weak)) void driver_session_opened(unsigned s)
{
    (void)s;
}

__attribute__((weak)) void driver_session_closed(unsigned s)
{
    (void)s;
}

__attribute__((weak)) void driver_session_rung(unsigned s)
{
    (void)s;
}

__attribute__((weak)) bool driver_message(struct call *call)
{
    call->m = (struct msg){.tag = msg_tag((uint32_t)idl_refuse_call(call, E_BAD_CALL), 0, 0)};
    return true;
}

__attribute__((weak)) void driver_ordered(void)
{
}

__attribute__((weak)) bool driver_regs_line(unsigned index, char *text, size_t size)
{
    (void)index;
    (void)text;
    (void)size;
    return false;
}

__attribute__((weak)) bool driver_storm(void)
{
    return false;
}

__attribute__((weak)) bool driver_wild_dma(uint64_t address, bool is_write)
{
    (void)address;
    (void)is_write;
    return false;
}

/* No interface has this number, and neither interrupts nor notifications have such a badge: all
 * goes through framework_serve, which calls driver_message. */
__attribute__((weak)) void framework_loop(void)
{
    framework_loop_of(UINT8_MAX, driver_message);
}
