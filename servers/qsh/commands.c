/*
 * commands.c - the table of commands, and running a line.
 */
#include <string.h>
#include "qsh.h"

const struct command commands[] = {
    {"help", "list the commands, or explain one", "help [COMMAND] [--json]",
     "Tab completes a command and its arguments, Tab twice lists them. Up and down walk through\n"
     "the lines typed before; ^A ^E ^K ^U ^W ^L edit as usual; ^C gives up the line.\n",
     true, 1, cmd_help, command_word},
    {"echo", "print its arguments", "echo [WORD...]",
     "Words come out with one space between them. \"Double quotes\" keep spaces, and a backslash\n"
     "keeps the character behind it.\n",
     false, ARGUMENTS_TEXT, cmd_echo, NULL},
    {"count", "count from 1 to N", "count N",
     "A number a line: output as long as one likes, of which none can be missing unnoticed.\n"
     "^C ends it.\n",
     false, 1, cmd_count, NULL},
    {"bench", "run benchmarks", "bench [NAME | AREA | kernel]... [--json]",
     "Without arguments all of them. AREA is the front part of a name, up to a dot; kernel is\n"
     "short for ipc irq fault vm. ^C stops after the one that runs.\n"
     "The unit is instructions where the machine's clock counts them (make bench), else tsc.\n",
     true, -1, cmd_bench, bench_word},
    {"test", "run the tests inside the system", "test [NAME | AREA | all]... [--json]",
     "Without arguments all of them. AREA is the front part of a name, up to a dot.\n"
     "^C stops after the one that runs. The last line counts the passed and the failed.\n",
     true, -1, cmd_test, test_word},
    {"fuzz", "make random system calls", "fuzz N [SEED [EVERY]] [timed] [--json]",
     "N calls with random, hostile and stale arguments by threads that own one of everything.\n"
     "The same SEED (1 unless given) gives the same calls and results. A debug build's kernel\n"
     "checks its invariants after every EVERY calls (256 unless given). timed: also with what\n"
     "depends on the clock, which no seed repeats. ^C ends it.\n",
     true, 4, cmd_fuzz, NULL},
    {"lsdev", "list the devices", "lsdev [PATTERN] [--json]",
     "The tree of buses and devices: what its bus says it is, its driver and the driver's state,\n"
     "and the interface that the driver serves. PATTERN is a path's beginning (/pci), an\n"
     "interface (serial), an id (8086:10d3) or a vendor (8086:). devman explain PATH says why a\n"
     "device has no driver.\n",
     true, 1, cmd_lsdev, device_word},
    {"drivers", "list the drivers", "drivers [--json]",
     "One for each device that has one: its process, which changes at each start, its state, how\n"
     "often it was restarted, how long this instance has run, CPU time and interrupts of all\n"
     "instances together, and what the last one that died has died of.\n",
     true, 0, cmd_drivers, NULL},
    {"kill", "kill a driver; it comes back at once", "kill D [TIMES MS | after N] [--json]",
     "D is a driver's name, or its device's path where several have that name. It ends where it\n"
     "stands, and the next one takes over: clients only see that it took a moment. With TIMES and\n"
     "MS devman kills it so often, at random moments MS apart on average, while the shell goes\n"
     "on; devman toll D says what that has met; 0 TIMES ends it. With after N it is\n"
     "single-stepped, and killed when it has executed N more instructions; 0 ends that.\n",
     true, 3, cmd_kill, driver_word},
    {"restart", "restart a driver", "restart D [--json]",
     "As kill, and starts one that was stopped or given up, too.\n", true, 1, cmd_restart,
     driver_word},
    {"start", "start a driver that does not run", "start D [--json]",
     "Also with the path of a device that has no driver: the drivers are tried once more.\n", true,
     1, cmd_start, device_word},
    {"stop", "stop a driver", "stop D [SECONDS] [--json]",
     "Its clients get errors until start. With SECONDS it is started again after so long, which\n"
     "is the way to stop the device that this session is on.\n",
     true, 2, cmd_stop, driver_word},
    {"inject", "have a driver commit a fault", "inject (FAULT D | list) [--json]",
     "inject list prints the faults, and the cause of death that each leads to.\n", true, 2,
     cmd_inject, inject_word},
    {"events", "show what happened to drivers", "events [follow] [--json]",
     "Those that are kept: devices found and lost, drivers started, died, restarted, given up.\n"
     "follow: and all that come, until ^C.\n",
     true, 1, cmd_events, follow_word},
    {"regs", "show a device's registers", "regs D [--json]",
     "Decoded by its driver. Registers that change when they are read are left out.\n", true, 1,
     cmd_regs, driver_word},
    {"devman", "ask about a device and its driver",
     "devman (explain PATH | describe D | memory | toll D) [--json]",
     "explain: why the device has the driver that it has, or none. describe: the interface that\n"
     "the driver serves, as it tells it itself. memory: what devman has handed out. toll: the "
     "kills\n"
     "of kill D TIMES MS, and how many of them met it in a handler or with requests.\n",
     true, 2, cmd_devman, devman_word},
    {"top", "show who uses the CPU", "top [SECONDS] [follow] [--json]",
     "Tasks and drivers by what they used in SECONDS (1 unless given). follow: again and again,\n"
     "until ^C.\n",
     true, 2, cmd_top, follow_word},
    {"console", "say where this session is, move it, change its picture or its keys",
     "console [move (serial | screen | both) | graphics | text | layout [NAME]] [--json]",
     "move: the session goes on there, with all that it shows. graphics, text: how the screen "
     "shows\n"
     "it. layout: the keyboard's, or another one. Alt-F1 to Alt-F4 show four shells on the "
     "screen.\n",
     true, 2, cmd_console, console_word},
    {"ls", "list files", "ls [PATH...] [--json]",
     "Size, time of the last change (UTC) and name; a directory has a slash behind it. Paths "
     "begin\n"
     "at / or where cd has gone: /disk0 is the file system on the first disk, /disk0p2 that of "
     "its\n"
     "second partition, /cd0 the CD, /dev/disk0 the whole disk. mount lists them.\n",
     true, -1, cmd_ls, NULL},
    {"cd", "go to a directory", "cd [PATH]",
     "What paths without a slash in front are seen from. Without PATH it is /.\n", false, 1, cmd_cd,
     NULL},
    {"pwd", "say where cd has gone", "pwd [--json]", "", true, 0, cmd_pwd, NULL},
    {"cat", "print files", "cat PATH...", "As they are. ^C ends it.\n", false, -1, cmd_cat, NULL},
    {"cp", "copy a file", "cp FROM TO",
     "TO is a file, which is replaced, or a directory, which gets a file of the same name.\n"
     "What was not copied whole, for ^C or a full disk, is removed.\n",
     false, 2, cmd_cp, NULL},
    {"mv", "rename a file or directory, or move it", "mv FROM TO",
     "TO is a new name, or a directory on the same disk. Nothing is replaced.\n", false, 2, cmd_mv,
     NULL},
    {"rm", "remove files", "rm PATH...",
     "And directories that are empty. At once and without asking.\n", false, -1, cmd_rm, NULL},
    {"mkdir", "make directories", "mkdir PATH...", "", false, -1, cmd_mkdir, NULL},
    {"hexdump", "print a file in hexadecimal", "hexdump PATH [OFFSET [COUNT]]",
     "COUNT bytes from byte OFFSET on, else all; as 512 or 0x200. hexdump /dev/disk0 0 512 is the\n"
     "first disk's first block. ^C ends it.\n",
     false, 3, cmd_hexdump, NULL},
    {"sha256sum", "print the SHA-256 sums of files", "sha256sum PATH... [--json]",
     "Also of whole disks, /dev/disk0. ^C ends it.\n", true, -1, cmd_sha256sum, NULL},
    {"df", "say how full the mounted file systems are", "df [--json]", "", true, 0, cmd_df, NULL},
    {"mount", "list the file systems, or use one again", "mount [NAME] [--json]",
     "A file system is mounted when something of it is first used. After umount only mount NAME\n"
     "does it. FAT12, FAT16, FAT32 with long names, and ISO 9660 with those of Rock Ridge.\n",
     true, 1, cmd_mount, NULL},
    {"umount", "let go of a file system", "umount NAME",
     "NAME as in mount's list. All is written out; with the last one of a disk, the disk is free\n"
     "for others.\n",
     false, 1, cmd_umount, NULL},
    {"ifconfig", "show the network card's addresses, or set them",
     "ifconfig [dhcp | ADDRESS/BITS [GATEWAY [DNS]]] [--json]",
     "BITS are those of the net: 10.0.2.15/24 10.0.2.2 10.0.2.3. dhcp: ask the network for all "
     "of it.\n",
     true, 3, cmd_ifconfig, NULL},
    {"ping", "see whether a machine answers", "ping HOST [COUNT] [--json]",
     "An echo request a second, COUNT times (4 unless given), or until ^C.\n", true, 2, cmd_ping,
     NULL},
    {"nslookup", "ask for the address of a name", "nslookup NAME [--json]",
     "By DNS, from the name server that ifconfig shows.\n", true, 1, cmd_nslookup, NULL},
    {"nc", "talk to another machine", "nc [-s] ([-u] HOST PORT | [-l] PORT)",
     "What is typed goes there, what comes is shown. -u: by UDP. -l: wait until somebody "
     "connects. -s: show how many bytes came and their CRC-32 instead.\n"
     "^D says that no more will come, ^C ends it.\n",
     false, 4, cmd_nc, NULL},
    {"tcpdump", "show the frames that the network card receives and sends",
     "tcpdump [-w PATH] [COUNT] [--json]",
     "A line each, with the seconds since it began, until COUNT or ^C. What comes faster than the\n"
     "terminal is left out. -w: into a file that Wireshark opens, instead.\n",
     true, 3, cmd_tcpdump, NULL},
    {"wget", "fetch a file from a web server", "wget URL PATH [--json]",
     "As in wget http://10.0.2.2:8000/name /disk0/name. If PATH is a directory, the file gets the\n"
     "address's last name. ^C ends it; what is not whole is removed.\n",
     true, 2, cmd_wget, NULL},
    {"iperf", "measure TCP to or from another machine",
     "iperf ([-c HOST] [-t SECONDS] | [-s]) [-p PORT] [--json]",
     "-c: send for 10 seconds, or SECONDS, to an iperf 2 at HOST. -s: count what comes from such\n"
     "ones, until ^C. The port is 5001 unless given; this machine's own 5001 is a service's that\n"
     "always runs.\n",
     true, 6, cmd_iperf, NULL},
    {"web", "let the status page give orders, or not", "web [allow | deny] [--json]",
     "The status page (port 80) shows drivers and files to all. allow prints a new token: whoever "
     "knows\n"
     "it may restart drivers and inject faults there, until deny. Without an argument: how it "
     "stands.\n",
     true, 1, cmd_web, web_word},
    {"netstat", "list the sockets", "netstat [--json]",
     "All tasks' sockets: protocol, octets that wait in each direction, both ends, TCP's state, "
     "and\n"
     "whose it is.\n",
     true, 0, cmd_netstat, NULL},
    {"arp", "list the neighbours", "arp [--json]",
     "Machines of the same net that ARP has found: address and hardware address.\n", true, 0,
     cmd_arp, NULL},
    {"ps", "list the tasks", "ps [--json]",
     "Number, name, state of the first thread, CPU time, memory, priority, and how often it was\n"
     "started again. Those are root's tasks; drivers lists the drivers, which are devman's.\n",
     true, 0, cmd_ps, NULL},
    {"mem", "show where the memory is", "mem [--json]",
     "RAM as the firmware reports it, the kernel's share, the boot image, the tasks, and what\n"
     "is free.\n",
     true, 0, cmd_mem, NULL},
    {"log", "print the system log", "log [--json]",
     "From the oldest line that is kept to the newest. ^C stops.\n", true, 0, cmd_log, NULL},
    {"uptime", "say how long the system has been up", "uptime [--json]",
     "The time since the kernel's first instruction.\n", true, 0, cmd_uptime, NULL},
    {"date", "say what time it is, or set the clock", "date [-s TIME] [--json]",
     "The machine's clock, which is taken to run in UTC. TIME is one word of the form\n"
     "2026-11-21T10:00:00, with a Z behind it or without; in quotes a space may stand for the T.\n",
     true, 2, cmd_date, NULL},
    {"version", "say what this is", "version [--json]",
     "The version of Quoll, of the kernel's interface, the kind of build, and what the kernel\n"
     "uses of the CPU (docs/abi.md explains the names).\n",
     true, 0, cmd_version, NULL},
    {"kdb", "open the kernel debugger (debug builds)", "kdb [panic | fault]",
     "All but the debugger stands still; its help lists its commands, and continue comes back\n"
     "here. panic and fault break the kernel on purpose, to show what that looks like; from there\n"
     "only a restart leads back. Built with: make DEBUG=1\n",
     false, 1, cmd_kdb, kdb_word},
    {"clear", "clear the screen", "clear", "^L does it too, and keeps the line.\n", false, 0,
     cmd_clear, NULL},
    {"reboot", "start the machine again", "reboot", "At once and without asking.\n", false, 0,
     cmd_reboot, NULL},
    {"poweroff", "switch the machine off", "poweroff",
     "At once and without asking. Under QEMU, QEMU ends.\n", false, 0, cmd_poweroff, NULL},
};

