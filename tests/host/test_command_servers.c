/* sources: tests/host/shell_fake.c servers/qsh/commands.c servers/qsh/shell.c servers/qsh/cmd_basic.c servers/qsh/cmd_system.c servers/qsh/cmd_log.c servers/qsh/cmd_bench.c servers/qsh/cmd_test.c servers/qsh/cmd_kdb.c servers/qsh/cmd_fuzz.c servers/qsh/suite.c servers/lib/idl_text.c servers/lib/idl.c servers/qsh/devices.c servers/qsh/cmd_devices.c servers/qsh/cmd_inspect.c servers/qsh/cmd_order.c servers/qsh/cmd_inject.c servers/qsh/cmd_events.c servers/qsh/cmd_top.c servers/qsh/cmd_console.c servers/qsh/cmd_date.c servers/qsh/files.c servers/qsh/cmd_files.c servers/qsh/cmd_contents.c servers/qsh/cmd_mount.c servers/lib/sha256.c tests/host/files_fake.c servers/lib/calendar.c tests/host/devman_fake.c servers/qsh/args.c servers/qsh/suggest.c servers/lib/json.c servers/lib/members.c servers/qsh/output.c servers/qsh/input.c libc/strerror.c */
/*
 * test_command_servers.c - what the commands about devices, drivers and files print.
 */
#include <string.h>
#include "devman_fake.h"
#include "files_fake.h"
#include "shell_fake.h"

static void test_lists(void)
{
    CHECK(prints("lsdev",
                 "DEVICE                   ID           STATE       DRIVER       SERVES\r\n"
                 "/                        null bus     running     -            -\r\n"
                 "  platform               platform     running     platform     platform\r\n"
                 "    com1                 com          running     uart8250     serial\r\n"
                 "    com2                 com          gave-up     uart8250     serial\r\n"
                 "  pci                    pci          unmatched   -            -\r\n"
                 "    00:02.0              8086:10d3    running     e1000        packet\r\n"
                 "      DMA IS UNPROTECTED: it can reach all memory\r\n"));
    CHECK(has("lsdev serial", "\r\n/platform/com1           com  "));
    CHECK(prints("lsdev packet --json",
                 "{\"path\": \"/pci/00:02.0\", \"id\": \"8086:10d3\", \"state\": \"running\", "
                 "\"driver\": \"e1000\", \"serves\": \"packet\", \"dma\": \"unprotected\"}\r\n"));
    CHECK(has("lsdev --json",
              "\"state\": \"unmatched\", \"driver\": null, \"serves\": null, \"dma\": \"none\"}"));
    CHECK(has("lsdev nix", "lsdev: nothing matches nix; a pattern is"));
    CHECK(prints("drivers",
                 "DRIVER    DEVICE           PID STATE      RESTARTS   UP (s) CPU (ms) INTERRUPTS"
                 "\r\n"
                 "platform  /platform          1 running           0     61.2        5          0"
                 "\r\n"
                 "uart8250  /platform/com1     7 running           2      0.0     1234         42"
                 "\r\n          last death: fault: \"x\"\r\n"
                 "e1000     /pci/00:02.0       3 running           0      0.0        0          0"
                 "\r\n          DMA IS UNPROTECTED: its device can reach all memory\r\n"));
    CHECK(has("drivers --json",
              "{\"driver\": \"uart8250\", \"device\": \"/platform/com1\", \"pid\": 7, "
              "\"state\": \"running\", \"dma\": \"none\", \"restarts\": 2, "
              "\"last_death\": \"fault: \\\"x\\\"\", \"uptime_ms\": 99, \"cpu_us\": 1234567, "
              "\"interrupts\": 42, \"memory_bytes\": 524288}\r\n"));
    CHECK(has("drivers --json", "\"dma\": \"unprotected\", \"restarts\": 0, \"last_death\": null"));
    fake_list_error = E_DEAD;
    CHECK(has("lsdev", "lsdev: the call was") && has("drivers", "drivers: the call was"));
    CHECK(has("events", "events: the call was") && has("kill e1000", "kill: the call was"));
    CHECK(has("devman explain /pci", "devman explain: the call was"));
    fake_list_error = E_OK;
    CHECK(prints("events", "   NO      TIME (s) EVENT     DEVICE             DRIVER    WHY\r\n"
                           "      (3 older ones are not kept)\r\n"
                           "    4      1.000001 added     /platform/com1     -\r\n"
                           "    5      2.000002 died      /platform/com1     uart8250  irq-storm: "
                           "too many\r\n"));
    CHECK(has("events --json", "{\"number\": 5, \"time_us\": 2000002, \"event\": \"driver-died\", "
                               "\"device\": \"/platform/com1\", \"driver\": \"uart8250\", "
                               "\"cause\": \"irq-storm\", \"text\": \"irq-storm: too many\"}\r\n"));
    CHECK(has("events --json", "\"driver\": null, \"cause\": null, \"text\": \"\"}"));
    CHECK(has("events fllow", "fllow is not follow; usage: events"));
    typed = "\x03";
    CHECK(has("events follow", "irq-storm: too many\r\n") && *typed == '\0');
}

