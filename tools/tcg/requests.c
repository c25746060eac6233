/*
 * requests.c - a QEMU TCG plugin that counts what requests to a device cost the guest: all
 * instructions of all address spaces that run between two marked RDTSCs (servers/bench/marks.inc),
 * loads of CR3 and accesses to ports among them. A CPU that halts runs nothing, so waiting is not
 * in it. Separate from roundtrip.c, which looks at every access to memory: this one may hardly
 * slow the guest, for the host's disk does not wait. One CPU only.
 *
 *   -plugin requests.so,out=FILE      one line of JSON for each series of requests
 *   ...,profile=FILE                  how often each instruction ran between marks, a line each
 *   ...,whole=on                      a series is one round: all between its marks
 */
#include "decode.h"
#include "qemu_plugin.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;
QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv);

enum { KERNEL, USER, CR3, PORT, COUNTERS };
#define BYTES_MAX 15 /* of an instruction */

/* An instruction as it was translated. The same address in two programs is two of them. */
struct place {
    uint64_t va, times;
    size_t size;
    uint8_t bytes[BYTES_MAX];
    struct place *next;
};

static uint64_t counter[COUNTERS]; /* since QEMU started; translated code adds to them */
static uint64_t at_begin[COUNTERS], total[COUNTERS], rounds;
static bool whole; /* a series is one round */
static bool in_series, in_round;
static struct place *places;
static FILE *out, *profile;

/* A measurement that is not whole must not look like one: QEMU ends with it. */
_Noreturn static void fail(const char *what)
{
    (void)fprintf(stderr, "requests: %s\n", what);
    abort();
}

/* ---- at run time */

static void round_begin(void)
{
    memcpy(at_begin, counter, sizeof at_begin);
    in_round = in_series;
}

static void round_end(void)
{
    if (!in_round)
        return;
    in_round = false;
    rounds++;
    for (unsigned i = 0; i < COUNTERS; i++)
        total[i] += counter[i] - at_begin[i];
}

static void series_begin(void)
{
    memset(total, 0, sizeof total);
    rounds = 0;
    in_series = true;
    if (whole)
        round_begin();
}

static void series_end(void)
{
    if (whole)
        round_end();
    in_series = in_round = false;
    if (fprintf(out,
                "{\"rounds\": %" PRIu64 ", \"kernel\": %" PRIu64 ", \"user\": %" PRIu64
                ", \"cr3\": %" PRIu64 ", \"port\": %" PRIu64 "}\n",
                rounds, total[KERNEL], total[USER], total[CR3], total[PORT]) < 0 ||
        fflush(out) != 0)
        fail("the output file cannot be written");
}

static void on_mark(unsigned vcpu, void *userdata)
{
    (void)vcpu;
    switch ((enum mark)(uintptr_t)userdata) {
    case MARK_BEGIN:
        if (!whole)
            round_begin();
        break;
    case MARK_END:
        if (!whole)
            round_end();
        break;
    case MARK_SERIES_BEGIN:
        series_begin();
        break;
    case MARK_SERIES_END:
        series_end();
        break;
    case MARK_NONE:
        break;
    }
}

static void on_place(unsigned vcpu, void *userdata)
{
    struct place *p = userdata;

    (void)vcpu;
    p->times += in_round;
}

/* ---- at translation */

static void add_inline(struct qemu_plugin_insn *insn, unsigned which)
{
    qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, &counter[which],
                                               1);
}

static void add_place(struct qemu_plugin_insn *insn)
{
    struct place *p = calloc(1, sizeof *p);

    if (p == NULL)
        fail("out of memory");
    p->va = qemu_plugin_insn_vaddr(insn);
    p->size = qemu_plugin_insn_size(insn);
    memcpy(p->bytes, qemu_plugin_insn_data(insn), p->size < BYTES_MAX ? p->size : BYTES_MAX);
    p->next = places;
    places = p;
    qemu_plugin_register_vcpu_insn_exec_cb(insn, on_place, QEMU_PLUGIN_CB_NO_REGS, p);
}

static void add(struct qemu_plugin_insn *insn)
{
    const void *bytes = qemu_plugin_insn_data(insn);
    size_t size = qemu_plugin_insn_size(insn);
    enum mark mark = decode_mark(bytes, size);
    enum op op = decode_op(bytes, size);

    if (mark != MARK_NONE) {
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, QEMU_PLUGIN_CB_NO_REGS,
                                               (void *)(uintptr_t)mark);
        return;
    }
    add_inline(insn, qemu_plugin_insn_vaddr(insn) >> 63 ? KERNEL : USER);
    if (op == OP_CR3)
        add_inline(insn, CR3);
    if (op == OP_PORT)
        add_inline(insn, PORT);
    if (profile != NULL)
        add_place(insn);
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++)
        add(qemu_plugin_tb_get_insn(tb, i));
}

/* ---- the profile, when QEMU ends */

static void put_place(const struct place *p)
{
    (void)fprintf(profile, "%" PRIx64 " %" PRIu64 " ", p->va, p->times);
    for (size_t i = 0; i < p->size && i < BYTES_MAX; i++)
        (void)fprintf(profile, "%02x", p->bytes[i]);
    (void)fprintf(profile, "\n");
}

static void on_exit_of_qemu(qemu_plugin_id_t id, void *userdata)
{
    (void)id;
    (void)userdata;
    for (const struct place *p = places; p != NULL; p = p->next) {
        if (p->times != 0)
            put_place(p);
    }
    if (fclose(profile) != 0)
        fail("the profile cannot be written");
}

/* The value of option @name where @option is it, else a null pointer. */
static const char *value_of(const char *option, const char *name)
{
    size_t n = strlen(name);

    return strncmp(option, name, n) == 0 && option[n] == '=' ? option + n + 1 : NULL;
}

static FILE *open_file(const char *path)
{
    FILE *f = fopen(path, "w");

    if (f == NULL)
        perror(path);
    return f;
}

static bool open_files(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        const char *path = value_of(argv[i], "out");
        FILE **f = path != NULL ? &out : &profile;

        if (strcmp(argv[i], "whole=on") == 0) {
            whole = true;
            continue;
        }
        path = path != NULL ? path : value_of(argv[i], "profile");
        *f = path != NULL ? open_file(path) : NULL;
        if (*f == NULL)
            return false;
    }
    return out != NULL;
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    if (info->version.min > QEMU_PLUGIN_VERSION || info->version.cur < QEMU_PLUGIN_VERSION ||
        strcmp(info->target_name, "x86_64") != 0 || info->system.max_vcpus != 1) {
        (void)fputs("requests: made for one x86_64 CPU and version 1 of the interface\n", stderr);
        return -1;
    }
    if (!open_files(argc, argv)) {
        (void)fputs("usage: -plugin requests.so,out=FILE[,profile=FILE][,whole=on]\n", stderr);
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    if (profile != NULL)
        qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
    return 0;
}
