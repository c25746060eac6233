/*
 * trap.c - interrupts and exceptions.
 */
#include <arch/asm.h>
#include <arch/cpu.h>
#include <arch/timer.h>
#include <console/panic.h>
#include <debug/trace.h>
#include <ipc/ipc.h>
#include <lib/string.h>
#include <object/thread_debug.h>
#include <sched/dispatch.h>

#define VECTOR_DEBUG      1
#define VECTOR_NMI        2
#define VECTOR_PROTECTION 13
#define VECTOR_PAGE_FAULT 14
#define EXCEPTIONS        32

void kernel_trap(struct regs *r);
void kernel_nmi(struct regs *r);

/* Nobody's: without interrupt remapping a device can send any vector. */
static void stray(void)
{
    lapic_eoi();
    cpu_self()->stray_interrupts++;
}

/* Was @vector an interrupt and not what the CPU uses it for? Then that was all. */
static bool is_forged(uint32_t vector)
{
    bool forged = lapic_in_service(vector);

    if (forged) {
        stray();
    }
    return forged;
}

/* An interrupt with the vector of an exception that has an error code: there is none on the stack,
 * so the stub has pushed all registers a word too high. False: it is something else. */
static bool realign(struct regs *r)
{
    struct regs *right = thread_regs(current());
    bool forged = (uint64_t *)r == (uint64_t *)right + 1;

    if (forged) {
        memmove(right, r, offsetof(struct regs, error));
        right->error = 0;
    }
    return forged;
}

static __attribute__((noinline)) void user_page_fault(struct thread *t, const struct regs *r)
{
    struct fault f = {KIND_PAGE_FAULT, read_cr2(), r->rip, r->error};

    if (f.address - IOPB_VA <= IOPB_BYTES) {
        /* A port access without a PortMap read a bitmap that is not mapped: to its thread that is
         * the protection fault which a closed port gives. */
        f = (struct fault){KIND_EXCEPTION, VECTOR_PROTECTION, r->rip, 0};
    }
    ipc_fault_exit(t, &f);
}

static __attribute__((noinline)) void user_exception(struct thread *t, const struct regs *r)
{
    uint8_t vector = (uint8_t)r->vector;
    struct fault f = {KIND_EXCEPTION, vector, r->rip, r->error};

    if (is_forged(vector) || vector == VECTOR_NMI) {
        sched_exit();
        return;
    }
    if (vector == VECTOR_DEBUG) {
        f.code = debug_exception(t);
    }
    ipc_fault_exit(t, &f);
}

static __attribute__((noinline)) void other_interrupt(uint32_t vector)
{
    if (vector == VECTOR_TIMER) {
        lapic_eoi();
        time_tick();
    } else if (vector != VECTOR_SPURIOUS) {
        stray();
    } else {
        (void)is_forged(vector); /* the APIC's own takes no end of interrupt */
    }
    sched_exit();
}

/* The registers at @r are not the current thread's. */
static __attribute__((noinline)) void misplaced(struct regs *r)
{
    if (!realign(r)) {
        panic_at(r, "exception %u (error %lx) in the kernel at %lx, address %lx",
                 (uint8_t)r->vector, r->error, r->rip, read_cr2());
    }
    stray();
    sched_exit();
}

static __attribute__((noinline)) void idle_exception(const struct regs *r)
{
    if (!is_forged((uint8_t)r->vector)) {
        panic_at(r, "exception %u in the idle loop at %lx", (uint8_t)r->vector, r->rip);
    }
}

/* @r are the registers of the current thread, or of the kernel if it has a fault itself. What
 * follows is called last, so that nothing needs to be kept meanwhile. */
void kernel_trap(struct regs *r)
{
    struct thread *t = (struct thread *)(r + 1);
    uint32_t vector = (uint8_t)r->vector;

    trace(TRACE_TRAP, vector, r->error, r->rip, 0);
    if (t != current()) {
        misplaced(r);
    } else if (vector - VECTOR_IRQ < IRQ_VECTORS) {
        irq_arrived(vector - VECTOR_IRQ);
    } else if (vector >= EXCEPTIONS) {
        other_interrupt(vector);
    } else if (!(r->cs & 3)) {
        idle_exception(r);
    } else if (vector == VECTOR_PAGE_FAULT) {
        user_page_fault(t, r);
    } else {
        user_exception(t, r);
    }
}

void kernel_nmi(struct regs *r)
{
    uint8_t vector = (uint8_t)r->vector;

    if (is_forged(vector) || vector == VECTOR_NMI) {
        return;
    }
    if (vector == VECTOR_DEBUG) {
        /* Nobody's loss: a step's trap that some CPUs take behind SYSCALL, though that masks TF; or
         * a breakpoint on what `mov ss` read, which waits until the next instruction is over, and
         * that has entered the kernel (SDM vol. 3A, 6.8.3). */
        (void)take_dr6();
    } else {
        panic_at(r, "exception %u (error %lx) in the kernel at %lx", vector, r->error, r->rip);
    }
}
