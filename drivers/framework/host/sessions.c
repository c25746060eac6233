/*
 * sessions.c - devman's part: the pages that it shares with the driver, and sessions, whose pages
 * each end has with the rights, and where, it has them in the system. So a write to a page that is
 * not the driver's, or behind its data region, is a fault here, too.
 */
#include "internal.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SLOTS      QUEUE_SLOTS_NARROW
#define PAGE       QUEUE_PAGE_BYTES
#define PAGES(s)   (QUEUE_AT_DATA + (s)->data_bytes / PAGE)
#define BELL_FIRST 2000u /* handles of doorbells */

static struct host_session sessions[DRIVER_SESSIONS];
static struct driver_info *info;
static uint64_t bells;
static unsigned next_unit;

static void *map(void *at, size_t bytes, int rights, int file, off_t offset)
{
    int how = (file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED) |
              (at != NULL ? MAP_FIXED_NOREPLACE : 0);
    void *got = mmap(at, bytes, rights, how, file, offset);

    if (got == MAP_FAILED || (at != NULL && got != at)) {
        host_end("%zu bytes at %p can't be mapped", bytes, at);
    }
    return got;
}

static int shared_file(size_t bytes)
{
    int file = memfd_create("quoll", 0);

    if (file < 0 || ftruncate(file, (off_t)bytes) != 0) {
        host_end("no memory for %zu bytes", bytes);
    }
    return file;
}

void host_map_pages(void)
{
    int file = shared_file(PAGE);

    (void)map((void *)TASK_BUFFER_VA, PAGE, PROT_READ | PROT_WRITE, -1, 0);
    (void)map((void *)DRIVER_INFO_VA, PAGE, PROT_READ, file, 0);
    (void)map((void *)DRIVER_STATUS_VA, PAGE, PROT_READ | PROT_WRITE, -1, 0);
    info = map(NULL, PAGE, PROT_READ | PROT_WRITE, file, 0);
    info->magic = DRIVER_INFO_MAGIC;
}

struct driver_info *host_info(void)
{
    return info;
}

/* ---- pages of a session */

static uint64_t place_va(unsigned place)
{
    return DRIVER_SESSIONS_VA + place * DRIVER_SESSION_STRIDE;
}

static void *large_va(unsigned place)
{
    return (void *)(DRIVER_LARGE_VA + place * QUEUE_DATA_LARGE);
}

static bool is_large(const struct host_session *s)
{
    return s->data_bytes > (uint64_t)QUEUE_DATA_PAGES * PAGE;
}

/* Of the file; the data region lies behind the pages of the queue. */
static off_t at(unsigned place)
{
    return (off_t)place * PAGE;
}

/* Where the data region is: behind the pages of the queue, or in QEMU's RAM. */
static int data_file(const struct host_session *s, int file, off_t *offset)
{
    uint64_t in_ram;
    int ram = host_session_ram(s->place, &in_ram);

    *offset = ram < 0 ? at(QUEUE_AT_DATA) : (off_t)in_ram;
    return ram < 0 ? file : ram;
}

static void map_driver(const struct host_session *s, int file)
{
    struct queue_pages p = queue_pages_at(place_va(s->place));
    void *data = is_large(s) ? large_va(s->place) : (char *)p.m + PAGE;
    off_t offset;
    int from = data_file(s, file, &offset);

    (void)map(p.c, 2 * PAGE, PROT_READ, file, at(QUEUE_AT_C));
    (void)map(p.d, 2 * PAGE, PROT_READ | PROT_WRITE, file, at(QUEUE_AT_D));
    (void)map(p.m, PAGE, PROT_READ, file, at(QUEUE_AT_M));
    if (info->data_is_mapped) {
        (void)map(data, s->data_bytes, PROT_READ | PROT_WRITE, from, offset);
    }
}

static struct queue_pages map_client(struct host_session *s, int file)
{
    struct queue_pages p = {.c = map(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, file, at(QUEUE_AT_C)),
                            .d = map(NULL, 2 * PAGE, PROT_READ, file, at(QUEUE_AT_D)),
                            .m = map(NULL, PAGE, PROT_READ, file, at(QUEUE_AT_M))};
    off_t offset;
    int data = data_file(s, file, &offset);

    s->data = map(NULL, s->data_bytes, PROT_READ | PROT_WRITE, data, offset);
    memset(s->data, 0, s->data_bytes);
    return p;
}

static struct queue_pages map_manager(int file)
{
    return queue_pages_at(
        (uint64_t)map(NULL, QUEUE_AT_DATA * PAGE, PROT_READ | PROT_WRITE, file, 0));
}