const size_t commands_count = sizeof(commands) / sizeof(commands[0]);

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < commands_count; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

const char *command_word(struct shell *s, size_t index)
{
    (void)s;
    return index < commands_count ? commands[index].name : NULL;
}

/* How many words stand in the @n bytes at @line. */
static unsigned words_before(const char *line, size_t n)
{
    unsigned count = 0;

    for (size_t i = 0; i < n; i++)
        count += line[i] != ' ' && (i == 0 || line[i - 1] == ' ');
    return count;
}

const char *command_candidate(void *shell, const char *line, size_t word_start, size_t index)
{
    const struct command *c;
    char name[32];
    size_t start = 0, n = 0;

    while (start < word_start && line[start] == ' ')
        start++;
    if (start == word_start)
        return command_word(shell, index);
    while (line[start + n] && line[start + n] != ' ')
        n++;
    ((struct shell *)shell)->word_at = words_before(line + start, word_start - start);
    if (n >= sizeof(name))
        return NULL;
    memcpy(name, line + start, n);
    name[n] = '\0';
    c = command_find(name);
    return c && c->word ? c->word(shell, index) : NULL;
}

/* Take --json out of @argv; what stands behind it moves up. Returns the new count. */
static int take_json(struct shell *s, int argc, char **argv)
{
    int kept = 1;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            s->json = true;
        else
            argv[kept++] = argv[i];
    }
    return kept;
}

