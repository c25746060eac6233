/*
 * phy.c - the part that drives the cable, behind one register of the chip's (section 13.4.7). It
 * outlives a reset of the chip, so a link that is up stays up under a new driver.
 */
#include "e1000.h"

#define PHY_ADDRESS 1u
#define CONTROL     0u /* numbers of registers: e1000_phy's offsets / 2 */
#define ID1         2u
#define ID2         3u
#define MARVELL     0x0141u
#define MODEL_MASK  0xfff0u
#define MODEL_82574 0x0cb0u
#define POLLS       1000u /* of a register each: an access takes 64 us (clause 22 at 2.5 MHz: 26) */

static const char *transfer(enum e1000_mdi_op op, unsigned which, uint16_t *data)
{
    e1000_mdic_write(nic.regs, (struct e1000_mdic_write){.phy = PHY_ADDRESS,
                                                         .op = op,
                                                         .which = which & E1000_MDIC_WHICH_MAX,
                                                         .data = *data});
    for (unsigned i = 0; i < POLLS; i++) {
        struct e1000_mdic mdic = e1000_mdic_read(nic.regs);

        if (mdic.ready) {
            *data = mdic.data;
            return mdic.error ? "its PHY has not that register" : NULL;
        }
    }
    return "its PHY does not answer";
}

static const char *set_control(struct e1000_phy_control control)
{
    uint16_t data = e1000_phy_control_raw(control);

    return transfer(E1000_MDI_OP_WRITE, CONTROL, &data);
}

const char *phy_identify(void)
{
    uint16_t maker = 0, model = 0;
    const char *wrong = transfer(E1000_MDI_OP_READ, ID1, &maker);

    wrong = wrong == NULL ? transfer(E1000_MDI_OP_READ, ID2, &model) : wrong;
    if (wrong != NULL) {
        return wrong;
    }
    nic.is_82574 = (model & MODEL_MASK) == MODEL_82574;
    return maker == MARVELL ? NULL : "its PHY is of a kind that is not known";
}

const char *phy_start(void)
{
    struct e1000_phy_control control;
    uint16_t data = 0;
    const char *wrong = transfer(E1000_MDI_OP_READ, CONTROL, &data);

    control = e1000_phy_control_of(data);
    if (wrong != NULL || (control.negotiate && !control.power_down && !control.isolate &&
                          !control.loopback && !control.reset)) {
        return wrong;
    }
    return set_control(
        (struct e1000_phy_control){.negotiate = true, .restart = true, .full_duplex = true});
}

void phy_loop_back(void)
{
    (void)set_control(
        (struct e1000_phy_control){.loopback = true, .full_duplex = true, .speed1000 = true});
}
