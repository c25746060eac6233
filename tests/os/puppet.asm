; puppet.asm - a thread that does what it is told: waits for its notification, does the one thing
; that its page describes, stores all its registers there, counts, and waits again. It is position-
; independent and lives on its page alone (rsp), so it runs in any address space.
;   page (struct puppet_page): +0 GO  +8 COMMAND  +16 DONE  +24 SPINS  +32 IN (15)  +160 OUT (16)
; Register order: rax rbx rcx rdx rsi rdi rbp r8 to r15, and rsp as OUT's last.
BITS 64
DEFAULT REL

SYS_WAIT_ equ 6
GO      equ 0
COMMAND equ 8
DONE    equ 16
SPINS   equ 24
IN_     equ 32
OUT_    equ 160

section .text
global puppet_blob, puppet_blob_end
puppet_blob:
.wait:
    mov rdi, [rsp+GO]
    xor esi, esi
    xor ebx, ebx
    xor edx, edx
    mov eax, SYS_WAIT_
    syscall
    test eax, eax
    jnz .gone
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
    jmp .wait
.syscall:
    mov rax, [rsp+IN_+0*8]
    mov rbx, [rsp+IN_+1*8]
    mov rcx, [rsp+IN_+2*8]
    mov rdx, [rsp+IN_+3*8]
    mov rsi, [rsp+IN_+4*8]
    mov rbp, [rsp+IN_+6*8]
    mov r8,  [rsp+IN_+7*8]
    mov r9,  [rsp+IN_+8*8]
    mov r10, [rsp+IN_+9*8]
    mov r11, [rsp+IN_+10*8]
    mov r12, [rsp+IN_+11*8]
    mov r13, [rsp+IN_+12*8]
    mov r14, [rsp+IN_+13*8]
    mov r15, [rsp+IN_+14*8]
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
.gone:
    ud2                         ; no notification, no puppet
puppet_blob_end:

section .note.GNU-stack noalloc noexec nowrite progbits
