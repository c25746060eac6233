/*
 * pit.c - see pit.h.
 */
#include "pit.h"

#include <stddef.h>

#define COUNTER      0u
#define COUNTS_MAX   0x10000u /* written as 0 */
#define ARM_MAX_NS   ((uint64_t)COUNTS_MAX * PIT_RESOLUTION_NS)
#define STORM_COUNTS 12u
#define READ_STATUS  0xe2u /* read-back command: the status of counter 0, not its count */
#define MODE_BITS    0x3fu

/* Its status must repeat what it was set to. */
const char *pit_detect(struct pit_regs pit)
{
    struct pit_control status;

    pit_control_write(pit, pit_control_of(READ_STATUS));
    status = pit_control_of(pit_counter_read(pit, COUNTER));
    return (pit_control_raw(status) & MODE_BITS) == MODE_BITS ? "no 8254 answers" : NULL;
}

static void load(struct pit_regs pit, enum pit_mode mode, uint32_t counts)
{
    pit_control_write(pit, (struct pit_control){.select = PIT_SELECT_COUNTER0,
                                                .access = PIT_ACCESS_BOTH,
                                                .mode = mode});
    pit_counter_write(pit, COUNTER, (uint8_t)counts);
    pit_counter_write(pit, COUNTER, (uint8_t)(counts >> 8));
}

/* Mode 1 waits for an edge of the gate, which on counter 0 is tied to one level: its output never
 * rises again. */
void pit_silence(struct pit_regs pit)
{
    load(pit, PIT_MODE_ONE_SHOT, COUNTS_MAX);
}

void pit_arm(struct pit_regs pit, uint64_t ns)
{
    uint64_t counts = (ns < ARM_MAX_NS ? ns : ARM_MAX_NS) * PIT_HZ / 1000000000u + 1;

    load(pit, PIT_MODE_TERMINAL_COUNT, (uint32_t)(counts < COUNTS_MAX ? counts : COUNTS_MAX));
}

void pit_storm(struct pit_regs pit)
{
    load(pit, PIT_MODE_RATE_GENERATOR, STORM_COUNTS);
}
