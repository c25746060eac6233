/*
 * cmd_fuzz.c - run the system-call fuzzer, in parts so that ^C ends it.
 */
#include <stdlib.h>
#include <string.h>
#include "qsh.h"

#define PART        5000 /* calls a message */
#define CHECK_EVERY 256

typedef unsigned long long ull; /* for printf */

/* The number in @text, or complain. */
static bool number(struct shell *s, const char *what, const char *text, uint64_t *value)
{
    bool from_zero = strcmp(what, "SEED") == 0;
    char *end;

    *value = strtoul(text, &end, 0);
    if (*text >= '0' && *text <= '9' && *end == '\0' && (from_zero || *value != 0))
        return true;
    shell_error(s, "fuzz: %s is a number%s, not %.40s", what, from_zero ? "" : " from 1 on", text);
    return false;
}

/* The words of the command line as an order, or complain. */
static bool order_read(struct shell *s, int argc, char **argv, struct fuzz_order *order)
{
    static const char *const names[] = {"N", "SEED", "EVERY"};
    uint64_t *const numbers[] = {&order->calls, &order->seed, &order->check_every};

    if (argc > 1 && strcmp(argv[argc - 1], "timed") == 0) {
        order->timed = true;
        argc--;
    }
    if (argc < 2) {
        shell_error(s, "fuzz: how many calls? usage: %s", command_find("fuzz")->usage);
        return false;
    }
    for (int i = 1; i < argc && i <= 3; i++) {
        if (!number(s, names[i - 1], argv[i], numbers[i - 1]))
            return false;
    }
    if (argc > 4) {
        shell_error(s, "fuzz: %.40s is not \"timed\"; usage: %s", argv[4],
                    command_find("fuzz")->usage);
        return false;
    }
    return true;
}

static void print_json(struct shell *s, const struct fuzz_order *order,
                       const struct fuzz_summary *r)
{
    struct json j = json_begin(&s->out);

    json_u64(&j, "seed", order->seed);
    json_bool(&j, "timed", order->timed);
    json_u64(&j, "calls", r->calls);
    json_u64(&j, "done", r->done);
    json_u64(&j, "refused", r->refused);
    json_u64(&j, "blocked", r->blocked);
    json_u64(&j, "lost", r->lost);
    json_u64(&j, "worlds", r->worlds);
    json_u64(&j, "checks", r->checks);
    json_u64(&j, "hash", r->hash);
    json_bool(&j, "passed", !r->failed);
    json_string(&j, "message", r->text);
    json_end(&j);
}

static void print_text(struct shell *s, const struct fuzz_order *order,
                       const struct fuzz_summary *r)
{
    output_printf(&s->out, "%llu calls, seed %llu, %llu worlds, hash %016llx%s\n", (ull)r->calls,
                  (ull)order->seed, (ull)r->worlds, (ull)r->hash,
                  order->timed ? " (timed: not the same again)" : "");
    output_printf(&s->out, "%llu done, %llu refused, %llu blocked, %llu lost with their victim\n",
                  (ull)r->done, (ull)r->refused, (ull)r->blocked, (ull)r->lost);
    if (r->checks)
        output_printf(&s->out, "the kernel's invariants hold, %llu checks\n", (ull)r->checks);
    else
        output_string(&s->out, "the kernel's invariants were not checked: a release build can't\n");
    if (r->failed)
        output_printf(&s->out, "FAILED: %s\n", r->text);
    else
        output_string(&s->out, "passed: memory, interrupts and ports are as before\n");
}

/* All calls, or as many as ^C allows. */
static bool make_calls(struct shell *s, uint64_t cap, uint64_t calls)
{
    uint64_t made = 0;
    bool failed = false;

    while (made < calls && !failed && !input_interrupted(&s->in)) {
        uint64_t part = calls - made < PART ? calls - made : PART;
        if (shell_failed(s, "fuzz", fuzz_calls(cap, part, &made, &failed)))
            return false;
    }
    return true;
}

void cmd_fuzz(struct shell *s, int argc, char **argv)
{
    struct fuzz_order order = {.seed = 1, .check_every = CHECK_EVERY};
    struct fuzz_summary r;
    uint64_t cap;

    if (!order_read(s, argc, argv, &order) || !shell_service(s, SERVICE_FUZZ, &cap) ||
        shell_failed(s, "fuzz", fuzz_begin(cap, &order)) || !make_calls(s, cap, order.calls) ||
        shell_failed(s, "fuzz", fuzz_end(cap, &r)))
        return;
    (s->json ? print_json : print_text)(s, &order, &r);
}
