/*
 * cmd_inject.c - have a driver commit a fault, to see it noticed and mended.
 */
#include <quoll/error.h>
#include <string.h>
#include "devices.h"

/* The cause of death that each must be given, and what it does. */
static const struct {
    enum devman_cause cause;
    const char *text;
} faults[] = {
    [DEVMAN_FAULT_NULL_DEREF] = {DEVMAN_CAUSE_FAULT, "reads address 0"},
    [DEVMAN_FAULT_WILD_WRITE] = {DEVMAN_CAUSE_FAULT, "writes where nothing is mapped"},
    [DEVMAN_FAULT_WILD_JUMP] = {DEVMAN_CAUSE_FAULT, "jumps to where nothing is mapped"},
    [DEVMAN_FAULT_STACK_OVERFLOW] = {DEVMAN_CAUSE_FAULT, "pushes until its stack has ended"},
    [DEVMAN_FAULT_FOREIGN_PORT] = {DEVMAN_CAUSE_FAULT, "writes a port that resets the machine"},
    [DEVMAN_FAULT_FOREIGN_PAGE] = {DEVMAN_CAUSE_FAULT, "writes a page that is not its own"},
    [DEVMAN_FAULT_ENDLESS_LOOP] = {DEVMAN_CAUSE_HEARTBEAT, "spins in a handler"},
    [DEVMAN_FAULT_DEADLOCK] = {DEVMAN_CAUSE_HEARTBEAT, "waits for what never comes"},
    [DEVMAN_FAULT_BUDGET_HOG] = {DEVMAN_CAUSE_BUDGET, "uses all CPU time that it may"},
    [DEVMAN_FAULT_LOST_REQUEST] = {DEVMAN_CAUSE_REQUEST_AGE, "forgets the next request"},
    [DEVMAN_FAULT_IRQ_UNACKED] = {DEVMAN_CAUSE_IRQ_UNACKED, "keeps the next interrupt unanswered"},
    [DEVMAN_FAULT_IRQ_STORM] = {DEVMAN_CAUSE_IRQ_STORM, "has its device interrupt without end"},
    [DEVMAN_FAULT_GARBAGE_REPLY] = {DEVMAN_CAUSE_BAD_MESSAGE, "sends devman nonsense"},
    [DEVMAN_FAULT_EXIT] = {DEVMAN_CAUSE_EXIT, "ends itself"},
    [DEVMAN_FAULT_WILD_DMA_WRITE] = {DEVMAN_CAUSE_DMA, "has its device write foreign memory"},
    [DEVMAN_FAULT_WILD_DMA_READ] = {DEVMAN_CAUSE_DMA, "has its device read foreign memory"},
    [DEVMAN_FAULT_FORGED_IRQ] = {DEVMAN_CAUSE_DMA, "has its device write an interrupt message"},
};
#define FAULTS (sizeof(faults) / sizeof(faults[0]))

static void list(struct shell *s)
{
    struct json j;

    if (!s->json)
        output_printf(&s->out, "%-16s %-14s %s\n", "FAULT", "CAUSE", "WHAT THE DRIVER DOES");
    for (size_t i = 0; i < FAULTS; i++) {
        const char *cause = driver_cause_name(faults[i].cause);

        if (!s->json) {
            output_printf(&s->out, "%-16s %-14s %s\n", fault_word(i), cause, faults[i].text);
            continue;
        }
        j = json_begin(&s->out);
        json_string(&j, "fault", fault_word(i));
        json_string(&j, "cause", cause);
        json_string(&j, "does", faults[i].text);
        json_end(&j);
    }
}

/* The number of the fault @name, or complain. */
static bool fault_read(struct shell *s, const char *name, enum devman_fault *fault)
{
    struct suggestion near = suggest_begin(name);
    const char *best;

    for (size_t i = 0; i < FAULTS; i++) {
        if (strcmp(fault_word(i), name) == 0) {
            *fault = (enum devman_fault)i;
            return true;
        }
        suggest_offer(&near, fault_word(i));
    }
    best = suggest_best(&near);
    shell_error(s, "inject: there is no fault %.40s; %s%s%s", name,
                best ? "did you mean " : "inject list prints them", best ? best : "",
                best ? "?" : "");
    return false;
}

static void done(struct shell *s, const char *fault, const struct devman_driver_state *d)
{
    struct json j;

    if (!s->json) {
        output_printf(&s->out, "%s into %s (%s), pid %u; events tells what comes of it\n", fault,
                      d->driver, d->device, d->pid);
        return;
    }
    j = json_begin(&s->out);
    json_string(&j, "fault", fault);
    json_string(&j, "driver", d->driver);
    json_string(&j, "device", d->device);
    json_u64(&j, "pid", d->pid);
    json_end(&j);
}

static void inject(struct shell *s, const char *name, const char *what)
{
    struct devman_driver_state driver;
    enum devman_fault fault;
    uint64_t devman;
    int error;

    if (!fault_read(s, name, &fault) || !driver_named(s, "inject", what, &driver) ||
        !devices_ask(s, &devman))
        return;
    output_flush(&s->out);
    error = devman_call_inject(devman, fault, driver.device);
    if (error == E_BUSY)
        shell_error(s, "inject: %s (%s) does not run (%s); start %s brings it back", driver.driver,
                    driver.device, driver_state_name(driver.status), driver.device);
    else if (error == E_UNSUPPORTED)
        shell_error(s, "inject: %s (%s) has no %s%s", driver.driver, driver.device,
                    faults[fault].cause == DEVMAN_CAUSE_DMA ? "DMA" : "interrupt",
                    fault == DEVMAN_FAULT_IRQ_STORM ? " that it could be made to storm with" : "");
    else if (error == E_NO_RIGHT)
        complain_no_manage(s, "inject");
    else if (!shell_failed(s, "inject", error))
        done(s, name, &driver);
}

void cmd_inject(struct shell *s, int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "list") == 0)
        list(s);
    else if (argc == 3)
        inject(s, argv[1], argv[2]);
    else
        shell_error(s, "inject: what into which driver? usage: %s", command_find("inject")->usage);
}

const char *inject_word(struct shell *s, size_t index)
{
    if (s->word_at != 1)
        return driver_word(s, index);
    return index < FAULTS ? fault_word(index) : index == FAULTS ? "list" : NULL;
}
