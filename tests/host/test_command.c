/* sources: servers/qsh/commands.c servers/qsh/shell.c servers/qsh/cmd_basic.c servers/qsh/cmd_system.c servers/qsh/cmd_log.c servers/qsh/cmd_bench.c servers/qsh/cmd_test.c servers/qsh/cmd_kdb.c servers/qsh/cmd_fuzz.c servers/qsh/suite.c servers/qsh/args.c servers/qsh/suggest.c servers/qsh/json.c servers/qsh/output.c servers/qsh/input.c libc/strerror.c */
/*
 * test_command.c - every command's output, against servers that are played here.
 */
#include <stdio.h>
#include <string.h>
#include "../../servers/qsh/qsh.h"

static unsigned passed, failed;
#define CHECK(c) ((c) ? (void)passed++ : (void)(failed++, printf("%d: %s\n", __LINE__, #c)))

static struct shell shell;
static struct quoll_info info = {.abi_version = 1,
                                 .build = QUOLL_BUILD_FASTPATH,
                                 .cpu_count = 2,
                                 .features = QUOLL_HAS_nx | QUOLL_HAS_avx};
static char written[20000];
static size_t written_bytes;
static int lookup_error, system_error;
static const char *typed = "", *ended = "";
static unsigned runs;

/* ---- the servers */
int names_lookup(const char *name, uint64_t slot)
{
    (void)name;
    CHECK(slot > SLOT_FREE && slot <= SLOT_FREE + SERVICE_COUNT);
    return lookup_error;
}

int terminal_flush(uint64_t cap)
{
    (void)cap;
    return E_OK;
}

int terminal_write(uint64_t cap, const void *bytes, size_t n)
{
    (void)cap;
    memcpy(written + written_bytes, bytes, n);
    written_bytes += n;
    written[written_bytes] = '\0';
    return E_OK;
}

int terminal_read(uint64_t cap, void *bytes, size_t max, bool wait, size_t *got)
{
    (void)cap;
    CHECK(!wait);
    *got = strlen(typed) < max ? strlen(typed) : max;
    memcpy(bytes, typed, *got);
    typed += *got;
    return E_OK;
}

int system_task(uint64_t cap, uint64_t index, struct system_task *task)
{
    static const struct system_task tasks[] = {
        {1, THREAD_RUNNING, 1234567, 65536, 200, 0, "root"},
        {2, 99, 5, 4096, 100, 3, "uart8250"},
    };

    (void)cap;
    if (index >= 2)
        return E_BAD_ARG;
    *task = tasks[index];
    return system_error;
}

int system_mem(uint64_t cap, struct system_memory *memory)
{
    (void)cap;
    *memory = (struct system_memory){268435456, 1048576, 2097152, 4096, 8192};
    return system_error;
}

int system_log(uint64_t cap, uint64_t offset, uint64_t *first, void *bytes, size_t max, size_t *got)
{
    static const char log[] = "....one\ntwo \"x\"\nlast";

    (void)cap;
    (void)max;
    *first = offset < 4 ? 4 : offset; /* four bytes are overwritten */
    *got = strlen(log) - *first < 7 ? strlen(log) - *first : 7;
    memcpy(bytes, log + *first, *got);
    return system_error;
}

int system_uptime(uint64_t cap, uint64_t *us)
{
    (void)cap;
    *us = 3723004567;
    return system_error;
}

int system_reboot(uint64_t cap)
{
    (void)cap;
    ended = "reboot";
    return system_error;
}

int system_poweroff(uint64_t cap)
{
    (void)cap;
    ended = "poweroff";
    return system_error;
}

static const char *const items[] = {"disk.read", "ipc.call_reply.0w", "ipc.call_reply.6w",
                                    "vm.map"};

int suite_name(uint64_t cap, uint64_t index, char name[CLIENT_NAME_MAX])
{
    (void)cap;
    if (index >= 4)
        return E_BAD_ARG;
    strcpy(name, items[index]);
    return E_OK;
}

int bench_run(uint64_t cap, uint64_t index, struct bench_result *result)
{
    (void)cap;
    runs++;
    *result = (struct bench_result){index, 1, 2, 10000, "instructions", ""};
    if (index == 2)
        *result = (struct bench_result){0, 0, 0, 0, "failed", "map: out of \"luck\""};
    return index == 3 ? E_DEAD : E_OK;
}

