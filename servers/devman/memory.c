/*
 * memory.c - what devman was given, and what is made of it: untypeds for instances, chunks for what
 * outlives them, device memory by its address.
 */
#include "devman.h"

#define CHUNK_BITS      16
#define MEMORY_PIECES   512
#define REGISTER_PIECES 1024
#define SLOT_COUNT      (1u << 14)
#define WINDOW_VA       0x000000005f000000ull /* one page: those of drivers while they are filled */

static struct piece memory_pieces[MEMORY_PIECES];
static struct piece register_pieces[REGISTER_PIECES];
static uint64_t slot_words[SLOTS_WORDS(SLOT_COUNT)];

/* The chunk that small things are cut from now, and how far. */
static struct {
    uint32_t slot;
    uint64_t used;
} chunk;

uint64_t memory_used(void)
{
    uint64_t unused = chunk.slot != 0 ? (1ull << CHUNK_BITS) - chunk.used : 0;

    return task_info()->untyped_bytes - pieces_free_bytes(&devman.memory) - unused;
}

/* spawn.pay of devman.self: as the kernel cuts, in order and aligned to the object's own size. */
static int pay(struct spawn *s, unsigned bits, unsigned count, uint32_t *untyped)
{
    uint64_t size = 1ull << bits, start = (chunk.used + size - 1) & ~(size - 1);

    (void)s;
    if (((uint64_t)count << bits) > 1ull << CHUNK_BITS) {
        return E_NO_MEMORY;
    }
    if (chunk.slot == 0 || start + ((uint64_t)count << bits) > 1ull << CHUNK_BITS) {
        int error = pieces_take(&devman.memory, CHUNK_BITS, &chunk.slot);
        if (error != E_OK) {
            return error;
        }
        start = 0;
    }
    chunk.used = start + ((uint64_t)count << bits);
    *untyped = chunk.slot;
    return E_OK;
}

/* The untypeds of device memory lie behind the task's own slots, in no order. */
static int add_registers(void)
{
    const struct task_info *info = task_info();
    int error = E_OK;

    for (uint32_t i = 0; error == E_OK && i < info->device_count; i++) {
        error = pieces_add(&devman.registers, info->slot_end + i);
    }
    return error;
}

static void make_maker(void)
{
    const struct task_info *info = task_info();

    devman.maker = (struct spawn_maker){.cnode = SLOT_CNODE,
                                        .vspace = SLOT_VSPACE,
                                        .irq_control = SLOT_IRQ_CONTROL,
                                        .ioport_control = SLOT_IOPORT_CONTROL,
                                        .cpu_control = SLOT_CPU_CONTROL,
                                        .info_frame = SLOT_INFO,
                                        .window_va = WINDOW_VA,
                                        .image = (const uint8_t *)BOOTIMAGE_VA,
                                        .image_bytes = devman.boot->image_bytes,
                                        .image_first = info->slot_end + info->device_count,
                                        .shared_space = CONFIG_ONE_AS ? SLOT_SHARED_SPACE : 0};
    devman.self = (struct spawn){.maker = &devman.maker,
                                 .slots = &devman.slots,
                                 .pay = pay,
                                 .cnode = SLOT_CNODE,
                                 .vspace = SLOT_VSPACE,
                                 .thread = SLOT_THREAD};
}

int memory_init(void)
{
    uint32_t count = task_info()->slot_end - SLOT_FIRST;
    int error;

    devman.boot = (const struct bootinfo *)BOOTINFO_VA;
    slots_init(&devman.slots, slot_words, SLOT_FIRST, count < SLOT_COUNT ? count : SLOT_COUNT);
    devman.memory = (struct pieces){.piece = memory_pieces,
                                    .max = MEMORY_PIECES,
                                    .cnode = SLOT_CNODE,
                                    .slots = &devman.slots};
    devman.registers = (struct pieces){.piece = register_pieces,
                                       .max = REGISTER_PIECES,
                                       .cnode = SLOT_CNODE,
                                       .slots = &devman.slots};
    make_maker();
    error = pieces_add(&devman.memory, SLOT_UNTYPED);
    if (error == E_OK) {
        error = add_registers();
    }
    if (error == E_OK) {
        error = spawn_window_prepare(&devman.self);
    }
    return error;
}
