/*
 * kdb.c - the kernel debugger: entering, leaving, typing, and which command runs.
 * It talks through the kernel's own polled serial port (and the screen), which it borrows from
 * the user-level driver. Debug builds only; one CPU, with interrupts off.
 */
#include <console/console.h>
#include <debug/kdb.h>
#include <debug/trace.h>
#include <lib/port.h>
#include <lib/string.h>
#include <sched/time.h>

#define PAGE_LINES 23u /* then it waits for a key; a VGA screen has 25 */
#define LINE_BYTES 80u
#define CTRL_C     3
#define DELETE     127

static struct {
    bool armed;     /* a command runs: kdb_catch may end it */
    bool open;      /* until `continue` */
    bool panicked;  /* there is nothing to continue */
    unsigned lines; /* printed since the last key */
    const struct regs *regs;
    const void *frame;
    void *recovery[5]; /* where __builtin_longjmp goes */
} kdb;

uint64_t kdb_arg[2];
unsigned kdb_args;

/* ---- what commands use */

void kdb_line_printed(void)
{
    if (!kdb.armed || ++kdb.lines < PAGE_LINES) {
        return;
    }
    kdb.armed = false; /* a fault in here is no command's */
    kdb.lines = 0;
    kprintf("-- more: any key; q ends --");
    char key = uart_wait_key();
    kprintf("\r%27s\r", "");
    if (key == 'q' || key == CTRL_C) {
        __builtin_longjmp(kdb.recovery, 1);
    }
    kdb.armed = true;
}

void kdb_catch(const char *fmt, va_list args)
{
    if (kdb.armed) {
        kdb.armed = false;
        kprintf("kdb: ");
        kvprintf(fmt, args);
        kprintf("\n");
        __builtin_longjmp(kdb.recovery, 1);
    }
}

/* ---- commands */

static void cmd_backtrace(void)
{
    kdb_print_calls(kdb.regs, kdb.frame);
}

static void cmd_continue(void)
{
    if (kdb.panicked) {
        kdb_stop("the kernel has panicked and can't go on: reboot");
    }
    kdb.open = false;
}

/* The chipset's reset register, else a triple fault. */
static void cmd_reboot(void)
{
    static const uint8_t no_idt[10];

    port_write8(0xcf9, 6);
    __asm__ volatile("lidt %0; int3" : : "m"(no_idt));
}

static void cmd_help(void);

static const struct command {
    const char *name, *usage, *text;
    unsigned least, most; /* numbers that it takes */
    void (*run)(void);
} commands[] = {
    {"help", "", "this list", 0, 0, cmd_help},
    {"threads", "", "all threads, and what each waits for", 0, 0, kdb_cmd_threads},
    {"thread", "THREAD", "one thread: registers and slots", 1, 1, kdb_cmd_thread},
    {"caps", "THREAD", "its capability space", 1, 1, kdb_cmd_caps},
    {"tree", "SLOT", "a capability and what was derived from it", 1, 1, kdb_cmd_tree},
    {"endpoints", "", "all endpoints, and who waits there", 0, 0, kdb_cmd_endpoints},
    {"irqs", "", "interrupts", 0, 0, kdb_cmd_irqs},
    {"pt", "THREAD [VA]", "what its page tables map, or the way to VA", 1, 2, kdb_cmd_pt},
    {"ready", "", "ready queues, budgets, timers", 0, 0, kdb_cmd_ready},
    {"events", "", "the last kernel events", 0, 0, trace_print},
    {"bt", "", "how the kernel got here", 0, 0, cmd_backtrace},
    {"mem", "ADDRESS [LINES]", "memory, 32 bytes a line", 1, 2, kdb_cmd_mem},
    {"continue", "", "let the system go on", 0, 0, cmd_continue},
    {"reboot", "", "start the machine again", 0, 0, cmd_reboot},
};

static void cmd_help(void)
{
    for (unsigned i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        kprintf("%-10s %-16s %s\n", commands[i].name, commands[i].usage, commands[i].text);
    }
    kprintf("Numbers are hexadecimal. Objects go by their physical addresses.\n");
}

/* The numbers in @p into kdb_arg; false if they are more than @most or something else. */
static bool parse_numbers(const char *p, unsigned most)
{
    uint64_t *v = NULL;

    for (kdb_args = 0; *p; p++) {
        unsigned c = (unsigned)*p | 0x20u; /* small letters; figures have the bit */
        unsigned digit = c - 'a' < 6 ? c - 'a' + 10 : c - '0';
        if (*p == ' ') {
            v = NULL;
        } else if (!v && digit < 16 && kdb_args < most) {
            v = &kdb_arg[kdb_args++];
            *v = digit;
        } else if (v && digit < 16 && !(*v >> 60)) {
            *v = *v << 4 | digit;
        } else if (!v || *v || c != 'x') { /* the x of 0x */
            return false;
        }
    }
    return true;
}

static void dispatch(const char *line)
{
    const struct command *c = commands, *end = c + sizeof commands / sizeof *c;
    size_t n = 0;

    while (line[n] && line[n] != ' ') {
        n++;
    }
    while (c < end && (strncmp(c->name, line, n) != 0 || c->name[n])) {
        c++;
    }
    if (c == end) {
        kdb_stop("there is no command %.*s; help lists them", (int)n, line);
    }
    if (!parse_numbers(line + n, c->most) || kdb_args < c->least) {
        kdb_stop("usage: %s %s, with hexadecimal numbers", c->name, c->usage);
    }
    c->run();
}

/* A line into @line of LINE_BYTES; ^C gives an empty one. */
static void read_line(char *line)
{
    unsigned n = 0;
    char key;

    while ((key = uart_wait_key()) != '\r' && key != CTRL_C) {
        if ((key == '\b' || key == DELETE) && n > 0) {
            n--;
            kprintf("\b \b");
        } else if (key >= ' ' && key < DELETE && n + 1 < LINE_BYTES) {
            line[n++] = key;
            kprintf("%c", key);
        }
    }
    line[key == CTRL_C ? 0 : n] = '\0';
    kprintf(key == CTRL_C ? "^C\n" : "\n");
}

/* ---- entering and leaving */

static __attribute__((noinline)) void session(const struct regs *r, const void *frame)
{
    char line[LINE_BYTES];

    kdb.regs = r;
    kdb.frame = frame;
    kprintf("kdb: the kernel debugger, entered in thread %lx; all stands still. Try help\n",
            SHORT(current()));
    for (kdb.open = true; kdb.open; kdb.armed = false) {
        kprintf("kdb> ");
        read_line(line);
        kdb.lines = 0;
        if (*line && __builtin_setjmp(kdb.recovery) == 0) { /* not 0: it has ended early */
            kdb.armed = true;
            dispatch(line);
        }
    }
}

int kdb_enter(void)
{
    if (!uart_borrow()) {
        return E_GONE;
    }
    time_charge();
    session(NULL, __builtin_frame_address(0));
    uart_return();
    cpu_self()->charged_to_tsc = rdtsc(); /* nobody pays for the time that passed here */
    return E_OK;
}

void kdb_panicked(const struct regs *r, const void *frame)
{
    kdb.panicked = true;
    kdb_print_calls(r, frame);
    if (uart_borrow()) {
        session(r, frame);
    }
}