int test_run(uint64_t cap, uint64_t index, struct test_result *result)
{
    (void)cap;
    runs++;
    *result = (struct test_result){index != 1, ""};
    if (index == 1)
        strcpy(result->message, "it broke");
    return index == 3 ? E_GONE : E_OK;
}

static struct fuzz_order fuzz_given;
static struct fuzz_summary fuzz_result;
static uint64_t fuzz_most, fuzz_made;

int fuzz_begin(uint64_t cap, const struct fuzz_order *order)
{
    (void)cap;
    fuzz_given = *order;
    fuzz_most = fuzz_made = 0;
    return system_error;
}

int fuzz_calls(uint64_t cap, uint64_t count, uint64_t *made, bool *failed)
{
    (void)cap;
    runs++;
    fuzz_most = count > fuzz_most ? count : fuzz_most;
    *made = fuzz_made += count;
    *failed = fuzz_result.failed;
    return E_OK;
}

int fuzz_end(uint64_t cap, struct fuzz_summary *summary)
{
    (void)cap;
    *summary = fuzz_result;
    summary->calls = fuzz_made;
    return E_OK;
}

/* ---- the tests */
static const char *run(const char *line)
{
    static char copy[5000];

    written_bytes = 0;
    written[0] = '\0';
    runs = 0;
    snprintf(copy, sizeof(copy), "%s", line);
    command_run(&shell, copy);
    output_fresh_row(&shell.out);
    output_flush(&shell.out);
    return written;
}

static bool prints(const char *line, const char *want)
{
    bool same = strcmp(run(line), want) == 0;

    if (!same)
        printf("%s: \"%s\"\n", line, written);
    return same;
}

static bool has(const char *line, const char *part)
{
    bool found = strstr(run(line), part) != NULL;

    if (!found)
        printf("%s: \"%s\"\n", line, written);
    return found;
}

static void test_quoting(void)
{
    static char many[5000];

    CHECK(prints("", "") && prints("    ", ""));
    CHECK(prints("echo", "\r\n") && prints("  echo   a  b ", "a b\r\n"));
    CHECK(prints("echo \"a  b\"c \"\" d", "a  bc  d\r\n"));
    CHECK(prints("echo a\\ b \\\" \\\\ \"\\\"\" \\-", "a b \" \\ \" -\r\n"));
    CHECK(has("echo \"a", "not closed") && has("echo a\\", "nothing follows"));
    CHECK(prints("echo --json -x", "--json -x\r\n"));
    CHECK(prints("\"ec\"ho x", "x\r\n"));
    for (int i = 0; i < 2045; i++)
        strcat(many, "w ");
    snprintf(written, sizeof(written), "echo %s", many);
    memmove(many, written, 4096);
    many[4095] = '\0';
    CHECK(strlen(run(many)) == 4095 - 5 + 2 - (many[4094] == ' '));
}

static void test_refusals(void)
{
    CHECK(prints("hlep", "hlep: no such command; did you mean help?\r\n"));
    CHECK(has("powerof", "did you mean poweroff?") && has("bnch", "did you mean bench?"));
    CHECK(prints("xyzzy", "xyzzy: no such command; type help for the list\r\n"));
    CHECK(prints("mem x", "mem: x is too much; usage: mem [--json]\r\n"));
    CHECK(prints("mem --jsno", "mem: no option --jsno; usage: mem [--json]\r\n"));
    CHECK(prints("reboot --json", "reboot: no option --json; usage: reboot\r\n") && !*ended);
    CHECK(has("help hlp", "did you mean help"));
    CHECK(has("help a b", "usage: help [COMMAND] [--json]"));
    CHECK(prints("mem --json x", "{\"error\": \"mem: x is too much; usage: mem [--json]\"}\r\n"));
}

