/*
 * shell_fake.c - see shell_fake.h.
 */
#include "shell_fake.h"

#include <string.h>

/* Those that use sockets are tested in the system (test_net.py): here they only stand in the list.
 */
#define ELSEWHERE(name)                                                                            \
    void name(struct shell *s, int argc, char **argv)                                              \
    {                                                                                              \
        (void)s;                                                                                   \
        (void)argc;                                                                                \
        (void)argv;                                                                                \
    }
ELSEWHERE(cmd_ifconfig)
ELSEWHERE(cmd_ping)
ELSEWHERE(cmd_nslookup)
ELSEWHERE(cmd_nc)
ELSEWHERE(cmd_web)
ELSEWHERE(cmd_tcpdump)
ELSEWHERE(cmd_wget)
ELSEWHERE(cmd_iperf)
ELSEWHERE(cmd_netstat)
ELSEWHERE(cmd_arp)

const char *web_word(struct shell *s, size_t index)
{
    (void)s;
    (void)index;
    return NULL;
}

unsigned passed, failed;
struct shell shell;
struct quoll_info info = {.abi_version = 1,
                          .build = QUOLL_BUILD_FASTPATH,
                          .cpu_count = 2,
                          .features = QUOLL_HAS_nx | QUOLL_HAS_avx};
char written[20000];
static size_t written_bytes;
int lookup_error, system_error;
bool services_died;
const char *typed = "", *ended = "";
unsigned runs;

/* ---- the servers */
int names_lookup(const char *name, uint64_t slot)
{
    (void)name;
    CHECK(slot > SLOT_FREE && slot <= SLOT_FREE + SERVICE_COUNT);
    return lookup_error;
}

bool names_is_gone(uint64_t slot)
{
    CHECK(slot > SLOT_FREE && slot <= SLOT_FREE + SERVICE_COUNT);
    return services_died;
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
    *result = (struct bench_result){
        .median = index, .min = 1, .max = 2, .n = 10000, .unit = "instructions"};
    if (index == 2)
        *result = (struct bench_result){.unit = "failed", .why = "map: out of \"luck\""};
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

struct fuzz_order fuzz_given;
struct fuzz_summary fuzz_result;
uint64_t fuzz_most, fuzz_made;

int fuzz_begin(uint64_t cap, const struct fuzz_order *order)
{
    (void)cap;
    fuzz_given = *order;
    fuzz_most = fuzz_made = 0;
    return system_error;
}

int fuzz_calls(uint64_t cap, uint64_t count, uint64_t *made, bool *has_failed)
{
    (void)cap;
    runs++;
    fuzz_most = count > fuzz_most ? count : fuzz_most;
    *made = fuzz_made += count;
    *has_failed = fuzz_result.failed;
    return E_OK;
}

int fuzz_end(uint64_t cap, struct fuzz_summary *summary)
{
    (void)cap;
    *summary = fuzz_result;
    summary->calls = fuzz_made;
    return E_OK;
}

/* ---- what the tests do */
void shell_fake_begin(void)
{
    shell.info = &info;
}

const char *run(const char *line)
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

bool prints(const char *line, const char *want)
{
    bool same = strcmp(run(line), want) == 0;

    if (!same)
        printf("%s: \"%s\"\n", line, written);
    return same;
}

bool has(const char *line, const char *part)
{
    bool found = strstr(run(line), part) != NULL;

    if (!found)
        printf("%s: \"%s\"\n", line, written);
    return found;
}
