# hot.mk - what every packet passes is optimised for time (-O3), all else for memory too (-O2):
# docs/decisions/0010-programs-are-optimised-whole.md.
HOT := servers/net/% servers/mux/% servers/lib/queue_% drivers/e1000/% drivers/framework/main% \
       drivers/framework/session%
HOT_OBJ := $(filter $(HOT:%=$(B)/obj/%.c.o),$(USER_OBJ))

ifneq ($(strip $(LTO)),)
$(HOT_OBJ): FLAGS += -O3
LWIP_FLAGS += -O3
endif
$(USER_OBJ) $(LWIP_OBJ): tools/mk/hot.mk
