/*
 * route.c - which answer a request gets, by its path and method.
 */
#include "server.h"

#include <string.h>

#define API   "/api/"
#define FILES "/files"

static bool reads(const struct connection *c)
{
    return c->request.method != METHOD_POST;
}

static void route_api(struct connection *c, const char *name, const char *body, size_t n)
{
    if (strcmp(name, "order") == 0) {
        if (reads(c)) {
            answer_wrong_method(c, "POST");
        } else {
            order_answer(c, body, n);
        }
        return;
    }
    if (!reads(c)) {
        answer_wrong_method(c, "GET, HEAD");
    } else if (!tell(c, name)) {
        answer_refusal(c, (struct refusal){404, "there are /api/drivers, devices, events, faults, "
                                                "tasks, system and order"});
    }
}

void route(struct connection *c, const char *body, size_t n)
{
    const char *path = c->request.path;
    size_t files = sizeof(FILES) - 1;

    if (strncmp(path, API, sizeof(API) - 1) == 0) {
        route_api(c, path + sizeof(API) - 1, body, n);
    } else if (strcmp(path, "/") != 0 &&
               (strncmp(path, FILES, files) != 0 || (path[files] != '/' && path[files] != '\0'))) {
        answer_refusal(c,
                       (struct refusal){404, "there are / (the status page), /files/ and /api/"});
    } else if (!reads(c)) {
        answer_wrong_method(c, "GET, HEAD");
    } else if (path[1] == '\0') {
        answer_constant(c, "text/html; charset=utf-8", page_text,
                        (size_t)(page_text_end - page_text));
    } else {
        files_answer(c);
    }
}
