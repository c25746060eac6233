; puppet.asm - a thread that does what it is told: waits for its notification, does the one thing
; that its page describes, stores all its registers there, counts, and waits again. It is position-
; independent and lives on its page alone (rsp), so it runs in any address space.
;   page (struct puppet_page): +0 GO  +8 COMMAND  +16 DONE  +24 SPINS  +32 IN (16)  +160 OUT (16)
;     +288 FLAGS_IN  +296 FLAGS_OUT  +304 RELEASE  +312 SEGMENTS (6)  below +512 a stack
;     +1024 FPU (an FXSAVE image)  +2048 AVX (16 x 32 bytes)
; Register order: rax rbx rcx rdx rsi rdi rbp r8 to r15, and rsp as OUT's last.
BITS 64
DEFAULT REL

SYS_WAIT_ equ 6
E_GONE_   equ 10
E_INTR_   equ 13
GO        equ 0
COMMAND   equ 8
DONE      equ 16
SPINS     equ 24
IN_       equ 32
OUT_      equ 160
FLAGS_IN  equ 288
FLAGS_OUT equ 296
RELEASE   equ 304
SEGMENTS  equ 312
STACK_END equ 512
FPU       equ 1024
AVX       equ 2048

; Every register from IN, the flags from FLAGS_IN; rsp stays.
%macro LOAD_ALL 0
    lea rsp, [rsp+STACK_END]
    push qword [rsp-STACK_END+FLAGS_IN]
    popfq
    lea rsp, [rsp-STACK_END]
    mov rax, [rsp+IN_+0*8]
    mov rbx, [rsp+IN_+1*8]
    mov rcx, [rsp+IN_+2*8]
    mov rdx, [rsp+IN_+3*8]
    mov rsi, [rsp+IN_+4*8]
    mov rdi, [rsp+IN_+5*8]
    mov rbp, [rsp+IN_+6*8]
    mov r8,  [rsp+IN_+7*8]
    mov r9,  [rsp+IN_+8*8]
    mov r10, [rsp+IN_+9*8]
    mov r11, [rsp+IN_+10*8]
    mov r12, [rsp+IN_+11*8]
    mov r13, [rsp+IN_+12*8]
    mov r14, [rsp+IN_+13*8]
    mov r15, [rsp+IN_+14*8]
%endmacro

section .text
global puppet_blob, puppet_blob_end, puppet_instructions, puppet_instructions_end
puppet_blob:
.wait:
    mov rdi, [rsp+GO]
    xor esi, esi
    xor ebx, ebx
    xor edx, edx
    mov eax, SYS_WAIT_
    syscall
    test eax, eax
    jz .go
    cmp eax, E_INTR_            ; suspended or cancelled while it had no order: wait again
    je .wait
    cmp eax, E_GONE_
    je .wait
    ud2                         ; no notification, no puppet
.go:
    mov eax, [rsp+COMMAND]
    mov rdi, [rsp+IN_+5*8]
    dec eax
    js .syscall                 ; 0
    jz .read                    ; 1: read the byte at rdi
    dec eax
    jz .write                   ; 2: write it
    dec eax
    jz .jump                    ; 3: run it
    dec eax
    jz .ud2                     ; 4
    dec eax
    jz .in                      ; 5: read port rdi
    dec eax
    jz .spin                    ; 6: count for ever
    dec eax
    jz .fpu_load                ; 7: xmm0 from rdi
    dec eax
    jz .fpu_store               ; 8: rax = xmm0
    dec eax
    jz .halt                    ; 9: a privileged instruction
    dec eax
    jz .divide                  ; 10: by zero
    dec eax
    jz .break                   ; 11
    dec eax
    jz .hold                    ; 12: all registers loaded, wait for RELEASE
    dec eax
    jz .touch                   ; 13: all registers loaded, read the byte at rdi
    dec eax
    jz .fpu_load_all            ; 14: from FPU
    dec eax
    jz .fpu_store_all           ; 15: to FPU
    dec eax
    jz .avx_load_all            ; 16: from AVX
    dec eax
    jz .avx_store_all           ; 17: to AVX
    dec eax
    jz .segments_load           ; 18: ds es fs gs from rdi
    dec eax
    jz .segments_store          ; 19: to SEGMENTS
    dec eax
    jz .fs_read                 ; 20: rax from fs:rdi
    jmp .wait
.syscall:
    LOAD_ALL
    syscall
.dump:
    mov [rsp+OUT_+0*8], rax
    mov [rsp+OUT_+1*8], rbx
    mov [rsp+OUT_+2*8], rcx
    mov [rsp+OUT_+3*8], rdx
    mov [rsp+OUT_+4*8], rsi
    mov [rsp+OUT_+5*8], rdi
    mov [rsp+OUT_+6*8], rbp
    mov [rsp+OUT_+7*8], r8
    mov [rsp+OUT_+8*8], r9
    mov [rsp+OUT_+9*8], r10
    mov [rsp+OUT_+10*8], r11
    mov [rsp+OUT_+11*8], r12
    mov [rsp+OUT_+12*8], r13
    mov [rsp+OUT_+13*8], r14
    mov [rsp+OUT_+14*8], r15
    mov [rsp+OUT_+15*8], rsp
    lea rsp, [rsp+STACK_END]
    pushfq
    pop qword [rsp-STACK_END+FLAGS_OUT]
    push 2
    popfq
    lea rsp, [rsp-STACK_END]
    inc qword [rsp+DONE]
    jmp .wait
