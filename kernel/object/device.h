/*
 * device.h - Devices: requester ids, and the IoSpaces they are assigned to.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include <object/object.h>

/** Block @d, which is being destroyed, and forget it. */
void device_destroy(struct device *d);

/** The IoSpace that @s, a slot of a Device, names is taken back: the Device is blocked. */
void device_slot_lost(struct slot *s);

/** Operations (decode and invoke). Errors: docs/abi.md. */
int device_control_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out);
int device_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out);

#endif
