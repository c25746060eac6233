/*
 * services.h - slots of the http server's task: what its manifest lets it look up, and what the
 * console lends it.
 */
#ifndef HTTP_SERVICES_H
#define HTTP_SERVICES_H

#include <quoll/files.h>
#include <quoll/task.h>

#define SLOT_DEVMAN (SLOT_FREE + 0)
#define SLOT_SYSTEM (SLOT_FREE + 1)
#define SLOT_FS     (SLOT_FREE + 2)
#define SLOT_ORDERS (SLOT_FREE + 3) /* empty unless orders are allowed */
#define SLOT_WINDOW (SLOT_FREE + 8)

#endif
