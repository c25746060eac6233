/*
 * watch.h - a watch over writes to configuration space, by whichever way they go.
 */
#ifndef TESTS_PCI_WATCH_H
#define TESTS_PCI_WATCH_H

#include <stdint.h>

/** From now on @watch is called before every write to configuration space; a null pointer: no more.
 *  @ecam: where it lies in memory, 0: nowhere. */
void watch_config(void (*watch)(uint16_t place, uint32_t offset, unsigned bytes), uint64_t ecam);

#endif
