/*
 * chip.c - the chip as a whole: stopping, starting, filters, the link, counters, interrupts' rate.
 */
#include "e1000.h"

#include <string.h>

#define RESET_US    2u    /* section 13.4.1: 1 us before the next access */
#define MASTER_US   1000u /* 82574, 5.2.3 */
#define RELOAD_US   20000u
#define POLL_US     100u
#define VLAN        0x8100u
#define INTERVAL(n) (1000000000u / 256u / (n)) /* of itr, for so many interrupts a second */

struct nic nic;

void chip_spin_us(unsigned us)
{
    uint64_t end = driver_now_us() + us;

    while (driver_now_us() <= end) {
    }
}

bool chip_await(bool (*is_so)(void), unsigned us)
{
    for (unsigned waited = 0; !is_so(); waited += POLL_US) {
        if (waited >= us) {
            return false;
        }
        driver_await_us(POLL_US);
    }
    return true;
}

void chip_set_ring(unsigned index, uint64_t address, unsigned bytes)
{
    e1000_ring_low_write(nic.regs, index, (uint32_t)address);
    e1000_ring_high_write(nic.regs, index, (uint32_t)(address >> 32));
    e1000_ring_length_write(nic.regs, index, bytes);
    e1000_ring_head_write(nic.regs, index, 0);
    e1000_ring_tail_write(nic.regs, index, 0);
}

/* 82574, 5.2.3: its reads of memory must be over before it is reset. */
static void stop_master(void)
{
    uint64_t end = driver_now_us() + MASTER_US;

    e1000_ctrl_set_no_master(nic.regs, true);
    while (e1000_status_read(nic.regs).master && driver_now_us() < end) {
    }
}

/* QEMU's 8254x keep receiver, transmitter, interrupts and ring registers over a reset. */
void chip_stop(void)
{
    nic.runs = false;
    e1000_imc_write(nic.regs, UINT32_MAX);
    e1000_rctl_write(nic.regs, (struct e1000_rctl){0});
    e1000_tctl_write(nic.regs, (struct e1000_tctl){0});
    (void)e1000_icr_read(nic.regs);
    if (nic.is_82574) {
        stop_master();
    }
    e1000_ctrl_set_reset(nic.regs, true);
    chip_spin_us(RESET_US);
    e1000_imc_write(nic.regs, UINT32_MAX);
    chip_set_ring(RING_RECEIVE, 0, 0);
    chip_set_ring(RING_TRANSMIT, 0, 0);
    (void)e1000_icr_read(nic.regs);
}

/* The 82574 says in this bit that it has read its EEPROM. */
static bool is_reset(void)
{
    return !e1000_ctrl_read(nic.regs).reset && (!nic.is_82574 || e1000_eecd_read(nic.regs).large);
}

const char *chip_check_idle(void)
{
    if (!chip_await(is_reset, RELOAD_US)) {
        return "its reset does not end";
    }
    if (e1000_rctl_read(nic.regs).enable || e1000_tctl_read(nic.regs).enable ||
        e1000_ims_raw(e1000_ims_read(nic.regs)) != 0 ||
        e1000_ring_tail_read(nic.regs, RING_RECEIVE) != 0 ||
        e1000_ring_tail_read(nic.regs, RING_TRANSMIT) != 0) {
        return "it is not idle after a reset";
    }
    return NULL;
}

/* A reset has loaded the address into the first filter (section 13.5.2); Bochs does not. */
const char *chip_read_mac(void)
{
    struct e1000_rah high = e1000_rah_read(nic.regs, 0);
    uint64_t mac = e1000_ral_read(nic.regs, 0) | (uint64_t)high.octets << 32;
    uint16_t words[3] = {0};
    const char *wrong = NULL;

    if (!high.valid || mac == 0) {
        wrong = eeprom_read(0, 3, words);
        mac = words[0] | (uint64_t)words[1] << 16 | (uint64_t)words[2] << 32;
    }
    memcpy(nic.mac, &mac, sizeof(nic.mac));
    return wrong != NULL || ((mac & 1) == 0 && mac != 0) ? wrong : "it has no address";
}

/* Section 14.3. */
static void set_address(void)
{
    uint64_t mac = 0;

    memcpy(&mac, nic.mac, sizeof(nic.mac));
    e1000_ral_write(nic.regs, 0, (uint32_t)mac);
    e1000_rah_write(nic.regs, 0,
                    (struct e1000_rah){.octets = (uint16_t)(mac >> 32), .valid = true});
    for (unsigned i = 1; i < 16; i++) {
        e1000_rah_write(nic.regs, i, (struct e1000_rah){0});
    }
}

