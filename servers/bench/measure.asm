; measure.asm - the measuring loops. Each round reads the TSC, runs ONE operation through the
; smallest stub that the ABI allows, and reads the TSC again; nothing else stands in between.
; A system call keeps only rsp, so a loop's state lives in its stack frame:
;
;   rsp+0   START    low half of the first TSC        rsp+24  LEFT     rounds to go
;   rsp+8   PARAMS   struct measure (measure.h)       rsp+32  CAP      its handle
;   rsp+16  SAMPLE   where the next sample goes       rsp+40  W0  +48 TAG (invocations)
;
; Every function: rdi = struct measure; returns 0, or the round at which an answer was not the
; expected one. Numbers of system calls are pinned by static asserts in measure.c.
%include "marks.inc"
BITS 64
DEFAULT REL

SYS_NULL_   equ 1
SYS_SEND_   equ 2
SYS_SIGNAL_ equ 5

; struct measure
M_SAMPLES equ 0
M_ROUNDS  equ 8
M_CAP     equ 16        ; what is called
M_TAG     equ 24
M_WORDS   equ 32        ; six words
M_OTHER   equ 80        ; the operation that undoes it: cap, tag, six words
M_END     equ 144       ; address where the partner stores its TSC

START  equ 0
PARAMS equ 8
SAMPLE equ 16
LEFT   equ 24
CAP    equ 32
W0     equ 40
TAG    equ 48
FRAME  equ 64

section .text

%macro ENTER_LOOP 0
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
    sub rsp, FRAME
    mov [rsp+PARAMS], rdi
    mov rax, [rdi+M_SAMPLES]
    mov [rsp+SAMPLE], rax
    mov rax, [rdi+M_ROUNDS]
    mov [rsp+LEFT], rax
    mov rax, [rdi+M_CAP]
    mov [rsp+CAP], rax
    mov rax, [rdi+M_WORDS]
    mov [rsp+W0], rax
    mov rax, [rdi+M_TAG]
    mov [rsp+TAG], rax
%endmacro

; End of a round: eax = second TSC. Stores the difference, loops to %1.
%macro END_ROUND 1
    sub eax, [rsp+START]
    mov rdi, [rsp+SAMPLE]
    mov [rdi], eax
    add qword [rsp+SAMPLE], 4
    dec qword [rsp+LEFT]
    jnz %1
    xor eax, eax
%endmacro

%macro LEAVE_LOOP 0
    add rsp, FRAME
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    ret
%endmacro

; ---- the empty pair: what every sample contains besides the operation
global measure_empty
measure_empty:
    ENTER_LOOP
.round:
    rdtsc
    mov [rsp+START], eax
    rdtsc
    END_ROUND .round
    LEAVE_LOOP

; ---- 100 nops: the calibration
global measure_nops
measure_nops:
    ENTER_LOOP
.round:
    rdtsc
    mov [rsp+START], eax
    times 100 nop
    rdtsc
    END_ROUND .round
    LEAVE_LOOP

; ---- the cheapest system call
global measure_null
measure_null:
    ENTER_LOOP
.round:
    RDTSC_BEGIN
    mov [rsp+START], eax
    mov eax, SYS_NULL_
    syscall
    RDTSC_END
    END_ROUND .round
    LEAVE_LOOP

; ---- signal CAP, nobody waits
global measure_signal
measure_signal:
    ENTER_LOOP
.round:
    RDTSC_BEGIN
    mov [rsp+START], eax
    mov edi, [rsp+CAP]
    mov eax, SYS_SIGNAL_
    syscall
    RDTSC_END
    END_ROUND .round
    LEAVE_LOOP

; One system call, %1, on CAP; the partner of higher priority stores its first TSC at END before it
; waits again. Should it not have run, its TSC is older than the one here.
%macro MEASURE_TO_PARTNER 1
    ENTER_LOOP
.round:
    RDTSC_BEGIN
    mov [rsp+START], eax
    mov edi, [rsp+CAP]
    %1
    syscall
    mov rdi, [rsp+PARAMS]
    mov rdi, [rdi+M_END]
    mov eax, [rdi]
    mov ecx, eax
    sub ecx, [rsp+START]
    js .failed
    END_ROUND .round
.leave:
    LEAVE_LOOP
.failed:
    mov rax, [rsp+LEFT]
    jmp .leave
%endmacro

%macro NUMBER_OF_SIGNAL 0
    mov eax, SYS_SIGNAL_
%endmacro

%macro NUMBER_OF_SEND 0
    xor esi, esi                ; the tag: registers only
    mov eax, SYS_SEND_
%endmacro

; ---- signal CAP, on which a waiter waits
global measure_signal_waiter
measure_signal_waiter:
    MEASURE_TO_PARTNER NUMBER_OF_SIGNAL

