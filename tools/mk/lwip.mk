# lwip.mk - lwIP (BSD-3), the TCP/IP of the net server, from Debian's source package: $(B)/lwip.a.
# Its sources are used unchanged. How it is set up, and all the memory it ever has, is in
# servers/net/lwip/lwipopts.h; what it asks of a compiler and a C library in lwip/arch/cc.h.
# Pinned: change version and hash together.

LWIP_VERSION := 2.1.3+dfsg1-2
LWIP_SHA256 := 8d8f944db8e6d542fc2d6f01559078fb1b5dda71651c67ee5fa3571ed1342c50
LWIP_DIR := build/deps/lwip/source
LWIP_INCLUDE := -isystem servers/net/lwip -isystem $(LWIP_DIR)/src/include
LWIP_READY := build/deps/lwip/.done-$(LWIP_VERSION)
LWIP_NAMES := $(patsubst %,core/%,def dns inet_chksum init ip mem memp netif pbuf raw stats tcp \
                                  tcp_in tcp_out timeouts udp) \
              $(patsubst %,core/ipv4/%,dhcp etharp icmp ip4 ip4_addr ip4_frag) netif/ethernet
LWIP_OBJ := $(LWIP_NAMES:%=$(B)/obj/lwip/%.o)
LWIP_OWN := $(wildcard servers/net/lwip/*.h servers/net/lwip/arch/*.h)
LWIP_FLAGS := $(filter-out $(WARNINGS),$(USER_FLAGS)) -w $(LWIP_INCLUDE)

$(LWIP_READY):
	@tools/deps.sh source lwip $(LWIP_VERSION) $(LWIP_SHA256)

$(B)/obj/lwip/%.o: $(LWIP_READY) $(LWIP_OWN) $(B)/user.flags
	@mkdir -p $(@D)
	@echo '  CC    lwip/$*.c'
	@$(CC) $(LWIP_FLAGS) -c $(LWIP_DIR)/src/$*.c -o $@

$(B)/lwip.a: $(LWIP_OBJ)

NET_OBJ := $(call objects_k,$(sort $(wildcard servers/net/*.c)))
$(NET_OBJ): FLAGS = $(USER_FLAGS) $(LWIP_INCLUDE)
$(NET_OBJ): $(B)/user.flags | $(LWIP_READY)

-include $(addsuffix .d,$(NET_OBJ))
