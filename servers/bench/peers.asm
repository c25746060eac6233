; peers.asm - what the partners run: position-independent blobs that are copied to a page of their
; own. rsp points at the pages shared with the bench (struct peer_page in measure.h), because a
; system call keeps nothing but rsp; there is no other stack.
;
;   rsp+0  REPLY   rsp+8 EP   rsp+16 NOTIFY   rsp+24 ROUNDS   rsp+32 STAMP   rsp+40 ACK
;   rsp+48 COUNT   rsp+56 DONE (notification)  rsp+64 BAD   rsp+72 SEED   rsp+80 DELAY (ticks of the
;   PIT)   rsp+4096.. samples
%include "marks.inc"
BITS 64
DEFAULT REL

SYS_REPLY_RECV_ equ -1
SYS_RECV_       equ 3
SYS_REPLY_      equ 4
SYS_SIGNAL_     equ 5
SYS_WAIT_       equ 6

REPLY  equ 0
EP     equ 8
NOTIFY equ 16
ROUNDS equ 24
STAMP  equ 32
ACK    equ 40
COUNT  equ 48
DONE   equ 56
BAD    equ 64
SEED   equ 72
DELAY  equ 80
DELAY_MAX equ 128               ; 0.1 ms: a series stays within its time
SAMPLES equ 4096

PIT_CHANNEL0 equ 0x40
PIT_COMMAND  equ 0x43
PIT_ONE_SHOT equ 0x30           ; channel 0, low then high byte, mode 0: interrupt on terminal count

section .text

; On an error every register but rax is 0: the caller gets zeros for an answer, and knows.
%macro GIVE_UP 0
    mov edi, [rsp+REPLY]
    xor esi, esi
    mov eax, SYS_REPLY_
    syscall
    ud2
%endmacro

; ---- counts while nobody else runs: two instructions a turn
global peer_idle, peer_idle_end
peer_idle:
    inc qword [rsp+COUNT]
    jmp peer_idle
peer_idle_end:

; ---- writes down when somebody else ran: pairs of TSC readings, COUNT of them, at most ROUNDS
GAP_LEAST equ 64                ; more than a turn

global peer_gaps, peer_gaps_end
peer_gaps:
    rdtsc
    shl rdx, 32
    or rax, rdx
.next:
    mov rcx, rax
    rdtsc
    shl rdx, 32
    or rax, rdx
    mov rdx, rax
    sub rdx, rcx
    cmp rdx, GAP_LEAST
    jbe .next
    mov rsi, [rsp+COUNT]
    cmp rsi, [rsp+ROUNDS]
    jae .next
    mov rdi, rsi
    shl rdi, 4
    mov [rsp+rdi+SAMPLES], rcx
    mov [rsp+rdi+SAMPLES+8], rax
    inc rsi
    mov [rsp+COUNT], rsi
    jmp .next
peer_gaps_end:

; ---- answers every call with what it carried
global peer_echo, peer_echo_end
peer_echo:
    xor esi, esi
.next:
    mov edi, [rsp+REPLY]
    mov ebx, [rsp+EP]
    mov eax, SYS_REPLY_RECV_
    syscall
    test eax, eax
    jz .next
    GIVE_UP
peer_echo_end:

; ---- answers every call with its words only: what came with them stays here
global peer_taker, peer_taker_end
peer_taker:
    xor esi, esi
    mov edi, [rsp+REPLY]
    mov ebx, [rsp+EP]
    mov eax, SYS_REPLY_RECV_
    syscall
    test eax, eax
    jz peer_taker
    GIVE_UP
peer_taker_end:

; ---- waits for the notification, stores its first TSC, waits again
global peer_waiter, peer_waiter_end
peer_waiter:
    mov edi, [rsp+NOTIFY]
    mov eax, SYS_WAIT_
    syscall
    RDTSC_END
    mov [rsp+STAMP], eax
    jmp peer_waiter
peer_waiter_end:

