/*
 * portmap.h - an address space's I/O permission bitmap.
 */
#ifndef PORTMAP_H
#define PORTMAP_H

#include <object/object.h>

/** Give the space of capability @vspace the bitmap @p (zeroed memory), all ports closed.
 *  Errors: BUSY (it has one), LIMIT (depth). */
int portmap_attach(struct portmap *p, struct slot *vspace);

/** Close all of @p's ports and take it from its space. */
void portmap_detach(struct portmap *p);

/** The ports that are open in some PortMap, a bit each. */
const uint64_t *portmap_taken(void);

struct portmap *portmap_of_slot(struct slot *s);

/** Open ports @first to @last. Errors: BAD_ARG, BUSY (overlap with another grant). */
int portmap_grant(struct portmap *p, uint64_t first, uint64_t last);

#endif