static void command_unknown(struct shell *s, const char *name)
{
    struct suggestion near = suggest_begin(name);
    const char *best;

    for (size_t i = 0; i < commands_count; i++)
        suggest_offer(&near, commands[i].name);
    best = suggest_best(&near);
    if (best)
        shell_error(s, "%.40s: no such command; did you mean %s?", name, best);
    else
        shell_error(s, "%.40s: no such command; type help for the list", name);
}

/* Is @word an option that stands in @usage, as in "[-s TIME]"? */
static bool is_option(const char *usage, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = strchr(usage, '['); at; at = strchr(at + 1, '[')) {
        if (strncmp(at + 1, word, n) == 0 && (at[1 + n] == ' ' || at[1 + n] == ']'))
            return true;
    }
    return false;
}

/* Options and too many words are refused here, before a command sees them. */
static bool arguments_fit(struct shell *s, const struct command *c, int argc, char **argv)
{
    if (c->arguments_max == ARGUMENTS_TEXT)
        return true;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-' && !is_option(c->usage, argv[i])) {
            shell_error(s, "%s: no option %.40s; usage: %s", c->name, argv[i], c->usage);
            return false;
        }
    }
    if (c->arguments_max >= 0 && argc - 1 > c->arguments_max) {
        shell_error(s, "%s: %.40s is too much; usage: %s", c->name, argv[c->arguments_max + 1],
                    c->usage);
        return false;
    }
    return true;
}

void command_run(struct shell *s, char *line)
{
    const struct command *c;
    int argc;

    s->json = false;
    argc = args_split(line, s->argv);
    if (argc == 0)
        return;
    if (argc < 0) {
        shell_error(s, "a \" is not closed or nothing follows a \\; to mean the character itself "
                       "type \\\" or \\\\");
        return;
    }
    c = command_find(s->argv[0]);
    if (!c) {
        command_unknown(s, s->argv[0]);
        return;
    }
    if (c->json)
        argc = take_json(s, argc, s->argv);
    if (arguments_fit(s, c, argc, s->argv))
        c->run(s, argc, s->argv);
}
