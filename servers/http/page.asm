; page.asm - the status page, page.html, as it is sent.
section .rodata

global page_text
global page_text_end

page_text:
    incbin "page.html"
page_text_end:
