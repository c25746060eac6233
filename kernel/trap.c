/*
 * trap.c - interrupts and exceptions.
 */
#include <arch/asm.h>
#include <arch/cpu.h>
#include <arch/ioapic.h>
#include <arch/timer.h>
#include <console/panic.h>
#include <ipc/ipc.h>
#include <sched/sched.h>

#define VECTOR_NMI        2
#define VECTOR_PROTECTION 13
#define VECTOR_PAGE_FAULT 14
#define EXCEPTIONS        32

void kernel_trap(struct thread *t, struct regs *r);
void kernel_nmi(struct regs *r);

/* A port access without a PortMap reads a bitmap that is not mapped: to its thread that is the
 * protection fault which a closed port gives. */
static bool is_port_fault(const struct regs *r, uint64_t address)
{
    return r->vector == VECTOR_PAGE_FAULT && address - IOPB_VA <= IOPB_BYTES;
}

static void user_exception(struct thread *t, const struct regs *r)
{
    uint64_t address = r->vector == VECTOR_PAGE_FAULT ? read_cr2() : 0;

    sched_charge();
    if (is_port_fault(r, address)) {
        ipc_fault(t, KIND_EXCEPTION, VECTOR_PROTECTION, r->rip, 0);
    } else if (r->vector == VECTOR_PAGE_FAULT) {
        ipc_fault(t, KIND_PAGE_FAULT, address, r->rip, r->error);
    } else {
        ipc_fault(t, KIND_EXCEPTION, r->vector, r->rip, r->error);
    }
}

void kernel_trap(struct thread *t, struct regs *r)
{
    if (r != thread_regs(t)) {
        panic("exception %lu (error %lx) in the kernel at %lx, address %lx", r->vector, r->error,
              r->rip, read_cr2());
    }
    if (r->vector < EXCEPTIONS) {
        if (!(r->cs & 3)) {
            panic("exception %lu in the idle loop at %lx", r->vector, r->rip);
        }
        if (r->vector != VECTOR_NMI) {
            user_exception(t, r);
        }
    } else if (r->vector == VECTOR_TIMER) {
        lapic_eoi();
        sched_timer();
    } else if (r->vector >= VECTOR_PIN && r->vector < VECTOR_PIN + GSI_MAX) {
        irq_arrived((uint32_t)r->vector - VECTOR_PIN);
    } else if (r->vector != VECTOR_SPURIOUS) {
        lapic_eoi(); /* nobody's: a device may forge any vector */
    }
    sched_exit();
}

void kernel_nmi(struct regs *r)
{
    if (r->vector != VECTOR_NMI) {
        panic("exception %lu (error %lx) in the kernel at %lx", r->vector, r->error, r->rip);
    }
}
