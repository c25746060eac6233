/*
 * reserved.h - what no device may own by a bus driver's word, because who has it has the machine or
 * somebody else's device: memory that is no device's, configuration space, the interrupt
 * controllers, what resets or switches off. A report of it is refused and nothing is granted.
 * No kernel calls here, so it is tested on the host.
 */
#ifndef DEVMAN_RESERVED_H
#define DEVMAN_RESERVED_H

#include "tree.h"

#include <quoll/machine.h>

/** What @r would reach that @bus must not give away, in words; a null pointer if nothing. @boot is
 *  what the kernel told of the machine. Ranges of memory count as the whole pages they lie in. */
const char *reserved_find(const struct bootinfo *boot, const struct node *bus,
                          const struct resource *r);

#endif
