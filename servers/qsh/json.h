/*
 * json.h - JSON (quoll/json.h) into the shell's output.
 */
#ifndef QSH_JSON_H
#define QSH_JSON_H

#include <quoll/json.h>
#include "output.h"

static inline void json_put_output(void *to, const char *bytes, size_t n)
{
    output_text(to, bytes, n);
}

static inline struct json json_begin(struct output *o)
{
    return json_begin_to(json_put_output, o);
}

#endif
