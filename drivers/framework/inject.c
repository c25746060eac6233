/*
 * inject.c - faults on purpose, for `inject`: each does what a bug would do, with nothing of the
 * framework in between. docs/drivers.md says which cause of death each must be given.
 */
#include "framework.h"

#include <idl/devman.h>
#include <idl/driver.h>
#include <quoll/sys.h>
#include <stdlib.h>

#define FOREIGN_PORT 0x92 /* system control port A: no driver's, and can reset the machine */
#define FOREIGN_PAGE 0x0000000000200000ull /* below the program: nothing is mapped there */
#define HOG_SPIN_US  2000u

bool framework_loses_next;
static bool hold_next, hogs;

/* What the compiler can't see through: addresses that are no objects. */
static volatile uint64_t *at(uint64_t address)
{
    __asm__("" : "+r"(address));
    return (volatile uint64_t *)address; /* NOLINT(performance-no-int-to-ptr): on purpose */
}

static void jump(uint64_t address)
{
    __asm__ volatile("call *%0" : : "r"(address) : "memory");
}

_Noreturn static void overflow(void)
{
    for (;;) {
        __asm__ volatile("push %%rax" : : : "memory");
    }
}

static void foreign_port(void)
{
    __asm__ volatile("outb %b0, %w1" : : "a"(0), "Nd"((uint16_t)FOREIGN_PORT));
}

/* Waits for a notification that nobody will ever signal: no message gets through any more. */
static void deadlock(void)
{
    struct msg m = {0};

    (void)sys_recv(0, DRIVER_SLOT_EARLY, &m);
    for (;;) {
        (void)sys_recv(0, DRIVER_SLOT_EARLY, &m);
    }
}

static void spin_us(uint64_t us)
{
    uint64_t end = driver_now_us() + us;

    while (driver_now_us() < end) {
        __asm__ volatile("pause");
    }
}

void framework_hog(void)
{
    if (hogs) {
        spin_us(HOG_SPIN_US);
        (void)sys_op(SLOT_NOTIFY, OP_NOTIFICATION_SET_DEADLINE, rdtsc(), DRIVER_BIT_TIMER, 0, 0, 0,
                     0);
    }
}

bool framework_loses(struct call *call)
{
    uint64_t reply;

    if (!framework_loses_next) {
        return false;
    }
    framework_loses_next = call_keep(call, &reply) != CALL_LATER;
    return !framework_loses_next;
}

bool framework_holds(struct call *call)
{
    uint64_t reply;

    if (!hold_next) {
        return false;
    }
    hold_next = call_keep(call, &reply) != CALL_LATER;
    return !hold_next;
}

static void garbage(void)
{
    struct msg m = {.tag = msg_tag(0xdeadbeef, 0, 0), .w = {1, 2, 3, 4, 5, 6}};

    (void)sys_call(DRIVER_SLOT_DEVMAN, &m);
}

static void storm(void)
{
    (void)driver_call_injected(DRIVER_SLOT_DEVMAN, driver_storm() ? E_OK : E_UNSUPPORTED);
}

static void wild_dma(bool is_write)
{
    if (!driver_wild_dma(driver_info()->inject_address, is_write)) {
        driver_log("inject: this device can't be made to access any address");
    }
}

DRIVER_NAMED void framework_inject(unsigned number)
{
    switch ((enum devman_fault)(number - 1)) {
    case DEVMAN_FAULT_NULL_DEREF:
        (void)*at(0);
        break;
    case DEVMAN_FAULT_WILD_WRITE:
        *at(0x0000123456789000ull) = 1;
        break;
    case DEVMAN_FAULT_WILD_JUMP:
        jump(0x0000123456789000ull);
        break;
    case DEVMAN_FAULT_STACK_OVERFLOW:
        overflow();
    case DEVMAN_FAULT_FOREIGN_PORT:
        foreign_port();
        break;
    case DEVMAN_FAULT_FOREIGN_PAGE:
        *at(FOREIGN_PAGE) = 1;
        break;
    case DEVMAN_FAULT_ENDLESS_LOOP:
        for (;;) {
            __asm__ volatile("" : : : "memory");
        }
    case DEVMAN_FAULT_DEADLOCK:
        deadlock();
        break;
    case DEVMAN_FAULT_BUDGET_HOG:
        hogs = true;
        framework_hog();
        break;
    case DEVMAN_FAULT_LOST_REQUEST:
        framework_loses_next = true;
        break;
    case DEVMAN_FAULT_IRQ_UNACKED:
        hold_next = true;
        break;
    case DEVMAN_FAULT_IRQ_STORM:
        storm();
        break;
    case DEVMAN_FAULT_GARBAGE_REPLY:
        garbage();
        break;
    case DEVMAN_FAULT_WILD_DMA_WRITE:
    case DEVMAN_FAULT_FORGED_IRQ:
        wild_dma(true);
        break;
    case DEVMAN_FAULT_WILD_DMA_READ:
        wild_dma(false);
        break;
    case DEVMAN_FAULT_EXIT:
        abort();
    }
}