static void test_basic(void)
{
    CHECK(has("help", "poweroff") && has("help --json", "{\"command\": \"help\", "));
    for (size_t i = 0; i < commands_count; i++) {
        char line[64];

        snprintf(line, sizeof(line), "help %s", commands[i].name);
        CHECK(has(line, commands[i].usage));
    }
    CHECK(prints("version", "Quoll " QSH_VERSION ", ABI 1, release build\r\nCPU: nx avx\r\n"));
    CHECK(has("version --json",
              "\"build\": \"release\", \"fastpath\": true, \"spec\": false, \"cpus\": 2, "
              "\"cpu_features\": \"nx avx\"}\r\n"));
    info.build = QUOLL_BUILD_DEBUG;
    info.features = 0;
    CHECK(prints("version",
                 "Quoll " QSH_VERSION ", ABI 1, debug build without the fastpath\r\nCPU:\r\n"));
    CHECK(prints("clear", "\x1b[H\x1b[2J"));
    info.build = QUOLL_BUILD_FASTPATH;
    CHECK(has("kdb", "make DEBUG=1") && has("kdb fault", "make DEBUG=1"));
    CHECK(has("kdb x", "usage: kdb [panic | fault]") && has("kdb panic now", "too much"));
}

static void test_system(void)
{
    CHECK(has("ps", "   1  root             running          1234.567           64       200"));
    CHECK(has("ps", "unknown") && has("ps", "CPU (ms)"));
    CHECK(has("ps --json",
              "{\"id\": 1, \"name\": \"root\", \"state\": \"running\", \"cpu_us\": 1234567, "
              "\"memory_bytes\": 65536, \"priority\": 200, \"restarts\": 0}\r\n"));
    CHECK(has("mem", "RAM                262144\r\n"));
    CHECK(has("mem --json", "{\"ram_bytes\": 268435456, \"kernel_bytes\": 1048576, "));
    CHECK(has("uptime", "up 1:02:03.004 "));
    CHECK(prints("uptime --json", "{\"uptime_us\": 3723004567}\r\n"));
    CHECK(prints("log", "one\r\ntwo \"x\"\r\nlast\r\n"));
    CHECK(
        prints("log --json",
               "{\"line\": \"one\"}\r\n{\"line\": \"two \\\"x\\\"\"}\r\n{\"line\": \"last\"}\r\n"));
    system_error = E_DEAD;
    CHECK(has("ps", "ps: the call was delivered") && has("mem --json", "{\"error\": \"mem: "));
    CHECK(has("log", "log: ") && has("uptime", "uptime: ") && has("reboot", "reboot: "));
    system_error = E_OK;
    CHECK(prints("poweroff", "") && strcmp(ended, "poweroff") == 0);
    CHECK(prints("reboot", "") && strcmp(ended, "reboot") == 0);
}

static void test_suites(void)
{
    uint8_t byte;

    CHECK(prints("bench disk.read --json",
                 "{\"bench\": \"disk.read\", \"unit\": \"instructions\", "
                 "\"median\": 0, \"min\": 1, \"max\": 2, \"n\": 10000}\r\n"));
    CHECK(prints("bench ipc.call_reply.6w --json",
                 "{\"bench\": \"ipc.call_reply.6w\", \"unit\": \"failed\", \"median\": 0, "
                 "\"min\": 0, \"max\": 0, \"n\": 0, \"error\": \"map: out of \\\"luck\\\"\"}\r\n"));
    CHECK(prints("bench ipc",
                 "BENCH                               MEDIAN      MIN      MAX     N  UNIT\r\n"
                 "ipc.call_reply.0w                        1        1        2 10000  "
                 "instructions\r\n"
                 "ipc.call_reply.6w                   failed: map: out of \"luck\"\r\n"));
    CHECK(has("bench", "MEDIAN") && runs == 4 && has("bench", "vm.map: the call was delivered"));
    CHECK(has("bench kernel", "6w") && runs == 3);
    CHECK(has("bench ipc", "6w") && runs == 2);
    CHECK(has("bench ipc.call_reply.6w ipc", "6w") && runs == 2);
    CHECK(prints("bench ipd", "bench: nothing is called ipd; did you mean ipc?\r\n") && runs == 0);
    CHECK(has("bench ipc qqqqqqqqqq", "Tab after bench lists the names") && runs == 0);
    CHECK(prints("test", "pass disk.read\r\nFAIL ipc.call_reply.0w: it broke\r\n"
                         "pass ipc.call_reply.6w\r\n"
                         "FAIL vm.map: the test server did not answer: the call was never picked "
                         "up: safe to try again\r\n2 passed, 2 failed\r\n"));
    CHECK(has("test all", "2 passed, 2 failed\r\n") && runs == 4);
    CHECK(has("test disk", "1 passed, 0 failed\r\n"));
    CHECK(has("test dsik", "0 passed, 1 failed\r\n") && runs == 0);
    CHECK(
        prints("test ipc --json",
               "{\"test\": \"ipc.call_reply.0w\", \"passed\": false, \"message\": \"it broke\"}\r\n"
               "{\"test\": \"ipc.call_reply.6w\", \"passed\": true, \"message\": \"\"}\r\n"));
    typed = "ahead";
    CHECK(has("bench disk", "disk.read") && runs == 1);
    typed = "x\x03y";
    CHECK(has("bench", "bench: stopped by ^C before disk.read\r\n") && runs == 0);
    CHECK(input_take(&shell.in, &byte) && byte == 'y' && !input_take(&shell.in, &byte));
}

