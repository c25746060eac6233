/*
 * root.h - the first user-level task.
 */
#ifndef ROOT_H
#define ROOT_H

#include <boot/boot.h>

/** Make the root task from the boot image's file "root" and give it everything: all memory that
 *  is left in @boot, @devices, and the root capabilities. Refuses to boot if it can't. */
void root_create(struct boot_data *boot, struct boot_range *devices, unsigned device_count,
                 uint64_t boot_tsc, uint64_t ram_bytes);

#endif
