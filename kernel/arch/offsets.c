/*
 * offsets.c - constants for the assembly, taken from the C definitions. Never linked: the
 * Makefile turns its "->NAME value" lines into build/gen/offsets.inc.
 */
#include <arch/spec.h>

#define DEFINE(name, value) __asm__ volatile("\n->" #name " %c0" : : "i"((int64_t)(value)))
#define CPU_RSP0            (CPU_VA + offsetof(struct cpu, tss.rsp))
#define REG(name)           (offsetof(struct regs, name) - sizeof(struct regs))

void offsets(void);
void offsets(void)
{
    DEFINE(CPU_RSP0_HIGH, (int32_t)(CPU_RSP0 >> 32)); /* an immediate has only 32 bits */
    DEFINE(CPU_RSP0_LOW, (int32_t)(uint32_t)CPU_RSP0);
    DEFINE(REGS_BYTES, sizeof(struct regs));
    DEFINE(T_WORD, offsetof(struct thread, n.word));
    DEFINE(T_PRIO, offsetof(struct thread, n.prio));
    DEFINE(T_NEXT, offsetof(struct thread, n.next));
    DEFINE(T_PREV, offsetof(struct thread, n.prev));
    DEFINE(T_REPLY, offsetof(struct thread, reply));
    DEFINE(T_PAYER, offsetof(struct thread, payer));
    DEFINE(T_CR3, offsetof(struct thread, cr3));
    DEFINE(T_CNODE, offsetof(struct thread, cnode));
    DEFINE(T_CNODE_SLOTS, offsetof(struct thread, cnode_slots));
    DEFINE(T_BUFFER, offsetof(struct thread, buffer));
    DEFINE(T_RIP, REG(rip));
    DEFINE(T_RSP, REG(rsp));
    DEFINE(T_RAX, REG(rax));
    DEFINE(T_RBX, REG(rbx));
    DEFINE(T_RDI, REG(rdi));
    DEFINE(T_RSI, REG(rsi));
    DEFINE(T_RDX, REG(rdx));
    DEFINE(T_R8, REG(r8));
    DEFINE(T_R9, REG(r9));
    DEFINE(T_R10, REG(r10));
    DEFINE(T_R12, REG(r12));
    DEFINE(T_R13, REG(r13));
    DEFINE(T_VECTOR, REG(vector));
    DEFINE(K_FRAME_FULL, FRAME_FULL);
    DEFINE(SLOT_OBJ, offsetof(struct slot, obj));
    DEFINE(SLOT_BADGE, offsetof(struct slot, badge));
    DEFINE(SLOT_FAST, offsetof(struct slot, fast));
    DEFINE(N_WORD, offsetof(struct node, word));
    DEFINE(N_NEXT, offsetof(struct node, next));
    DEFINE(N_PREV, offsetof(struct node, prev));
    DEFINE(R_CALLER, offsetof(struct reply, n.next));
    DEFINE(R_OWNER, offsetof(struct reply, owner));
    DEFINE(CPU_MAX_READY,
           (int64_t)offsetof(struct cpu, max_ready) - (int64_t)offsetof(struct cpu, tss.rsp));
    DEFINE(STATE_RUNNING, THREAD_RUNNING);
    DEFINE(STATE_RECEIVING, THREAD_RECEIVING);
    DEFINE(STATE_CALLING, THREAD_CALLING);
    DEFINE(STATE_FAULTED, THREAD_FAULTED);
    DEFINE(K_WORD_IRQ, WORD_IRQ);
    DEFINE(K_FAST_SEND, FAST_SEND);
    DEFINE(K_FAST_RECV, FAST_RECV);
    DEFINE(K_FAST_REPLY, FAST_REPLY);
    DEFINE(K_EXTRA_MAX, MSG_EXTRA_MAX);
    DEFINE(K_SYS_REPLY_RECV, SYS_REPLY_RECV);
    DEFINE(K_SYS_NULL, SYS_NULL);
    DEFINE(F_IBPB, offsetof(struct cpu_features, ibpb));
    DEFINE(K_MSR_PRED_CMD, MSR_PRED_CMD);
    DEFINE(K_PRED_CMD_IBPB, PRED_CMD_IBPB);
    DEFINE(K_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
}