static void test_orders(void)
{
    fake_polls = 2;
    fake_waits = 0;
    CHECK(prints("kill uart8250", "uart8250 (/platform/com1) runs, pid 7\r\n"));
    CHECK(strcmp(fake_order, "kill /platform/com1") == 0 && fake_waits == 1);
    CHECK(has("restart /platform/com1 --json", "{\"driver\": \"uart8250\", \"device\": \"/pl"));
    CHECK(strcmp(fake_order, "restart /platform/com1") == 0);
    fake_polls = 10000;
    CHECK(prints("restart uart8250", "uart8250 (/platform/com1) is not up yet (restarting)\r\n"));
    fake_polls = 0;
    CHECK(prints("kill uart8250 20 5", "uart8250 (/platform/com1) is killed 20 times from now "
                                       "on\r\n"));
    CHECK(strcmp(fake_order, "kill_often /platform/com1 20 5000") == 0);
    CHECK(prints("kill uart8250 0 5", "uart8250 (/platform/com1) is killed no more\r\n"));
    CHECK(strcmp(fake_order, "kill_often /platform/com1 0 5000") == 0);
    CHECK(prints("devman toll uart8250", "uart8250 (/platform/com1): 7 kills, 4 in a handler, 5 "
                                         "with requests; 3 to come\r\n"));
    CHECK(has("devman toll uart8250 --json", "\"in_handler\": 4, \"with_requests\": 5, "));
    *fake_order = '\0';
    CHECK(has("kill uart8250 after 5", "is killed after 5 more instructions\r\n") &&
          strcmp(fake_order, "die_after /platform/com1 5") == 0);
    CHECK(prints("kill uart8250 after 0", "uart8250 (/platform/com1) runs on\r\n"));
    *fake_order = '\0';
    CHECK(has("kill uart8250 after -1", "no option -1") &&
          has("kill uart8250 after x", "kill: N is a number from 0 to 1000000, not x"));
    CHECK(has("kill uart8250 20", "kill: how often? usage: kill D"));
    CHECK(has("kill uart8250 x 5", "kill: TIMES is a number from 0 to 1000000, not x"));
    CHECK(has("kill uart8250 20 0", "kill: MS is a number from 1 to 60000, not 0"));
    CHECK(*fake_order == '\0');
    CHECK(prints("count 3", "1\r\n2\r\n3\r\n") && has("count x", "count: up to which number, "));
    CHECK(prints("start /pci", "start: /pci: /pci, line 2\r\n"));
    CHECK(strcmp(fake_order, "start /pci") == 0);
    *fake_order = '\0';
    CHECK(has("kill", "kill: which driver? usage: kill D") && has("start", "usage: start D"));
    CHECK(has("stop", "usage: stop D") && has("regs", "usage: regs D") && has("inject x", "usage"));
    CHECK(prints("kill uart820", "kill: no driver is called uart820; did you mean uart8250?\r\n"));
    CHECK(prints("kill xyzzy", "kill: no driver is called xyzzy; drivers lists them\r\n"));
    CHECK(prints("stop /pci", "stop: /pci has no driver; devman explain /pci says why\r\n"));
    CHECK(has("start /pic", "start: there is no device /pic; did you mean /pci?"));
    CHECK(has("devman explain /x/y/z", "there is no device /x/y/z; lsdev lists them"));
    fake_drivers = 4;
    CHECK(prints("kill uart8250", "kill: uart8250 drives several devices; say which: "
                                  "/platform/com1 /platform/com2\r\n"));
    CHECK(*fake_order == '\0');
    fake_error = E_BUSY;
    CHECK(prints("kill /platform/com2", "kill: uart8250 (/platform/com2) does not run (gave-up); "
                                        "start /platform/com2 brings it back\r\n"));
    CHECK(has("start /platform/com1", "start: uart8250 (/platform/com1) is running already"));
    CHECK(has("inject exit /platform/com2", "does not run (gave-up)"));
    fake_error = E_NO_RIGHT;
    CHECK(has("kill e1000", "lacks opens = manage") && has("inject exit e1000", "opens = manage"));
    CHECK(has("regs e1000", "lacks opens = inspect"));
    fake_error = E_GONE;
    CHECK(has("restart /pci", "restart: /pci has no driver; devman explain /pci says why"));
    CHECK(has("regs /platform/com2", "regs: uart8250 (/platform/com2) does not run (gave-up)"));
    fake_error = E_OK;
    fake_drivers = 3;
}

