# Interfaces: <idl/NAME.h> for clients, _server.h for servers, _queue.h for both, _desc.h for tools,
# _client.c into servers.a; and <idl/interfaces.h>, the table of all.
# Read before the first target.
.DEFAULT_GOAL := help

IDL := $(filter-out %/prelude.idl,$(sort $(wildcard drivers/interfaces/*.idl)))
IDL_TOOL := $(wildcard tools/idl/*.py) $(wildcard tools/lang/*.py)
IDL_GEN := $(B)/gen/idl
IDL_NAMES := $(basename $(notdir $(IDL)))
IDL_HEADERS := $(IDL_NAMES:%=$(IDL_GEN)/%.h) $(IDL_GEN)/interfaces.h
SERVER_LIB_SRC += $(IDL_NAMES:%=$(IDL_GEN)/%_client.c)

define interface
$(IDL_GEN)/$1.h $(IDL_GEN)/$1_client.c $(IDL_GEN)/$1_server.h $(IDL_GEN)/$1_queue.h $(IDL_GEN)/$1_desc.h &: \
    drivers/interfaces/$1.idl drivers/interfaces/prelude.idl $(IDL_TOOL)
	@mkdir -p $(IDL_GEN)
	@echo '  IDL   $(IDL_GEN)/$1.h'
	@$(PYTHON) tools/idl/idlc.py --header=$(IDL_GEN)/$1.h --client=$(IDL_GEN)/$1_client.c \
	    --server=$(IDL_GEN)/$1_server.h --queue=$(IDL_GEN)/$1_queue.h \
	    --desc=$(IDL_GEN)/$1_desc.h $$<
endef
$(foreach n,$(IDL_NAMES),$(eval $(call interface,$n)))

$(IDL_GEN)/interfaces.h: $(IDL) drivers/interfaces/prelude.idl $(IDL_TOOL)
	@mkdir -p $(@D)
	@$(PYTHON) tools/idl/idlc.py --list=$@ $(IDL)