; ---- receives with a Reply, as a server does, and stores its first TSC
global peer_receiver, peer_receiver_end
peer_receiver:
    mov edi, [rsp+REPLY]
    mov ebx, [rsp+EP]
    mov eax, SYS_RECV_
    syscall
    RDTSC_END
    mov [rsp+STAMP], eax
    jmp peer_receiver
peer_receiver_end:

; ---- touches a page that is not there
global peer_fault, peer_fault_end
peer_fault:
    mov eax, [abs 0x1000]
    jmp peer_fault
peer_fault_end:

; Start the PIT: about 7 us and up to 15 ticks more, by a random number, so that the interrupt finds
; the interrupted loop at each of its instructions. A delay that merely grows does not do: when
; instructions are the clock, the place is a sum of delays modulo the loop's length, and sums of an
; arithmetic series never take some of the values.
%macro PIT_START 0
    imul ecx, [rsp+SEED], 1664525
    add ecx, 1013904223
    mov [rsp+SEED], ecx
    shr ecx, 28
    add ecx, [rsp+DELAY]
    mov al, PIT_ONE_SHOT
    out PIT_COMMAND, al
    mov al, cl
    out PIT_CHANNEL0, al
    mov al, ch
    out PIT_CHANNEL0, al
%endmacro

; The interrupt came before the interrupted thread ran: the round does not count, and on so slow a
; machine the next ones take longer.
%macro TOO_EARLY 0
    inc qword [rsp+BAD]
    cmp dword [rsp+DELAY], DELAY_MAX
    jae %%enough
    shl dword [rsp+DELAY], 1
%%enough:
%endmacro

; All rounds are done: say so, and wait for ever.
%macro FINISH 0
    mov edi, [rsp+DONE]
    mov eax, SYS_SIGNAL_
    syscall
%%rest:
    mov edi, [rsp+NOTIFY]
    mov eax, SYS_WAIT_
    syscall
    jmp %%rest
%endmacro

; ---- driver of irq.to_driver: from the interrupted thread's last stamp to the first instruction
; here. The driver starts the next one before it acknowledges.
global peer_irq_entry, peer_irq_entry_end
peer_irq_entry:
.next:
    mov dword [rsp+STAMP], 0
    PIT_START
    mov edi, [rsp+REPLY]
    mov ebx, [rsp+EP]
    xor esi, esi
    mov eax, SYS_REPLY_RECV_
    syscall
    RDTSC_END
    mov ecx, [rsp+STAMP]
    jecxz .early
    sub eax, ecx
    mov ecx, [rsp+COUNT]
    mov [rsp+SAMPLES+rcx*4], eax
    inc qword [rsp+COUNT]
    dec qword [rsp+ROUNDS]
    jnz .next
    FINISH
.early:
    TOO_EARLY
    jmp .next
peer_irq_entry_end:

; ---- driver of irq.ack_wait: from before the reply_recv here to the first TSC that the low thread
; reads. It may have read one just before the interrupt and stored it after: such a stamp lies
; before ACK and the round is repeated, BAD counts them.
global peer_irq_ack, peer_irq_ack_end
peer_irq_ack:
.again:
    PIT_START
    mov dword [rsp+STAMP], 0
    RDTSC_BEGIN
    mov [rsp+ACK], eax
    mov edi, [rsp+REPLY]
    mov ebx, [rsp+EP]
    xor esi, esi
    mov eax, SYS_REPLY_RECV_
    syscall
    mov eax, [rsp+STAMP]
    test eax, eax
    jz .early
    sub eax, [rsp+ACK]
    js .bad
    mov ecx, [rsp+COUNT]
    mov [rsp+SAMPLES+rcx*4], eax
    inc qword [rsp+COUNT]
    dec qword [rsp+ROUNDS]
    jnz .again
    FINISH
.bad:
    inc qword [rsp+BAD]
    jmp .again
.early:
    TOO_EARLY
    jmp .again
peer_irq_ack_end:

section .note.GNU-stack noalloc noexec nowrite progbits