.read:
    mov al, [rdi]
    jmp .dump
.write:
    mov [rdi], al
    jmp .dump
.jump:
    jmp rdi
.ud2:
    ud2
    jmp .dump
.in:
    mov edx, edi
    in al, dx
    jmp .dump
.spin:
    inc qword [rsp+SPINS]
    jmp .spin
.fpu_load:
    movq xmm0, rdi
    jmp .dump
.fpu_store:
    movq rax, xmm0
    jmp .dump
.halt:
    hlt
    jmp .dump
.divide:
    xor eax, eax
    xor edx, edx
    xor ecx, ecx
    div ecx
    jmp .dump
.break:
    int3
    jmp .dump
.hold:
    LOAD_ALL
.held:
    inc qword [rsp+SPINS]
    cmp qword [rsp+RELEASE], 0
    je .held
    jmp .dump
.touch:
    LOAD_ALL
    cmp byte [rdi], 0           ; 3 bytes
    jmp .dump
.fpu_load_all:
    fxrstor64 [rsp+FPU]
    jmp .dump
.fpu_store_all:
    fxsave64 [rsp+FPU]
    jmp .dump
.avx_load_all:
%assign i 0
%rep 16
    vmovdqu ymm%+i, [rsp+AVX+32*i]
%assign i i+1
%endrep
    jmp .dump
.avx_store_all:
%assign i 0
%rep 16
    vmovdqu [rsp+AVX+32*i], ymm%+i
%assign i i+1
%endrep
    jmp .dump
.segments_load:
    mov ds, edi
    mov es, edi
    mov fs, edi
    mov gs, edi
    jmp .dump
.segments_store:
    xor eax, eax
    mov ax, cs
    mov [rsp+SEGMENTS+0*8], rax
    mov ax, ss
    mov [rsp+SEGMENTS+1*8], rax
    mov ax, ds
    mov [rsp+SEGMENTS+2*8], rax
    mov ax, es
    mov [rsp+SEGMENTS+3*8], rax
    mov ax, fs
    mov [rsp+SEGMENTS+4*8], rax
    mov ax, gs
    mov [rsp+SEGMENTS+5*8], rax
    jmp .dump
.fs_read:
    mov rax, [fs:rdi]
    jmp .dump

; Instructions that user level must not have the use of, one in 16 bytes; PUPPET_JUMP runs one.
; The list of what each must give is in privileged.c, in the same order.
%macro INSTRUCTION 1+
    align 16
    %1
    jmp puppet_blob.dump
%endmacro
    align 16
puppet_instructions:
    INSTRUCTION hlt
    INSTRUCTION cli
    INSTRUCTION sti
    INSTRUCTION clts
    INSTRUCTION invd
    INSTRUCTION wbinvd
    INSTRUCTION invlpg [rsp]
    INSTRUCTION lgdt [rsp+FPU]
    INSTRUCTION lidt [rsp+FPU]
    INSTRUCTION lldt ax
    INSTRUCTION ltr ax
    INSTRUCTION lmsw ax
    INSTRUCTION mov rax, cr0
    INSTRUCTION mov rax, cr2
    INSTRUCTION mov rax, cr3
    INSTRUCTION mov rax, cr4
    INSTRUCTION mov rax, cr8
    INSTRUCTION mov cr0, rax
    INSTRUCTION mov cr3, rax
    INSTRUCTION mov cr4, rax
    INSTRUCTION mov cr8, rax
    INSTRUCTION mov rax, dr0
    INSTRUCTION mov rax, dr6
    INSTRUCTION mov rax, dr7
    INSTRUCTION mov dr0, rax
    INSTRUCTION mov dr7, rax
    INSTRUCTION rdmsr
    INSTRUCTION wrmsr
    INSTRUCTION swapgs
    INSTRUCTION o64 sysret
    INSTRUCTION in al, 0x80
    INSTRUCTION out 0x80, al
    INSTRUCTION int 0x80
    INSTRUCTION int 0
    INSTRUCTION int 2
    INSTRUCTION int 8
    INSTRUCTION int 14
    INSTRUCTION int 32
    INSTRUCTION int 255
    INSTRUCTION ud2
    INSTRUCTION int3
    INSTRUCTION sgdt [rsp+FPU]
    INSTRUCTION sidt [rsp+FPU]
    INSTRUCTION sldt [rsp+FPU]
    INSTRUCTION str [rsp+FPU]
    INSTRUCTION smsw [rsp+FPU]
    INSTRUCTION sysenter
    INSTRUCTION int1
    align 16
puppet_instructions_end:
puppet_blob_end:

section .note.GNU-stack noalloc noexec nowrite progbits
