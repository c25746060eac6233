/*
 * system_manifest_key.h - what the files of the system manifest's parser share.
 */
#ifndef SYSTEM_MANIFEST_KEY_H
#define SYSTEM_MANIFEST_KEY_H

#include <quoll/system_manifest.h>

/** Set @key of @task to @value (trimmed). False: @error->text is filled. */
bool manifest_key_set(struct manifest_task *task, const char *key, const char *value,
                      struct manifest_error *error);

/* system_manifest_device.c */
bool manifest_key_ports(struct manifest_task *t, const char *v, struct manifest_error *e);
bool manifest_key_mmio(struct manifest_task *t, const char *v, struct manifest_error *e);
bool manifest_key_irq(struct manifest_task *t, const char *v, struct manifest_error *e);
bool manifest_key_devices(struct manifest_task *t, const char *v, struct manifest_error *e);

#endif