static void test_fuzz(void)
{
    CHECK(has("fuzz", "usage: fuzz N") && has("fuzz timed", "usage: fuzz N"));
    CHECK(prints("fuzz x", "fuzz: N is a number, not x\r\n"));
    CHECK(has("fuzz 1 \"\"", "SEED is a number") && has("fuzz 1 2 3x", "EVERY is a number"));
    CHECK(has("fuzz 1 2 3 late", "usage: fuzz N") && has("fuzz 1 2 3 4 5", "too much"));
    fuzz_result = (struct fuzz_summary){
        .done = 2, .refused = 3, .blocked = 4, .lost = 5, .worlds = 6, .hash = 0xabc};
    CHECK(prints("fuzz 12345 7",
                 "12345 calls, seed 7, 6 worlds, hash 0000000000000abc\r\n"
                 "2 done, 3 refused, 4 blocked, 5 lost with their victim\r\n"
                 "the kernel's invariants were not checked: a release build "
                 "can't\r\npassed: memory, interrupts and ports are as before\r\n"));
    CHECK(runs == 3 && fuzz_most == 5000 && fuzz_given.check_every == 256 && !fuzz_given.timed);
    fuzz_result.checks = 9;
    CHECK(has("fuzz 1", "invariants hold, 9 checks") && fuzz_given.seed == 1);
    CHECK(has("fuzz 1 0x10 4 timed", "(timed: not the same again)") && fuzz_given.timed);
    CHECK(fuzz_given.seed == 16 && fuzz_given.check_every == 4 && fuzz_given.calls == 1);
    fuzz_result.failed = true;
    strcpy(fuzz_result.text, "it broke");
    CHECK(has("fuzz 20000", "FAILED: it broke\r\n") && runs == 1);
    CHECK(has("fuzz 1 --json", "{\"seed\": 1, \"timed\": false, \"calls\": 1, \"done\": 2, ") &&
          has("fuzz 1 --json", "\"passed\": false, \"message\": \"it broke\"}\r\n"));
    system_error = E_BUSY;
    CHECK(has("fuzz 1", "fuzz: it would have to wait") && runs == 0);
    system_error = E_OK;
    fuzz_result = (struct fuzz_summary){0};
    typed = "\x03";
    CHECK(has("fuzz 20000", "0 calls") && runs == 0);
}

static void test_words(void)
{
    CHECK(strcmp(command_candidate(&shell, "", 0, 0), "help") == 0);
    CHECK(strcmp(command_candidate(&shell, "  x", 2, 0), "help") == 0);
    CHECK(!command_candidate(&shell, "", 0, commands_count));
    CHECK(strcmp(command_candidate(&shell, "bench ", 6, 0), "kernel") == 0);
    CHECK(strcmp(command_candidate(&shell, "bench ", 6, 4), "vm.map") == 0);
    CHECK(!command_candidate(&shell, "bench ", 6, 5) && !command_candidate(&shell, "mem ", 4, 0));
    CHECK(!command_candidate(&shell, "nosuch ", 7, 0));
}

int main(void)
{
    shell.info = &info;
    lookup_error = E_NO_RIGHT;
    CHECK(has("ps", "no service \"system\"") && has("bench", "no service \"bench\""));
    CHECK(!command_candidate(&shell, "test ", 5, 1));
    lookup_error = E_OK;
    test_quoting();
    test_refusals();
    test_basic();
    test_system();
    test_suites();
    test_fuzz();
    test_words();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
