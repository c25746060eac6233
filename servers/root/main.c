/*
 * main.c - where root begins: its state, its own objects, then start, then serve for ever.
 * Runs with what the kernel gave it: bootinfo, boot image, the slots of enum boot_slot.
 */
#include "root.h"

#include <stdlib.h>

struct root root;

int main(void);

uint64_t ticks_to_us(uint64_t ticks)
{
    uint64_t hz = quoll_info()->tsc_hz;

    if (hz == 0) {
        return 0;
    }
    return ticks / hz * 1000000 + ticks % hz * 1000000 / hz;
}

/* All RAM goes to root.memory, device memory to device.c. */
static void take_memory(void)
{
    for (uint32_t i = 0; i < root.info->untyped_count && i < BOOT_MAX_UNTYPED; i++) {
        const struct boot_untyped *u = &root.info->untyped[i];
        uint32_t slot = root.info->untyped_first + i;
        if (u->is_device) {
            device_add(slot);
        } else {
            (void)heap_add(&root.memory, slot, u->size_bits, 0);
        }
    }
}

static uint64_t slot_words[SLOTS_WORDS(1u << BOOT_CNODE_BITS)];

static void make_self(void)
{
    struct task *self = &root.task[0];

    slots_init(&root.slots, slot_words, root.info->slot_free,
               (1u << BOOT_CNODE_BITS) - root.info->slot_free);
    root.maker = (struct spawn_maker){.cnode = BOOT_SLOT_CNODE,
                                      .vspace = BOOT_SLOT_VSPACE,
                                      .irq_control = BOOT_SLOT_IRQ_CONTROL,
                                      .ioport_control = BOOT_SLOT_IOPORT_CONTROL,
                                      .cpu_control = BOOT_SLOT_CPU_CONTROL,
                                      .info_frame = BOOT_SLOT_INFO,
                                      .window_va = ROOT_WINDOW_VA,
                                      .image = (const uint8_t *)BOOTIMAGE_VA,
                                      .image_bytes = root.info->image_bytes,
                                      .image_first = root.info->image_first};
    *self = (struct task){.s = task_spawn(), .id = 1, .state = THREAD_RUNNING, .name = "root"};
    self->s.cnode = BOOT_SLOT_CNODE;
    self->s.vspace = BOOT_SLOT_VSPACE;
    self->s.thread = BOOT_SLOT_THREAD;
    self->s.budget = BOOT_SLOT_BUDGET;
    root.task_count = 1;
}

/* The endpoint of requests and faults, and the Reply root receives with. */
static int make_endpoint(void)
{
    struct spawn *self = &root.task[0].s;
    int error = spawn_make(self, OBJ_ENDPOINT, 0, &root.endpoint);

    root.reply = slots_take(&root.slots, 1);
    if (error != E_OK) {
        return error;
    }
    return spawn_make_in(self, &(struct spawn_object){.type = OBJ_REPLY,
                                                      .index = root.reply,
                                                      .count = 1,
                                                      .thread = BOOT_SLOT_THREAD});
}

int main(void)
{
    int error;

    root.info = (struct bootinfo *)BOOTINFO_VA;
    root_buffer->recv_count = 0; /* no message to root carries a capability */
    syslog_echo(debug_build());
    make_self();
    take_memory();
    if (root.info->magic != BOOTINFO_MAGIC || quoll_info()->abi_version != QUOLL_ABI_VERSION) {
        syslog("the kernel speaks ABI version %u, root needs %u: build both from one tree",
               quoll_info()->abi_version, QUOLL_ABI_VERSION);
        abort();
    }
    syslog_map_kernel();
    error = make_endpoint();
    if (error == E_OK) {
        error = spawn_window_prepare(&root.task[0].s);
    }
    if (error == E_OK && CONFIG_ONE_AS) {
        error = spawn_make(&root.task[0].s, OBJ_VSPACE, 0, &root.maker.shared_space);
    }
    if (error != E_OK) {
        syslog("root cannot make its endpoint: %s", quoll_strerror(error));
        abort();
    }
    machine_read();
    error = power_init();
    if (error != E_OK) {
        syslog("reboot and poweroff will not work: no port map: %s", quoll_strerror(error));
    }
    root_start();
    root_serve();
}
