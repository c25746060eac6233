/*
 * idl_desc.h - interfaces as data: what <idl/NAME_desc.h> is made of, and what reads it.
 * Messages become text for traces, interfaces become text for whoever asks a driver what it serves.
 * Everything is constant; nothing here trusts a message.
 */
#ifndef QUOLL_IDL_DESC_H
#define QUOLL_IDL_DESC_H

#include <stddef.h>
#include <stdint.h>

enum idl_kind {
    IDL_INTEGER,  /* one word; a boolean too */
    IDL_ENUM,     /* one word */
    IDL_OCTETS,   /* an array of `bound` octets, eight a word */
    IDL_STRING,   /* a word for the count; at most `bound` octets behind the fixed words */
    IDL_BYTES,    /* the same for a sequence of octets */
    IDL_SEQUENCE, /* the same for other elements: the next `elements` fields describe one */
    IDL_CAP,      /* no word */
    IDL_CAPS,     /* a word for the count; at most `bound` */
    IDL_BUFFER,   /* of an asynchronous request: at most `bound` octets of the data region */
};

struct idl_enum_value {
    uint32_t value;
    const char *text; /* - for _, and without the enum's name in front */
};

struct idl_enum {
    const char *name;
    uint32_t count;
    const struct idl_enum_value *values;
};

/* A parameter, or a struct's member: its name then is PARAMETER.MEMBER. */
struct idl_field {
    const char *name;
    const char *type; /* as in the interface's file */
    uint8_t kind;     /* enum idl_kind */
    uint8_t is_signed;
    uint16_t elements;
    uint32_t bound;
    uint64_t low, high; /* of an integer; signed ones in two's complement */
    const struct idl_enum *values;
};

enum idl_flag {
    IDL_ONEWAY = 1,
    IDL_IDEMPOTENT = 2,
    IDL_ASYNC = 4,
    IDL_WAITS = 8,
};

struct idl_method {
    const char *name;
    uint32_t flags;
    uint32_t in_count, out_count;
    const struct idl_field *in, *out;
};

struct idl_interface {
    const char *name;
    uint32_t number;
    uint32_t method_count;
    const struct idl_method *methods;
};

/* All interfaces of a program that decodes: <idl/interfaces.h> has the table of all there are. */
struct idl_table {
    const struct idl_interface *const *interfaces;
    size_t count;
};

/** The interface with @number; NULL if the table has none. */
const struct idl_interface *idl_find(const struct idl_table *table, unsigned number);

/** A request as text: `devman.control(what="/pci/00:1f.3" order=kill)`. @count of its words are
 *  there; for what lies behind them it says `...`. What no client's stub sends is shown as it is.
 *  Cut off at @size bytes, NUL included; returns the length of the text. */
size_t idl_decode(const struct idl_table *table, uint32_t label, const uint64_t *words,
                  unsigned count, char *text, size_t size);

/** The answer with label @error to a request with @label: `devman.node = id="8086:10d3" ...`. */
size_t idl_decode_answer(const struct idl_table *table, uint32_t label, uint32_t error,
                         const uint64_t *words, unsigned count, char *text, size_t size);

/** Line @index, from 0, of an interface's description; 0: there are no more. */
size_t idl_describe(const struct idl_interface *interface, unsigned index, char *text, size_t size);

/** The text of @value; "?" if the enum has no such value. */
const char *idl_enum_text(const struct idl_enum *values, uint64_t value);

#endif
