# FatFs (BSD-1): the FAT file system for the fs server, as it lies in Debian's source package of
# MicroPython; its sources are used unchanged. servers/fs/fatfs has its configuration. Pinned:
# change version and hash together.

MICROPYTHON_VERSION := 1.25.0+ds-1
MICROPYTHON_SHA256 := 8c7c406be88a6f3bc19e694eb0bbc5841112243fdf2b5a296e000d8fdc5f3c34
FATFS_DIR := build/deps/micropython/source/lib/oofatfs
FATFS_INCLUDE := -isystem $(FATFS_DIR) -isystem servers/fs/fatfs
FATFS_READY := build/deps/micropython/.done-$(MICROPYTHON_VERSION)
FATFS_OBJ := $(patsubst %,$(B)/obj/fatfs/%.o,ff ffunicode)
FS_OBJ := $(call objects_k,$(sort $(wildcard servers/fs/*.c)))

$(FATFS_READY):
	@tools/deps.sh source micropython $(MICROPYTHON_VERSION) $(MICROPYTHON_SHA256)

$(B)/obj/fatfs/%.o: $(FATFS_READY) servers/fs/fatfs/fatfs_conf.h $(B)/user.flags
	@mkdir -p $(@D)
	@echo '  CC    fatfs/$*.c'
	@$(CC) $(filter-out $(WARNINGS),$(USER_FLAGS)) -w $(FATFS_INCLUDE) \
	    -include servers/fs/fatfs/fatfs_conf.h -c $(FATFS_DIR)/$*.c -o $@

$(B)/libfatfs.a: $(FATFS_OBJ)

$(FS_OBJ): FLAGS = $(USER_FLAGS) $(FATFS_INCLUDE)
$(FS_OBJ): $(B)/user.flags | $(FATFS_READY)
