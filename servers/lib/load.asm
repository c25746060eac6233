; load.asm - what the threads of load.c run. Position-independent; rsp points at their page:
;   +0 EP   +8 REPLY   +16 WORK   +24 COUNT
BITS 64
DEFAULT REL

SYS_REPLY_RECV_ equ -1
SYS_CALL_       equ 0

EP    equ 0
REPLY equ 8
WORK  equ 16
COUNT equ 24

section .text

; ---- counts for ever
global load_spin, load_spin_end
load_spin:
    inc qword [rsp+COUNT]
    jmp load_spin
load_spin_end:

; ---- answers each call after WORK rounds of counting; 0 rounds are 2^64, that is never
global load_serve, load_serve_end
load_serve:
    mov edi, [rsp+REPLY]
    mov ebx, [rsp+EP]
    xor esi, esi
    mov eax, SYS_REPLY_RECV_
    syscall
    mov rcx, [rsp+WORK]
.work:
    inc qword [rsp+COUNT]
    dec rcx
    jnz .work
    jmp load_serve
load_serve_end:

; ---- calls for ever and counts the answers
global load_call, load_call_end
load_call:
    mov edi, [rsp+EP]
    xor esi, esi
    mov eax, SYS_CALL_
    syscall
    inc qword [rsp+COUNT]
    jmp load_call
load_call_end:

section .note.GNU-stack noalloc noexec nowrite progbits
