# drivers.mk - the framework that drivers are linked with, what some share (drivers/lib), and their
# manifests.
FRAMEWORK_SRC := $(sort $(wildcard drivers/framework/*.c drivers/lib/*.c))
FRAMEWORK_OBJ := $(call objects_k,$(FRAMEWORK_SRC))
USER_OBJ += $(FRAMEWORK_OBJ) $(call objects_k,drivers/template/template.c)
$(B)/framework.a: $(FRAMEWORK_OBJ) $(B)/user.list
