/*
 * table.h - a device's registers as data, for `regs D` in the shell and for traces.
 * The register compiler makes one constant regs_table for each device. Names are offsets into one
 * string, so the arrays hold no pointers. dump.c reads the table and, with it, the device.
 */
#ifndef REGS_TABLE_H
#define REGS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum regs_space {
    REGS_MMIO,
    REGS_PORT,
    REGS_CONFIG,
    REGS_MEMORY,
    REGS_INDEXED,
};

/* How the registers of one map are reached. Places are relative to the device's base. */
struct regs_map {
    uint8_t space;        /* enum regs_space */
    uint8_t device_space; /* of the index, data and bank registers */
    uint8_t index_width, data_width, pre_read_width, bank_width; /* in bits; 0: there is none */
    uint32_t index, data, pre_read, bank;
    uint32_t index_with;           /* what is ORed to an index */
    uint64_t bank_mask, bank_bits; /* the field that chooses the bank, its value in place */
};

enum {
    REGS_READABLE = 1, /* else a register for writing only */
    REGS_EFFECT = 2,   /* reading it changes the device: a dump must not */
    REGS_LEFT_OUT = 4, /* the register file keeps it out of dumps */
};

struct regs_register {
    uint32_t place;  /* offset in bytes, or an index; of the first element */
    uint32_t stride; /* to the next element */
    uint16_t name;   /* a % stands for the element's number */
    uint16_t count;  /* elements; 1 if it is no array */
    uint16_t first_field;
    uint8_t field_count;
    uint8_t map;
    uint8_t width, access_width; /* in bits */
    uint8_t flags;
};

struct regs_field {
    uint16_t name;
    uint16_t first_value, value_count; /* the names of its values */
    uint8_t low, width;                /* in bits */
};

struct regs_value {
    uint32_t value;
    uint16_t name;
};

struct regs_table {
    const char *name;
    const char *strings;
    const struct regs_map *maps;
    const struct regs_register *registers;
    const struct regs_field *fields;
    const struct regs_value *values;
    size_t register_count;
};

/** How a dump reaches a device: @place counts from the device's base, @width is in bits. */
struct regs_bus {
    uint64_t (*read)(const struct regs_bus *bus, enum regs_space space, uint64_t place,
                     unsigned width);
    void (*write)(const struct regs_bus *bus, enum regs_space space, uint64_t place, unsigned width,
                  uint64_t value);
    uint64_t base; /* the handle's: a port, an address, a pointer to the device */
};

/** The bus that generated accessors use, for the device at @base. */
struct regs_bus regs_bus_at(uint64_t base);

#define REGS_NAME_MAX 64

struct regs_element {
    const struct regs_register *reg;
    char name[REGS_NAME_MAX];
    bool is_read; /* else its flags say why it was not */
    uint64_t value;
};

typedef void (*regs_visit)(void *context, const struct regs_table *table,
                           const struct regs_element *element);
typedef void (*regs_line)(void *context, const char *text);

/** Call @visit for every element of every register, reading those where that is harmless. Banks
 *  are chosen and left again, so the caller is the device's driver, between two of its steps. */
void regs_each(const struct regs_table *table, const struct regs_bus *bus, regs_visit visit,
               void *context);

/** The same as lines of text: a line for the register, one for each of its fields. */
void regs_dump(const struct regs_table *table, const struct regs_bus *bus, regs_line line,
               void *context);

/** The name of a field's value, or a null pointer if it has none. */
const char *regs_value_name(const struct regs_table *table, const struct regs_field *field,
                            uint64_t value);

/** The field's value in @raw, the register's. */
uint64_t regs_field_value(const struct regs_field *field, uint64_t raw);

#endif
