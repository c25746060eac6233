# The console's and its drivers' parts that are generated: fonts and keyboard layouts.

CONSOLE_C := $(sort $(wildcard servers/console/*.c))
SCREEN_DRIVERS_C := $(sort $(wildcard drivers/ps2/*.c drivers/vga/*.c))
CONSOLE_OBJ := $(call objects_k,$(CONSOLE_C) $(SCREEN_DRIVERS_C))
CONSOLE_GEN := $(B)/gen/font/terminus.h $(B)/gen/font/codepage.h $(B)/gen/font/vga.h \
               $(B)/gen/keys/layouts.h

$(B)/gen/font/terminus.h $(B)/gen/font/codepage.h $(B)/gen/font/vga.h &: $(FONT) tools/font.py
	@mkdir -p $(B)/gen/font
	@echo '  FONT  $(B)/gen/font/terminus.h'
	@$(PYTHON) tools/font.py $(FONT) $(B)/gen/font

KEY_LAYOUTS := $(sort $(wildcard drivers/ps2/layouts/*.keys))
$(B)/gen/keys/layouts.h: $(KEY_LAYOUTS) drivers/ps2/layouts/compose.txt \
                         servers/include/quoll/keys.def tools/keymap.py
	@mkdir -p $(@D)
	@echo '  KEYS  $@'
	@$(PYTHON) tools/keymap.py --keys=servers/include/quoll/keys.def \
	    --compose=drivers/ps2/layouts/compose.txt --output=$@ $(KEY_LAYOUTS)

$(CONSOLE_OBJ): FLAGS = $(USER_FLAGS) $(VTERM_INCLUDE)
$(CONSOLE_OBJ): $(B)/user.flags | $(REGS) $(CONSOLE_GEN) $(VTERM_READY)

-include $(addsuffix .d,$(CONSOLE_OBJ))
