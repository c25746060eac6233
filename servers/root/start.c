/*
 * start.c - from the system manifest to running tasks.
 * Order: make all tasks, start the name server, tell it all names, start the others. So root's
 * calls to the name server end before anything that could disturb it runs.
 */
#include "root.h"

#include <quoll/image_file.h>
#include <quoll/message.h>
#include <quoll/proto.h>
#include <string.h>

#define MANIFEST_FILE "system.manifest"

static bool read_manifest(void)
{
    struct manifest_error error;
    struct image_file file;

    if (!image_find((const uint8_t *)BOOTIMAGE_VA, root.info->image_bytes, MANIFEST_FILE, &file)) {
        syslog("the boot image has no file " MANIFEST_FILE ": build it again with make iso");
        return false;
    }
    if (!manifest_parse((const char *)file.data, file.bytes, &root.manifest, &error)) {
        syslog(MANIFEST_FILE ":%u: %s", error.line, error.text);
        return false;
    }
    return true;
}

struct spawn task_spawn(void)
{
    return (struct spawn){.maker = &root.maker, .slots = &root.slots, .pay = task_pay};
}

/* All device memory that is left is for the last one to be made. */
static void make_tasks(void)
{
    for (unsigned i = 0; i < root.manifest.count; i++) {
        root.task[1 + i] = (struct task){.s = task_spawn(), .id = 2 + i};
    }
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < root.manifest.count; i++) {
            if (root.manifest.task[i].all_devices == (pass == 1)) {
                (void)task_create(&root.task[1 + i], &root.manifest.task[i]);
            }
        }
    }
    root.task_count = 1 + root.manifest.count;
}

/* Call the name server: @name in words 0 to 5, @badge in word 6 unless 0, @cap unless 0. */
static int names_call(uint32_t label, const char *name, uint64_t badge, uint32_t cap)
{
    struct msg m = {0};
    unsigned words = MSG_REG_WORDS;
    int error;

    (void)msg_put_string(&m, root_buffer, 0, name, MANIFEST_NAME_BYTES);
    if (badge != 0) {
        root_buffer->words[0] = badge;
        words++;
    }
    root_buffer->send_caps[0] = cap;
    m.tag = msg_tag_words(label, words, cap != 0 ? 1 : 0);
    error = sys_call(root.task[1].endpoint, &m);
    return error != E_OK ? error : (int)msg_label(&m);
}

/* The name server gets an unbadged capability that can only send, and mints from it. */
static void register_name(const char *name, uint32_t endpoint)
{
    uint32_t copy = 0;
    int error = E_OK;

    if (endpoint != 0) {
        copy = slots_take_top(&root.slots, 1);
        error = sys_op(BOOT_SLOT_CNODE, OP_CNODE_COPY, copy, 0, endpoint, RIGHT_SEND | RIGHT_GRANT,
                       0, 0);
    }
    if (error == E_OK) {
        error = names_call(NAMES_REGISTER, name, 0, copy);
    }
    if (error != E_OK) {
        syslog("the name %s is not registered: %s", name, quoll_strerror(error));
    }
}

static void tell_names(void)
{
    register_name("system", root.endpoint);
    for (unsigned i = 1; i < root.task_count; i++) {
        const struct task *t = &root.task[i];
        const struct manifest_task *m = t->manifest;
        if (i > 1 && m->provides[0] != '\0') {
            register_name(m->provides, t->endpoint);
        }
        for (unsigned u = 0; u < m->uses_count; u++) {
            int error = names_call(NAMES_ALLOW, m->uses[u], t->id, 0);
            if (error != E_OK) {
                syslog("task %s may not use %s: %s", t->name, m->uses[u], quoll_strerror(error));
            }
        }
    }
}

static void start_tasks(void)
{
    for (unsigned i = 2; i < root.task_count; i++) {
        struct task *t = &root.task[i];
        bool running;

        if (t->manifest->all_devices) {
            syslog_echo(false); /* the serial line is its driver's from here on */
        }
        running = t->ready && task_start(t);
        if (!running && task_is_essential(t)) {
            syslog_echo(debug_build());
            syslog("SYSTEM FAILURE: no shell, because the task %s did not start: see above",
                   t->name);
            console_report();
        }
    }
}

/* The account must agree with the kernel's, or `mem` would lie. */
static void audit_memory(void)
{
    for (unsigned i = 0; i < root.memory.count; i++) {
        const struct area *a = &root.memory.area[i];
        struct msg m = {0};
        if (sys_invoke(a->slot, OP_UNTYPED_INFO, &m) == E_OK && m.w[2] != a->used) {
            syslog("memory account of untyped %u: kernel %lu, root %lu bytes used", a->slot,
                   (unsigned long)m.w[2], (unsigned long)a->used);
        }
    }
}

void root_start(void)
{
    if (!read_manifest()) {
        syslog("SYSTEM FAILURE: no task can be started without a good system manifest");
        console_report();
        return;
    }
    make_tasks();
    audit_memory();
    if (!root.task[1].ready || !task_start(&root.task[1])) {
        syslog("SYSTEM FAILURE: the name server did not start: see above");
        console_report();
        return;
    }
    tell_names();
    syslog("%u tasks in the manifest, %lu KiB of %lu KiB in use", root.manifest.count,
           (unsigned long)(heap_used(&root.memory) / 1024),
           (unsigned long)(heap_total(&root.memory) / 1024));
    start_tasks();
}
