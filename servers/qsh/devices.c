/*
 * devices.c - see devices.h. Nothing is kept between commands: devman is asked each time.
 */
#include "devices.h"
#include <idl/devman_desc.h>
#include <quoll/members.h>
#include <stdio.h>
#include <string.h>

#define WORDS_MAX 96 /* as many devices as devman's tree has */

bool devices_ask(struct shell *s, uint64_t *devman)
{
    return shell_service(s, SERVICE_DEVMAN, devman);
}

/* ---- finding one */

int device_at(uint64_t devman, const char *path, struct devman_node_state *node)
{
    int error;

    for (uint32_t i = 0; (error = devman_call_node(devman, i, node)) == E_OK; i++) {
        if (strcmp(node->where, path) == 0)
            return E_OK;
    }
    return error;
}

int driver_at(uint64_t devman, const char *path, struct devman_driver_state *driver)
{
    int error;

    for (uint32_t i = 0; (error = devman_call_driver(devman, i, driver)) == E_OK; i++) {
        if (strcmp(driver->device, path) == 0)
            return E_OK;
    }
    return error;
}

static void complain_several(struct shell *s, uint64_t devman, const char *command,
                             const char *what)
{
    struct devman_driver_state driver;
    char paths[256] = "";
    size_t n = 0;

    for (uint32_t i = 0; devman_call_driver(devman, i, &driver) == E_OK; i++) {
        if (strcmp(driver.driver, what) == 0 && n < sizeof(paths))
            n += (size_t)snprintf(paths + n, sizeof(paths) - n, " %s", driver.device);
    }
    shell_error(s, "%s: %s drives several devices; say which:%s", command, what, paths);
}

static void offer_devices(struct suggestion *near, uint64_t devman)
{
    struct devman_node_state node;

    for (uint32_t i = 0; devman_call_node(devman, i, &node) == E_OK; i++)
        suggest_offer(near, node.where);
}

static void offer_drivers(struct suggestion *near, uint64_t devman)
{
    struct devman_driver_state driver;

    for (uint32_t i = 0; devman_call_driver(devman, i, &driver) == E_OK; i++) {
        suggest_offer(near, driver.driver);
        suggest_offer(near, driver.device);
    }
}

static void complain_none(struct shell *s, uint64_t devman, const char *command, const char *what)
{
    struct suggestion near = suggest_begin(what);
    struct devman_node_state node;
    const char *best;

    if (device_at(devman, what, &node) == E_OK) {
        shell_error(s, "%s: %s has no driver; devman explain %s says why", command, what, what);
        return;
    }
    offer_drivers(&near, devman);
    if (what[0] == '/')
        offer_devices(&near, devman);
    best = suggest_best(&near);
    shell_error(s, "%s: no driver is called %.60s; %s%s%s", command, what,
                best ? "did you mean " : "drivers lists them", best ? best : "", best ? "?" : "");
}

bool driver_named(struct shell *s, const char *command, const char *what,
                  struct devman_driver_state *driver)
{
    struct devman_driver_state one;
    unsigned found = 0;
    uint64_t devman;
    int error;

    if (!devices_ask(s, &devman))
        return false;
    for (uint32_t i = 0; (error = devman_call_driver(devman, i, &one)) == E_OK; i++) {
        if (strcmp(one.driver, what) != 0 && strcmp(one.device, what) != 0)
            continue;
        *driver = one;
        found++;
    }
    if (error != E_NOT_FOUND)
        return !shell_failed(s, command, error);
    if (found == 0)
        complain_none(s, devman, command, what);
    else if (found > 1)
        complain_several(s, devman, command, what);
    return found == 1;
}

bool device_named(struct shell *s, const char *command, const char *what,
                  struct devman_node_state *node)
{
    struct suggestion near = suggest_begin(what);
    struct devman_driver_state driver;
    const char *best;
    uint64_t devman;
    int error;

    if (!devices_ask(s, &devman))
        return false;
    if (what[0] != '/')
        return driver_named(s, command, what, &driver) &&
               !shell_failed(s, command, device_at(devman, driver.device, node));
    error = device_at(devman, what, node);
    if (error == E_OK)
        return true;
    if (error != E_NOT_FOUND)
        return !shell_failed(s, command, error);
    offer_devices(&near, devman);
    best = suggest_best(&near);
    shell_error(s, "%s: there is no device %.60s; %s%s%s", command, what,
                best ? "did you mean " : "lsdev lists them", best ? best : "", best ? "?" : "");
    return false;
}

void complain_no_manage(struct shell *s, const char *command)
{
    shell_error(s,
                "%s: this shell may not manage drivers: its task lacks opens = manage in the "
                "system manifest",
                command);
}

/* ---- Tab: the list is made anew when its first word is asked for */

static struct {
    char text[64];
} words[2 * WORDS_MAX];
static size_t words_count;

static void add_word(const char *text)
{
    for (size_t i = 0; i < words_count; i++) {
        if (strcmp(words[i].text, text) == 0)
            return;
    }
    if (words_count < sizeof(words) / sizeof(words[0]))
        strncpy(words[words_count++].text, text, sizeof(words[0].text) - 1);
}

static const char *word_at(size_t index)
{
    return index < words_count ? words[index].text : NULL;
}

static bool begin_words(struct shell *s, size_t index, uint64_t *devman)
{
    if (index != 0 || shell_lookup(s, SERVICE_DEVMAN, devman) != E_OK)
        return false;
    memset(words, 0, sizeof(words));
    words_count = 0;
    return true;
}

const char *driver_word(struct shell *s, size_t index)
{
    struct devman_driver_state driver;
    uint64_t devman;

    if (begin_words(s, index, &devman)) {
        for (uint32_t i = 0; devman_call_driver(devman, i, &driver) == E_OK; i++) {
            add_word(driver.driver);
            add_word(driver.device);
        }
    }
    return word_at(index);
}

const char *device_word(struct shell *s, size_t index)
{
    struct devman_node_state node;
    uint64_t devman;

    if (begin_words(s, index, &devman)) {
        for (uint32_t i = 0; devman_call_node(devman, i, &node) == E_OK; i++)
            add_word(node.where);
    }
    return word_at(index);
}

const char *fault_word(size_t index)
{
    return index < devman_fault_desc.count ? devman_fault_desc.values[index].text : NULL;
}

/* ---- names */

const char *driver_state_name(enum devman_state state)
{
    return idl_enum_text(&devman_state_desc, state);
}

const char *driver_dma_name(enum devman_dma dma)
{
    return idl_enum_text(&devman_dma_desc, dma);
}

const char *driver_cause_name(enum devman_cause cause)
{
    return idl_enum_text(&devman_cause_desc, cause);
}

const char *event_name(enum devman_kind kind)
{
    return idl_enum_text(&devman_kind_desc, kind);
}

void driver_json(struct shell *s, const struct devman_driver_state *d)
{
    struct json j = json_begin(&s->out);

    members_of_driver(&j, d);
    json_end(&j);
}
