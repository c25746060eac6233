# rdl.mk - registers: <regs/NAME.h> for drivers, its table for dumps, its mock for host tests.
RDL := $(sort $(wildcard drivers/*/*.rdl))
RDL_TOOL := $(wildcard tools/lang/*.py tools/rdl/*.py tools/rdl/*.rdl)
REGS := $(patsubst %.rdl,$(B)/gen/regs/%.h,$(notdir $(RDL)))

define registers
$(B)/gen/regs/$1.h $(B)/gen/regs/$1_table.h $(B)/gen/mock/regs/$1.h &: $2 $(RDL_TOOL)
	@mkdir -p $(B)/gen/regs $(B)/gen/mock/regs
	@echo '  RDL   $(B)/gen/regs/$1.h'
	@$(PYTHON) tools/rdl/rdlc.py --header=$(B)/gen/regs/$1.h \
	    --table=$(B)/gen/regs/$1_table.h --mock=$(B)/gen/mock/regs/$1.h $2
endef
$(foreach r,$(RDL),$(eval $(call registers,$(basename $(notdir $r)),$r)))
