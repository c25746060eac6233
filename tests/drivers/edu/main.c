/*
 * main.c - the edu driver on the host: edu QTEST MANIFEST PART. PART is `all`, `dirty` (computing,
 * with interrupts raised, when its driver dies) or `again` (the next instance, on that device).
 */
#include <host.h>
#include <idl/edu.h>
#include <idl/inspect.h>
#include <regs/edu.h>

#include <driver.h>
#include <string.h>

static struct host_session *session;

static struct edu_regs device(void)
{
    return edu_regs_at((uintptr_t)driver_mmio("regs", NULL));
}

static void test_calls(void)
{
    static const uint32_t factorials[] = {1,    1,     2,      6,       24,       120,      720,
                                          5040, 40320, 362880, 3628800, 39916800, 479001600};
    uint32_t result = 0;

    HOST_CHECK(edu_call_liveness(session->endpoint, 0xdeadbeef, &result) == E_OK);
    HOST_CHECK(result == ~0xdeadbeefu);
    for (unsigned n = 0; n <= 12; n++) {
        HOST_CHECK(edu_call_factorial(session->endpoint, n, &result) == E_OK);
        HOST_CHECK(result == factorials[n]);
    }
    HOST_CHECK(edu_call_factorial(session->endpoint, 13, &result) == E_BAD_ARG);
}

static void test_interrupts(void)
{
    uint64_t before = host_interrupts();

    for (unsigned i = 0; i < 10; i++) {
        HOST_CHECK(edu_call_interrupt(session->endpoint, 1) == E_OK);
    }
    HOST_CHECK(edu_call_interrupt(session->endpoint, 100) == E_OK);
    HOST_CHECK(host_interrupts() == before + 110);
    HOST_CHECK(edu_call_interrupt(session->endpoint, 0) == E_BAD_ARG);
    HOST_CHECK(edu_interrupt_status_read(device()) == 0);
}

static void ask_too(void)
{
    uint32_t result;

    HOST_CHECK(edu_call_factorial(session->endpoint, 5, &result) == E_BUSY);
    HOST_CHECK(edu_call_interrupt(session->endpoint, 1) == E_OK);
    HOST_CHECK(edu_call_liveness(session->endpoint, 1, &result) == E_OK && result == ~1u);
}

/* While one caller waits others are served, or told that it is busy. */
static void test_two_callers(void)
{
    uint32_t result = 0;

    host_while_waiting(ask_too);
    HOST_CHECK(edu_call_factorial(session->endpoint, 12, &result) == E_OK && result == 479001600);
}

static void test_rights(void)
{
    struct host_session *other = host_session_open(EDU_INTERFACE, EDU_RIGHT_LIVENESS, NULL, 0);
    uint32_t result;

    HOST_CHECK(edu_call_liveness(other->endpoint, 0, &result) == E_OK);
    HOST_CHECK(edu_call_interrupt(other->endpoint, 1) == E_NO_RIGHT);
    host_session_close(other);
}

static void test_inspect(void)
{
    struct host_session *other = host_session_open(INSPECT_INTERFACE, UINT32_MAX, NULL, 0);
    char line[INSPECT_LINE_MAX + 1];

    HOST_CHECK(inspect_call_regs(other->endpoint, 0, line) == E_OK);
    HOST_CHECK(strstr(line, "identification") != NULL);
    host_session_close(other);
}

static void test_stop(void)
{
    edu_interrupt_raise_write(device(), 4);
    driver_detach();
    HOST_CHECK(edu_interrupt_status_read(device()) == 0);
    HOST_CHECK(!edu_status_read(device()).interrupt_when_done);
}

static void test_all(void)
{
    HOST_CHECK(host_start() == NULL);
    session = host_session_open(EDU_INTERFACE, EDU_RIGHTS_ALL, NULL, 0);
    test_calls();
    test_interrupts();
    test_two_callers();
    test_rights();
    test_inspect();
    test_stop();
}

static void leave_dirty(void)
{
    HOST_CHECK(host_start() == NULL);
    edu_factorial_write(device(), 200000000);
    edu_interrupt_raise_write(device(), 0xff0);
    HOST_CHECK(edu_status_read(device()).computing);
}

static void test_again(void)
{
    HOST_CHECK(edu_interrupt_status_read(device()) != 0);
    HOST_CHECK(host_start() == NULL);
    HOST_CHECK(edu_interrupt_status_read(device()) == 0);
    session = host_session_open(EDU_INTERFACE, EDU_RIGHTS_ALL, NULL, 0);
    test_calls();
    test_interrupts();
}

int main(int count, char **arguments)
{
    if (count != 4) {
        return 2;
    }
    host_allow_dma(); /* for messages, where the manifest asks for them */
    host_open(arguments[1], arguments[2], NULL, 0);
    if (strcmp(arguments[3], "all") == 0) {
        test_all();
    } else if (strcmp(arguments[3], "dirty") == 0) {
        leave_dirty();
    } else {
        test_again();
    }
    return host_done();
}
