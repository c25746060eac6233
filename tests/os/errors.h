/*
 * errors.h - tables of calls that must fail. A row is one call and the one error it gives; ops.def
 * says which errors an operation has, and the test kernel.errors.complete that each has a row.
 */
#ifndef ERRORS_H
#define ERRORS_H

#include "world.h"

struct call {
    const char *what; /* the condition, for the failure's text */
    uint8_t object, label;
    int8_t error;
    uint8_t level; /* NO_TABLE: what word 0 says */
    bool mute;     /* made by the thread without a buffer */
    bool extra;    /* carries twelve words more in the buffer */
    bool iommu;    /* only where there is one */
    uint16_t cap;  /* the capability that is invoked */
    uint64_t w[MSG_REG_WORDS];
    void (*before)(void); /* makes the condition; changes nothing that another row needs */
};

struct call_table {
    const struct call *list;
    unsigned count;
};

#define CALL_TABLE(name) const struct call_table name = {list, sizeof list / sizeof list[0]}

/** The tables: of memory objects, of capabilities, of threads, of what the root capabilities make,
 *  of devices, and those whose capabilities are derived as deeply as can be. */
extern const struct call_table errors_memory, errors_cnode, errors_thread, errors_control,
    errors_device, errors_depth;

/* An argument that is replaced by the number of slots of the own CNode. */
#define ARG_SLOTS 0x5107500000000000ull

/* ---- a call of each operation that succeeds, or gives the one error of its state, and what its
 * handles must be */
enum handle_kind {
    HANDLE,          /* in the caller's capability space */
    HANDLE_OPTIONAL, /* the same, and 0 means none */
    INDEX,           /* in the CNode that is invoked: outside is BAD_ARG */
};

struct handle {
    uint8_t word, type, rights, kind;
};

struct base {
    uint8_t object, label;
    bool extra;
    bool iommu;   /* only where there is one */
    int8_t error; /* what it gives, where it is no longer to succeed */
    uint16_t cap;
    uint64_t w[MSG_REG_WORDS];
    unsigned handle_count;
    struct handle handles[5];
};

extern const struct base bases[];
extern const unsigned base_count;

/* ---- ops.def as a table */
struct op_row {
    uint8_t object;
    uint32_t label;
    const char *object_name, *name, *args, *errors;
};

extern const struct op_row op_rows[];
extern const unsigned op_row_count;

/** Run @c in the world that stands, and compare it with the snapshot. */
bool call_fails(const struct call *c);

/** The order of @b's call to the world's caller. */
void base_call(const struct base *b);

/** "OBJECT_NAME" of an operation. */
const char *op_name(unsigned object, unsigned label);

/** All wrong handles, rights and tags of the operations of @object. */
bool generic_errors(unsigned object);

#endif
