; entry.asm - every way into the kernel but the fastpath, and the one way out.
;
; Registers of a thread end at the thread itself (T), which TSS.RSP0 names, so an interrupt from
; user level pushes straight into the current thread:
;   T-8 ss  -16 rsp  -24 rflags  -32 cs  -40 rip  -48 error  -56 vector
;   T-64 rax rdi rsi r13 r12 r10 r9 r8 rdx rbx rbp rcx r11 r14 r15 at T-176
; The idle loop runs in ring 0 with rsp = T of the idle thread: it is entered and left alike.
; On entry to C: interrupts off, DF and AC clear, the kernel stack empty.

%include "cpu.inc"
BITS 64
DEFAULT REL

global syscall_debug, syscall_slow, exit_to_thread, idle_loop, vector_table, clac_sites, clac_sites_end
extern kernel_syscall, kernel_syscall_debug, kernel_trap, kernel_stack, kernel_nmi

section .text

%macro PUSH_REGS 0
    push rax
    push rdi
    push rsi
    push r13
    push r12
    push r10
    push r9
    push r8
    push rdx
    push rbx
    push rbp
    push rcx
    push r11
    push r14
    push r15
%endmacro

%macro POP_REGS 0                ; and drop vector and error code
    pop r15
    pop r14
    pop r11
    pop rcx
    pop rbp
    pop rbx
    pop rdx
    pop r8
    pop r9
    pop r10
    pop r12
    pop r13
    pop rsi
    pop rdi
    pop rax
    add rsp, 16
%endmacro

; r11 is the current thread, eax the call number, the arguments are still in their registers; RIP and
; RSP are saved. Prepares to call C with (current thread, call number). The frame is a light one: what
; an interrupt would add to it is constant (object.h, struct regs).
%macro SAVE_CALL 0
    mov [r11+T_RDI], rdi
    mov [r11+T_RSI], rsi
    mov [r11+T_RBX], rbx
    mov [r11+T_RDX], rdx
    mov [r11+T_R8], r8
    mov [r11+T_R9], r9
    mov [r11+T_R10], r10
    mov [r11+T_R12], r12
    mov [r11+T_R13], r13
    mov rdi, r11
    mov esi, eax
    mov rsp, kernel_stack + 16384
%if CONFIG_DEBUG
    xor ebp, ebp                ; backtraces end here
%endif
%endmacro

; LSTAR names this while a thread with TF_DEBUG runs (thread_debug.c).
syscall_debug:
    mov rbp, CPU_RSP0
    mov r11, [rbp]
    mov [r11+T_RIP], rcx
    mov [r11+T_RSP], rsp
    SAVE_CALL
    call kernel_syscall_debug
    jmp exit_to_thread

; From fastpath.asm, which has saved RIP and RSP.
syscall_slow:
    SAVE_CALL
    call kernel_syscall
; Enter the current thread with all its registers.
exit_to_thread:
    mov rbp, CPU_RSP0
    mov rsp, [rbp]
    cmp dword [rsp+T_VECTOR], 0
    jne .full
    mov rdi, [rsp+T_RDI]
    mov rsi, [rsp+T_RSI]
    mov rax, [rsp+T_RAX]
    mov rdx, [rsp+T_RDX]
    mov r8, [rsp+T_R8]
    mov r9, [rsp+T_R9]
    mov r10, [rsp+T_R10]
    mov r12, [rsp+T_R12]
    mov r13, [rsp+T_R13]
    mov rcx, [rsp+T_RIP]
    mov rsp, [rsp+T_RSP]
    xor ebx, ebx
    xor ebp, ebp
    xor r14d, r14d
    xor r15d, r15d
    mov r11d, K_RFLAGS
    o64 sysret
.full:
    mov dword [rsp+T_VECTOR], 0
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
    mov rdi, rsp
%if CONFIG_DEBUG
    mov rax, rsp
    sub rax, kernel_stack
    cmp rax, 16384
    jb .in_kernel               ; the panic shows the stack as it is
    xor ebp, ebp
%endif
    mov rsp, kernel_stack + 16384
.in_kernel:
    call kernel_trap            ; (registers as pushed)
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

; One stub a vector, 16 bytes apart: vector_table + 16 * vector. An interrupt that a device forged
; with the vector of an exception pushes no error code: kernel_trap sees that, and the one on a stack
; of its own gets a gap for it here (the CPU aligns the stack before it pushes).
align 16
vector_table:
%assign v 0
%rep 256
    align 16
%if v == 8 || (v >= 10 && v <= 14) || v == 17 || v == 21 || v == 29 || v == 30
%else
    push 0
%endif
%if v == 8
    and rsp, -16
%endif
    push v | K_FRAME_FULL
%if v == 1 || v == 2 || v == 8 || v == 18
    jmp trap_ist
%else
    jmp trap_common
%endif
%assign v v+1
%endrep
