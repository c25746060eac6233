/*
 * roundtrip.c - a QEMU TCG plugin that counts what a benchmark's round trip does in the kernel:
 * instructions, lines of code and data, expensive instructions. A round trip is what runs between
 * two marked RDTSCs (servers/bench/marks.inc), in whatever address space. Kernel and user are told
 * apart by address: the kernel's are the upper half. One CPU only.
 *
 *   -plugin roundtrip.so,out=FILE      one line of JSON for each series of round trips
 *   ...,whole=on                       only of a series as a whole, and of the round of it that
 * took the least: instructions and switches
 */
#include "decode.h"
#include "lines.h"
#include "qemu_plugin.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;
QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv);

enum { IN_KERNEL, IN_USER, FIRST_OP };
#define COUNTERS (FIRST_OP + OP_COUNT)

/* Rounds that did exactly the same, and how many there were. */
struct kind {
    uint64_t hash, rounds;
    uint64_t counted[COUNTERS];
    struct line *lines; /* code, then data */
    uint32_t code_count, data_count;
};

static uint64_t counter[COUNTERS]; /* since QEMU started; translated code adds to them */
static uint64_t at_begin[COUNTERS];
static struct lines code, data;
static bool in_series, in_round;
static struct kind *kinds;
static size_t kind_count, kind_room;
static uint64_t overflowed;
static FILE *out;
static bool whole; /* series are not looked into: all of each, and its least round */
static uint64_t at_series[COUNTERS], least[COUNTERS], rounds;

static bool is_kernel(uint64_t va)
{
    return va >> 63;
}

/* A measurement that is not whole must not look like one: QEMU ends with it. */
_Noreturn static void fail(const char *what)
{
    (void)fprintf(stderr, "roundtrip: %s\n", what);
    abort();
}

/* ---- what is kept of a series */

static void *must(void *memory)
{
    if (memory == NULL)
        fail("out of memory");
    return memory;
}

static struct kind *new_kind(uint64_t hash)
{
    struct kind *k;
    size_t lines = (size_t)code.count + data.count;

    if (kind_count == kind_room) {
        kind_room = kind_room == 0 ? 64 : 2 * kind_room;
        kinds = must(realloc(kinds, kind_room * sizeof *kinds));
    }
    k = &kinds[kind_count++];
    *k = (struct kind){.hash = hash, .code_count = code.count, .data_count = data.count};
    k->lines = must(malloc((lines + 1) * sizeof *k->lines));
    memcpy(k->lines, code.list, code.count * sizeof *k->lines);
    memcpy(k->lines + code.count, data.list, data.count * sizeof *k->lines);
    return k;
}

/* Round trips of one benchmark are nearly all alike, so the list stays short. */
static void keep_round(const uint64_t counted[COUNTERS])
{
    uint64_t hash = lines_hash(&code) * 31 + lines_hash(&data);
    struct kind *k = NULL;

    for (size_t i = 0; i < kind_count && k == NULL; i++) {
        if (kinds[i].hash == hash && !memcmp(kinds[i].counted, counted, sizeof kinds[i].counted))
            k = &kinds[i];
    }
    if (k == NULL) {
        k = new_kind(hash);
        memcpy(k->counted, counted, sizeof k->counted);
    }
    k->rounds++;
}

static void keep_least(const uint64_t counted[COUNTERS])
{
    if (rounds++ == 0 || counted[IN_KERNEL] + counted[IN_USER] < least[IN_KERNEL] + least[IN_USER])
        memcpy(least, counted, sizeof least);
}

static void forget_kinds(void)
{
    for (size_t i = 0; i < kind_count; i++)
        free(kinds[i].lines);
    kind_count = 0;
    overflowed = 0;
}

/* ---- output */

__attribute__((format(printf, 1, 2))) static void put(const char *format, ...)
{
    va_list args;
    int written;

    va_start(args, format);
    written = vfprintf(out, format, args);
    va_end(args);
    if (written < 0)
        fail("the output file cannot be written");
}

static void put_lines(const char *name, const struct line *line, uint32_t count)
{
    put(", \"%s\": [", name);
    for (uint32_t i = 0; i < count; i++)
        put("%s[%" PRIu64 ", %" PRIu32 "]", i == 0 ? "" : ", ", line[i].number << LINE_SHIFT,
            line[i].how);
    put("]");
}

static void put_kind(const struct kind *k)
{
    static const char *const names[OP_COUNT] = OP_NAMES;

    put("{\"rounds\": %" PRIu64 ", \"kernel\": %" PRIu64 ", \"user\": %" PRIu64, k->rounds,
        k->counted[IN_KERNEL], k->counted[IN_USER]);
    put(", \"ops\": {");
    for (unsigned i = 0; i < OP_COUNT; i++)
        put("%s\"%s\": %" PRIu64, i == 0 ? "" : ", ", names[i], k->counted[FIRST_OP + i]);
    put("}");
    put_lines("code", k->lines, k->code_count);
    put_lines("data", k->lines + k->code_count, k->data_count);
    put("}");
}

static void put_counts(const char *name, const uint64_t counts[COUNTERS])
{
    put("\"%s\": {\"instructions\": %" PRIu64 ", \"cr3\": %" PRIu64 "}", name,
        counts[IN_KERNEL] + counts[IN_USER], counts[FIRST_OP + OP_CR3]);
}

