/*
 * irq_msi.c - messages instead of pins, from an edu.
 */
#include "device.h"
#include "test.h"

static struct puppet driver;
static struct edu edu[2];
static uint64_t ep, irq;

/* Where interrupts are remapped it comes from that edu or not at all. */
#define CREATE_MSI(index, e)                                                                       \
    OP5(SLOT_IRQ_CONTROL, OP_IRQ_CONTROL_CREATE, SLOT_UNTYPED, 0, IRQ_MSI, index, edu_requester(e))

static bool prepare(void)
{
    ep = lab_make(OBJ_ENDPOINT, 0);
    irq = lab_slot();
    if (!puppet_make(&driver, true, PUPPET_PRIORITY, 0) || !edu_open(edu) ||
        !test_expect_error("making an MSI", CREATE_MSI(irq, &edu[0]), E_OK))
        return false;
    edu_use_msi(&edu[0], test_out.w[0], (uint32_t)test_out.w[1]);
    return test_expect_error("binding it", OP2(irq, OP_IRQ_BIND, ep, 0x1e), E_OK);
}

/* Each raising is one message, taken before the next one: two that wait at the CPU are one. */
static void send(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        edu_raise(&edu[0]);
        edu_acknowledge(&edu[0]);
        device_wait_us(1);
    }
    device_wait_us(500);
}

static uint64_t stray(void)
{
    return OP0(SLOT_IRQ_CONTROL, OP_IRQ_CONTROL_INFO) == E_OK ? test_out.w[0] : 0;
}

static void address_and_data(void)
{
    uint64_t address, data;

    EXPECT_OK(CREATE_MSI(irq = lab_slot(), &edu[0]));
    address = test_out.w[0];
    data = test_out.w[1];
    EXPECT(address >> 20, 0xfee);
    EXPECT_OK(OP0(irq, OP_IRQ_INFO));
    EXPECT(test_out.w[0], data);
    EXPECT(test_out.w[5], address);
    EXPECT(test_out.w[3], IRQ_IS_MASKED); /* it is not bound */
}

static void delivered(void)
{
    uint64_t before = rdtsc();

    if (!prepare())
        return;
    puppet_recv(&driver, ep);
    send(1);
    EXPECT_OK(puppet_status(&driver));
    EXPECT(puppet_kind(&driver), KIND_IRQ);
    EXPECT(puppet_out(&driver, R_RDI), 0x1e);
    EXPECT(puppet_out(&driver, R_RDX), 1);
    EXPECT(puppet_out(&driver, R_R8) > before && puppet_out(&driver, R_R8) < rdtsc(), 1);
    puppet_reply_recv(&driver, ep, 0, 0);
    EXPECT_ERROR(puppet_status(&driver), BLOCKED);
}

static void all_counted(void)
{
    if (!prepare())
        return;
    send(300); /* nobody receives */
    puppet_recv(&driver, ep);
    EXPECT(puppet_out(&driver, R_RDX), 300);
    send(700); /* nobody has answered */
    puppet_reply_recv(&driver, ep, 0, 0);
    EXPECT(puppet_out(&driver, R_RDX), 700);
    EXPECT_OK(OP0(irq, OP_IRQ_INFO));
    EXPECT(test_out.w[1], 1000);
}

/* Over the limit a message is counted, and delivered when the period ends; where interrupts are
 * remapped, it does not even come any more. */
static void over_the_limit(void)
{
    uint64_t come = interrupts_are_remapped() ? 8 : 500;
    uint64_t n = lab_make(OBJ_NOTIFICATION, 0), bits = 0;

    if (!prepare())
        return;
    EXPECT_OK(OP3(irq, OP_IRQ_SET_LIMIT, 10, 60000000, lab_copy(n, RIGHT_SEND, 4)));
    puppet_recv(&driver, ep);
    send(1);
    EXPECT(puppet_out(&driver, R_RDX), 1);
    puppet_reply_recv(&driver, ep, 0, 0);
    send(1);
    EXPECT(puppet_out(&driver, R_RDX), 1);
    EXPECT_ERROR(sys_poll(n, &bits), E_BUSY);
    puppet_reply_recv(&driver, ep, 0, 0);
    send(1);
    send(500);
    EXPECT_OK(sys_poll(n, &bits));
    EXPECT(bits, 4);
    puppet_reply_recv(&driver, ep, 0, 0);
    EXPECT_ERROR(puppet_status(&driver), BLOCKED);
    EXPECT_OK(OP0(irq, OP_IRQ_INFO));
    EXPECT(test_out.w[2], come);
    EXPECT(test_out.w[3], IRQ_IS_MASKED | IRQ_IS_OVER_LIMIT);
    EXPECT(test_out.w[4], 1);
    EXPECT_ERROR(sys_poll(n, &bits), E_BUSY); /* told once */
    EXPECT_OK(OP3(irq, OP_IRQ_SET_LIMIT, 0, 0, 0));
    EXPECT(puppet_out(&driver, R_RDX), come);
    puppet_reply_recv(&driver, ep, 0, 0);
    send(1);
    EXPECT(puppet_out(&driver, R_RDX), 1);
}