static void test_stop(void)
{
    *fake_order = '\0';
    CHECK(has("stop uart8250", "stop: this session is on /platform/com1 itself") && !*fake_order);
    CHECK(prints("stop e1000", "e1000 (/pci/00:02.0) runs, pid 3\r\n"));
    CHECK(strcmp(fake_order, "stop /pci/00:02.0") == 0);
    CHECK(has("stop uart8250 2", "runs, pid 7") && strcmp(fake_order, "start /platform/com1") == 0);
    CHECK(has("stop uart8250 0", "SECONDS is a number from 1 to 3600, not 0"));
    CHECK(has("stop uart8250 -1", "no option -1") && has("stop uart8250 2x", "not 2x"));
    fake_place.on = TERMINAL_ON_SCREEN;
    CHECK(has("stop uart8250", "runs, pid 7"));
    strcpy(fake_node[5].serves, "display");
    CHECK(has("stop e1000", "stop: this session is on /pci/00:02.0 itself"));
    strcpy(fake_node[5].serves, "packet");
    fake_place.on = TERMINAL_ON_SERIAL;
}

static void test_inspection(void)
{
    CHECK(has("inject list", "\r\nnull-deref       fault          reads address 0\r\n"));
    CHECK(has("inject list --json", "{\"fault\": \"deadlock\", \"cause\": \"heartbeat\", "));
    CHECK(has("inject nul-deref e1000", "inject: there is no fault nul-deref; did you mean null-"));
    CHECK(has("inject qqqqqqqq e1000", "inject list prints them"));
    CHECK(prints("inject exit e1000",
                 "exit into e1000 (/pci/00:02.0), pid 3; events tells what comes of it\r\n"));
    CHECK(strcmp(fake_order, "inject 13 /pci/00:02.0") == 0);
    CHECK(has("inject exit e1000 --json", "{\"fault\": \"exit\", \"driver\": \"e1000\", "));
    CHECK(prints("regs uart8250", "reg0\r\nreg1\r\nreg2\r\n") && fake_sessions == 0);
    CHECK(has("regs e1000 --json", "{\"device\": \"/pci/00:02.0\", \"line\": \"reg0\"}\r\n"));
    CHECK(prints("devman describe e1000", "devman describe: e1000 (/pci/00:02.0) has none to "
                                          "show\r\n") &&
          fake_sessions == 0);
    CHECK(prints("devman explain /pci", "/pci, line 0\r\n/pci, line 1\r\n"));
    CHECK(has("devman explain uart8250", "/platform/com1, line 1\r\n"));
    CHECK(has("devman", "usage: devman (") && has("devman explain", "usage: devman ("));
    CHECK(has("top", "CPU %   TOTAL (ms)  NAME         DEVICE\r\n") && has("top", "(idle"));
    CHECK(has("top 2 --json", "{\"name\": \"uart8250\", \"device\": \"/platform/com1\", "));
    CHECK(has("top 2x", "SECONDS is a number") && has("top 2 3", "SECONDS is a number"));
    typed = "\x03";
    CHECK(prints("top follow", "") && *typed == '\0');
    CHECK(prints("console", "on the serial line, 80 columns, 25 rows; drivers restarted: "
                            "3\r\n"));
    CHECK(has("console --json", "{\"on\": \"serial\", \"columns\": 80, \"rows\": 25, "));
    CHECK(has("console move screen", "on the screen") && has("console move serial", "serial"));
    CHECK(has("console move both", "on the serial line and the screen, "));
    CHECK(has("console --json", "{\"on\": \"both\", ") && has("console move serial", "line, "));
    CHECK(has("console move away", "away is neither") &&
          has("console move", "where? usage: console"));
    CHECK(has("console graphics", "128 columns, 48 rows") && has("console text", "80 columns"));
    CHECK(prints("console layout", "the keyboard's layout is us\r\n"));
    CHECK(prints("console layout de", "the keyboard's layout is de\r\n"));
    CHECK(prints("console layout --json", "{\"layout\": \"de\"}\r\n"));
    CHECK(prints("console layout dvorak",
                 "console: there is no layout dvorak; there are: de us\r\n"));
    CHECK(has("console picture", "picture is nothing that can be done") &&
          has("console text now", "usage: console"));
    CHECK(prints("date", "2024-02-29 00:00:00 UTC, Thursday\r\n") && fake_sessions == 0);
    CHECK(prints("date --json", "{\"unix\": 1709164800, \"iso\": \"2024-02-29T00:00:00Z\"}\r\n"));
    CHECK(has("date now", "usage: date") && has("date -s", "set it to what? usage: "));
    CHECK(has("date -s noon", "date: noon: the form is 2026-11-21T10:00:00"));
    fake_list_error = E_IO;
    CHECK(has("date", "the clock does not know the time") && fake_sessions == 0);
    fake_list_error = E_OK;
    fake_move_error = E_NOT_FOUND;
    CHECK(has("console move screen", "there is no screen to move to; lsdev display"));
    fake_move_error = E_BUSY;
    CHECK(has("console move serial", "another session is on the serial line"));
    fake_move_error = E_OK;
    fake_draw_error = E_NOT_FOUND;
    CHECK(has("console graphics", "there is no screen; lsdev display"));
    fake_draw_error = E_UNSUPPORTED;
    CHECK(has("console graphics", "the display can't show graphics"));
    fake_draw_error = E_OK;
    fake_layout_error = E_NOT_FOUND;
    CHECK(has("console layout", "there is no keyboard; lsdev input"));
    CHECK(has("console layout de", "there is no keyboard; lsdev input"));
    fake_layout_error = E_OK;
}

