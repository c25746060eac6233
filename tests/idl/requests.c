/*
 * requests.c - dispatch against what no stub sends: each check once by hand, then a mutation
 * fuzzer. A request that is refused never reaches the server's function.
 */
#include "world.h"

static struct {
    unsigned word;
    uint64_t value, tag_xor, badge_xor, label;
    bool has_word, has_label;
} spoil;

static void spoil_request(struct wire *request)
{
    request->tag ^= spoil.tag_xor;
    request->badge ^= spoil.badge_xor;
    if (spoil.has_word) {
        request->words[spoil.word] = spoil.value;
    }
    if (spoil.has_label) {
        request->tag = (request->tag & UINT32_MAX) | spoil.label << TAG_LABEL_SHIFT;
    }
}

static void expect(unsigned method, int error, int line)
{
    unsigned handled = world.handled;

    world.on_request = spoil_request;
    /* tell is sent: its sender does not see the answer */
    check_that(call_good(method) == (method == 11 ? E_OK : error), "the request is refused", line);
    check_that((int)(world.answer.tag >> TAG_LABEL_SHIFT) == error, "with this error", line);
    check_that(world.handled == handled, "the server's function is not called", line);
    world.on_request = NULL;
    memset(&spoil, 0, sizeof(spoil));
}

#define BAD_WORD(method, at, is)                                                                   \
    (spoil.has_word = true, spoil.word = (at), spoil.value = (is),                                 \
     expect(method, E_BAD_ARG, __LINE__))
#define BAD_TAG(method, change, error) (spoil.tag_xor = (change), expect(method, error, __LINE__))
#define BAD_BADGE(method, change, error)                                                           \
    (spoil.badge_xor = (change), expect(method, error, __LINE__))
#define BAD_LABEL(method, is)                                                                      \
    (spoil.has_label = true, spoil.label = (is), expect(method, E_BAD_CALL, __LINE__))

static void bad_scalars(void)
{
    BAD_WORD(1, 0, 256);
    BAD_WORD(1, 1, 0x8000); /* a short that is not sign-extended */
    BAD_WORD(1, 1, 0xffffffffffff7fff);
    BAD_WORD(1, 2, 0x10000);
    BAD_WORD(1, 3, 0x80000000);
    BAD_WORD(1, 4, 0x100000000);
    BAD_WORD(2, 0, 2);
    BAD_WORD(2, 0, UINT64_MAX);
    BAD_WORD(2, 1, 3);
    BAD_WORD(2, 2, 2);
    BAD_WORD(2, 2, 89);
    BAD_WORD(2, 2, 0x100000003);
    BAD_WORD(2, 3, 9);
    BAD_WORD(2, 3, 21);
    BAD_WORD(2, 4, 6);
    BAD_WORD(2, 4, (uint64_t)-6);
    BAD_WORD(2, 5, 0xffffffffffffffef);
    BAD_WORD(2, 5, 0xfffffffffffffff9);
    BAD_WORD(3, 8, 40000);
    BAD_WORD(12, 1, 2);
}

static void bad_tails(void)
{
    BAD_WORD(4, 0, 6);
    BAD_WORD(4, 1, 12);
    BAD_WORD(4, 1, 8); /* one word less than the message has */
    BAD_WORD(4, 2, 2);
    BAD_WORD(4, 3, 3);
    BAD_WORD(4, 7, 1ull << 48);
    BAD_WORD(4, 8, 6);
    BAD_WORD(4, 9, UINT64_MAX);
    BAD_WORD(4, 10, 5);
    BAD_WORD(4, 11, 0x41);       /* "A", then zeros */
    BAD_WORD(4, 12, 0x01636261); /* padding */
    BAD_WORD(4, 13, 1ull << 24);
    BAD_WORD(4, 14, 2);
    BAD_WORD(4, 15, 3);
    BAD_WORD(4, 16, 40000);
    BAD_WORD(5, 0, 6); /* the first gets longer: padding where text must be */
    BAD_WORD(5, 1, 41);
    BAD_WORD(6, 0, 101);
    BAD_WORD(6, 1, 2);
    BAD_WORD(6, 4, 0x10000);
    BAD_WORD(7, 0, 497);
    BAD_WORD(7, 0, 488);
    BAD_WORD(7, 1, 2);
    BAD_WORD(8, 2, 0);
    BAD_WORD(8, 2, 10);
    BAD_WORD(8, 5, 3);
    BAD_WORD(9, 0, 1);
    BAD_WORD(9, 0, 3);
    BAD_WORD(9, 0, UINT64_MAX);
    BAD_WORD(11, 1, 21);
}

