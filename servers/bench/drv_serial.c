/*
 * drv_serial.c - what a written byte costs, from the client's buffer through session, queue and
 * driver into the UART's FIFO, and back to a client that knows of it. The line is one that nobody
 * else uses.
 */
#include "drv.h"
#include "marks.h"
#include "measure.h"

#include <idl/serial_queue.h>
#include <quoll/sys.h>
#include <string.h>

#define BLOCK_BYTES  32768u
#define BLOCK_ROUNDS 20u
#define BYTE_ROUNDS  1000u
#define PAGE_BYTES   4096u

static uint8_t block[BLOCK_BYTES];

static void setup_block(const struct bench *b, struct measure *m)
{
    (void)b;
    (void)m;
    for (unsigned i = 0; i < BLOCK_BYTES; i++) {
        block[i] = (uint8_t)(' ' + i % 95);
    }
}

/* As a program would: the bytes into the shared region, a request, its completion. */
static int write_block(struct client_session *s, uint32_t bytes)
{
    uint64_t seq;
    int error;

    memcpy(s->data, block, bytes);
    error = serial_submit_write(&s->queue, 0, bytes, &seq);
    return error != E_OK ? error : drv_await(seq);
}

/* Instructions a byte, rounded up. */
static uint64_t run_blocks(struct measure *m)
{
    struct client_session *s =
        drv_open(DRV_SERIAL, SERIAL_INTERFACE, SERIAL_RIGHTS_ALL, BLOCK_BYTES / PAGE_BYTES);
    uint64_t left = m->rounds;

    for (uint32_t *sample = m->samples; s != NULL && left != 0; left--, sample++) {
        uint64_t start = rdtsc();
        int error = write_block(s, BLOCK_BYTES);
        *sample = (uint32_t)((rdtsc() - start + BLOCK_BYTES - 1) / BLOCK_BYTES);
        if (error != E_OK) {
            break;
        }
    }
    drv_close();
    return left;
}

static uint64_t run_bytes(struct measure *m)
{
    struct client_session *s = drv_open(DRV_SERIAL, SERIAL_INTERFACE, SERIAL_RIGHTS_ALL, 1);
    uint64_t left = m->rounds;

    for (uint32_t *sample = m->samples; s != NULL && left != 0; left--, sample++) {
        uint32_t start = stamp_begin();
        int error = write_block(s, 1);
        *sample = stamp_end(error) - start;
        if (error != E_OK) {
            break;
        }
    }
    drv_close();
    return left;
}

static const struct bench list[] = {
    {"drv.serial.write_32k_per_byte", BLOCK_ROUNDS, 0, true, setup_block, run_blocks},
    {"drv.serial.write_1", BYTE_ROUNDS, 0, true, setup_block, run_bytes},
};

const struct bench_area area_drv_serial = {list, sizeof list / sizeof list[0], 0, NULL};
