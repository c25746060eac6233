; fastpath.asm - call and reply_recv when the partner waits on this CPU and nothing is unusual.
;
; It proves, then commits: up to the line "commit" nothing has been written and every argument
; register still holds what the user put there, so any doubt is a jump to the slow path, which
; does the same thing and more. One dword compare of state words proves "the partner waits, on
; this CPU, and neither of us has a flag": flags lie elsewhere in a running thread's word than in
; a waiting one's, and an idle endpoint or Reply points at itself, whose word no thread has.
;
; From SYSCALL: rcx RIP, r11 RFLAGS (not kept: the caller's flags are clobbered), all else the
; user's; eax is the call number. Free: rbp r11 rcx r14 r15 rsp, and rbx in a call.
; docs/fastpath.md explains it step by step.

%include "cpu.inc"
BITS 64
DEFAULT REL

global syscall_entry
extern syscall_slow, exit_to_thread, kernel_answer_event, kernel_stack, cpu_features

%define TAG_EXTRA 0x7f          ; words in the buffer; any other low bit of the tag is slow

section .text

; Turn the handle in %1 into the address of its slot; %2 goes slow. Clobbers r15 (SPEC).
%macro SLOT 2
    cmp %1, [r11+T_CNODE_SLOTS]
    jae %2
%if CONFIG_SPEC
    sbb r15, r15                ; from the cmp's carry: 0 where the jump was guessed wrong
    and %1, r15
%endif
    shl %1, 5
    add %1, [r11+T_CNODE]
%endmacro

; Enter thread %1's address space; clobbers rcx, rax and rbx (SPEC).
%macro ENTER_SPACE 1
    mov rcx, [%1+T_CR3]
    cmp rcx, [r11+T_CR3]
    je %%same
    mov cr3, rcx
%if CONFIG_SPEC
    cmp byte [cpu_features+F_IBPB], 0
    je %%same
    mov rbx, rdx
    mov ecx, K_MSR_PRED_CMD
    mov eax, K_PRED_CMD_IBPB
    xor edx, edx
    wrmsr
    mov rdx, rbx
%endif
%%same:
    mov [rbp], %1
%endmacro

; Copy the tag's extra words from my buffer to that of thread %1; keeps rsi.
%macro COPY_BUFFER 1
    mov rsp, rdi
    mov rbx, rsi
    movzx ecx, bl
    mov rsi, [r11+T_BUFFER]
    mov rdi, [%1+T_BUFFER]
    rep movsq
    mov rsi, rbx
    mov rdi, rsp
%endmacro

; To thread %1 at user level with a message in the argument registers; nothing else leaks.
%macro LEAVE 1
    mov rsp, [%1+T_RSP]
    mov rcx, [%1+T_RIP]
    xor eax, eax
    xor ebx, ebx
    xor ebp, ebp
    xor r14d, r14d
    xor r15d, r15d
    mov r11d, K_RFLAGS
    o64 sysret
%endmacro

%macro NEED_BUFFERS 2
    cmp qword [r11+T_BUFFER], 0
    je %2
    cmp qword [%1+T_BUFFER], 0
    je %2
%endmacro

%macro CALL 1                   ; %1: words in the buffer
    mov rcx, rdi
    SLOT rcx, slow_call
    test byte [rcx+SLOT_FAST], K_FAST_SEND
    jz slow_call
    mov rbx, [rcx+SLOT_OBJ]     ; endpoint
    mov r14, [rbx+N_NEXT]       ; first that waits, or the endpoint itself
    mov eax, [r11+T_WORD]
    lea r15d, [rax+STATE_RECEIVING-STATE_RUNNING]
    cmp r15d, [r14+T_WORD]
    jne slow_call
    mov r15d, [r14+T_PRIO]
    cmp r15d, [r11+T_PRIO]
    jb slow_call
%if %1
    NEED_BUFFERS r14, slow_call
%endif
    ; commit: the Reply holds me, the receiver runs on my payer
    mov r15, [r14+T_REPLY]
    mov [r15+R_CALLER], r11
    mov [r11+T_REPLY], r15
    mov r15, [r11+T_PAYER]
    mov [r14+T_PAYER], r15
    mov r15, [r14+T_NEXT]
    mov [rbx+N_NEXT], r15
    mov [r15+N_PREV], rbx
    mov [r14+T_WORD], eax
    add eax, STATE_CALLING-STATE_RUNNING
    mov [r11+T_WORD], eax
    mov rdi, [rcx+SLOT_BADGE]
    ENTER_SPACE r14
%if %1
    COPY_BUFFER r14
%endif
    LEAVE r14
%endmacro

%macro REPLY_RECV 1
    mov rcx, rdi
    SLOT rcx, slow_reply
    test byte [rcx+SLOT_FAST], K_FAST_REPLY
    jz slow_reply
    mov r14, rbx
    SLOT r14, slow_reply
    test byte [r14+SLOT_FAST], K_FAST_RECV
    jz slow_reply
    mov rcx, [rcx+SLOT_OBJ]     ; Reply
    mov r14, [r14+SLOT_OBJ]     ; endpoint
    cmp r11, [rcx+R_OWNER]
    jne slow_reply
    mov r15, [rcx+R_CALLER]     ; whom it holds, or the Reply itself
    mov eax, [r11+T_WORD]
    add eax, STATE_CALLING-STATE_RUNNING
    cmp eax, [r15+T_WORD]
%if %1
    jne slow_reply
%else
    jne reply_other
%endif
    cmp r14, [r14+N_NEXT]       ; nobody queued
    jne slow_reply
    mov esp, [r15+T_PRIO]
    cmp esp, [rbp+CPU_MAX_READY]
    jb slow_reply
    mov rsp, [r15+T_PAYER]
    cmp rsp, [r11+T_PAYER]
    jne slow_reply
%if %1
    NEED_BUFFERS r15, slow_reply
%endif
    ; commit: the Reply is empty and armed, I am the endpoint's receiver
    mov [rcx+R_CALLER], rcx
    mov [r11+T_REPLY], rcx
    mov [r14+N_NEXT], r11
    mov [r14+N_PREV], r11
    mov [r11+T_NEXT], r14
    mov [r11+T_PREV], r14
    sub eax, STATE_CALLING-STATE_RUNNING
    mov [r15+T_WORD], eax
    add eax, STATE_RECEIVING-STATE_RUNNING
    mov [r11+T_WORD], eax
    ENTER_SPACE r15
%if %1
    COPY_BUFFER r15
%endif
    xor edi, edi
    LEAVE r15
%endmacro

align 64
syscall_entry:
    mov rbp, CPU_RSP0
    mov r11, [rbp]              ; the current thread
    mov [r11+T_RIP], rcx
    mov [r11+T_RSP], rsp
    test eax, eax
    jnz not_call
%if !CONFIG_FASTPATH
    jmp syscall_slow
%endif
    test esi, esi
    jnz call_long
    CALL 0

align 64
not_call:
    cmp eax, K_SYS_REPLY_RECV
    jne other
%if !CONFIG_FASTPATH
    jmp slow_reply
%endif
    test esi, esi
    jnz reply_long
    REPLY_RECV 0

; The cheapest system call: all but rax, rcx, rbp and r11 stay as they are.
other:
    cmp eax, K_SYS_NULL
    jne syscall_slow
    xor eax, eax
    xor ebp, ebp
    mov r11d, K_RFLAGS
    o64 sysret

slow_call:
    xor eax, eax
    jmp syscall_slow

slow_reply:
    mov rax, -1
    jmp syscall_slow

; The Reply rcx, which is mine, holds r15; endpoint r14. An answer to an interrupt or to a fault
; carries nothing but its label; and where nobody is queued nothing takes long, so that no argument
; needs to be kept.
reply_other:
    mov eax, [r15+T_WORD]
    cmp eax, K_WORD_IRQ
    je .event
    cmp eax, STATE_FAULTED
    jne slow_reply
.event:
    cmp r14, [r14+N_NEXT]
    jne slow_reply
    mov rdi, r11
    mov rdx, rcx
    mov rcx, r14
    mov rsp, kernel_stack + 16384
%if CONFIG_DEBUG
    xor ebp, ebp
%endif
    call kernel_answer_event    ; (current thread, tag, Reply, endpoint)
    jmp exit_to_thread

align 64
call_long:
    test esi, ~TAG_EXTRA
    jnz slow_call
    cmp esi, K_EXTRA_MAX
    ja slow_call
    CALL 1

align 64
reply_long:
    test esi, ~TAG_EXTRA
    jnz slow_reply
    cmp esi, K_EXTRA_MAX
    ja slow_reply
    REPLY_RECV 1
