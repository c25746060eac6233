/*
 * regs_dump.c - reads a device by its regs_table, and writes what it sees as text.
 * Registers whose reading changes the device are named, but never read. Nothing is kept between
 * two calls.
 */
#include <regs/table.h>

#include <stdio.h>
#include <string.h>

static uint64_t place_read(const struct regs_bus *bus, unsigned space, uint64_t place,
                           unsigned width)
{
    return bus->read(bus, (enum regs_space)space, place, width);
}

static void place_write(const struct regs_bus *bus, unsigned space, uint64_t place, unsigned width,
                        uint64_t value)
{
    bus->write(bus, (enum regs_space)space, place, width, value);
}

static uint64_t indexed_read(const struct regs_bus *bus, const struct regs_map *map, uint64_t index)
{
    if (map->pre_read_width != 0) {
        (void)place_read(bus, map->device_space, map->pre_read, map->pre_read_width);
    }
    place_write(bus, map->device_space, map->index, map->index_width, index | map->index_with);
    return place_read(bus, map->device_space, map->data, map->data_width);
}

/* In as many accesses as the register wants, the lowest bits first. */
static uint64_t direct_read(const struct regs_bus *bus, const struct regs_map *map,
                            const struct regs_register *reg, uint64_t place)
{
    uint64_t value = 0;

    for (unsigned bit = 0; bit < reg->width; bit += reg->access_width) {
        value |= place_read(bus, map->space, place + bit / 8, reg->access_width) << bit;
    }
    return value;
}

static uint64_t register_read(const struct regs_bus *bus, const struct regs_map *map,
                              const struct regs_register *reg, uint64_t place)
{
    uint64_t before = 0, value;

    if (map->bank_width != 0) {
        before = place_read(bus, map->device_space, map->bank, map->bank_width);
        place_write(bus, map->device_space, map->bank, map->bank_width,
                    (before & ~map->bank_mask) | map->bank_bits);
    }
    value = map->space == REGS_INDEXED ? indexed_read(bus, map, place)
                                       : direct_read(bus, map, reg, place);
    if (map->bank_width != 0) {
        place_write(bus, map->device_space, map->bank, map->bank_width, before);
    }
    return value;
}

static void element_name(char *to, const char *name, unsigned element)
{
    const char *mark = strchr(name, '%');

    if (mark == NULL) {
        (void)snprintf(to, REGS_NAME_MAX, "%s", name);
    } else {
        (void)snprintf(to, REGS_NAME_MAX, "%.*s%u%s", (int)(mark - name), name, element, mark + 1);
    }
}

void regs_each(const struct regs_table *table, const struct regs_bus *bus, regs_visit visit,
               void *context)
{
    for (size_t i = 0; i < table->register_count; i++) {
        const struct regs_register *reg = &table->registers[i];

        for (unsigned k = 0; k < reg->count; k++) {
            struct regs_element element = {.reg = reg};

            element_name(element.name, table->strings + reg->name, k);
            if (reg->flags == REGS_READABLE) {
                element.value = register_read(bus, &table->maps[reg->map], reg,
                                              reg->place + (uint64_t)k * reg->stride);
                element.is_read = true;
            }
            visit(context, table, &element);
        }
    }
}

uint64_t regs_field_value(const struct regs_field *field, uint64_t raw)
{
    return raw >> field->low & (UINT64_MAX >> (64 - field->width));
}

const char *regs_value_name(const struct regs_table *table, const struct regs_field *field,
                            uint64_t value)
{
    for (unsigned i = 0; i < field->value_count; i++) {
        const struct regs_value *v = &table->values[field->first_value + i];

        if (v->value == value) {
            return table->strings + v->name;
        }
    }
    return NULL;
}

#define ARRAY 4u /* registers of one kind: from so many on, those alike are counted */

struct dump {
    regs_line line;
    void *context;
    const struct regs_register *reg; /* the last one that was shown, ... */
    uint64_t value;                  /* ... what it had, ... */
    unsigned same;                   /* ... and how many of its array had that, too */
};

static const char *why_not_read(const struct regs_register *reg)
{
    if ((reg->flags & REGS_READABLE) == 0) {
        return "write only";
    }
    return (reg->flags & REGS_EFFECT) != 0 ? "not read: that would change it" : "not read";
}

static void dump_field(const struct dump *dump, const struct regs_table *table,
                       const struct regs_field *field, uint64_t raw)
{
    uint64_t value = regs_field_value(field, raw);
    const char *name = regs_value_name(table, field, value);
    char text[128];

    (void)snprintf(text, sizeof(text), "    %-24s 0x%llx%s%s", table->strings + field->name,
                   (unsigned long long)value, name != NULL ? " " : "", name != NULL ? name : "");
    dump->line(dump->context, text);
}

static void dump_same(struct dump *dump)
{
    char text[128];

    if (dump->same != 0) {
        (void)snprintf(text, sizeof(text), "    and %u more with the same value", dump->same);
        dump->line(dump->context, text);
    }
    dump->same = 0;
}

/* The register's line has shown the value already. */
static bool is_one_number(const struct regs_table *table, const struct regs_register *reg)
{
    const struct regs_field *field = &table->fields[reg->first_field];

    return reg->field_count == 1 && field->value_count == 0 && field->width == reg->width;
}

static void dump_element(void *context, const struct regs_table *table,
                         const struct regs_element *element)
{
    struct dump *dump = context;
    const struct regs_register *reg = element->reg;
    char text[128];

    if (element->is_read && reg->count >= ARRAY && dump->reg == reg &&
        dump->value == element->value) {
        dump->same++;
        return;
    }
    dump_same(dump);
    dump->reg = element->is_read ? reg : NULL;
    dump->value = element->value;
    if (!element->is_read) {
        (void)snprintf(text, sizeof(text), "%-28s %s", element->name, why_not_read(reg));
        dump->line(dump->context, text);
        return;
    }
    (void)snprintf(text, sizeof(text), "%-28s 0x%0*llx", element->name, reg->width / 4,
                   (unsigned long long)element->value);
    dump->line(dump->context, text);
    for (unsigned i = 0; !is_one_number(table, reg) && i < reg->field_count; i++) {
        dump_field(dump, table, &table->fields[reg->first_field + i], element->value);
    }
}

void regs_dump(const struct regs_table *table, const struct regs_bus *bus, regs_line line,
               void *context)
{
    struct dump dump = {.line = line, .context = context};

    regs_each(table, bus, dump_element, &dump);
    dump_same(&dump);
}
