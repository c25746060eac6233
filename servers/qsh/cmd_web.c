/*
 * cmd_web.c - the http server: how it stands, and whether orders to drivers may come by the
 * network. `web allow` makes a token and lends the server a capability for orders; `web deny` has
 * the driver manager take all of them back, whichever shell has lent them.
 */
#include <idl/web.h>
#include <quoll/error.h>
#include <quoll/secret.h>
#include <string.h>
#include "devices.h"

#define SLOT_LENT (SLOT_FREE + 70) /* while it is here, what was derived from it is there */

static void let_go(void)
{
    (void)sys_op(SLOT_CNODE, OP_CNODE_DELETE, SLOT_LENT, 0, 0, 0, 0, 0);
}

static void make_token(char token[WEB_TOKEN_LENGTH + 1])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t secret[WEB_TOKEN_LENGTH / 2];

    secret_make(secret);
    for (unsigned i = 0; i < sizeof(secret); i++) {
        token[2 * i] = digits[secret[i] >> 4];
        token[2 * i + 1] = digits[secret[i] & 15];
    }
    token[WEB_TOKEN_LENGTH] = '\0';
}

static void allow(struct shell *s, uint64_t devman, uint64_t http)
{
    char token[WEB_TOKEN_LENGTH + 1];
    struct json j;
    int error;

    let_go();
    error = devman_call_lend(devman, SLOT_LENT);
    if (error == E_NO_RIGHT) {
        complain_no_manage(s, "web");
        return;
    }
    if (error == E_OK) {
        make_token(token);
        error = web_call_allow(http, token, SLOT_LENT);
    }
    if (shell_failed(s, "web", error)) {
        let_go();
        return;
    }
    if (s->json) {
        j = json_begin(&s->out);
        json_string(&j, "token", token);
        json_end(&j);
        return;
    }
    output_printf(
        &s->out,
        "token %s\nwho knows it may restart drivers and inject faults by the status page, "
        "until web deny\n",
        token);
}

static void deny(struct shell *s, uint64_t devman, uint64_t http)
{
    int error = devman_call_recall(devman);

    if (error == E_NO_RIGHT) {
        complain_no_manage(s, "web");
        return;
    }
    let_go();
    if (error == E_OK)
        error = web_call_deny(http);
    (void)shell_failed(s, "web", error);
}

static void show(struct shell *s, uint64_t http)
{
    struct web_status w = {0};
    struct json j;

    if (shell_failed(s, "web", web_call_get(http, &w)))
        return;
    if (!s->json) {
        output_printf(
            &s->out,
            "%u of %u connections, %llu accepted; %llu requests, %llu refused; orders are "
            "%s, %llu carried out\n",
            w.connections, w.connections_max, (ull)w.accepted, (ull)w.requests, (ull)w.refused,
            w.is_allowed ? "allowed" : "not allowed", (ull)w.orders);
        return;
    }
    j = json_begin(&s->out);
    json_bool(&j, "orders_allowed", w.is_allowed);
    json_u64(&j, "connections", w.connections);
    json_u64(&j, "connections_max", w.connections_max);
    json_u64(&j, "accepted", w.accepted);
    json_u64(&j, "requests", w.requests);
    json_u64(&j, "refused", w.refused);
    json_u64(&j, "orders", w.orders);
    json_end(&j);
}

void cmd_web(struct shell *s, int argc, char **argv)
{
    uint64_t devman, http;

    if (argc == 2 && strcmp(argv[1], "allow") != 0 && strcmp(argv[1], "deny") != 0) {
        shell_error(s, "web: %.40s is neither allow nor deny; usage: %s", argv[1],
                    command_find("web")->usage);
        return;
    }
    if (!devices_ask(s, &devman) || !shell_service(s, SERVICE_HTTP, &http))
        return;
    output_flush(&s->out);
    if (argc == 1)
        show(s, http);
    else if (argv[1][0] == 'a')
        allow(s, devman, http);
    else
        deny(s, devman, http);
}

const char *web_word(struct shell *s, size_t index)
{
    (void)s;
    return index == 0 ? "allow" : index == 1 ? "deny" : NULL;
}
