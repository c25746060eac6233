; font.asm - the screen's font, a PSF1 file from Debian's console-setup, see screen.c.
; The Makefile makes build/gen/font.psf and passes its folder with -I.

section .rodata
global screen_font
align 16
screen_font:
    incbin "font.psf"

section .note.GNU-stack noalloc noexec nowrite progbits
