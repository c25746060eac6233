/*
 * line.c - the far end of the serial line: see uart_test.h.
 */
#include "uart_test.h"

#include <idl/serial_queue.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

const struct host_resource com1[] = {{"ports", NEED_PORTS, 0x3f8, 8, false},
                                     {"irq", NEED_IRQ, COM1_IRQ, 1, false},
                                     {.name = NULL}};

static int line = -1;
static FILE *monitor;

static int connected(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        perror(path);
        exit(2);
    }
    return fd;
}

static void ask(const char *what)
{
    static char answer[4096];

    (void)fprintf(monitor, "%s\n", what);
    (void)fflush(monitor);
    do {
        if (fgets(answer, sizeof(answer), monitor) == NULL || strstr(answer, "\"error\"") != NULL) {
            (void)fprintf(stderr, "QEMU's monitor: %s\n", answer);
            exit(2);
        }
    } while (strstr(answer, "\"return\"") == NULL);
}

void line_open(const char *path, const char *monitor_path)
{
    line = connected(path);
    monitor = fdopen(connected(monitor_path), "r+");
    ask("{\"execute\": \"qmp_capabilities\"}");
}

void line_send(const void *bytes, size_t n)
{
    if (send(line, bytes, n, 0) != (ssize_t)n) {
        perror("line");
        exit(2);
    }
}

size_t line_take(void *bytes, size_t n)
{
    ssize_t got = recv(line, bytes, n, MSG_DONTWAIT);

    return got > 0 ? (size_t)got : 0;
}

void line_break(void)
{
    ask("{\"execute\": \"chardev-send-break\", \"arguments\": {\"id\": \"line\"}}");
}

struct host_session *open_serial(unsigned data_pages)
{
    const struct queue_limits limits = {.ops_known = SERIAL_OPS_KNOWN,
                                        .ops_allowed = serial_ops_allowed(SERIAL_RIGHTS_ALL),
                                        .ops_wait = SERIAL_OPS_WAIT};

    return host_session_open(SERIAL_INTERFACE, SERIAL_RIGHTS_ALL, &limits, data_pages);
}

int write_all(struct host_session *s, const void *bytes, size_t n)
{
    struct queue_done done;
    uint64_t seq;
    uint32_t written;
    int error;

    memcpy(s->data, bytes, n);
    error = serial_submit_write(&s->queue, 0, n, &seq);
    if (error == E_OK) {
        error = host_await(s, seq, &done);
    }
    if (error == E_OK) {
        error = serial_finish_write(&done, n, &written);
    }
    return error != E_OK || written == n ? error : E_IO;
}
