# host.mk - drivers for the Linux host, on QEMU's devices: the framework's second back end as
# $(B)/host/framework.a, and for each driver with tests in tests/drivers/NAME a program
# $(B)/host/NAME of both. docs/drivers-on-the-host.md; tools/host_driver.py builds and runs them.

HOST_DRIVER_FLAGS := -std=c11 -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all \
                     $(WARNINGS) -DCONFIG_DEBUG=1 -DSYS_RAW_ELSEWHERE -DHOST_TEST -D_GNU_SOURCE \
                     -Idrivers/framework/host -Idrivers/framework -Idrivers/lib -I$(B)/gen -Iservers/include \
                     -Ikernel/include -idirafter libc/include
HOST_SRC := $(filter-out %/regs_mock.c,$(sort $(wildcard drivers/framework/host/*.c))) \
            $(patsubst %,drivers/framework/%.c,defaults resource session inspect regs_bus \
                                               regs_dump regs_lines) \
            $(sort $(wildcard drivers/lib/*.c)) \
            $(patsubst %,drivers/pci/%.c,acpi_route assign bar capability config control enumerate \
                                         msi) \
            $(patsubst %,servers/lib/%.c,idl idl_text message queue_client queue_driver queue_manager \
                                         manifest_text manifest_value) \
            $(sort $(wildcard servers/lib/driver_manifest*.c)) servers/lib/calendar.c libc/strerror.c \
            $(IDL_NAMES:%=$(IDL_GEN)/%_client.c)
HOST_OBJ := $(patsubst %,$(B)/host/obj/%.o,$(HOST_SRC))
HOST_DRIVERS := $(sort $(notdir $(patsubst %/,%,$(dir $(wildcard tests/drivers/*/*.c)))))

# Tests that several drivers have in common.
HOST_TESTS_ata := $(wildcard tests/drivers/disk_*.[ch])
HOST_TESTS_ahci := $(HOST_TESTS_ata)

# The template is no part of the image, but must stay a driver.
$(eval $(call program,template,drivers/template))

.PHONY: host-flags
host-flags:
	@echo '$(HOST_DRIVER_FLAGS)'

$(eval $(call stamp,$(B)/host.flags,$(HOST_CC) $(HOST_DRIVER_FLAGS)))
$(B)/host/obj/%.o: % $(B)/host.flags | $(REGS) $(IDL_HEADERS)
	@mkdir -p $(@D)
	@echo '  HOSTCC $<'
	@$(HOST_CC) $(HOST_DRIVER_FLAGS) -MMD -MP -c $< -o $@

$(B)/host/framework.a: $(HOST_OBJ)

define host_driver
$(B)/host/$1: $(wildcard tests/drivers/$1/*.[ch]) $(HOST_TESTS_$1) $(wildcard drivers/$1/*.c drivers/$1/*.h) $(B)/host/framework.a
	@echo '  HOSTCC $$@'
	@$(HOST_CC) $(HOST_DRIVER_FLAGS) -Idrivers/$1 -Itests/drivers -o $$@ $$(filter %.c,$$^) $(B)/host/framework.a
endef
$(foreach d,$(HOST_DRIVERS),$(eval $(call host_driver,$d)))
-include $(HOST_OBJ:.o=.d)
