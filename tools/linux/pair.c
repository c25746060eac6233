/*
 * pair.c - /init of the Linux that Quoll is compared with (see pair.h): loads the modules that
 * /modules/order lists, then answers lines.
 *   info | time | disk ... | card ... | udp_rtt, udp_send, tcp_out, tcp_in ... | raw_tx ... |
 * pktgen ... | off
 */
#define _GNU_SOURCE
#include "pair.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX 8

static double samples[ROUNDS_MAX];

/* ---- answers */

bool failed(const char *what)
{
    (void)printf("{\"error\": \"%s: %s\"}\n", what, strerror(errno));
    return false;
}

bool put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (!ok)
        (void)failed(path);
    if (fd >= 0)
        (void)close(fd);
    return ok;
}

/* ---- measuring */

static double now_us(void)
{
    struct timespec t = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static bool run_turns(const struct row *row, unsigned turns)
{
    bool ok = true;

    for (unsigned i = 0; ok && i < turns; i++) {
        double before;

        if (row->prepare != NULL)
            row->prepare();
        before = now_us();
        ok = row->turn();
        samples[i] = (now_us() - before) / row->units;
    }
    return ok;
}

void row_say(double *us, unsigned n)
{
    double sum = 0;

    for (unsigned i = 0; i < n; i++)
        sum += us[i];
    qsort(us, n, sizeof(us[0]), compare);
    (void)printf("{\"n\": %u, \"us\": %.3f, \"mean_us\": %.3f, \"min_us\": %.3f}\n", n, us[n / 2],
                 sum / n, us[0]);
}

bool row_run(const struct row *row)
{
    if (row->rounds == 0 || row->rounds > ROUNDS_MAX) {
        errno = EINVAL;
        return failed("rounds");
    }
    if (!run_turns(row, row->warm) || !run_turns(row, row->rounds))
        return false;
    row_say(samples, row->rounds);
    return true;
}

/* ---- the system */

static bool load_module(char *line)
{
    char path[300], *options = strchr(line, ' ');
    bool ok;
    int fd;

    if (options != NULL)
        *options++ = '\0';
    (void)snprintf(path, sizeof(path), "/modules/%s", line);
    fd = open(path, O_RDONLY);
    ok = fd >= 0 && syscall(SYS_finit_module, fd, options == NULL ? "" : options, 0) == 0;
    if (!ok)
        (void)failed(path);
    if (fd >= 0)
        (void)close(fd);
    return ok;
}

static bool load_modules(void)
{
    FILE *list = fopen("/modules/order", "r");
    char line[256];
    bool ok = list != NULL;

    if (list == NULL)
        return failed("/modules/order");
    while (ok && fgets(line, sizeof(line), list) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        ok = load_module(line);
    }
    (void)fclose(list);
    return ok;
}

static bool mount_at(const char *type, const char *where)
{
    (void)mkdir(where, 0755);
    return mount(type, where, type, 0, NULL) == 0 || errno == EBUSY || failed(where);
}

/* One line, as it comes: nobody types it. */
static void set_up_line(void)
{
    struct termios t;

    if (tcgetattr(0, &t) == 0) {
        t.c_lflag &= ~(tcflag_t)ECHO;
        (void)tcsetattr(0, TCSANOW, &t);
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
}

static void say_file(const char *name, const char *path)
{
    char text[256] = "";
    FILE *f = fopen(path, "r");

    if (f != NULL) {
        if (fgets(text, sizeof(text), f) == NULL)
            text[0] = '\0';
        (void)fclose(f);
    }
    text[strcspn(text, "\n")] = '\0';
    (void)printf(", \"%s\": \"%s\"", name, text);
}

static bool info(char **words)
{
    struct utsname u = {0};

    (void)words;
    (void)uname(&u);
    (void)printf("{\"release\": \"%s\", \"version\": \"%s\"", u.release, u.version);
    say_file("options", "/proc/cmdline");
    say_file("clock", "/sys/devices/system/clocksource/clocksource0/current_clocksource");
    (void)printf("}\n");
    return true;
}

static bool tell_time(char **words)
{
    (void)words;
    (void)printf("{\"uptime_us\": %.0f}\n", now_us());
    return true;
}

static bool off(char **words)
{
    (void)words;
    (void)printf("{}\n");
    (void)tcdrain(1);
    sync();
    (void)reboot(RB_POWER_OFF);
    return failed("off");
}

/* ---- lines */

static const struct {
    const char *word;
    bool (*run)(char **words);
} kinds[] = {
    {"info", info},      {"time", tell_time},  {"off", off},           {"disk", disk_row},
    {"card", net_begin}, {"udp_rtt", net_row}, {"udp_send", net_row},  {"tcp_out", net_row},
    {"tcp_in", net_row}, {"raw_tx", raw_row},  {"pktgen", pktgen_row},
};

/* Missing words are empty ones. */
static void answer(char *line)
{
    static char nothing[] = "";
    char *words[WORDS_MAX], *rest = NULL, *word = strtok_r(line, " \r\n", &rest);

    for (unsigned i = 0; i < WORDS_MAX; i++) {
        words[i] = word == NULL ? nothing : word;
        word = word == NULL ? NULL : strtok_r(NULL, " \r\n", &rest);
    }
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(words[0], kinds[i].word) == 0) {
            (void)kinds[i].run(words);
            return;
        }
    }
    errno = EINVAL;
    (void)failed(words[0]);
}

int main(void)
{
    char line[256];

    set_up_line();
    if (mount_at("devtmpfs", "/dev") && mount_at("proc", "/proc") && mount_at("sysfs", "/sys") &&
        load_modules())
        (void)printf("{\"ready\": true}\n");
    while (fgets(line, sizeof(line), stdin) != NULL)
        answer(line);
    return 0;
}
