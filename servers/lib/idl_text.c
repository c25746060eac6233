/*
 * idl_text.c - messages and interfaces as text, from the tables of idl_desc.h.
 * Separate from idl.c because only tools, traces and `describe` need it.
 */
#include <quoll/error.h>
#include <quoll/idl_desc.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#define OCTETS_SHOWN 16

/* Text that grows up to its room. */
struct writer {
    char *text;
    size_t size, length;
};

/* A message that is read: fixed words from the front, contents of strings and sequences behind. */
struct reader {
    const uint64_t *words;
    unsigned count;
    unsigned at, tail;
};

__attribute__((format(printf, 2, 3))) static void put(struct writer *w, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(w->text + w->length, w->size - w->length, format, args);
    va_end(args);
    if (n > 0) {
        w->length = (size_t)n < w->size - w->length ? w->length + (size_t)n : w->size - 1;
    }
}

const struct idl_interface *idl_find(const struct idl_table *table, unsigned number)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->interfaces[i]->number == number) {
            return table->interfaces[i];
        }
    }
    return NULL;
}

const char *idl_enum_text(const struct idl_enum *values, uint64_t value)
{
    for (uint32_t i = 0; i < values->count; i++) {
        if (values->values[i].value == value) {
            return values->values[i].text;
        }
    }
    return "?";
}

/* ---- values */

static unsigned fixed_words(const struct idl_field *field)
{
    switch (field->kind) {
    case IDL_OCTETS:
        return (field->bound + 7) / 8;
    case IDL_CAP:
    case IDL_BUFFER:
        return 0;
    default:
        return 1;
    }
}

static unsigned words_of(const struct idl_field *fields, uint32_t count)
{
    unsigned words = 0;

    for (uint32_t i = 0; i < count; i += 1u + fields[i].elements) {
        words += fixed_words(&fields[i]);
    }
    return words;
}

static uint8_t octet_at(const struct reader *r, unsigned first, uint64_t index)
{
    return (uint8_t)(r->words[first + index / 8] >> (index % 8 * 8));
}

/* @count octets from word @first on; false if the reader ends before. */
static bool put_octets(struct writer *w, const struct reader *r, unsigned first, uint64_t count,
                       bool is_text)
{
    uint64_t shown = is_text || count <= OCTETS_SHOWN ? count : OCTETS_SHOWN;

    put(w, "%s", is_text ? "\"" : "[");
    for (uint64_t i = 0; i < shown; i++) {
        uint8_t octet;
        if (first + i / 8 >= r->count) {
            put(w, "...");
            return false;
        }
        octet = octet_at(r, first, i);
        if (!is_text) {
            put(w, "%s%02x", i ? " " : "", octet);
        } else if (octet >= ' ' && octet < 0x7f && octet != '"' && octet != '\\') {
            put(w, "%c", octet);
        } else {
            put(w, "\\x%02x", octet);
        }
    }
    if (shown < count) {
        put(w, " ... %u in all", (unsigned)count);
    }
    put(w, "%s", is_text ? "\"" : "]");
    return true;
}

static void put_scalar(struct writer *w, const struct idl_field *field, uint64_t value)
{
    const char *mark = value - field->low > field->high - field->low ? "?" : "";

    if (field->kind == IDL_ENUM) {
        const char *text = idl_enum_text(field->values, value);
        if (*text != '?') {
            put(w, "%s", text);
            return;
        }
        mark = text;
    }
    if (field->is_signed) {
        put(w, "%s%lld", mark, (long long)value);
    } else {
        put(w, "%s%llu", mark, (unsigned long long)value);
    }
}

static bool put_fields(struct writer *w, struct reader *r, const struct idl_field *fields,
                       uint32_t count);

/* The elements of a sequence, which lie in the tail. */
static bool put_elements(struct writer *w, struct reader *r, const struct idl_field *field,
                         uint64_t count)
{
    struct reader element = *r;

    element.at = r->tail;
    for (uint64_t i = 0; i < count; i++) {
        put(w, "%s", i ? ", " : "[");
        if (!put_fields(w, &element, field + 1, field->elements)) {
            return false;
        }
    }
    put(w, "%s", count ? "]" : "[]");
    r->tail = element.at;
    return true;
}

/* What hangs on a count that was read; false: the message ends or lies. */
static bool put_counted(struct writer *w, struct reader *r, const struct idl_field *field,
                        uint64_t count)
{
    if (count > field->bound) {
        put(w, "?%llu of at most %u", (unsigned long long)count, field->bound);
        return false;
    }
    if (field->kind == IDL_CAPS) {
        put(w, "%u capabilities", (unsigned)count);
        return true;
    }
    if (field->kind == IDL_SEQUENCE) {
        return put_elements(w, r, field, count);
    }
    if (!put_octets(w, r, r->tail, count, field->kind == IDL_STRING)) {
        return false;
    }
    r->tail += (unsigned)(count + 7) / 8;
    return true;
}

