; entry.asm - every way into the kernel but the fastpath, and the one way out.
;
; Registers of a thread end at the thread itself (T), which TSS.RSP0 names, so an interrupt from
; user level pushes straight into the current thread:
;   T-8 ss  -16 rsp  -24 rflags  -32 cs  -40 rip  -48 error  -56 vector
;   T-64 rax rbx rcx rdx rsi rdi rbp r8 r9 .. r15 at T-176
; The idle loop runs in ring 0 with rsp = T of the idle thread: it is entered and left alike.
; On entry to C: interrupts off, DF and AC clear, the kernel stack empty.

%include "offsets.inc"
%define CPU_RSP0 ((CPU_RSP0_HIGH << 32) | (CPU_RSP0_LOW & 0xffffffff))
BITS 64
DEFAULT REL

global syscall_entry, syscall_slow, exit_to_thread, idle_loop, vector_table, clac_sites, clac_sites_end
extern kernel_syscall, kernel_trap, kernel_stack, fast_call_or_reply, kernel_nmi

section .text

%macro PUSH_REGS 0
    push rax
    push rbx
    push rcx
    push rdx
    push rsi
    push rdi
    push rbp
    push r8
    push r9
    push r10
    push r11
    push r12
    push r13
    push r14
    push r15
%endmacro

%macro POP_REGS 0                ; and drop vector and error code
    pop r15
    pop r14
    pop r13
    pop r12
    pop r11
    pop r10
    pop r9
    pop r8
    pop rbp
    pop rdi
    pop rsi
    pop rdx
    pop rcx
    pop rbx
    pop rax
    add rsp, 16
%endmacro

; From SYSCALL: rcx RIP, r11 RFLAGS (not kept: the caller's flags are clobbered), all else the user's.
; Clobbers rbp, r14 and r15, which carry no argument.
align 64
syscall_entry:
    mov rbp, CPU_RSP0
    mov r11, [rbp]
    mov [r11+T_RIP], rcx
    mov [r11+T_RSP], rsp
%if CONFIG_FASTPATH
    jmp fast_call_or_reply
%endif
; r11 the current thread; rip and rsp are saved; the rest still in the registers.
syscall_slow:
    lea rsp, [r11-8]
    mov dword [rsp], K_USER_DATA
    mov dword [rsp+4], 0
    mov qword [r11+T_RFLAGS], K_RFLAGS
    mov qword [r11+T_CS], K_USER_CODE
    lea rsp, [r11-56]
    xor ebp, ebp
    xor r14d, r14d
    xor r15d, r15d
    mov rcx, [r11+T_RIP]
    push rax
    push rbx
    push rcx
    push rdx
    push rsi
    push rdi
    push rbp
    push r8
    push r9
    push r10
    push K_RFLAGS
    push r12
    push r13
    push r14
    push r15
    mov rdi, r11
    mov rsp, kernel_stack + 16384
    call kernel_syscall
; Enter the current thread with all its registers.
exit_to_thread:
    mov rbp, CPU_RSP0
    mov rsp, [rbp]
    sub rsp, REGS_BYTES
    POP_REGS
    iretq

; Interrupts and exceptions: error code and vector stand on the stack.
trap_common:
    PUSH_REGS
    cld
clac_sites:
    db 0x0f, 0x1f, 0x00         ; three-byte nop; CLAC where the CPU has SMAP
clac_sites_end:
    mov rsi, rsp                ; the registers
    mov rsp, kernel_stack + 16384
    mov rdi, CPU_RSP0
    mov rdi, [rdi]
    xor ebp, ebp
    call kernel_trap            ; (current thread, registers as pushed)
    jmp exit_to_thread

; NMI, #MC, #DF and #DB run on their own stack: they can come before the kernel's is loaded.
; From user level they are an exception like another: the frame moves to the thread.
trap_ist:
    test byte [rsp+24], 3       ; cs, above vector, error, rip
    jz .kernel
    push rax
    push rdx
    mov rax, CPU_RSP0
    mov rax, [rax]
%assign i 0
%rep 7
    mov rdx, [rsp+16+8*i]
    mov [rax-56+8*i], rdx
%assign i i+1
%endrep
    pop rdx
    xchg rax, [rsp]             ; rax back; its slot holds T
    pop rsp
    sub rsp, 56
    jmp trap_common
.kernel:
    PUSH_REGS
    mov rdi, rsp
    call kernel_nmi             ; returns only from an NMI that may be ignored
    POP_REGS
    iretq

; The idle thread's whole life. Nothing is kept on its stack.
idle_loop:
    sti
    hlt
    jmp idle_loop

; One stub a vector, 16 bytes apart: vector_table + 16 * vector.
align 16
vector_table:
%assign v 0
%rep 256
    align 16
%if v == 8 || (v >= 10 && v <= 14) || v == 17 || v == 21 || v == 29 || v == 30
%else
    push 0
%endif
    push v
%if v == 1 || v == 2 || v == 8 || v == 18
    jmp trap_ist
%else
    jmp trap_common
%endif
%assign v v+1
%endrep