void chip_set_filter(void)
{
    struct e1000_rctl rctl = nic.filter;

    for (unsigned i = 0; i < 128; i++) {
        e1000_mta_write(nic.regs, i, nic.groups[i]);
    }
    rctl.enable = rctl.broadcast = rctl.strip = true;
    rctl.buffers = E1000_BUFFER_SIZE_BYTES2048;
    e1000_rctl_write(nic.regs, rctl);
}

/* Sections 14.3 to 14.5; numbers of the transmitter from there, for copper. */
void chip_start(void)
{
    struct e1000_ctrl ctrl = e1000_ctrl_read(nic.regs);

    ctrl.link_up = ctrl.auto_speed = ctrl.tags = true;
    ctrl.link_reset = ctrl.force_speed = ctrl.force_duplex = ctrl.no_master = false;
    ctrl.receive_pause = ctrl.send_pause = false;
    e1000_ctrl_write(nic.regs, ctrl);
    e1000_vet_write(nic.regs, VLAN);
    e1000_itr_write(nic.regs, INTERVAL(16000));
    nic.step = 0;
    set_address();
    e1000_rxcsum_write(nic.regs, (struct e1000_rxcsum){.ip = true, .transport = true});
    if (nic.is_82574) {
        e1000_txdctl_write(nic.regs, (struct e1000_txdctl){.descriptors = true});
    }
    e1000_tipg_write(nic.regs, (struct e1000_tipg){.gap = 10, .gap1 = 8, .gap2 = 6});
    receive_resume();
    transmit_resume();
    chip_set_filter();
    e1000_tctl_write(nic.regs, (struct e1000_tctl){.enable = true,
                                                   .pad = true,
                                                   .threshold = 15,
                                                   .distance = 64,
                                                   .late = true});
    nic.runs = true;
    receive_go();
    transmit_go();
    e1000_ims_write(nic.regs, (struct e1000_ims_write){.set_sent = true,
                                                       .set_link = true,
                                                       .set_receive_low = true,
                                                       .set_overrun = true,
                                                       .set_received = true});
}

bool chip_look_at_link(void)
{
    static const uint32_t megabits[] = {10, 100, 1000, 1000};
    struct e1000_status status = e1000_status_read(nic.regs);
    struct packet_link_state link = {status.link_up, status.link_up && status.full_duplex,
                                     status.link_up ? megabits[status.speed] : 0};
    bool changed =
        link.megabits != nic.link.megabits || link.is_full_duplex != nic.link.is_full_duplex;

    nic.link = link;
    return changed;
}

/* The low half first: reading the high one clears both (section 13.7.31). */
void chip_count(void)
{
    struct packet_statistics *count = &nic.count;

    count->packets_in += e1000_gprc_read(nic.regs);
    count->packets_out += e1000_gptc_read(nic.regs);
    count->bytes_in += e1000_gorcl_read(nic.regs);
    count->bytes_in += (uint64_t)e1000_gorch_read(nic.regs) << 32;
    count->bytes_out += e1000_gotcl_read(nic.regs);
    count->bytes_out += (uint64_t)e1000_gotch_read(nic.regs) << 32;
    count->dropped += e1000_mpc_read(nic.regs);
    count->errors += (uint64_t)e1000_crcerrs_read(nic.regs) + e1000_rxerrc_read(nic.regs) +
                     e1000_rlec_read(nic.regs) + e1000_ecol_read(nic.regs) +
                     e1000_latecol_read(nic.regs);
}

/* Alone, a frame is told at once; with many of them, an interrupt brings several. All rates are
 * below the manifest's limit. */
void chip_moderate(unsigned frames)
{
    static const uint16_t intervals[] = {INTERVAL(16000), INTERVAL(10000), INTERVAL(7000),
                                         INTERVAL(4000)};
    static const unsigned few[] = {0, 2, 4, 8}, many[] = {4, 12, 40, UINT32_MAX};
    unsigned next = nic.step;

    if (frames > many[nic.step]) {
        next++;
    } else if (frames < few[nic.step]) {
        next--;
    }
    if (next != nic.step) {
        nic.step = next;
        e1000_itr_write(nic.regs, intervals[next]);
    }
}