; ---- send to CAP, from which a receiver receives
global measure_send
measure_send:
    MEASURE_TO_PARTNER NUMBER_OF_SEND

; ---- call CAP with TAG; the partner answers the same words. Word 5 (r13) proves that the answer
; came: on an error it would be 0.
global measure_call
measure_call:
    ENTER_LOOP
.round:
    mov rax, [rsp+PARAMS]
    mov r8, [rax+M_WORDS+8]
    mov r9, [rax+M_WORDS+16]
    mov r10, [rax+M_WORDS+24]
    mov r12, [rax+M_WORDS+32]
    mov r13, [rax+M_WORDS+40]
    RDTSC_BEGIN
    mov [rsp+START], eax
    mov edi, [rsp+CAP]
    mov esi, [rsp+TAG]
    mov edx, [rsp+W0]
    xor eax, eax
    syscall
    RDTSC_END
    mov rdi, [rsp+PARAMS]
    cmp r13, [rdi+M_WORDS+40]
    jne .failed
    END_ROUND .round
.leave:
    LEAVE_LOOP
.failed:
    mov rax, [rsp+LEFT]
    jmp .leave

; ---- invoke CAP with TAG and the six words, measured; then the operation that undoes it, not
; measured. An undoing that fails ends the loop: there was nothing to undo.
global measure_invoke
measure_invoke:
    ENTER_LOOP
.round:
    mov rax, [rsp+PARAMS]
    mov r8, [rax+M_WORDS+8]
    mov r9, [rax+M_WORDS+16]
    mov r10, [rax+M_WORDS+24]
    mov r12, [rax+M_WORDS+32]
    mov r13, [rax+M_WORDS+40]
    RDTSC_BEGIN
    mov [rsp+START], eax
    mov edi, [rsp+CAP]
    mov rsi, [rsp+TAG]
    mov rdx, [rsp+W0]
    xor eax, eax
    syscall
    RDTSC_END
    sub eax, [rsp+START]
    mov rdi, [rsp+SAMPLE]
    mov [rdi], eax
    mov rax, [rsp+PARAMS]
    mov rdi, [rax+M_OTHER]
    mov rsi, [rax+M_OTHER+8]
    mov rdx, [rax+M_OTHER+16]
    mov r8, [rax+M_OTHER+24]
    mov r9, [rax+M_OTHER+32]
    mov r10, [rax+M_OTHER+40]
    mov r12, [rax+M_OTHER+48]
    mov r13, [rax+M_OTHER+56]
    xor eax, eax
    syscall
    test eax, eax
    jnz .failed
    add qword [rsp+SAMPLE], 4
    dec qword [rsp+LEFT]
    jnz .round
    xor eax, eax
.leave:
    LEAVE_LOOP
.failed:
    mov rax, [rsp+LEFT]
    jmp .leave

; ---- handle faults on the endpoint W0 with the Reply CAP: the partner's one instruction faults for
; ever, so the time from one receive to the next is answer, resumption, fault and delivery: exactly
; one round trip. r8 (the faulting RIP) proves that a fault came.
global measure_fault
measure_fault:
    ENTER_LOOP
    mov edi, [rsp+CAP]          ; the first fault: a reply to nobody, then receive
    mov ebx, [rsp+W0]
    xor esi, esi
    mov eax, -1
    syscall
.round:
    RDTSC_BEGIN
    mov [rsp+START], eax
    mov edi, [rsp+CAP]
    mov ebx, [rsp+W0]
    xor esi, esi
    mov eax, -1
    syscall
    RDTSC_END
    test r8, r8
    jz .failed
    END_ROUND .round
.leave:
    LEAVE_LOOP
.failed:
    mov rax, [rsp+LEFT]
    jmp .leave

; ---- around the measured rounds of a benchmark; clobber rax and rdx
global measure_mark_begin, measure_mark_end
measure_mark_begin:
    MARK_SERIES_BEGIN
    ret
measure_mark_end:
    MARK_SERIES_END
    ret

; ---- what the interrupted thread runs, rdi = its word for the last TSC. Pairs only, so that at
; most one instruction lies between the last stamp and the interrupt.
global spin_stamping
spin_stamping:
%rep 256
    RDTSC_BEGIN
    mov [rdi], eax
%endrep
    jmp spin_stamping

; ---- what the thread runs that continues after the acknowledgement: the first TSC that it reads
; while the word at rdi is 0 goes there.
global spin_first
spin_first:
    RDTSC_END
    mov ecx, eax
    xor eax, eax
    cmpxchg [rdi], ecx
    jmp spin_first

section .note.GNU-stack noalloc noexec nowrite progbits
