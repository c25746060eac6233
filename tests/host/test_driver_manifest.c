/* sources: servers/lib/driver_manifest.c servers/lib/driver_manifest_match.c servers/lib/driver_manifest_limit.c servers/lib/manifest_text.c servers/lib/manifest_value.c */
/*
 * test_driver_manifest.c - the parser of drivers' manifests: what it takes and makes of it, the
 * exact text of every refusal (golden/driver_manifest.txt), scores, the shipped manifests, and
 * 200,000 mutations under the sanitizers.
 * To write the golden file anew: run the program with the argument --golden from the top folder.
 */
#include "mutate.h"

#include <glob.h>
#include <quoll/driver_manifest.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOLDEN "tests/host/golden/driver_manifest.txt"
#define FULL                                                                                       \
    "# all keys\n[driver e1000]\nimage = e1000\ninterface = packet inspect\nbus = no\n"            \
    "match = pci 8086:100e\nmatch = pci class 0200\nmatch = pci class 010185 score=70\n"           \
    "match = pci 1af4:*\nmatch = platform com score=200\n"                                         \
    "need = bar0 as regs mmio\nneed = irq as irq msi\nneed = 64k as ring dma\n"                    \
    "memory = 1M\nstack = 32k\npriority = 170\nbudget = 5ms / 20ms\nirq-limit = 8000/100ms\n"      \
    "heartbeat = 250ms\nrequest-limit = 5s\nirq-ack-limit = 50ms\n"                                \
    "restart = 20ms x3 cap 2s\ngive-up = 7 in 30s\ndma = optional\nmap-data = yes\nexclusive = "   \
    "send\n"

static unsigned passed, failed;
static struct driver_manifest m;
static struct manifest_error e;

static void check(bool ok, const char *what)
{
    ok ? passed++ : failed++;
    if (!ok) {
        printf("FAILED: %s\n", what);
    }
}

static bool parse(const char *text, size_t n)
{
    char *copy = malloc(n > 0 ? n : 1); /* no byte behind the end may be read */
    bool ok;

    memcpy(copy, text, n);
    ok = driver_manifest_parse(copy, n, &m, &e);
    free(copy);
    return ok;
}

static void test_values(void)
{
    check(parse(FULL, strlen(FULL)), "every key");
    check(strcmp(m.name, "e1000") == 0 && strcmp(m.image, "e1000") == 0 && !m.bus, "names");
    check(m.interface_count == 2 && strcmp(m.interfaces[1], "inspect") == 0, "interfaces");
    check(m.match_count == 5 && m.matches[0].kind == MATCH_PCI_ID &&
              m.matches[0].vendor == 0x8086 && m.matches[0].device == 0x100e,
          "a pci device");
    check(m.matches[1].class_code == 0x020000 && !m.matches[1].has_interface &&
              m.matches[2].class_code == 0x010185 && m.matches[2].has_interface,
          "classes");
    check(m.matches[3].kind == MATCH_PCI_VENDOR && m.matches[3].vendor == 0x1af4 &&
              strcmp(m.matches[4].name, "com") == 0 && m.matches[4].score == 200,
          "a vendor, a name");
    check(m.need_count == 3 && m.needs[0].kind == NEED_MMIO &&
              strcmp(m.needs[0].name, "bar0") == 0 && strcmp(m.needs[2].alias, "ring") == 0 &&
              m.needs[2].kind == NEED_DMA && m.needs[2].bytes == 65536,
          "needs");
    check(m.memory_bits == 20 && m.stack_bytes == 32768 && m.priority == 170, "memory, priority");
    check(m.budget_us == 5000 && m.period_us == 20000 && m.irq_limit == 8000 &&
              m.irq_period_us == 100000,
          "budget, interrupts");
    check(m.heartbeat_us == 250000 && m.request_limit_us == 5000000 && m.irq_ack_limit_us == 50000,
          "limits");
    check(m.restart.delay_us == 20000 && m.restart.factor == 3 && m.restart.cap_us == 2000000 &&
              m.restart.deaths == 7 && m.restart.window_us == 30000000 && !m.restart.never,
          "restarts");
    check(m.dma == DRIVER_DMA_OPTIONAL && m.map_data && strcmp(m.exclusive, "send") == 0, "DMA");
}

static void test_defaults(void)
{
    const char text[] = "[driver p]\nimage = p\nbus = yes\nmatch = null p\nheartbeat = off\n"
                        "budget = unlimited\nrestart = never\nirq-limit = none\n";

    check(parse(text, strlen(text)), "the least");
    check(m.bus && m.interface_count == 0 && m.memory_bits == 18 && m.stack_bytes == 16384 &&
              m.priority == 180 && m.dma == DRIVER_DMA_NONE && !m.map_data,
          "defaults");
    check(m.heartbeat_us == 0 && m.budget_us == 0 && m.period_us == 0 && m.irq_limit == 0 &&
              m.restart.never && m.restart.deaths == 5,
          "switched off");
}

