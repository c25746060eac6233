# The page, for the host: its text and its end, as page.asm has them.
    .section .rodata
    .globl page_text, page_text_end
page_text:
    .fill 9000, 1, 'p'
page_text_end:
    .section .note.GNU-stack,"",@progbits