static void unbound(void)
{
    if (!prepare())
        return;
    puppet_recv(&driver, ep);
    EXPECT_OK(OP0(irq, OP_IRQ_UNBIND));
    send(5);
    EXPECT_ERROR(puppet_status(&driver), BLOCKED);
    EXPECT_OK(OP2(irq, OP_IRQ_BIND, ep, 1));
    EXPECT_ERROR(puppet_status(&driver), BLOCKED); /* what came before the binding does not count */
    send(1);
    EXPECT(puppet_out(&driver, R_RDX), 1);
}

static void destroyed(void)
{
    uint64_t before = stray();

    if (!prepare())
        return;
    puppet_recv(&driver, ep);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, irq));
    send(3);
    EXPECT_ERROR(puppet_status(&driver), BLOCKED);
    EXPECT(stray() - before, interrupts_are_remapped() ? 0 : 3);
}

/* Two messages, two endpoints: they do not mix. */
static void two_devices(void)
{
    struct puppet other;
    uint64_t ep2 = lab_make(OBJ_ENDPOINT, 0), irq2 = lab_slot();

    if (!prepare())
        return;
    MAKE_PUPPET(&other, true, 0);
    EXPECT_OK(CREATE_MSI(irq2, &edu[1]));
    edu_use_msi(&edu[1], test_out.w[0], (uint32_t)test_out.w[1]);
    EXPECT_OK(OP2(irq2, OP_IRQ_BIND, ep2, 2));
    puppet_recv(&driver, ep);
    puppet_recv(&other, ep2);
    send(1);
    EXPECT_OK(puppet_status(&driver));
    EXPECT_ERROR(puppet_status(&other), BLOCKED);
    edu_raise(&edu[1]);
    device_wait_us(500);
    EXPECT_OK(puppet_status(&other));
    EXPECT(puppet_out(&other, R_RDI), 2);
}

#define FIRST_VECTOR 1u /* QEMU's APIC never delivers vector 0 */
#define LAST_VECTOR  0xffu
#define DELIVER_LOW  0x100u /* to the CPU of the lowest priority */
#define DELIVER_NMI  0x400u
#define IRQ_VECTORS  192u

/* A device can send any vector to the CPU, even those of exceptions (QEMU lets all of these pass, a
 * real APIC those from 16 on), and NMIs. What is nobody's is counted, the rest arrives, no thread
 * suffers. */
static void forge_all(void (*interrupt)(void), uint32_t mode)
{
    uint64_t owned, before;

    if (!prepare())
        return;
    EXPECT_OK(OP0(SLOT_IRQ_CONTROL, OP_IRQ_CONTROL_INFO));
    before = test_out.w[0];
    owned = IRQ_VECTORS - test_out.w[1] + 1; /* and the timer's */
    puppet_recv(&driver, ep);
    for (uint32_t vector = FIRST_VECTOR; vector <= LAST_VECTOR; vector++) {
        edu_use_msi(&edu[0], 0xfee00000, mode | vector);
        interrupt();
    }
    EXPECT_OK(puppet_status(&driver)); /* its own vector was among them */
    EXPECT(puppet_out(&driver, R_RDX), 1);
    EXPECT(stray() - before, LAST_VECTOR + 1 - FIRST_VECTOR - owned);
    edu_use_msi(&edu[0], 0xfee00000, DELIVER_NMI);
    interrupt();
}

static void while_it_runs(void)
{
    send(1);
}

static void while_idle(void)
{
    edu_raise_later(&edu[0]);
    edu_acknowledge(&edu[0]);
}

static void forged(void)
{
    forge_all(while_it_runs, 0);
}

static void forged_lowest(void)
{
    forge_all(while_it_runs, DELIVER_LOW);
}

/* Of another device: it is stopped where interrupts are remapped, and delivered elsewhere. */
static void of_another(void)
{
    uint64_t before = stray(), irq2 = lab_slot();

    if (!prepare())
        return;
    EXPECT_OK(CREATE_MSI(irq2, &edu[1]));
    edu_use_msi(&edu[0], test_out.w[0], (uint32_t)test_out.w[1]);
    EXPECT_OK(OP2(irq2, OP_IRQ_BIND, ep, 2));
    puppet_recv(&driver, ep);
    send(1);
    EXPECT_ERROR(puppet_status(&driver), interrupts_are_remapped() ? BLOCKED : E_OK);
    EXPECT(stray(), before);
}

static void forged_while_idle(void)
{
    forge_all(while_idle, 0);
}

static const struct test list[] = {
    {"kernel.irq_msi.address_and_data", address_and_data},
    {"kernel.irq_msi.delivered", delivered},
    {"kernel.irq_msi.all_counted", all_counted},
    {"kernel.irq_msi.over_the_limit", over_the_limit},
    {"kernel.irq_msi.unbound", unbound},
    {"kernel.irq_msi.destroyed", destroyed},
    {"kernel.irq_msi.two_devices", two_devices},
    {"kernel.irq_msi.forged", forged},
    {"kernel.irq_msi.forged_lowest", forged_lowest},
    {"kernel.irq_msi.of_another", of_another},
    {"kernel.irq_msi.forged_while_idle", forged_while_idle},
};

TEST_AREA_OF(tests_irq_msi, list, has_edu);
