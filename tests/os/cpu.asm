; cpu.asm - code that a puppet of cpu.c and debug.c is made to jump to, at CPU_CODE_VA of its space.
; Its argument is the order's rsi. It ends like a puppet's order: rax to the page's OUT, the order
; counted, back to the puppet's loop.
BITS 64
DEFAULT REL

PUPPET  equ 0x400000            ; LAB_CODE_VA, where the puppet's loop is
DONE    equ 16                  ; of struct puppet_page, at rsp
IN_RSI  equ 32 + 4*8
OUT_RAX equ 160
SYS_NULL_ equ 1

section .text
global cpu_blob, cpu_blob_end, cpu_avx_load, cpu_avx_store, cpu_steps, cpu_call_step
global cpu_ss_syscall, cpu_ss_int3, cpu_ss_int1
cpu_blob:
cpu_avx_load:                   ; all of ymm0 from the argument
    vbroadcastsd ymm0, [rsp+IN_RSI]
    jmp finish
cpu_avx_store:                  ; rax = the top of ymm0
    vextractf128 xmm1, ymm0, 1
    vpextrq rax, xmm1, 1
    jmp finish
cpu_steps:                      ; debug.c knows each instruction's length
    int3
    nop
    mov eax, SYS_NULL_
    syscall
    nop
    lea rsp, [rsp+2048]         ; a stack
    pushfq
    pop rax
    lea rsp, [rsp-2048]
    jmp finish
cpu_call_step:                  ; a call that waits: rsi names the endpoint
    int3
    mov rdi, [rsp+IN_RSI]
    xor esi, esi
    xor eax, eax
    syscall
    nop
    jmp finish
; A breakpoint on what `mov ss` reads waits for the end of the next instruction, in the kernel.
cpu_ss_syscall:
    mov eax, SYS_NULL_
    mov rcx, [rsp+IN_RSI]
    mov ss, [rcx]
    syscall
    jmp finish
cpu_ss_int3:
    mov rcx, [rsp+IN_RSI]
    mov ss, [rcx]
    int3
    jmp finish
cpu_ss_int1:
    mov rcx, [rsp+IN_RSI]
    mov ss, [rcx]
    db 0xf1                     ; int1
finish:
    mov [rsp+OUT_RAX], rax
    inc qword [rsp+DONE]
    mov rax, PUPPET
    jmp rax
cpu_blob_end:

section .note.GNU-stack noalloc noexec nowrite progbits
