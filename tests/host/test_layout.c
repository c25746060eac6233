/* sources: servers/console/layout.c servers/lib/queue_client.c servers/lib/queue_driver.c servers/lib/queue_manager.c */
/*
 * test_layout.c - the console's end of the keyboard's layout, with a driver that says what the test
 * wants: what is known when, what a successor is told, and answers that are no names.
 */
#include "../../servers/console/layout.h"

#include <idl/input_queue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATA_BYTES 8192u
#define NAMES_AT   4096u

static unsigned long passed, failed;

#define CHECK(c) ((c) ? (void)passed++ : check_failed(__LINE__, #c))

static void check_failed(int line, const char *what)
{
    failed++;
    printf("FAILED, line %d: %s\n", line, what);
}

/* Of all of idl.c. */
int idl_refuse_answer(uint64_t tag, uint64_t slots)
{
    (void)slots;
    return (int)(tag >> TAG_LABEL_SHIFT);
}

void queue_wake(uint64_t handle)
{
    (void)handle;
}

static struct queue_pages pages;
static struct queue_client client;
static struct queue_driver driver;
static struct queue_manager manager;
static char *data;

static void begin(void)
{
    const struct queue_limits limits = {.slots = 32,
                                        .ops_known = INPUT_OPS_KNOWN,
                                        .ops_allowed = input_ops_allowed(INPUT_RIGHTS_ALL),
                                        .ops_wait = INPUT_OPS_WAIT,
                                        .data_bytes = DATA_BYTES};

    pages.c = aligned_alloc(4096, 8192);
    pages.d = aligned_alloc(4096, 8192);
    pages.m = aligned_alloc(4096, 4096);
    data = malloc(DATA_BYTES);
    memset(pages.c, 0, 8192);
    memset(pages.d, 0, 8192);
    CHECK(queue_manager_open(&manager, pages, &limits, 1, 0) == E_OK);
    CHECK(queue_client_open(&client, pages, 0, 0) == E_OK);
    CHECK(queue_driver_open(&driver, pages, 1) == E_OK);
}

/* ---- the driver */

static const char *list;
static size_t list_bytes;
static uint32_t says, told; /* the index */
static bool fails, refuses; /* to list; to use */

void input_start_list_layouts(struct queue_driver *queue, const struct queue_request *request)
{
    CHECK(request->offset == NAMES_AT && request->length == INPUT_LAYOUTS_BYTES);
    memcpy(data + request->offset, list, list_bytes < request->length ? list_bytes : 0);
    (void)queue_complete(queue, request->seq, fails ? E_IO : E_OK, list_bytes);
}

void input_start_get_layout(struct queue_driver *queue, const struct queue_request *request)
{
    (void)queue_complete(queue, request->seq, E_OK, says);
}

void input_start_set_layout(struct queue_driver *queue, const struct queue_request *request,
                            uint32_t index)
{
    told = index;
    (void)queue_complete(queue, request->seq, refuses ? E_NOT_FOUND : E_OK, 0);
}

void input_start_read(struct queue_driver *queue, const struct queue_request *request)
{
    (void)queue;
    (void)request;
    CHECK(false);
}

#define SAYS(names) (list = (names), list_bytes = sizeof(names) - 1)

/* One request, if there is one; how the client takes it. */
static bool turn(void)
{
    struct queue_request request;
    struct queue_done done;

    layout_pump(&client, NAMES_AT);
    layout_pump(&client, NAMES_AT);
    if (queue_take(&driver, &request) != E_OK) {
        return false;
    }
    input_dispatch_request(&driver, &request);
    CHECK(queue_take(&driver, &request) != E_OK); /* never two */
    CHECK(queue_collect(&client, &done) == E_OK && layout_done(&done, data + NAMES_AT));
    CHECK(!layout_done(&done, data + NAMES_AT));
    return true;
}

static void settle(void)
{
    while (turn()) {
    }
}

static bool in_use_is(const char *name)
{
    char found[INPUT_LAYOUT_MAX + 1];

    return name == NULL ? layout_get(found) == E_NOT_FOUND
                        : layout_get(found) == E_OK && strcmp(found, name) == 0;
}

/* ---- cases */

