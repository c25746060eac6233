/*
 * accounting_ipc.c - scenes of accounting.h: messages between threads, each row of the events'
 * table in docs/ipc.md that is about calls, Replies and faults.
 */
#include "accounting.h"

static int delete (uint64_t slot)
{
    return OP1(SLOT_CNODE, OP_CNODE_DELETE, slot);
}

static bool call_queued(void)
{
    return enter_queued();
}

static bool call_delivered(void)
{
    return enter_delivered();
}

static bool call_to_plain_receiver(void)
{
    if (!actors_enter())
        return false;
    puppet_sys(&cast.server, SYS_RECV, 0, cast.ep, NULL);
    puppet_call(&cast.client, cast.ep, 0, 1);
    REQUIRE_ERROR(puppet_status(&cast.client), E_DEAD);
    return true;
}

static bool send(void)
{
    if (!actors_enter())
        return false;
    puppet_sys(&cast.client, SYS_SEND, cast.ep, 0, NULL);
    REQUIRE_ERROR(puppet_status(&cast.client), E_BUSY);
    puppet_recv(&cast.server, cast.ep);
    puppet_sys(&cast.client, SYS_SEND, cast.ep, 0, NULL);
    REQUIRE_OK(puppet_status(&cast.client));
    REQUIRE_OK(puppet_status(&cast.server));
    return true;
}

static bool receive_with_occupied_reply(void)
{
    if (!enter_delivered())
        return false;
    puppet_recv(&cast.server, cast.ep);
    REQUIRE_ERROR(puppet_status(&cast.server), E_BUSY);
    return true;
}

static bool receive_with_second_reply(void)
{
    if (!enter_delivered())
        return false;
    puppet_sys(&cast.server, SYS_RECV, cast.second, cast.ep, NULL);
    REQUIRE(state_of(&cast.server), THREAD_RECEIVING);
    return true;
}

static bool reply(void)
{
    if (!enter_delivered())
        return false;
    puppet_reply(&cast.server, 1, 2);
    REQUIRE_OK(puppet_status(&cast.client));
    puppet_reply(&cast.server, 1, 2); /* empty: nothing */
    REQUIRE_OK(puppet_status(&cast.server));
    return true;
}

static bool reply_recv(void)
{
    if (!enter_delivered())
        return false;
    puppet_reply_recv(&cast.server, cast.ep, 1, 2);
    REQUIRE_OK(puppet_status(&cast.client));
    puppet_call(&cast.client, cast.ep, 0, 0);
    REQUIRE_OK(puppet_status(&cast.server));
    return true;
}

static bool reply_moved(void)
{
    if (!enter_delivered())
        return false;
    REQUIRE_OK(OP3(SLOT_CNODE, OP_CNODE_MOVE, cast.spare, 0, cast.server.reply));
    REQUIRE(state_of(&cast.client), THREAD_CALLING);
    return true;
}

static bool armed_reply_destroyed(void)
{
    if (!enter_armed())
        return false;
    REQUIRE_OK(delete (cast.server.reply));
    REQUIRE_ERROR(puppet_status(&cast.server), E_DEAD);
    return true;
}

static bool holding_reply_destroyed(void)
{
    if (!enter_delivered())
        return false;
    REQUIRE_OK(delete (cast.server.reply));
    REQUIRE_ERROR(puppet_status(&cast.client), E_DEAD);
    return true;
}

static bool endpoint_destroyed_queued(void)
{
    if (!enter_queued())
        return false;
    REQUIRE_OK(delete (cast.ep));
    REQUIRE_ERROR(puppet_status(&cast.client), E_GONE);
    return true;
}

static bool endpoint_destroyed_waiting(void)
{
    if (!enter_armed())
        return false;
    REQUIRE_OK(delete (cast.ep));
    REQUIRE_ERROR(puppet_status(&cast.server), E_GONE);
    return true;
}

static bool endpoint_destroyed_delivered(void)
{
    if (!enter_delivered())
        return false;
    REQUIRE_OK(delete (cast.ep));
    REQUIRE(state_of(&cast.client), THREAD_CALLING);
    return true;
}

