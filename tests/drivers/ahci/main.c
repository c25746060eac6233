/*
 * main.c - the AHCI driver on the host: ahci QTEST MANIFEST PART DISK CD dma, with DISK at port 0,
 * a small and slow one at port 1, and CD at port 2.
 */
#include "disk_test.h"

#include <regs/ahci.h>
#include <string.h>

#define DEPTH 32u
#define STEP                                                                                       \
    61u /* blocks between two requests on the small disk: none is the next one's neighbour */
#define BAD  5000u /* as in disk_errors.c */
#define SLOW 1u    /* the port */

static struct ahci_regs hba(void)
{
    return ahci_regs_at((uintptr_t)driver_mmio("hba", NULL));
}

static unsigned outstanding(void)
{
    return (unsigned)__builtin_popcount(ahci_port_sact_read(hba(), SLOW));
}

static void submit_all(struct host_session *s, uint64_t first, uint64_t step)
{
    uint64_t seq;

    for (unsigned i = 0; i < DEPTH; i++) {
        HOST_CHECK(block_submit_read(&s->queue, first + i * step, i * 2048, 2048, &seq) == E_OK);
    }
}

/* How many of DEPTH end with @error. */
static unsigned count_ends(struct host_session *s, int error)
{
    struct queue_done done;
    unsigned found = 0;

    for (unsigned i = 0; i < DEPTH; i++) {
        HOST_CHECK(host_collect(s, &done));
        found += done.status == (uint32_t)error;
    }
    return found;
}

/* A slow disk has all of them at once. */
static void test_deep(void)
{
    static uint8_t wanted[SMALL];

    begin(SMALL / 4096);
    session = open_unit(SLOW, BLOCK_RIGHTS_ALL, SMALL / 4096);
    for (unsigned i = 0; i < DEPTH; i++) {
        fill(wanted + i * 2048, 2048, i);
    }
    memcpy(session->data, wanted, SMALL);
    for (unsigned i = 0; i < DEPTH; i++) {
        HOST_CHECK(transfer(session, true, i * STEP, i * 2048, 2048) == E_OK);
    }
    memset(session->data, 0, SMALL);
    submit_all(session, 0, STEP);
    host_ring(session);
    HOST_CHECK(outstanding() == DEPTH);
    HOST_CHECK(count_ends(session, E_OK) == DEPTH);
    HOST_CHECK(memcmp(session->data, wanted, SMALL) == 0);
}

/* Its session is closed while all are at the disk: they end, then it is let go of. */
static void test_closed_deep(void)
{
    begin(SMALL / 4096);
    for (unsigned i = 0; i < 3; i++) {
        struct host_session *other = open_unit(SLOW, BLOCK_RIGHTS_ALL, SMALL / 4096);

        submit_all(other, 7, STEP);
        host_ring(other);
        HOST_CHECK(outstanding() == DEPTH);
        host_session_close(other);
        HOST_CHECK(outstanding() == 0);
        HOST_CHECK(round_trip(400, 0, 8192));
    }
}

/* One of 32 that are queued fails: it alone. */
static void test_errors_deep(void)
{
    test_errors();
    submit_all(session, BAD - 10 * STEP - 1, STEP);
    host_ring(session);
    HOST_CHECK(count_ends(session, E_OK) == DEPTH - 1);
    HOST_CHECK(strstr(host_log(), "disk0: block 5000 can't be read: ") != NULL);
    HOST_CHECK(image_is(disk_path, (BAD - 10 * STEP - 1) * 512, session->data, 2048));
    HOST_CHECK(image_is(disk_path, (BAD + 21 * STEP - 1) * 512, session->data + 31 * 2048, 2048));
    submit_all(session, 100, 9);
    HOST_CHECK(count_ends(session, E_OK) == DEPTH);
}

/* The driver dies with 32 commands at the slow disk. */
static void test_dirty(void)
{
    struct host_session *other;

    begin(SMALL / 4096);
    HOST_CHECK(round_trip(0, 0, SMALL));
    other = open_unit(SLOW, BLOCK_RIGHTS_ALL, SMALL / 4096);
    submit_all(other, 0, STEP);
    host_ring(other);
    HOST_CHECK(outstanding() == DEPTH);
}

static void test_again(void)
{
    HOST_CHECK(outstanding() != 0);
    HOST_CHECK(driver_quiet() == NULL);
    HOST_CHECK(outstanding() == 0 && ahci_port_ci_read(hba(), SLOW) == 0);
    HOST_CHECK(!ahci_port_cmd_read(hba(), SLOW).runs && !ahci_port_cmd_read(hba(), SLOW).receives);
    begin(SMALL / 4096);
    test_found();
    test_sizes();
    test_cd();
}

static void test_refused(void)
{
    const char *wrong = host_start();

    HOST_CHECK(wrong != NULL && strcmp(wrong, "it can't reach memory") == 0);
}

int main(int arguments, char **argument)
{
    static const struct part_of_test parts[] = {{"dma", test_dma},
                                                {"deep", test_deep},
                                                {"closed", test_closed_deep},
                                                {"errors", test_errors_deep},
                                                {"hostile", test_hostile},
                                                {"dirty", test_dirty},
                                                {"again", test_again},
                                                {"refused", test_refused},
                                                {NULL, NULL}};

    return run_part(arguments, argument, parts);
}
