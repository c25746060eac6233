; entry.asm - from the boot loader to kmain: checks the processor, turns on long mode.
;
; One ELF64 file with two doors, both 32-bit, paging off, flat segments, interrupts off:
;   multiboot2 (GRUB): eax = 0x36d76289, ebx = physical address of the information block
;   PVH (qemu -kernel): ebx = physical address of hvm_start_info
; Sources: Multiboot2 Specification 2.0, sections 3.1 and 3.3; Xen docs/misc/pvh.pandoc;
; AMD64 Architecture Programmer's Manual vol. 2, section 14.6.
; This section is linked where it is loaded, at 1 MiB; it is never used again after boot.

KERNEL_BASE     equ 0xffffffff80000000  ; virtual = physical + KERNEL_BASE, as in kernel.ld
PHYS            equ -KERNEL_BASE        ; symbol + PHYS is where the loader put it

MB2_MAGIC       equ 0xe85250d6
PVH_MAGIC       equ 0x336ec578          ; hvm_start_info's own magic word
PVH_ENTRY_NOTE  equ 18                  ; XEN_ELFNOTE_PHYS32_ENTRY

PTE_TABLE       equ 0x03                ; present, writable
PTE_2M          equ 0x83                ; present, writable, large
CR0_VALUE       equ 0x80010033          ; PG WP NE ET MP PE
CR4_PAE         equ 1 << 5
MSR_EFER        equ 0xc0000080
EFER_BITS       equ 1 << 11 | 1 << 8 | 1 ; NXE LME SCE
CPUID_NX        equ 1 << 20             ; 0x80000001 edx
CPUID_LM        equ 1 << 29

COM1            equ 0x3f8
VGA_TEXT        equ 0xb8000
SERIAL_WAIT     equ 100000              ; polls, then the byte is given up
BOOT_STACK_BYTES equ 16384

extern kmain
global boot_entry

section .boot.header align=8
mb2_header:
        dd MB2_MAGIC, 0, mb2_end - mb2_header
        dd -(MB2_MAGIC + (mb2_end - mb2_header)) & 0xffffffff
        dw 4, 1                         ; console: EGA text is fine
        dd 12, 2, 0
        dw 5, 1                         ; framebuffer wanted, not required
        dd 20, 1024, 768, 32, 0
        dw 6, 0                         ; modules begin at page boundaries
        dd 8
        dw 0, 0
        dd 8
mb2_end:

section .note.Xen note alloc noexec nowrite align=4
        dd 4, 8, PVH_ENTRY_NOTE
        db "Xen", 0
        dq pvh_entry

section .boot.text progbits alloc exec nowrite align=16
bits 32

pvh_entry:
        rdtsc
        mov ecx, PVH_MAGIC
        jmp start

boot_entry:
        mov ecx, eax
        rdtsc

; In: ecx = who loaded us, ebx = its information, edx:eax = first reading of the TSC.
; These words stay on the stack for long_mode; it is mapped low here and high there.
start:
        cli
        cld
        mov esp, boot_stack_top + PHYS
        push edx
        push eax
        push 0
        push ebx
        push 0
        push ecx

        pushfd                          ; CPUID exists if EFLAGS.ID (bit 21) can be changed
        pop eax
        mov ecx, eax
        xor eax, 1 << 21
        push eax
        popfd
        pushfd
        pop eax
        cmp eax, ecx
        mov esi, text_no_long_mode
        je refuse
        mov eax, 0x80000000
        cpuid
        cmp eax, 0x80000001
        jb refuse
        mov eax, 0x80000001
        cpuid
        test edx, CPUID_LM
        jz refuse
        mov esi, text_no_nx
        test edx, CPUID_NX
        jz refuse

; Boot page tables, zero until now: the first 4 GiB at 0 and at 0xffff800000000000 (they share
; one PDPT), the first GiB at KERNEL_BASE. All writable and executable: kmain replaces them.
        mov edi, boot_pd + PHYS
        mov eax, PTE_2M
        mov ecx, 4 * 512
