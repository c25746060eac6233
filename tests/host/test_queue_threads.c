/* sources: servers/lib/queue_client.c servers/lib/queue_driver.c servers/lib/queue_manager.c */
/*
 * test_queue_threads.c - client and driver as two threads that really run at once and sleep in
 * futexes: no wake-up is lost and every request is answered once, over deaths of the driver. A
 * death is at the end of a pass of its loop (test_queue.c has those inside); what runs in parallel
 * then is devman's recovery and the client. QUEUE_REQUESTS=N: how many, QUEUE_SLOTS=N: of so many
 * slots.
 */
#define _GNU_SOURCE
#include <quoll/queue.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CLIENT_BELL  1
#define DRIVER_BELL  2
#define MANAGER_BELL 3
#define LOST_AFTER_S 60 /* so long asleep with work to do: the machine may be busy */

static _Alignas(QUEUE_PAGE_BYTES) uint8_t pages[3][2 * QUEUE_PAGE_BYTES];
static uint32_t bells[4];
static uint64_t sleeps[4];
static unsigned long wanted = 2000000;
static unsigned long deaths, bad;

static struct queue_pages all_pages(void)
{
    return (struct queue_pages){(void *)pages[0], (void *)pages[1], (void *)pages[2]};
}

void queue_wake(uint64_t handle)
{
    __atomic_store_n(&bells[handle], 1, __ATOMIC_SEQ_CST);
    (void)syscall(SYS_futex, &bells[handle], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void wait_for(unsigned bell)
{
    const struct timespec limit = {.tv_sec = LOST_AFTER_S};
    time_t begin = time(NULL);

    while (!__atomic_exchange_n(&bells[bell], 0, __ATOMIC_SEQ_CST)) {
        sleeps[bell]++;
        (void)syscall(SYS_futex, &bells[bell], FUTEX_WAIT_PRIVATE, 0, &limit, NULL, 0);
        if (time(NULL) - begin >= LOST_AFTER_S) {
            printf("a wake-up was lost: %s sleeps\n", bell == CLIENT_BELL ? "client" : "driver");
            printf("0 passed, 1 failed\n");
            (void)fflush(stdout);
            _exit(1);
        }
    }
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return *state >> 33;
}

/* The driver dies; devman and the successor, on this thread because the dead one has stopped. */
static void restart(struct queue_manager *manager, struct queue_driver *driver)
{
    struct queue_recovery found;

    queue_manager_down(manager, false);
    while (queue_manager_up(manager, &found) == E_BUSY) {
        wait_for(MANAGER_BELL);
    }
    bad += found.ignored != 0;
    bad += queue_driver_open(driver, all_pages(), CLIENT_BELL) != E_OK;
    deaths++;
}

static void *driver_thread(void *argument)
{
    struct queue_manager *manager = argument;
    struct queue_driver driver;
    struct queue_request hand[QUEUE_SLOTS_MAX];
    unsigned in_hand = 0;
    uint64_t state = 1, last = 0;

    bad += queue_driver_open(&driver, all_pages(), CLIENT_BELL) != E_OK;
    while (last < wanted + 1) { /* the client's last request ends it */
        while (in_hand < driver.limits.slots && queue_take(&driver, &hand[in_hand]) == E_OK) {
            bad += hand[in_hand].arg[0] != hand[in_hand].seq;
            in_hand++;
        }
        for (unsigned n = (unsigned)next_random(&state) % 4; n && in_hand; n--) {
            unsigned i = (unsigned)next_random(&state) % in_hand;

            last = hand[i].seq > last ? hand[i].seq : last;
            bad += queue_complete(&driver, hand[i].seq, E_OK, hand[i].seq * 3) != E_OK;
            hand[i] = hand[--in_hand];
        }
        if (next_random(&state) % 500 == 0) {
            in_hand = 0;
            restart(manager, &driver);
        } else if (in_hand == 0 && last < wanted + 1 && queue_driver_about_to_sleep(&driver)) {
            wait_for(DRIVER_BELL);
        }
    }
    while (in_hand) {
        in_hand--;
        bad += queue_complete(&driver, hand[in_hand].seq, E_OK, hand[in_hand].seq * 3) != E_OK;
    }
    return NULL;
}

/* Returns how many were answered, each once and rightly. */
static unsigned long run_client(struct queue_client *q, uint64_t until, uint8_t *answered)
{
    unsigned long count = 0;
    uint64_t state = 7;

    while (q->next < until || q->outstanding) {
        uint64_t burst = next_random(&state) % 5, seq;
        struct queue_done done;
        bool must_wait;

        while (queue_collect(q, &done) == E_OK) {
            count += done.status == E_OK && done.value == done.seq * 3 && !answered[done.seq];
            answered[done.seq] = 1;
        }
        while (burst-- && q->next < until) {
            uint64_t args[4] = {q->next};

            if (queue_submit(q, 1, 0, 1, args, &seq) != E_OK) {
                break;
            }
        }
        if (q->outstanding != 0 && next_random(&state) % 2 != 0) {
            must_wait = queue_client_about_to_sleep_for_all(q);
        } else {
            must_wait = (q->outstanding || q->held) && queue_client_about_to_sleep(q);
        }
        if (must_wait) {
            wait_for(CLIENT_BELL);
        }
    }
    return count;
}

int main(void)
{
    const char *slots = getenv("QUEUE_SLOTS");
    const struct queue_limits limits = {.slots = slots ? (uint32_t)atoi(slots) : 8,
                                        .ops_known = 3,
                                        .ops_allowed = 3,
                                        .data_bytes = 4096};
    const char *n = getenv("QUEUE_REQUESTS");
    struct queue_manager manager;
    struct queue_client client;
    unsigned long count;
    pthread_t driver;
    uint8_t *answered;

    wanted = n ? strtoul(n, NULL, 10) : wanted;
    answered = calloc(wanted + 2, 1);
    if (!answered ||
        queue_manager_open(&manager, all_pages(), &limits, CLIENT_BELL, DRIVER_BELL) != E_OK ||
        queue_client_open(&client, all_pages(), DRIVER_BELL, MANAGER_BELL) != E_OK ||
        pthread_create(&driver, NULL, driver_thread, &manager) != 0) {
        return 2;
    }
    count = run_client(&client, wanted + 1, answered);
    count += run_client(&client, wanted + 2, answered);
    (void)pthread_join(driver, NULL);
    free(answered);
    printf("%lu requests, %lu deaths; slept: client %lu, driver %lu times\n", count, deaths,
           sleeps[CLIENT_BELL], sleeps[DRIVER_BELL]);
    bad += wanted + 1 - count;
    bad += deaths == 0 || sleeps[CLIENT_BELL] == 0 || sleeps[DRIVER_BELL] == 0;
    printf("%lu passed, %lu failed\n", count, bad);
    return bad != 0;
}
