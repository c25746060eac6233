# libvterm (MIT): terminal emulation for the console, from Debian's source package, built for
# Quoll. Its sources are used unchanged; what they ask of a C library that Quoll's does not have
# is in servers/console/vterm_port.h. Pinned: change version and hash together.

VTERM_VERSION := 0.1.4-1
VTERM_SHA256 := 0e25ac00619061611e3d019592eca5561de1dbe09165353868a419e6138fcc3e
VTERM_DIR := build/deps/libvterm/source
VTERM_INCLUDE := -isystem $(VTERM_DIR)/include
VTERM_READY := build/deps/libvterm/.done-$(VTERM_VERSION)
VTERM_OBJ := $(patsubst %,$(B)/obj/libvterm/%.o,encoding keyboard mouse parser pen screen state \
               unicode vterm)
VTERM_FLAGS := $(filter-out $(WARNINGS),$(USER_FLAGS)) -w $(VTERM_INCLUDE) \
               -include servers/console/vterm_port.h

$(VTERM_READY):
	@tools/deps.sh source libvterm $(VTERM_VERSION) $(VTERM_SHA256)

$(B)/obj/libvterm/%.o: $(VTERM_READY) servers/console/vterm_port.h $(B)/user.flags
	@mkdir -p $(@D)
	@echo '  CC    libvterm/$*.c'
	@$(CC) $(VTERM_FLAGS) -c $(VTERM_DIR)/src/$*.c -o $@

$(B)/libvterm.a: $(VTERM_OBJ)
