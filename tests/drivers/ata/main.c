/*
 * main.c - the IDE driver on the host: ata QTEST MANIFEST PART DISK CD [dma], with DISK as drive 0
 * of channel 0, a small one as drive 1 of it, and CD as drive 0 of channel 1.
 */
#include "disk_test.h"

/* The driver dies in the middle of a transfer, with interrupts on. */
static void test_dirty(void)
{
    uint64_t seq;

    begin(SMALL / 4096);
    fill(session->data, SMALL, 1);
    HOST_CHECK(round_trip(0, 0, SMALL));
    HOST_CHECK(block_submit_write(&session->queue, 1000, 0, SMALL, &seq) == E_OK);
    host_ring(session);
    HOST_CHECK((port_read8(0x3f6) & 0x88) != 0); /* busy, or with data to be moved */
}

static void test_again(void)
{
    /* What DMA has begun goes on without its driver, and may be over. */
    HOST_CHECK(driver_has_dma() || (port_read8(0x3f6) & 0x88) != 0);
    begin(SMALL / 4096);
    test_found();
    test_sizes();
    test_cd();
}

int main(int arguments, char **argument)
{
    static const struct part_of_test parts[] = {{"pio", test_all},
                                                {"dirty", test_dirty},
                                                {"again", test_again},
                                                {"errors", test_errors},
                                                {"hostile", test_hostile},
                                                {"dma", test_dma},
                                                {NULL, NULL}};

    return run_part(arguments, argument, parts);
}
