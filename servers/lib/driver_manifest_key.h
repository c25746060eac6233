/*
 * driver_manifest_key.h - what the files of the driver manifests' parser share.
 */
#ifndef DRIVER_MANIFEST_KEY_H
#define DRIVER_MANIFEST_KEY_H

#include <quoll/driver_manifest.h>

/** Set @key of @d to @value (trimmed). False: @error->text is filled. */
bool driver_key_set(struct driver_manifest *d, const char *key, const char *value,
                    struct manifest_error *error);

/* driver_manifest_match.c */
bool driver_key_match(struct driver_manifest *d, const char *v, struct manifest_error *e);
bool driver_key_need(struct driver_manifest *d, const char *v, struct manifest_error *e);
bool driver_key_want(struct driver_manifest *d, const char *v, struct manifest_error *e);

/* driver_manifest_limit.c: time, CPU and restarts */
bool driver_key_budget(struct driver_manifest *d, const char *v, struct manifest_error *e);
bool driver_key_irq_limit(struct driver_manifest *d, const char *v, struct manifest_error *e);
bool driver_key_heartbeat(struct driver_manifest *d, const char *v, struct manifest_error *e);
bool driver_key_request_limit(struct driver_manifest *d, const char *v, struct manifest_error *e);
bool driver_key_irq_ack_limit(struct driver_manifest *d, const char *v, struct manifest_error *e);
bool driver_key_restart(struct driver_manifest *d, const char *v, struct manifest_error *e);
bool driver_key_give_up(struct driver_manifest *d, const char *v, struct manifest_error *e);

#endif
