# Quoll's build. `make help` lists what can be made.
#   DEBUG=1       assertions and the kernel's serial log; builds in build/debug
#   FASTPATH=0    every IPC on the slow path; builds in build/slow
#   ONE_AS=1      bench, net, mux and e1000 in one address space, to measure; in build/one_as
#   SPEC=1        defences against attacks by speculation (docs/spectre.md); builds in build/spec
#   DMA=unprotected  an image with DMA where there is no IOMMU, in build/unprotected
#   CROSS_COMPILE prefix of the compiler's and binutils' names

CROSS_COMPILE ?= x86_64-linux-gnu-
DEBUG ?= 0
FASTPATH ?= 1
SPEC ?= 0
EMU ?= qemu
COUNT ?= 1000
QEMU_EXTRA ?=
BENCH ?=

CC := $(CROSS_COMPILE)gcc
LD := $(CROSS_COMPILE)ld
AR := $(CROSS_COMPILE)gcc-ar
OBJCOPY := $(CROSS_COMPILE)objcopy
HOST_CC := gcc
NASM := nasm
PYTHON := /usr/bin/python3

B := build$(if $(filter 1,$(DEBUG)),/debug)$(if $(filter 0,$(FASTPATH)),/slow)$(if $(filter 1,$(SPEC)),/spec)$(if $(filter 1,$(ONE_AS)),/one_as)
export QUOLL_BUILD := $(B)

FONT := /usr/share/consolefonts/Uni2-Terminus16.psf.gz

