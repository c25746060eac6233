/*
 * shell.c - what all commands use: services and complaints.
 */
#include <quoll/error.h>
#include <stdarg.h>
#include <stdio.h>
#include "qsh.h"

#define SLOT_SERVICES (SLOT_FREE + 1) /* in the order of enum service */

static const char *const service_names[SERVICE_COUNT] = {
    [SERVICE_SYSTEM] = "system", [SERVICE_BENCH] = "bench",   [SERVICE_TEST] = "test",
    [SERVICE_FUZZ] = "fuzz",     [SERVICE_DEVMAN] = "devman", [SERVICE_FS] = "fs",
    [SERVICE_NET] = "net",       [SERVICE_MUX] = "mux",       [SERVICE_HTTP] = "http",
};

void shell_error(struct shell *s, const char *format, ...)
{
    char text[512];
    struct json j;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (s->json) {
        j = json_begin(&s->out);
        json_string(&j, "error", text);
        json_end(&j);
        return;
    }
    output_fresh_row(&s->out); /* progress, or a file's last line, may stand there */
    output_string(&s->out, text);
    output_string(&s->out, "\n");
}

bool shell_failed(struct shell *s, const char *what, int error)
{
    if (error == E_OK)
        return false;
    shell_error(s, "%s: %s", what, quoll_strerror(error));
    return true;
}

int shell_lookup(struct shell *s, enum service service, uint64_t *cap)
{
    uint64_t slot = SLOT_SERVICES + (uint64_t)service;

    if (s->service_known[service] && names_is_gone(slot))
        return E_GONE;
    if (!s->service_known[service]) {
        int error = names_lookup(service_names[service], slot);

        if (error != E_OK)
            return error;
        s->service_known[service] = true;
    }
    *cap = slot;
    return E_OK;
}

bool shell_service(struct shell *s, enum service service, uint64_t *cap)
{
    int error = shell_lookup(s, service, cap);

    if (error == E_GONE)
        shell_error(s, "the service \"%s\" has died, and is not restarted: `log` says why",
                    service_names[service]);
    else if (error != E_OK)
        shell_error(s, "no service \"%s\": %s; is it in the system manifest?",
                    service_names[service], quoll_strerror(error));
    return error == E_OK;
}
