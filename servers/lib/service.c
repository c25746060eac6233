/*
 * service.c - see service.h.
 */
#include <quoll/service.h>

#include <errno.h>
#include <netinet/in.h>
#include <quoll/client.h>
#include <quoll/error.h>
#include <quoll/deadline.h>
#include <quoll/info.h>
#include <quoll/sys.h>
#include <quoll/task.h>
#include <stdbool.h>
#include <stdio.h>

#define BACKLOG 16
#define AGAIN_S 5u

static int try_listen(uint16_t port)
{
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = __builtin_bswap16(port),
                                   .sin_addr = {INADDR_ANY}};
    int fd = socket(AF_INET, SOCK_STREAM, 0), error;

    if (fd < 0) {
        return -1;
    }
    if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, BACKLOG) == 0) {
        return fd;
    }
    error = errno;
    (void)socket_close(fd);
    errno = error;
    return -1;
}

static void sleep_s(unsigned seconds)
{
    uint64_t bits, until = rdtsc() + seconds * quoll_info()->tsc_hz;

    (void)task_set_deadline(until, 1);
    do {
        (void)sys_wait(SLOT_NOTIFY, &bits);
    } while (rdtsc() < until);
}

int service_lost(uint64_t system)
{
    (void)system_log_write(system, "the net server has died: nobody can connect any more");
    return -1;
}

int service_listen(uint64_t system, uint16_t port)
{
    bool is_said = false;
    char line[120];
    int fd;

    while ((fd = try_listen(port)) < 0) {
        if (!is_said) {
            (void)snprintf(line, sizeof(line), "cannot listen on port %u (%s); it is tried again",
                           port, quoll_strerror(errno));
            (void)system_log_write(system, line);
            is_said = true;
        }
        sleep_s(AGAIN_S);
    }
    return fd;
}