static bool cancelled_by_badge(void)
{
    if (!enter_queued())
        return false;
    REQUIRE_OK(OP3(SLOT_CNODE, OP_CNODE_CANCEL, cast.ep, 4, 0));
    REQUIRE(state_of(&cast.client), THREAD_QUEUED);
    REQUIRE_OK(OP3(SLOT_CNODE, OP_CNODE_CANCEL, cast.ep, 5, 0));
    REQUIRE_ERROR(puppet_status(&cast.client), E_GONE);
    return true;
}

static bool cancelled_all(void)
{
    if (!enter_queued())
        return false;
    REQUIRE_OK(OP3(SLOT_CNODE, OP_CNODE_CANCEL, cast.ep, 0, 1));
    REQUIRE_ERROR(puppet_status(&cast.client), E_GONE);
    return true;
}

static bool server_destroyed_waiting(void)
{
    if (!enter_armed())
        return false;
    REQUIRE_OK(delete (cast.server.thread));
    puppet_call(&cast.client, cast.ep, 0, 0);
    REQUIRE(state_of(&cast.client), THREAD_QUEUED);
    return true;
}

static bool server_destroyed_holding(void)
{
    if (!enter_delivered())
        return false;
    REQUIRE_OK(delete (cast.server.thread));
    REQUIRE_ERROR(puppet_status(&cast.client), E_DEAD);
    return true;
}

static bool caller_destroyed_queued(void)
{
    if (!enter_queued())
        return false;
    REQUIRE_OK(delete (cast.client.thread));
    puppet_recv(&cast.server, cast.ep);
    REQUIRE(state_of(&cast.server), THREAD_RECEIVING);
    return true;
}

static bool caller_destroyed_delivered(void)
{
    if (!enter_delivered())
        return false;
    REQUIRE_OK(delete (cast.client.thread));
    puppet_recv(&cast.server, cast.ep); /* the Reply is empty */
    REQUIRE(state_of(&cast.server), THREAD_RECEIVING);
    return true;
}

static bool caller_suspended(void)
{
    if (!enter_queued())
        return false;
    REQUIRE_OK(OP0(cast.client.thread, OP_THREAD_SUSPEND));
    puppet_recv(&cast.server, cast.ep);
    REQUIRE_OK(puppet_status(&cast.server));
    puppet_reply(&cast.server, 0, 0);
    REQUIRE_ERROR(puppet_status(&cast.client), BLOCKED);
    REQUIRE_OK(OP0(cast.client.thread, OP_THREAD_RESUME));
    REQUIRE_OK(puppet_status(&cast.client));
    return true;
}

static bool receiver_suspended(void)
{
    if (!enter_armed())
        return false;
    REQUIRE_OK(OP0(cast.server.thread, OP_THREAD_SUSPEND));
    REQUIRE_OK(OP0(cast.server.thread, OP_THREAD_RESUME));
    REQUIRE_ERROR(puppet_status(&cast.server), E_INTR);
    return true;
}

static bool suspended_for_good(void)
{
    if (!enter_delivered())
        return false;
    REQUIRE_OK(OP0(cast.client.thread, OP_THREAD_SUSPEND));
    REQUIRE_OK(OP0(cast.server.thread, OP_THREAD_SUSPEND));
    return true;
}

static bool thread_cancelled_queued(void)
{
    if (!enter_queued())
        return false;
    REQUIRE_OK(OP0(cast.client.thread, OP_THREAD_CANCEL));
    REQUIRE_ERROR(puppet_status(&cast.client), E_GONE);
    return true;
}

static bool thread_cancelled_delivered(void)
{
    if (!enter_delivered())
        return false;
    REQUIRE_OK(OP0(cast.client.thread, OP_THREAD_CANCEL));
    REQUIRE_ERROR(puppet_status(&cast.client), E_CANCELED);
    return true;
}

static bool capability_revoked(void)
{
    if (!enter_queued())
        return false;
    REQUIRE_OK(OP1(SLOT_CNODE, OP_CNODE_REVOKE, cast.ep));
    REQUIRE(slot_type(cast.badged), OBJ_NULL);
    REQUIRE(state_of(&cast.client), THREAD_QUEUED);
    return true;
}