static unsigned score(const char *bus, const char *name, unsigned vendor, unsigned device,
                      uint32_t class_code)
{
    const struct driver_device d = {bus, name, (uint16_t)vendor, (uint16_t)device, class_code};

    return driver_manifest_score(&m, &d);
}

static void test_scores(void)
{
    check(parse(FULL, strlen(FULL)), "every key");
    check(score("pci", "", 0x8086, 0x100e, 0x020000) == 100, "vendor and device");
    check(score("pci", "", 0x8086, 0x100f, 0x020001) == 50, "class");
    check(score("pci", "", 0x1af4, 0x1000, 0x020000) == 50, "the best of two lines");
    check(score("pci", "", 0x1af4, 0x1000, 0) == 30, "vendor alone");
    check(score("pci", "", 1, 1, 0x010185) == 70 && score("pci", "", 1, 1, 0x010180) == 0,
          "class with its interface, raised");
    check(score("platform", "com", 0, 0, 0) == 200 && score("platform", "com1", 0, 0, 0) == 0 &&
              score("null", "com", 0, 0, 0) == 0,
          "a name on its bus");
    check(strcmp(driver_need_name(NEED_MSI), "msi") == 0 && driver_need_name(99)[0] == '?',
          "names of kinds");
}

/* Read @path into @text of @size bytes; 0 if it can't be. */
static size_t read_file(const char *path, char *text, size_t size)
{
    FILE *f = fopen(path, "r");
    size_t n = f != NULL ? fread(text, 1, size - 1, f) : 0;

    if (f != NULL) {
        fclose(f);
    }
    text[n] = '\0';
    return n;
}

static void answer(char *to, size_t size, const char *text, size_t bytes)
{
    if (parse(text, bytes)) {
        (void)snprintf(to, size, "good\n");
    } else if (e.line == 0) {
        (void)snprintf(to, size, "%s\n", e.text);
    } else {
        (void)snprintf(to, size, "line %u: %s\n", e.line, e.text);
    }
}

/* Each manifest stands between "--" and "=="; what follows is what the parser must say. */
static void test_golden(FILE *anew)
{
    static char text[65536];
    unsigned cases = 0;
    char *at = text;

    check(read_file(GOLDEN, text, sizeof(text)) > 0, "the golden file is there");
    at = strstr(text, "\n--\n");
    if (anew != NULL && at != NULL) {
        fprintf(anew, "%.*s", (int)(at - text), text);
    }
    while (at != NULL) {
        char *start = at + 4, *end = strstr(start - 1, "\n==\n");
        char got[512];
        if (end == NULL) {
            break;
        }
        size_t bytes = end < start ? 0 : (size_t)(end + 1 - start);
        answer(got, sizeof(got), start, bytes);
        at = strstr(end, "\n--\n");
        if (anew != NULL) {
            fprintf(anew, "\n--\n%.*s==\n%s", (int)bytes, start, got);
        } else if (strncmp(end + 4, got, strlen(got)) == 0 && strcmp(got, "good\n") != 0 &&
                   (end[4 + strlen(got)] == '\0' || end[4 + strlen(got)] == '\n')) {
            cases++;
        } else {
            printf("%.*sis answered: %s", (int)bytes, start, got);
            check(false, "an answer that is not the golden file's");
        }
    }
    check(anew != NULL || cases >= 90, "every kind of mistake has its message");
}

static void test_shipped(void)
{
    static char text[65536];
    glob_t found = {0};

    if (glob("drivers/*/*.manifest", 0, NULL, &found) != 0) {
        return; /* as long as no driver has moved onto the framework */
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        bool ok = parse(text, read_file(found.gl_pathv[i], text, sizeof(text)));
        if (!ok) {
            printf("%s:%u: %s\n", found.gl_pathv[i], e.line, e.text);
        }
        check(ok, found.gl_pathv[i]);
    }
    globfree(&found);
}

static void test_fuzz(void)
{
    unsigned accepted = 0, silent = 0, out_of_range = 0;

    for (unsigned i = 0; i < 200000; i++) {
        char text[sizeof(FULL)];
        size_t n = sizeof(FULL) - 1;
        memcpy(text, FULL, n);
        mutate(text, &n);
        if (parse(text, n)) {
            accepted++;
            out_of_range += m.match_count > DRIVER_MATCHES || m.need_count > DRIVER_NEEDS ||
                            m.memory_bits > 26 || m.priority > DRIVER_PRIORITY ||
                            m.stack_bytes > 1u << (m.memory_bits - 1) || m.budget_us > m.period_us;
        } else if (e.text[0] == '\0' || e.text[sizeof(e.text) - 2] != '\0') {
            silent++; /* or cut off */
        }
    }
    check(accepted > 0 && out_of_range == 0, "some mutations are still manifests, and sane");
    check(silent == 0, "every refusal says why, in full");
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--golden") == 0) {
        test_golden(stdout);
        return 0;
    }
    test_values();
    test_defaults();
    test_scores();
    test_golden(NULL);
    test_shipped();
    test_fuzz();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
