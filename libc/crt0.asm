; crt0.asm - where every user program starts.
; A task has nobody to return to: its end is a fault that the root task sees and logs.

bits 64
default rel

extern main
global _start

section .text

; On entry: rsp 16-aligned, top of an empty stack; rdi, rsi from THREAD_START, handed on to main.
; Never returns: when main does, the undefined instruction raises an exception fault at RIP
; _start.end with main's result in rax.
_start:
        xor     ebp, ebp                ; the outermost frame, for debuggers
        call    main
.end:
        ud2
        jmp     .end                    ; a supervisor that resumes it faults it again

section .note.GNU-stack noalloc noexec nowrite progbits
