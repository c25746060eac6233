/* sources: tests/host/shell_fake.c servers/qsh/commands.c servers/qsh/shell.c servers/qsh/cmd_basic.c servers/qsh/cmd_system.c servers/qsh/cmd_log.c servers/qsh/cmd_bench.c servers/qsh/cmd_test.c servers/qsh/cmd_kdb.c servers/qsh/cmd_fuzz.c servers/qsh/suite.c servers/lib/idl_text.c servers/lib/idl.c servers/qsh/devices.c servers/qsh/cmd_devices.c servers/qsh/cmd_inspect.c servers/qsh/cmd_order.c servers/qsh/cmd_inject.c servers/qsh/cmd_events.c servers/qsh/cmd_top.c servers/qsh/cmd_console.c servers/qsh/cmd_date.c servers/qsh/files.c servers/qsh/cmd_files.c servers/qsh/cmd_contents.c servers/qsh/cmd_mount.c servers/lib/sha256.c tests/host/files_fake.c servers/lib/calendar.c tests/host/devman_fake.c servers/qsh/args.c servers/qsh/suggest.c servers/lib/json.c servers/lib/members.c servers/qsh/output.c servers/qsh/input.c libc/strerror.c */
/*
 * test_command.c - what the shell's own commands and those about the system print; words to
 * complete.
 */
#include <string.h>
#include "devman_fake.h"
#include "files_fake.h"
#include "shell_fake.h"

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
    CHECK(has("man", "no such command; type help") && has("pss", "did you mean ps?"));
    CHECK(prints("xyzzy", "xyzzy: no such command; type help for the list\r\n"));
    CHECK(prints("mem x", "mem: x is too much; usage: mem [--json]\r\n"));
    CHECK(prints("mem --jsno", "mem: no option --jsno; usage: mem [--json]\r\n"));
    CHECK(prints("reboot --json", "reboot: no option --json; usage: reboot\r\n") && !*ended);
    CHECK(prints("help hlp", "help: no command hlp; did you mean help?\r\n"));
    CHECK(prints("help qqq", "help: no command qqq; type help for the list\r\n"));
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
    CHECK(has("ps", "   1  root             running          1234.567           64      200"));
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
    CHECK(prints("fuzz x", "fuzz: N is a number from 1 on, not x\r\n"));
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
    CHECK(has("fuzz 0", "N is a number from 1 on, not 0") &&
          has("fuzz 1 2 0", "EVERY is a number"));
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
    CHECK(strcmp(command_candidate(&shell, "kill ", 5, 0), "platform") == 0);
    CHECK(strcmp(command_candidate(&shell, "kill ", 5, 3), "/platform/com1") == 0);
    CHECK(!command_candidate(&shell, "kill ", 5, 6));
    CHECK(strcmp(command_candidate(&shell, "inject ", 7, 0), "null-deref") == 0);
    CHECK(strcmp(command_candidate(&shell, "inject ", 7, 17), "list") == 0);
    CHECK(!command_candidate(&shell, "inject ", 7, 18));
    CHECK(strcmp(command_candidate(&shell, "inject exit ", 12, 1), "/platform") == 0);
    CHECK(strcmp(command_candidate(&shell, "devman ", 7, 1), "describe") == 0);
    CHECK(strcmp(command_candidate(&shell, "devman explain ", 15, 0), "/") == 0);
    CHECK(strcmp(command_candidate(&shell, "devman explain ", 15, 4), "/pci") == 0);
    CHECK(strcmp(command_candidate(&shell, "console move ", 13, 1), "screen") == 0);
    CHECK(strcmp(command_candidate(&shell, "console ", 8, 1), "layout") == 0);
    CHECK(!command_candidate(&shell, "console ", 8, 4));
    CHECK(!command_candidate(&shell, "drivers ", 8, 0));
    CHECK(strcmp(command_candidate(&shell, "", 0, 0), "help") == 0);
    CHECK(strcmp(command_candidate(&shell, "  x", 2, 0), "help") == 0);
    CHECK(!command_candidate(&shell, "", 0, commands_count));
    CHECK(strcmp(command_candidate(&shell, "bench ", 6, 0), "kernel") == 0);
    CHECK(strcmp(command_candidate(&shell, "bench ", 6, 4), "vm.map") == 0);
    CHECK(!command_candidate(&shell, "bench ", 6, 5) && !command_candidate(&shell, "mem ", 4, 0));
    CHECK(!command_candidate(&shell, "nosuch ", 7, 0));
}

static void test_dead_services(void)
{
    services_died = true;
    CHECK(
        prints("ps", "the service \"system\" has died, and is not restarted: `log` says why\r\n"));
    CHECK(has("bench", "\"bench\" has died"));
    services_died = false;
    CHECK(has("ps", "uart8250"));
}

int main(void)
{
    shell_fake_begin();
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
    test_dead_services();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
