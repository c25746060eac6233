/*
 * order.c - orders to drivers that come by the network. The server has no right to give any: the
 * capability for it is lent by the console, with a token that whoever orders must know, and both
 * can be taken back at any time. The token is compared in the same time whatever is offered.
 */
#include "server.h"
#include "services.h"

#include <idl/orders.h>
#include <idl/web.h>
#include <quoll/error.h>
#include <string.h>

#define PATH_MAX_BYTES 64 /* of a device, as orders has it */

static char right_token[TOKEN_BYTES]; /* empty: no orders */

void orders_allow(const char *token)
{
    memset(right_token, 0, sizeof(right_token));
    memcpy(right_token, token, WEB_TOKEN_LENGTH);
}

void orders_deny(void)
{
    memset(right_token, 0, sizeof(right_token));
}

bool orders_are_allowed(void)
{
    return right_token[0] != '\0';
}

/* Both are TOKEN_BYTES long, zeros behind their ends. */
static bool is_right(const char *offered)
{
    volatile uint8_t differs = 0;

    for (unsigned i = 0; i < TOKEN_BYTES; i++) {
        differs |= (uint8_t)(offered[i] ^ right_token[i]);
    }
    return differs == 0 && orders_are_allowed();
}

/* ---- what is ordered */

struct order {
    char token[TOKEN_BYTES], action[16], device[PATH_MAX_BYTES], fault[32];
};

static bool read(const struct connection *c, const char *form, size_t n, struct order *o)
{
    memset(o, 0, sizeof(*o));
    if (!c->request.is_form || !form_value(form, n, "token", o->token, sizeof(o->token)) ||
        !form_value(form, n, "action", o->action, sizeof(o->action)) ||
        !form_value(form, n, "device", o->device, sizeof(o->device)) ||
        !form_value(form, n, "fault", o->fault, sizeof(o->fault))) {
        return false;
    }
    if (c->request.token[0] != '\0') {
        memcpy(o->token, c->request.token, sizeof(o->token));
    }
    return true;
}

static struct refusal refusal_of(int error)
{
    switch (error) {
    case E_NOT_FOUND:
    case E_GONE:
        return (struct refusal){404,
                                "no device of that path has a driver; /api/drivers lists them"};
    case E_BUSY:
        return (struct refusal){409, "the driver does not run; restart brings it back"};
    case E_UNSUPPORTED:
        return (struct refusal){409, "the device has no interrupt or DMA for such a fault"};
    case E_BAD_ARG:
        return (struct refusal){400, "fault is one of /api/faults, device one of /api/drivers"};
    case E_DEAD:
        return (struct refusal){409, "the driver died before it had said that it would do it"};
    default:
        return (struct refusal){403, "the right was taken back: `web allow` at the console"};
    }
}

static int carry_out(const struct order *o)
{
    if (strcmp(o->action, "restart") == 0) {
        return orders_call_restart(SLOT_ORDERS, o->device);
    }
    if (strcmp(o->action, "kill") == 0) {
        return orders_call_kill(SLOT_ORDERS, o->device);
    }
    return orders_call_inject(SLOT_ORDERS, o->fault, o->device);
}

void order_answer(struct connection *c, const char *form, size_t n)
{
    struct order o;
    int error;

    if (!read(c, form, n, &o)) {
        answer_refusal(c, (struct refusal){400, "an order is a form (application/x-www-form-"
                                                "urlencoded) with action and device"});
        return;
    }
    if (!orders_are_allowed()) {
        answer_refusal(c,
                       (struct refusal){403, "orders are not allowed: `web allow` at the console "
                                             "does that and prints a token"});
        return;
    }
    if (!is_right(o.token)) {
        answer_refusal(c, (struct refusal){403, "the token is missing or wrong: it is what `web "
                                                "allow` printed, in X-Quoll-Token or token="});
        return;
    }
    if (strcmp(o.action, "restart") != 0 && strcmp(o.action, "kill") != 0 &&
        strcmp(o.action, "inject") != 0) {
        answer_refusal(c, (struct refusal){400, "action is restart, kill or inject"});
        return;
    }
    error = carry_out(&o);
    if (error != E_OK) {
        answer_refusal(c, refusal_of(error));
        return;
    }
    counts.orders++;
    answer_done(c);
}