static void unmap(struct host_session *s)
{
    void *data = is_large(s) ? large_va(s->place)
                             : (void *)(place_va(s->place) + (uint64_t)QUEUE_AT_DATA * PAGE);

    (void)munmap((void *)place_va(s->place), QUEUE_AT_DATA * PAGE);
    if (info->data_is_mapped) {
        (void)munmap(data, s->data_bytes);
    }
    (void)munmap(s->pages.c, 2 * PAGE);
    (void)munmap(s->pages.d, 2 * PAGE);
    (void)munmap(s->pages.m, PAGE);
    (void)munmap(s->data, s->data_bytes);
    (void)munmap(s->manager.p.c, QUEUE_AT_DATA * PAGE);
}

/* ---- a session's life */

void host_session_unit(unsigned unit)
{
    next_unit = unit;
}

static struct host_session *free_place(void)
{
    for (unsigned i = 0; i < DRIVER_SESSIONS; i++) {
        if (!sessions[i].is_open) {
            sessions[i].place = i;
            return &sessions[i];
        }
    }
    host_end("more than %u sessions", DRIVER_SESSIONS);
}

static void show(const struct host_session *s, unsigned interface)
{
    uint64_t in_ram;
    struct driver_session *to = &info->session[s->place];

    to->interface = interface;
    to->unit = next_unit;
    to->data_dma = host_session_ram(s->place, &in_ram) >= 0 ? in_ram : 0;
    to->data_pages = s->has_queue ? (uint32_t)(s->data_bytes / PAGE) : 0;
    to->generation++;
    __atomic_store_n(&to->state, DRIVER_SESSION_OPEN, __ATOMIC_RELEASE);
}

static void make_queue(struct host_session *s, const struct queue_limits *limits,
                       unsigned data_pages)
{
    struct queue_limits all = *limits;
    int file;

    s->data_bytes = (uint64_t)data_pages * PAGE;
    all.slots = SLOTS;
    all.data_bytes = s->data_bytes;
    file = shared_file(PAGES(s) * PAGE);
    map_driver(s, file);
    s->pages = map_client(s, file);
    if (queue_manager_open(&s->manager, map_manager(file), &all, 0, 0) != E_OK ||
        queue_client_open(&s->queue, s->pages, BELL_FIRST + s->place, 0) != E_OK) {
        host_end("the limits of a session are wrong");
    }
    (void)close(file);
}

struct host_session *host_session_open(unsigned interface, uint32_t methods,
                                       const struct queue_limits *limits, unsigned data_pages)
{
    struct host_session *s = free_place();

    if (limits != NULL) {
        make_queue(s, limits, data_pages);
    }
    s->has_queue = limits != NULL;
    s->endpoint = host_endpoint(s->place, interface, methods);
    s->is_open = true;
    show(s, interface);
    framework_sessions();
    return s;
}
void host_session_let_go(unsigned place)
{
    info->session[place].state = DRIVER_SESSION_NONE;
}

void host_session_close(struct host_session *s)
{
    uint64_t end = host_real_us() + HOST_LIMIT_S * 1000000ull;

    if (s->has_queue) {
        queue_manager_close(&s->manager);
    }
    info->session[s->place].state = DRIVER_SESSION_CLOSING;
    framework_sessions();
    while (info->session[s->place].state != DRIVER_SESSION_NONE) {
        if (host_real_us() > end) {
            host_end("the driver did not let go of a session");
        }
        host_poll();
    }
    if (s->has_queue) {
        unmap(s);
    }
    s->is_open = false;
}

/* ---- bells */

void queue_wake(uint64_t handle)
{
    if (handle >= BELL_FIRST) {
        bells |= 1ull << (handle - BELL_FIRST);
    }
}

uint64_t host_take_bells(void)
{
    uint64_t rung = bells;

    bells = 0;
    return rung;
}

void host_ring(struct host_session *s)
{
    framework_rung(1ull << s->place);
}

bool host_collect(struct host_session *s, struct queue_done *done)
{
    uint64_t end = host_real_us() + HOST_LIMIT_S * 1000000ull;

    while (queue_collect(&s->queue, done) != E_OK) {
        (void)queue_client_about_to_sleep(&s->queue);
        if (host_real_us() > end) {
            return false;
        }
        host_poll();
    }
    return true;
}

int host_await(struct host_session *s, uint64_t seq, struct queue_done *done)
{
    uint64_t end = host_real_us() + HOST_LIMIT_S * 1000000ull;

    for (;;) {
        int error = queue_collect(&s->queue, done);

        if (error == E_OK && done->seq == seq) {
            return (int)done->status;
        }
        if (error == E_GONE) {
            return error;
        }
        if (error == E_BUSY) {
            (void)queue_client_about_to_sleep(&s->queue);
            if (host_real_us() > end) {
                return E_TIMEOUT;
            }
            host_poll();
            qtest_wait(0);
        }
    }
}