#define SUM_OF_TEXT "c3f9c8c283a2b1f2f1896f27a01cbe3cddc0c9d93f752e4639035a0f5b36f6e8"

static void test_names_of_files(void)
{
    fake_window_error = E_NO_RIGHT;
    CHECK(has("ls", "may reach no files"));
    fake_window_error = E_OK;
    CHECK(prints("pwd", "/\r\n") && prints("pwd --json", "{\"path\": \"/\"}\r\n"));
    CHECK(prints("ls disk0", "           8                    text\r\n"
                             "           -                    sub/\r\n"));
    CHECK(prints("ls /disk0/./text", "           8  2026-11-21 10:00  text\r\n"));
    CHECK(prints("ls /disk0/text --json",
                 "{\"name\": \"text\", \"kind\": \"file\", \"bytes\": 8, "
                 "\"modified\": \"2026-11-21T10:00:00Z\", \"read_only\": false}\r\n"));
    CHECK(prints("ls /disk0/sub", "          19                    bad?[2Jname\r\n"));
    CHECK(has("ls disk0 /disk0/sub", "/disk0:\r\n") && has("ls nothing", "/nothing: there is no"));
    CHECK(prints("cd disk0/sub/../sub", "") && prints("pwd", "/disk0/sub\r\n"));
    CHECK(prints("cd ..", "") && prints("pwd", "/disk0\r\n") && prints("cd ../../..", ""));
    CHECK(prints("pwd", "/\r\n") && prints("cd /disk0", "") && has("cd text", "not a directory"));
    CHECK(prints("pwd", "/disk0\r\n") && has("cd nowhere", "/disk0/nowhere: there is nothing"));
    CHECK(has("mkdir", "usage: mkdir PATH...") && prints("mkdir new", ""));
    CHECK(fake_file("/disk0/new") && has("mkdir new", "mkdir: /disk0/new: "));
    CHECK(prints("mv text new", "") && fake_file("/disk0/new/text") && !fake_file("/disk0/text"));
    CHECK(prints("mv new/text text", "") && fake_file("/disk0/text"));
    CHECK(has("mv text /cd0/x", "cp the file") && has("mv text", "one more path"));
    CHECK(prints("cp text other", "") && has("mv text other", "is there already; rm it first"));
    CHECK(prints("rm other new", "") && !fake_file("/disk0/other") && !fake_file("/disk0/new"));
    CHECK(has("rm other", "/disk0/other: there is nothing") && has("rm", "which file? usage: rm"));
    CHECK(has("mkdir text", "/disk0/text: it is there already"));
    CHECK(has("mkdir no/new", "/disk0/no/new: there is no directory for it; mkdir makes one"));
    CHECK(has("mv text no/x", "/disk0/no/x: there is no directory for it"));
    CHECK(has("mv no x", "/disk0/no: there is nothing of that name") && fake_file("/disk0/text"));
    CHECK(has("rm -r sub", "rm: no option -r; usage: rm PATH...") && fake_file("/disk0/sub"));
    CHECK(has("cat -n text", "no option -n") && prints("echo -n", "-n\r\n"));
}