static void bad_tags_and_badges(void)
{
    for (unsigned method = 0; method <= 12; method++) {
        BAD_TAG(method, 0x40, E_BAD_ARG);
        BAD_TAG(method, 1u << TAG_KIND_SHIFT, E_BAD_ARG);
        BAD_TAG(method, 1u << 31, E_BAD_ARG);
        BAD_TAG(method, 1, E_BAD_ARG);
        BAD_TAG(method, 5u << TAG_CAPS_SHIFT, E_BAD_ARG);
        BAD_LABEL(method, 100 << 8 | SAMPLE_METHODS);
        BAD_LABEL(method, 99 << 8 | method);
        BAD_LABEL(method, 101 << 8);
        BAD_LABEL(method, UINT32_MAX);
        BAD_LABEL(method, 100 << 8 | 13); /* put, which goes through the queue */
        BAD_BADGE(method, 1ull << (32 + method), E_NO_RIGHT);
        BAD_BADGE(method, 1ull << 24, E_BAD_CALL);
        BAD_BADGE(method, 1ull << 31, E_BAD_CALL);
    }
    /* Capabilities that nobody asked for go where they came from. */
    task_buffer()->send_caps[0] = 100;
    BAD_TAG(1, 1u << TAG_CAPS_SHIFT, E_BAD_ARG);
    /* One that is missing. */
    BAD_TAG(9, 7u << TAG_CAPS_SHIFT, E_BAD_ARG);
}

void test_requests(void)
{
    unsigned handled = world.handled;

    bad_scalars();
    bad_tails();
    bad_tags_and_badges();
    CHECK(world.handled == handled && broken == 0);
}

/* ---- answers that come later */

static void answer_and_see(uint64_t reply, uint32_t number)
{
    sample_answer_later(reply, E_OK, number, "late");
    CHECK(world.later.tag == msg_tag(E_OK, 0, 0) && world.later.w[0] == number);
    CHECK(world.later.w[1] == 4 && world.later.w[2] == 0x6574616c);
}

void test_later(void)
{
    uint64_t replies[TASK_REPLIES - 1];

    call_begin(&world.call);
    for (unsigned i = 0; i < TASK_REPLIES - 1; i++) {
        CHECK(call_good(10) != E_OK && !world.answered);
        replies[i] = kept_reply;
        CHECK(kept_reply == SLOT_REPLY + i && world.call.reply == SLOT_REPLY + i + 1);
    }
    CHECK(call_good(10) == E_BUSY && world.answered);
    CHECK(world.call.reply == SLOT_REPLY + TASK_REPLIES - 1);
    answer_and_see(replies[1], 42);
    CHECK(call_good(10) != E_BUSY && !world.answered && world.call.reply == replies[1]);
    CHECK(kept_reply == SLOT_REPLY + TASK_REPLIES - 1);
    sample_answer_later(kept_reply, E_CANCELED, 0, "");
    CHECK(msg_label(&world.later) == E_CANCELED);
    sample_answer_later(replies[0], E_OK, 1, "much too long a text");
    CHECK(msg_label(&world.later) == E_BAD_ANSWER);
    for (unsigned i = 2; i < TASK_REPLIES - 1; i++) {
        answer_and_see(replies[i], 41 + i);
    }
    CHECK(call_kept == 0);
}

/* ---- the fuzzer */

static uint64_t state = 88172645463325252ull;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* A value of the kind that breaks things. */
static uint64_t hostile(uint64_t old)
{
    switch (next_random() % 8) {
    case 0:
        return next_random();
    case 1:
        return next_random() % 16;
    case 2:
        return old + 1;
    case 3:
        return old - 1;
    case 4:
        return old ^ 1ull << next_random() % 64;
    case 5:
        return UINT64_MAX - next_random() % 8;
    case 6:
        return 1ull << next_random() % 64;
    default:
        return old & 0xffffffff;
    }
}

static void mutate(struct wire *wire)
{
    unsigned changes = (unsigned)(next_random() % 4);

    for (unsigned i = 0; i < changes; i++) {
        switch (next_random() % 8) {
        case 0:
            wire->tag ^= 1ull << next_random() % 42;
            break;
        case 1:
            wire->tag = (wire->tag & ~0x7full) | next_random() % 60;
            break;
        default: {
            uint64_t *word = &wire->words[next_random() % (next_random() % 2 ? 8 : 64)];
            *word = hostile(*word);
        }
        }
    }
}

void test_fuzz(void)
{
    unsigned good = 0, refused = 0;

    world_begin();
    for (unsigned i = 0; i < 400000; i++) {
        unsigned method = (unsigned)(next_random() % 13);
        bool is_request = next_random() % 2;
        int error;

        if (method == 10) {
            call_begin(&world.call); /* forget who is kept */
        }
        world.on_request = is_request ? mutate : NULL;
        world.on_answer = is_request ? NULL : mutate;
        error = call_good(method);
        good += error == E_OK;
        refused += error == E_BAD_ARG || error == E_BAD_CALL || error == E_BAD_ANSWER;
    }
    world.on_request = world.on_answer = NULL;
    CHECK(broken == 0);
    CHECK(good > 50000 && refused > 50000);
    printf("fuzz: %u good, %u refused\n", good, refused);
}