static void test_known(void)
{
    char name[INPUT_LAYOUT_MAX + 1];

    CHECK(in_use_is(NULL) && layout_set("us") == E_NOT_FOUND);
    CHECK(layout_name(0, name) == E_NOT_FOUND);
    SAYS("de\0us\0");
    says = 1;
    CHECK(turn() && in_use_is(NULL)); /* the list alone does not say which */
    CHECK(turn() && in_use_is("us") && !turn());
    CHECK(layout_name(0, name) == E_OK && strcmp(name, "de") == 0);
    CHECK(layout_name(1, name) == E_OK && strcmp(name, "us") == 0);
    CHECK(layout_name(2, name) == E_NOT_FOUND);
    CHECK(layout_set("fr") == E_BAD_ARG && in_use_is("us") && !turn());
}

static void test_successors(void)
{
    told = 99;
    layout_again();
    settle();
    CHECK(in_use_is("us") && told == 99); /* it has its own: nobody asked for one */
    CHECK(layout_set("de") == E_OK && in_use_is("de"));
    CHECK(turn() && told == 0 && !turn());
    told = 99;
    layout_again();
    CHECK(in_use_is("de")); /* also while it is away */
    settle();
    CHECK(told == 0 && in_use_is("de"));
    SAYS("us\0fr\0de\0"); /* another program */
    layout_again();
    settle();
    CHECK(told == 2 && in_use_is("de"));
    layout_again();
    CHECK(layout_set("fr") == E_OK); /* before it was asked */
    settle();
    CHECK(told == 1 && in_use_is("fr"));
    SAYS("us\0de\0"); /* which has lost it */
    says = 0;
    layout_again();
    settle();
    CHECK(in_use_is("us"));
    layout_again();
    says = 1;
    settle();
    CHECK(in_use_is("de")); /* nobody's wish any more */
}

static void test_refusals(void)
{
    refuses = true;
    says = 1;
    CHECK(layout_set("us") == E_OK);
    settle();
    CHECK(in_use_is("de"));
    refuses = false;
    says = 7; /* there is none */
    layout_again();
    settle();
    CHECK(in_use_is(NULL));
    says = 0;
    layout_forget();
    CHECK(in_use_is(NULL));
    fails = true;
    settle();
    CHECK(in_use_is(NULL) && layout_set("us") == E_NOT_FOUND);
    fails = false;
    layout_again();
    settle();
    CHECK(in_use_is("us"));
    list_bytes = INPUT_LAYOUTS_BYTES + 1; /* more than it was given */
    layout_forget();
    settle();
    CHECK(in_use_is(NULL));
}

/* How many names the console takes of these. */
static unsigned names_of(const char *names, size_t bytes)
{
    char name[INPUT_LAYOUT_MAX + 1];
    unsigned n = 0;

    list = names;
    list_bytes = bytes;
    layout_forget();
    settle();
    while (layout_name(n, name) == E_OK) {
        n++;
    }
    return n;
}

static void test_odd_names(void)
{
    static char many[INPUT_LAYOUTS_BYTES], noise[INPUT_LAYOUTS_BYTES];

    CHECK(names_of("us\0", 3) == 1);
    CHECK(names_of("us", 2) == 1); /* without its end: it ends there */
    CHECK(names_of("", 0) == 0);
    CHECK(names_of("\0us\0", 4) == 0);
    CHECK(names_of("us\0\0de\0", 7) == 1);
    CHECK(names_of("us\0d\x1b[\0", 7) == 1);
    CHECK(names_of("us\0d e\0", 7) == 1);
    CHECK(names_of("us\0d\xffw\0", 7) == 1);
    CHECK(names_of("fifteen-letters\0sixteen--letters\0", 33) == 1);
    memset(many, 'a', sizeof(many));
    CHECK(names_of(many, sizeof(many) - 1) == 0);
    for (unsigned i = 1; i < sizeof(many); i += 2) {
        many[i] = '\0';
    }
    CHECK(names_of(many, sizeof(many) - 1) == INPUT_LAYOUTS_BYTES / 2);
    srand(1);
    for (unsigned k = 0; k < 2000; k++) {
        for (unsigned i = 0; i < sizeof(noise); i++) {
            noise[i] = (char)(rand() % 4 == 0 ? rand() : "ab\0"[rand() % 3]);
        }
        CHECK(names_of(noise, (size_t)rand() % sizeof(noise)) <= INPUT_LAYOUTS_BYTES / 2);
    }
}

int main(void)
{
    begin();
    test_known();
    test_successors();
    test_refusals();
    test_odd_names();
    printf("%lu passed, %lu failed\n", passed, failed);
    return failed != 0;
}
