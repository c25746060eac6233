# one_as.mk - ONE_AS=1: the programs that a packet passes share one address space, so that `make bench`
# can say what isolation costs (docs/benchmarks.md). Each is linked for a slice of it (quoll/task.h);
# only these and those who make tasks are built anew, all else is the usual build's.
ONE_AS ?= 0
$(if $(filter-out 0 1,$(ONE_AS)),$(error ONE_AS=$(ONE_AS) is not known: 1 makes an image whose \
    network programs share one address space, in $(B)/one_as, and 0 the usual one))
USER_FLAGS += -DCONFIG_ONE_AS=$(ONE_AS)
SLICE_bench := 0x08000000
SLICE_net := 0x10000000
SLICE_mux := 0x18000000
SLICE_e1000 := 0x20000000
slice_of = $(if $(filter 1,$(ONE_AS)),$(SLICE_$1:%=-Wl,--defsym=task_slice=%))

USUAL := $(B:%/one_as=%)
strip_of = $(if $(or $(SLICE_$1),$(filter root devman,$1)),$(B),$(USUAL))/strip/$1.elf
ifeq ($(ONE_AS),1)
.PHONY: usual
usual:
	@$(MAKE) --no-print-directory ONE_AS=0 iso
$(USUAL)/strip/%.elf: usual ;
endif