static void put_whole(void)
{
    for (unsigned i = 0; i < COUNTERS; i++)
        at_series[i] = counter[i] - at_series[i];
    put("{");
    put_counts("all", at_series);
    if (rounds != 0) {
        put(", ");
        put_counts("least", least);
    }
    put("}\n");
}

static void put_series(void)
{
    put("{\"overflowed\": %" PRIu64 ", \"kinds\": [", overflowed);
    for (size_t i = 0; i < kind_count; i++) {
        put("%s", i == 0 ? "" : ", ");
        put_kind(&kinds[i]);
    }
    put("]}\n");
}

/* ---- at run time */

static void round_begin(void)
{
    memcpy(at_begin, counter, sizeof at_begin);
    lines_clear(&code);
    lines_clear(&data);
    in_round = in_series;
}

static void round_end(void)
{
    uint64_t counted[COUNTERS];

    if (!in_round)
        return;
    in_round = false;
    if (code.overflow || data.overflow) {
        overflowed++;
        return;
    }
    for (unsigned i = 0; i < COUNTERS; i++)
        counted[i] = counter[i] - at_begin[i];
    if (whole)
        keep_least(counted);
    else
        keep_round(counted);
}

static void on_mark(unsigned vcpu, void *userdata)
{
    (void)vcpu;
    switch ((enum mark)(uintptr_t)userdata) {
    case MARK_BEGIN:
        round_begin();
        break;
    case MARK_END:
        round_end();
        break;
    case MARK_SERIES_BEGIN:
        forget_kinds();
        in_series = true;
        rounds = 0;
        memcpy(at_series, counter, sizeof at_series);
        break;
    case MARK_SERIES_END:
        in_series = in_round = false;
        whole ? put_whole() : put_series();
        if (fflush(out) != 0)
            fail("the output file cannot be written");
        break;
    case MARK_NONE:
        break;
    }
}

static void on_code_line(unsigned vcpu, void *userdata)
{
    (void)vcpu;
    if (in_round)
        lines_add(&code, (uintptr_t)userdata, LINE_READ);
}

static void on_access(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t va, void *userdata)
{
    struct qemu_plugin_hwaddr *where;

    (void)vcpu;
    (void)userdata;
    if (!in_round || !is_kernel(va))
        return;
    where = qemu_plugin_get_hwaddr(info, va);
    if (where != NULL && qemu_plugin_hwaddr_is_io(where))
        counter[FIRST_OP + OP_MMIO]++;
    else
        lines_add(&data, va, qemu_plugin_mem_is_store(info) ? LINE_WRITE : LINE_READ);
}

/* ---- at translation */

static void add_inline(struct qemu_plugin_insn *insn, unsigned which)
{
    qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, &counter[which],
                                               1);
}

/* Report the lines of @insn that the one before it, which ended in line @last, has not. */
static uint64_t add_code_lines(struct qemu_plugin_insn *insn, uint64_t last)
{
    uint64_t va = qemu_plugin_insn_vaddr(insn);
    uint64_t end = va + qemu_plugin_insn_size(insn) - 1;

    for (uint64_t line = va >> LINE_SHIFT; line <= end >> LINE_SHIFT; line++) {
        if (line != last)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_code_line, QEMU_PLUGIN_CB_NO_REGS,
                                                   (void *)(uintptr_t)(line << LINE_SHIFT));
        last = line;
    }
    return last;
}

static void add_kernel(struct qemu_plugin_insn *insn)
{
    enum op op = decode_op(qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn));

    add_inline(insn, IN_KERNEL);
    if (op != OP_NONE)
        add_inline(insn, FIRST_OP + (unsigned)op);
    if (!whole)
        qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_CB_NO_REGS,
                                         QEMU_PLUGIN_MEM_RW, NULL);
}

static void add_user(struct qemu_plugin_insn *insn)
{
    enum mark mark = decode_mark(qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn));

    if (mark == MARK_NONE)
        add_inline(insn, IN_USER);
    else
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, QEMU_PLUGIN_CB_NO_REGS,
                                               (void *)(uintptr_t)mark);
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    uint64_t last_line = UINT64_MAX;

    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

        if (is_kernel(qemu_plugin_insn_vaddr(insn))) {
            last_line = whole ? 0 : add_code_lines(insn, last_line);
            add_kernel(insn);
        } else {
            add_user(insn);
        }
    }
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    if (info->version.min > QEMU_PLUGIN_VERSION || info->version.cur < QEMU_PLUGIN_VERSION ||
        strcmp(info->target_name, "x86_64") != 0 || info->system.max_vcpus != 1) {
        (void)fputs("roundtrip: made for one x86_64 CPU and version 1 of the interface\n", stderr);
        return -1;
    }
    whole = argc == 2 && strcmp(argv[1], "whole=on") == 0;
    if ((argc != 1 && !whole) || strncmp(argv[0], "out=", 4) != 0) {
        (void)fputs("usage: -plugin roundtrip.so,out=FILE[,whole=on]\n", stderr);
        return -1;
    }
    out = fopen(argv[0] + 4, "w");
    if (out == NULL) {
        perror(argv[0] + 4);
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    return 0;
}