static void test_contents_of_files(void)
{
    CHECK(prints("cat text", "one\r\ntwo\r\n") && has("cat sub", "is a directory; ls lists it"));
    CHECK(has("cat", "usage: cat") && has("cat x", "/disk0/x: there is nothing"));
    CHECK(prints("sha256sum text", SUM_OF_TEXT "  /disk0/text\r\n"));
    CHECK(has("sha256sum text --json", "\"sha256\": \"" SUM_OF_TEXT "\"}"));
    CHECK(prints("hexdump sub/bad\x1b[2Jname",
                 "00000000  01 20 61 62 63 64 65 66  67 68 69 6a 6b 6c 6d 6e  |. abcdefghijklmn|"
                 "\r\n00000010  6f 70 71                                          |opq|\r\n"));
    CHECK(prints("hexdump text 4 0x2",
                 "00000004  74 77                                             |tw|\r\n"));
    CHECK(has("hexdump text x", "x is no number") && has("hexdump text 1 y", "y is no number"));
    CHECK(has("hexdump text 8", "hexdump: /disk0/text has nothing at byte 8"));
    CHECK(prints("hexdump text 8 0", ""));
    CHECK(prints("cp text copy", "") && fake_file("/disk0/copy")->bytes == 8);
    CHECK(prints("cp text sub", "") && fake_file("/disk0/sub/text")->bytes == 8);
    CHECK(has("cp text text", "cp: /disk0/text is the file itself") &&
          has("cp text no/x", "no/x: there is no dir"));
    CHECK(has("cp sub x", "is a directory"));
    CHECK(has("cp text", "one more path") && has("cp x y", "/disk0/x: there is nothing"));
    fake_write_error = E_FULL;
    CHECK(has("cp text full", "cp: /disk0/full: no room is left") && !fake_file("/disk0/full"));
    fake_write_error = E_OK;
    typed = "\x03";
    CHECK(has("cp text full", "is not whole; it was removed") && !fake_file("/disk0/full"));
    CHECK(fake_open == 0);
    fake_files_error = E_GONE;
    CHECK(has("cat text", "driver was given up") && has("ls", "driver was given up"));
    fake_files_error = E_IO;
    CHECK(has("sha256sum text", "the disk reports an error") && fake_open == 0);
    fake_files_error = E_OK;
}

static void test_file_systems(void)
{
    CHECK(has("df", "/disk0     fat16            1024          768          256     75\r\n"));
    CHECK(has("df --json", "\"used_bytes\": 786432, \"free_bytes\": 262144, \"unit_bytes\": 512}"));
    CHECK(prints("mount", "/disk0     fat16    disk0, partition 1, 1024 KiB, read and write, 0 open"
                          "\r\n"));
    CHECK(has("mount disk0", "disk0 is mounted already") && has("umount", "which one?"));
    CHECK(has("umount disk9", "not mounted") && has("umount /disk0/x", "not the name"));
    CHECK(prints("umount /disk0", "") && has("df", "No file system is mounted"));
    CHECK(has("mount --json", "\"mounted\": false, \"format\": null"));
    CHECK(prints("mount disk0", "") && fake_mounted);
}

int main(void)
{
    shell_fake_begin();
    test_lists();
    test_orders();
    test_stop();
    test_inspection();
    test_names_of_files();
    test_contents_of_files();
    test_file_systems();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