/* One field; false: nothing behind it can be read. */
static bool put_field(struct writer *w, struct reader *r, const struct idl_field *field)
{
    unsigned at = r->at;

    if (field->kind == IDL_CAP || field->kind == IDL_BUFFER) {
        put(w, field->kind == IDL_CAP ? "capability" : "buffer");
        return true;
    }
    if (at + fixed_words(field) > r->count) {
        put(w, "...");
        return false;
    }
    r->at += fixed_words(field);
    switch (field->kind) {
    case IDL_INTEGER:
    case IDL_ENUM:
        put_scalar(w, field, r->words[at]);
        return true;
    case IDL_OCTETS:
        return put_octets(w, r, at, field->bound, false);
    default:
        return put_counted(w, r, field, r->words[at]);
    }
}

static bool put_fields(struct writer *w, struct reader *r, const struct idl_field *fields,
                       uint32_t count)
{
    for (uint32_t i = 0; i < count; i += 1u + fields[i].elements) {
        put(w, "%s%s%s", i ? " " : "", fields[i].name, *fields[i].name ? "=" : "");
        if (!put_field(w, r, &fields[i])) {
            return false;
        }
    }
    return true;
}

/* ---- messages */

static const struct idl_method *put_method(struct writer *w, const struct idl_table *table,
                                           uint32_t label)
{
    const struct idl_interface *interface = idl_find(table, label >> 8);
    unsigned index = label & 0xff;

    if (!interface) {
        put(w, "?%u.%u", label >> 8, index);
        return NULL;
    }
    if (index >= interface->method_count) {
        put(w, "%s.?%u", interface->name, index);
        return NULL;
    }
    put(w, "%s.%s", interface->name, interface->methods[index].name);
    return &interface->methods[index];
}

size_t idl_decode(const struct idl_table *table, uint32_t label, const uint64_t *words,
                  unsigned count, char *text, size_t size)
{
    struct writer w = {text, size, 0};
    const struct idl_method *method = put_method(&w, table, label);

    put(&w, "(");
    if (method) {
        struct reader r = {words, count, 0, words_of(method->in, method->in_count)};
        (void)put_fields(&w, &r, method->in, method->in_count);
    }
    put(&w, ")");
    return w.length;
}

size_t idl_decode_answer(const struct idl_table *table, uint32_t label, uint32_t error,
                         const uint64_t *words, unsigned count, char *text, size_t size)
{
    struct writer w = {text, size, 0};
    const struct idl_method *method = put_method(&w, table, label);

    put(&w, " = ");
    if (error != 0) {
        put(&w, "%s", error > INT32_MAX ? "?" : quoll_error_name((int)error));
    } else if (method && method->out_count) {
        struct reader r = {words, count, 0, words_of(method->out, method->out_count)};
        (void)put_fields(&w, &r, method->out, method->out_count);
    } else {
        put(&w, "OK");
    }
    return w.length;
}

/* ---- descriptions */

static void describe_field(struct writer *w, const char *direction, const struct idl_field *field)
{
    put(w, "  %s %s: %s", direction, *field->name ? field->name : "each", field->type);
    if (field->kind == IDL_ENUM) {
        for (uint32_t i = 0; i < field->values->count; i++) {
            put(w, "%s%s", i ? " " : " (", field->values->values[i].text);
        }
        put(w, ")");
    } else if (field->kind == IDL_INTEGER && field->is_signed) {
        put(w, ", %lld to %lld", (long long)field->low, (long long)field->high);
    } else if (field->kind == IDL_INTEGER) {
        put(w, ", %llu to %llu", (unsigned long long)field->low, (unsigned long long)field->high);
    }
}

static void describe_method(struct writer *w, const struct idl_method *method, unsigned index)
{
    static const char *const flags[] = {"oneway", "idempotent", "async", "waits"};

    put(w, "%u %s", index, method->name);
    for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (method->flags >> i & 1) {
            put(w, " @%s", flags[i]);
        }
    }
}

size_t idl_describe(const struct idl_interface *interface, unsigned index, char *text, size_t size)
{
    struct writer w = {text, size, 0};

    if (index == 0) {
        put(&w, "interface %s, number %u, %u methods", interface->name, interface->number,
            interface->method_count);
        return w.length;
    }
    index--;
    for (unsigned i = 0; i < interface->method_count; i++) {
        const struct idl_method *method = &interface->methods[i];
        if (index == 0) {
            describe_method(&w, method, i);
            return w.length;
        }
        if (index <= method->in_count) {
            describe_field(&w, "in", &method->in[index - 1]);
            return w.length;
        }
        index -= method->in_count;
        if (index <= method->out_count) {
            describe_field(&w, "out", &method->out[index - 1]);
            return w.length;
        }
        index -= method->out_count + 1;
    }
    return 0;
}
