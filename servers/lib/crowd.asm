; crowd.asm - see crowd.h.
BITS 64
DEFAULT REL

SYS_CALL_ equ 0
SYS_RECV_ equ 3
SYS_WAIT_ equ 6

section .text
global crowd_caller, crowd_receiver, crowd_waiter

crowd_caller:
    xor edx, edx
    xor ebx, ebx
    mov eax, SYS_CALL_
    syscall
    ud2

crowd_receiver:
    mov rbx, rdi
    xor edi, edi
    mov eax, SYS_RECV_
    syscall
    ud2

crowd_waiter:
    mov eax, SYS_WAIT_
    syscall
    ud2

section .note.GNU-stack noalloc noexec nowrite progbits