static bool capabilities_arrived(void)
{
    struct msg m = {.tag = msg_tag(0, 0, 2)};
    uint64_t first;

    if (!actors_enter())
        return false;
    (void)actor_begin(UNTYPED_MIN_BITS);
    first = lab_slot();
    (void)lab_slot();
    actor_end();
    cast.server.buffer->recv_slot = first;
    cast.server.buffer->recv_count = 2;
    cast.client.buffer->send_caps[0] = cast.badged;
    cast.client.buffer->send_caps[1] = cast.client.go;
    puppet_recv(&cast.server, cast.ep);
    puppet_sys(&cast.client, SYS_CALL, cast.ep, 0, &m);
    REQUIRE_OK(puppet_status(&cast.server));
    REQUIRE(slot_type(first), OBJ_ENDPOINT);
    REQUIRE(slot_type(first + 1), OBJ_NOTIFICATION);
    return true;
}

static bool buffer_revoked(void)
{
    struct msg m = {.tag = msg_tag(0, 4, 0)};

    if (!actors_enter())
        return false;
    puppet_sys(&cast.client, SYS_CALL, cast.ep, 0, &m);
    REQUIRE(state_of(&cast.client), THREAD_QUEUED);
    REQUIRE_OK(OP1(SLOT_CNODE, OP_CNODE_REVOKE, cast.server.peer.t.buffer_frame));
    puppet_recv(&cast.server, cast.ep);
    REQUIRE_ERROR(puppet_status(&cast.client), E_NOBUF);
    REQUIRE(state_of(&cast.server), THREAD_RECEIVING);
    return true;
}

static bool fault_queued(void)
{
    return enter_fault_queued();
}

static bool fault_delivered(void)
{
    return enter_faulted();
}

static bool fault_resumed(void)
{
    if (!enter_faulted())
        return false;
    puppet_reply(&cast.server, 0, 0); /* it runs the instruction again */
    REQUIRE(state_of(&cast.client), THREAD_FAULT_QUEUED);
    return true;
}

static bool fault_stopped(void)
{
    if (!enter_faulted())
        return false;
    puppet_reply(&cast.server, 1, 0);
    REQUIRE(state_of(&cast.client), THREAD_STOPPED);
    return true;
}

static bool fault_reply_destroyed(void)
{
    if (!enter_faulted())
        return false;
    REQUIRE_OK(delete (cast.server.reply));
    REQUIRE(state_of(&cast.client), THREAD_STOPPED);
    return true;
}

static bool fault_endpoint_destroyed(void)
{
    if (!enter_fault_queued())
        return false;
    REQUIRE_OK(delete (cast.ep));
    REQUIRE(state_of(&cast.client), THREAD_STOPPED);
    return true;
}

#define ROWS(ROW)                                                                                  \
    ROW(call_queued)                                                                               \
    ROW(call_delivered)                                                                            \
    ROW(call_to_plain_receiver)                                                                    \
    ROW(send)                                                                                      \
    ROW(receive_with_occupied_reply)                                                               \
    ROW(receive_with_second_reply)                                                                 \
    ROW(reply)                                                                                     \
    ROW(reply_recv)                                                                                \
    ROW(reply_moved)                                                                               \
    ROW(armed_reply_destroyed)                                                                     \
    ROW(holding_reply_destroyed)                                                                   \
    ROW(endpoint_destroyed_queued)                                                                 \
    ROW(endpoint_destroyed_waiting)                                                                \
    ROW(endpoint_destroyed_delivered)                                                              \
    ROW(cancelled_by_badge)                                                                        \
    ROW(cancelled_all)                                                                             \
    ROW(server_destroyed_waiting)                                                                  \
    ROW(server_destroyed_holding)                                                                  \
    ROW(caller_destroyed_queued)                                                                   \
    ROW(caller_destroyed_delivered)                                                                \
    ROW(caller_suspended)                                                                          \
    ROW(receiver_suspended)                                                                        \
    ROW(suspended_for_good)                                                                        \
    ROW(thread_cancelled_queued)                                                                   \
    ROW(thread_cancelled_delivered)                                                                \
    ROW(capability_revoked)                                                                        \
    ROW(capabilities_arrived)                                                                      \
    ROW(buffer_revoked)                                                                            \
    ROW(fault_queued)                                                                              \
    ROW(fault_delivered)                                                                           \
    ROW(fault_resumed)                                                                             \
    ROW(fault_stopped)                                                                             \
    ROW(fault_reply_destroyed)                                                                     \
    ROW(fault_endpoint_destroyed)

ROWS(ACCOUNT)

#define ENTRY(scene) {"kernel.account." #scene, account_##scene},
static const struct test list[] = {ROWS(ENTRY)};

TEST_AREA(tests_account_ipc);
