# acpica.mk - ACPICA, the interpreter of ACPI's AML, for the pci driver: $(B)/acpica.a.
# Its source is part of Debian's linux-source-6.1 (BSD-3 or GPL-2). The hash is that of its files
# alone, so that a new kernel without changes in them passes. After a change: run
# tests/system/test_pci.py with the new files, then write their version and hash here.

ACPICA_VERSION := 6.1.192-2
ACPICA_SHA256 := 8ba1738dc7476702a611824cbf3b65a78ab0830860abded980bf0f7b0833a18e
ACPICA_HEADERS := acbuffer acconfig acexcep acnames acoutput acpi acpiosxf acpixf acrestyp actbl \
                  actbl1 actbl2 actbl3 actypes acuuid platform/*
ACPICA_DIR := build/deps/acpica/source
ACPICA_DONE := build/deps/acpica/.done-$(ACPICA_SHA256)
# For what includes its headers, and for itself; the warnings in its sources are not ours.
ACPICA_INCLUDE := -isystem drivers/pci/acpica -isystem $(ACPICA_DIR)/include
ACPICA_FLAGS = $(filter-out -W%,$(USER_FLAGS)) -w $(ACPICA_INCLUDE) -DACPICA_ITSELF -include acpica.h
# Neither its debugger nor its printf.
ACPICA_LEFT_OUT := /db[a-z]*[.]c|/rsdump[.]c|/utprint[.]c

$(ACPICA_DONE): tools/mk/acpica.mk
	@echo '  DEPS  acpica'
	@tools/deps.sh kernel acpica $(ACPICA_VERSION) $(ACPICA_SHA256) \
	    '*/drivers/acpi/acpica/*.[ch]' $(ACPICA_HEADERS:%='*/include/acpi/%.h')
	@touch $@

$(B)/acpica.a: $(ACPICA_DONE) $(B)/user.flags $(wildcard drivers/pci/acpica/*.h) tools/mk/acpica.mk
	@echo '  AR    $@'
	@rm -rf $@ $(B)/obj/acpica && mkdir -p $(B)/obj/acpica
	@ls $(ACPICA_DIR)/drivers/acpi/acpica/*.c | grep -Ev '$(ACPICA_LEFT_OUT)' | xargs -P2 -I{} \
	    sh -c '$(CC) $(ACPICA_FLAGS) -c {} -o $(B)/obj/acpica/$$(basename {} .c).o'
	@$(AR) rcsD $@ $(B)/obj/acpica/*.o

# The cores of the two bus drivers, which are programs of their own once they have a main.c.
BUS_OBJ := $(call objects_k,$(sort $(wildcard drivers/pci/*.c drivers/platform/*.c)))
ACPI_OBJ := $(filter $(B)/obj/drivers/pci/acpi_%,$(BUS_OBJ))

$(BUS_OBJ): FLAGS = $(USER_FLAGS)
$(ACPI_OBJ): FLAGS = $(USER_FLAGS) $(ACPICA_INCLUDE)
$(BUS_OBJ): $(B)/user.flags | $(REGS)
$(ACPI_OBJ): | $(ACPICA_DONE)
$(B)/pci.a: $(filter $(B)/obj/drivers/pci/%,$(BUS_OBJ))
$(B)/platform.a: $(filter $(B)/obj/drivers/platform/%,$(BUS_OBJ))
-include $(addsuffix .d,$(BUS_OBJ))
