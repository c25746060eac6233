# image.mk - the boot image, $(IMAGE), and what boots it from a disk, $(ISO). With DMA=unprotected the
# system manifest lets devices reach memory where there is no IOMMU (docs/drivers.md).
DMA ?= protected
O := $(B)$(if $(filter unprotected,$(DMA)),/unprotected)
IMAGE := $(O)/quoll.img
ISO := $(O)/quoll.iso
SYSTEM_MANIFEST := $(if $(filter unprotected,$(DMA)),$(O)/system.manifest,boot/system.manifest)
MANIFESTS := $(SYSTEM_MANIFEST) $(DRIVER_MANIFESTS)

$(B)/unprotected/system.manifest: boot/system.manifest
	@mkdir -p $(@D)
	@sed 's/^\[task devman\]$$/&\ndma = unprotected/' $< > $@

$(IMAGE): $(foreach n,$(NAMES),$(call strip_of,$n)) $(MANIFESTS) $(O)/image.list tools/mkimage.py
	@echo '  IMAGE $@'
	@$(PYTHON) tools/mkimage.py $@ $(foreach n,$(NAMES),$n=$(call strip_of,$n)) \
	    $(foreach m,$(MANIFESTS),$(notdir $m)=$m)

$(ISO): $(call strip_of,quoll) $(IMAGE) boot/grub.cfg tools/mkiso.sh
	@echo '  ISO   $@'
	@tools/mkiso.sh $@ $< $(IMAGE)