.fill:  mov [edi], eax
        add eax, 2 << 20
        add edi, 8
        loop .fill
        mov edi, boot_pdpt_low + PHYS
        mov eax, boot_pd + PHYS + PTE_TABLE
        mov [boot_pdpt_high + PHYS + 510 * 8], eax
        mov ecx, 4
.link:  mov [edi], eax
        add eax, 4096
        add edi, 8
        loop .link
        mov eax, boot_pdpt_low + PHYS + PTE_TABLE
        mov [boot_pml4 + PHYS], eax
        mov [boot_pml4 + PHYS + 256 * 8], eax
        mov eax, boot_pdpt_high + PHYS + PTE_TABLE
        mov [boot_pml4 + PHYS + 511 * 8], eax

        mov eax, CR4_PAE
        mov cr4, eax
        mov eax, boot_pml4 + PHYS
        mov cr3, eax
        mov ecx, MSR_EFER
        rdmsr
        or eax, EFER_BITS
        wrmsr
        mov eax, CR0_VALUE
        mov cr0, eax
        lgdt [boot_gdt_pointer]
        jmp 8:boot_long_mode

bits 64
boot_long_mode:
        mov eax, 16
        mov ds, eax
        mov es, eax
        mov ss, eax
        xor eax, eax
        mov fs, eax
        mov gs, eax
        mov rax, long_mode
        jmp rax

bits 32
; Says the sentence at esi on COM1 (115200 8N1) and on the VGA text screen, then stops for good.
refuse:
        mov ebx, serial_setup
.setup: movzx edx, byte [ebx]
        mov al, [ebx + 1]
        add edx, COM1
        out dx, al
        add ebx, 2
        cmp ebx, serial_setup_end
        jb .setup
        mov edi, VGA_TEXT
        mov eax, 0x07200720             ; blanks, light grey on black
        mov ecx, 80 * 25 / 2
        rep stosd
        mov edi, VGA_TEXT
.next:  lodsb
        test al, al
        jz .halt
        cmp al, ' '
        jb .serial                      ; line ends are for the serial line only
        mov [edi], al
        add edi, 2
.serial:
        mov bl, al
        mov ecx, SERIAL_WAIT
        mov edx, COM1 + 5
.wait:  in al, dx
        test al, 0x20                   ; transmitter holding register empty
        loopz .wait
        mov edx, COM1
        mov al, bl
        out dx, al
        jmp .next
.halt:  cli
        hlt
        jmp .halt

section .boot.rodata progbits alloc noexec nowrite align=8
boot_gdt:
        dq 0
        dq 0x00af9b000000ffff           ; 8: 64-bit code
        dq 0x00cf93000000ffff           ; 16: data
boot_gdt_pointer:
        dw boot_gdt_pointer - boot_gdt - 1
        dq boot_gdt
; Pairs of register and value: interrupts off; divisor 1; 8N1; FIFO on and empty; DTR, RTS.
serial_setup:
        db 1, 0, 3, 0x80, 0, 1, 1, 0, 3, 3, 2, 7, 4, 3
serial_setup_end:
text_no_long_mode:
        db 13, 10, "Quoll cannot start: this processor has no 64-bit mode (long mode); "
        db "use a 64-bit processor.", 13, 10, 0
text_no_nx:
        db 13, 10, "Quoll cannot start: this processor has no no-execute bit (NX); "
        db "turn it on in the firmware, or use a processor that has it.", 13, 10, 0

section .text
bits 64
; The same stack at its high address, with the words that start pushed.
long_mode:
        mov rsp, boot_stack_top - 24
        pop rdi                         ; magic
        pop rsi                         ; physical address of the information
        pop rdx                         ; TSC at the first instruction
        xor ebp, ebp                    ; a backtrace ends here
        call kmain
.halt:  cli
        hlt
        jmp .halt

section .bss nobits alloc noexec write align=4096
global boot_pml4
boot_pml4:      resb 4096
boot_pdpt_low:  resb 4096
boot_pdpt_high: resb 4096
boot_pd:        resb 4 * 4096
boot_stack:     resb BOOT_STACK_BYTES
global boot_stack_top
boot_stack_top:

section .note.GNU-stack noalloc noexec nowrite progbits