# name=directory; each driver is named after its manifest. The template is not built in.
DRIVER_MANIFESTS := $(filter-out drivers/template/%,$(sort $(wildcard drivers/*/*.manifest)))
PROGRAMS := root=servers/root names=servers/names qsh=servers/qsh bench=servers/bench \
            test=tests/os fuzz=servers/fuzz devman=servers/devman console=servers/console fs=servers/fs \
            mux=servers/mux net=servers/net nbd=servers/nbd http=servers/http small=servers/small \
            $(foreach m,$(DRIVER_MANIFESTS),$(basename $(notdir $m))=$(patsubst %/,%,$(dir $m)))

LIBS_console = $(B)/libvterm.a
LIBS_fs = $(B)/libfatfs.a
LIBS_net = $(B)/lwip.a
LIBS_pci = $(B)/acpica.a

# ---------------------------------------------------------------------------------------- flags

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wconversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wundef -Wvla -Wimplicit-fallthrough
DEFINES := -DCONFIG_DEBUG=$(DEBUG) -DCONFIG_FASTPATH=$(FASTPATH) -DCONFIG_SPEC=$(SPEC)
COMMON := -std=c11 -O2 -g -ffreestanding -nostdlib -fno-pic -fno-pie -mno-red-zone \
          -mgeneral-regs-only -fno-stack-protector -fno-asynchronous-unwind-tables -fno-common \
          -fno-strict-aliasing -ffile-prefix-map=$(CURDIR)=. -fcf-protection=none \
          $(if $(filter 1,$(DEBUG)),-fno-omit-frame-pointer -fno-optimize-sibling-calls) \
          $(WARNINGS) $(DEFINES)
LTO := $(if $(filter 0,$(DEBUG)),-flto -ffat-lto-objects) # a seventh off the cost of a packet
KERNEL_FLAGS := $(COMMON) -mcmodel=kernel -Wframe-larger-than=1024 -Ikernel/include -Ikernel \
                $(if $(filter 1,$(SPEC)),-mindirect-branch=thunk-inline -mindirect-branch-register \
                -fno-jump-tables)
USER_FLAGS := $(COMMON) -mcmodel=small -Wframe-larger-than=4096 -ffunction-sections \
              -fdata-sections -Ikernel/include -Ilibc/include -Iservers/include \
              -Idrivers/framework -Idrivers/lib -I$(B)/gen -isystem /usr/include/stb $(LTO)
HOST_FLAGS := -std=c11 -O2 -g -fPIC -shared -fvisibility=hidden $(WARNINGS)
NASM_FLAGS := -f elf64 -w+all -w+error -I$(B)/gen/ $(DEFINES)
LD_FLAGS := -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=none \
            --fatal-warnings
USER_LD_FLAGS := -flto-partition=one -static -Wl,--gc-sections -T libc/user.ld $(LD_FLAGS:%=-Wl,%) \
                 -Wno-maybe-uninitialized # false across files; each file's own were told

# -------------------------------------------------------------------------------------- sources

# Not linked by themselves, or only into debug builds.
DEBUG_C := $(wildcard kernel/debug/kdb*.c kernel/debug/check*.c) kernel/debug/symbols.c kernel/debug/trace.c
KERNEL_C := $(sort $(filter-out kernel/arch/offsets.c $(if $(filter 0,$(DEBUG)),$(DEBUG_C)), \
                                $(shell find kernel -name '*.c')))
KERNEL_ASM := boot/entry.asm $(sort $(shell find kernel -name '*.asm'))
LIBC_SRC := $(sort $(wildcard libc/*.c libc/*.asm))
SERVER_LIB_SRC := $(sort $(wildcard servers/lib/*.c servers/lib/*.asm))

include tools/mk/idl.mk tools/mk/one_as.mk

name_of = $(word 1,$(subst =, ,$1))
dir_of = $(word 2,$(subst =, ,$1))
sources_in = $(sort $(wildcard $1/*.c $1/*.asm))
BUILT := $(strip $(foreach p,$(PROGRAMS),$(if $(call sources_in,$(call dir_of,$p)),$p)))
NAMES := $(foreach p,$(BUILT),$(call name_of,$p))

objects_k = $(patsubst %,$(B)/obj/%.o,$1)
KERNEL_OBJ := $(call objects_k,$(KERNEL_C) $(KERNEL_ASM))
LIBC_OBJ := $(call objects_k,$(LIBC_SRC))
SERVER_LIB_OBJ := $(call objects_k,$(SERVER_LIB_SRC))
USER_OBJ := $(LIBC_OBJ) $(SERVER_LIB_OBJ) \
            $(foreach p,$(BUILT),$(call objects_k,$(call sources_in,$(call dir_of,$p))))

include tools/mk/rdl.mk tools/mk/drivers.mk

KERNEL := $(B)/kernel/quoll.elf
include tools/mk/image.mk
PLUGINS := build/tcg/roundtrip.so build/tcg/requests.so

# -------------------------------------------------------------------------------------- targets

.PHONY: help deps iso all run test bench soak lint gdb clean FORCE
.DELETE_ON_ERROR:
.SUFFIXES:

help: ## this list
	@echo 'Quoll: a microkernel with every driver in its own address space.'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16
	@echo 'Options: DEBUG=1  FASTPATH=0  SPEC=1  ONE_AS=1  DMA=unprotected  EMU=bochs  QEMU_EXTRA="..."  CROSS_COMPILE=x86_64-elf-'
	@echo '         COUNT=N (soak: how many boots)  TESTS="-k shell" (test: passed to pytest)'
	@echo '         BENCH="--lines ipc.null_syscall" (bench: passed to tools/bench.py)'

deps: ## install the Debian packages that the other targets need
	@tools/deps.sh install

iso: $(ISO) ## build the bootable image, build/quoll.iso

all: $(ISO) $(KERNEL)

run: deps ## boot it; the serial line is this terminal (EMU=bochs: in Bochs)
	@$(MAKE) --no-print-directory iso
	@$(PYTHON) tools/run.py --emu=$(EMU) --iso=$(ISO) -- $(QEMU_EXTRA)

test: deps ## run every test; the last line is "N passed, N failed"
	@$(MAKE) --no-print-directory iso $(PLUGINS)
	@$(MAKE) --no-print-directory DEBUG=1 iso
	@$(MAKE) --no-print-directory FASTPATH=0 iso
	@$(MAKE) --no-print-directory DMA=unprotected iso
	@$(MAKE) --no-print-directory ONE_AS=1 iso
	@$(MAKE) --no-print-directory SPEC=1 build/spec/strip/quoll.elf
	@$(PYTHON) tools/test.py $(TESTS)

bench: deps ## count the guest instructions of IPC, interrupts, drivers, disks and packets
	@$(MAKE) --no-print-directory iso $(PLUGINS)
	@$(MAKE) --no-print-directory DMA=unprotected iso
	@$(MAKE) --no-print-directory ONE_AS=1 iso
	@$(PYTHON) tools/bench.py --build=$(B) $(BENCH)

soak: deps ## the long tests, the fuzzer and COUNT boots; results in docs/soak.md
	@$(MAKE) --no-print-directory DEBUG=1 iso
	@$(MAKE) --no-print-directory iso
	@$(MAKE) --no-print-directory DMA=unprotected iso
	@$(PYTHON) tools/soak.py --count=$(COUNT) --build=$(B)

lint: deps ## format, static analysis, size limits
	@$(MAKE) --no-print-directory $(B)/gen/offsets.inc $(REGS) $(IDL_HEADERS) $(ACPICA_DONE) \
	    $(BENCH_GEN) $(CONSOLE_GEN) $(VTERM_READY) $(FATFS_READY) $(LWIP_READY)
	@$(PYTHON) tools/lint.py --kernel-flags="$(KERNEL_FLAGS)" \
	    --user-flags="$(filter-out $(LTO),$(USER_FLAGS)) $(ACPICA_INCLUDE) $(VTERM_INCLUDE) $(FATFS_INCLUDE) $(LWIP_INCLUDE)"

gdb: deps ## boot it stopped, with gdb and the kernel's symbols
	@$(MAKE) --no-print-directory iso
	@$(PYTHON) tools/run.py --gdb --iso=$(ISO) --kernel=$(KERNEL) -- $(QEMU_EXTRA)

clean: ## remove everything that was built
	rm -rf build

# ---------------------------------------------------------------------------------------- rules

# A stamp changes only when its text does; what was built with other flags is built again.
define stamp
$1: FORCE
	@mkdir -p $$(@D)
	@echo '$2' | cmp -s - $$@ || echo '$2' > $$@
endef
$(eval $(call stamp,$(B)/kernel.flags,$(CC) $(KERNEL_FLAGS) $(NASM) $(NASM_FLAGS) $(LD_FLAGS)))
$(eval $(call stamp,$(B)/kernel.list,$(KERNEL_OBJ)))
$(eval $(call stamp,$(B)/user.flags,$(CC) $(USER_FLAGS) $(NASM) $(NASM_FLAGS) $(USER_LD_FLAGS)))
$(eval $(call stamp,$(B)/user.list,$(USER_OBJ)))
$(eval $(call stamp,$(O)/image.list,$(NAMES) $(MANIFESTS)))

$(KERNEL_OBJ): $(B)/kernel.flags
$(USER_OBJ): $(B)/user.flags
$(filter %.c.o,$(KERNEL_OBJ)): FLAGS = $(KERNEL_FLAGS)
$(filter %.c.o,$(USER_OBJ)): FLAGS = $(USER_FLAGS)
$(filter $(B)/obj/kernel/%.asm.o,$(KERNEL_OBJ)): $(B)/gen/offsets.inc
$(filter $(B)/obj/kernel/console/%.asm.o,$(KERNEL_OBJ)): $(B)/gen/font.psf

$(B)/obj/%.c.o: %.c
	@mkdir -p $(@D)
	@echo '  CC    $<'
	@$(CC) $(FLAGS) -MMD -MP -MF $@.d -MT $@ -c $< -o $@

$(B)/obj/%.asm.o: %.asm
	@mkdir -p $(@D)
	@echo '  NASM  $<'
	@$(NASM) $(NASM_FLAGS) -I$(<D)/ -MD $@.d -MP -MT $@ -o $@ $<

$(B)/gen/offsets.inc: kernel/arch/offsets.c $(B)/kernel.flags
	@mkdir -p $(@D)
	@echo '  GEN   $@'
	@$(CC) $(filter-out -g,$(KERNEL_FLAGS)) -MMD -MP -MF $@.d -MT $@ -S $< -o $@.s
	@sed -n 's/^->\([A-Z0-9_]*\) \(.*\)/%define \1 \2/p' $@.s > $@

$(USER_OBJ): | $(REGS) $(IDL_HEADERS)

$(B)/gen/font.psf: $(FONT)
	@mkdir -p $(@D)
	@zcat $< > $@

$(FONT):
	@echo "$@ is missing: run 'make deps'" >&2; exit 1

# A debug kernel has its functions' names in it: a first link without them says where they lie.
NAMES_OBJ := $(if $(filter 1,$(DEBUG)),$(B)/gen/symbols.o)
$(KERNEL): $(KERNEL_OBJ) $(NAMES_OBJ) boot/kernel.ld $(B)/kernel.list
	@mkdir -p $(@D)
	@echo '  LD    $@'
	@$(LD) $(LD_FLAGS) -T boot/kernel.ld -Map=$@.map -o $@ $(KERNEL_OBJ) $(NAMES_OBJ)

$(B)/gen/symbols.o: $(KERNEL_OBJ) boot/kernel.ld $(B)/kernel.list tools/symbols.py
	@mkdir -p $(@D)
	@echo '  NAMES $@'
	@$(LD) $(LD_FLAGS) -T boot/kernel.ld --defsym=symbol_table=0 --defsym=symbol_table_end=0 \
	    -o $(@:.o=.elf) $(KERNEL_OBJ)
	@$(PYTHON) tools/symbols.py $(@:.o=.elf) > $(@:.o=.asm)
	@$(NASM) $(NASM_FLAGS) -o $@ $(@:.o=.asm)

include tools/mk/bench.mk tools/mk/libvterm.mk tools/mk/console.mk tools/mk/fatfs.mk tools/mk/lwip.mk tools/mk/hot.mk

$(B)/libc.a: $(LIBC_OBJ) $(B)/user.list
$(B)/servers.a: $(SERVER_LIB_OBJ) $(B)/user.list
$(B)/%.a:
	@echo '  AR    $@'
	@rm -f $@ && $(AR) rcsD $@ $(filter %.o,$^)

define program
$(B)/user/$1.elf: $(call objects_k,$(call sources_in,$2)) $(B)/servers.a $(B)/libc.a \
                  $(if $(filter drivers/%,$2),$(B)/framework.a) $(LIBS_$1) libc/user.ld $(B)/user.list
	@mkdir -p $$(@D)
	@echo '  LD    $$@'
	@$(CC) $(USER_FLAGS) $(USER_LD_FLAGS) $(call slice_of,$1) -Wl,-Map=$$@.map -o $$@ \
	    $$(filter %.o,$$^) -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group
endef
$(foreach p,$(BUILT),$(eval $(call program,$(call name_of,$p),$(call dir_of,$p))))

$(B)/strip/%.elf: $(B)/user/%.elf
	@mkdir -p $(@D)
	@$(OBJCOPY) --strip-debug $< $@

$(B)/strip/quoll.elf: $(KERNEL)
	@mkdir -p $(@D)
	@$(OBJCOPY) --strip-debug $< $@

build/tcg/roundtrip.so: tools/tcg/lines.c
$(PLUGINS): build/tcg/%.so: tools/tcg/%.c tools/tcg/decode.c $(wildcard tools/tcg/*.h)
	@mkdir -p $(@D)
	@echo '  HOSTCC $@'
	@$(HOST_CC) $(HOST_FLAGS) -o $@ $(filter %.c,$^)

include tools/mk/acpica.mk tools/mk/host.mk
-include $(addsuffix .d,$(KERNEL_OBJ) $(USER_OBJ) $(B)/gen/offsets.inc)
