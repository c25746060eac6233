/*
 * calls.c - a good call of each method of sample.idl, and what becomes of it: each value arrives
 * as it was sent, each answer comes back as it was given.
 */
#include "world.h"

static struct sample_outer outer_of(int32_t offset)
{
    struct sample_outer o = {.offset_mm = offset,
                             .title = "elevenchars",
                             .nested = {true, SAMPLE_COLOR_BLUE, {-1, 0, 32767}},
                             .mac = {1, 2, 3, 4, 5, 0xff},
                             .few_count = 3,
                             .few = {7, 8, 9},
                             .pairs_count = 2,
                             .height = SAMPLE_LEVEL_HIGH};

    o.pairs[0] = (struct sample_inner){false, SAMPLE_COLOR_RED, {-32768, 1, 2}};
    o.pairs[1] = (struct sample_inner){true, SAMPLE_COLOR_GREEN, {3, 4, 5}};
    return o;
}

/* Outputs, all in one place so that a test sees what was written. */
static struct {
    uint64_t number;
    enum sample_color color, colors[4];
    bool no;
    enum sample_level level;
    uint8_t octet, mac[6], bytes[496];
    int16_t negative, triples[3][3];
    struct sample_outer outer;
    char texts[2][64];
    uint16_t numbers[7];
    size_t counts[2];
    uint32_t word;
    enum quoll_common_kind kind;
} out;

static int call_small(unsigned method)
{
    static const int16_t one[3] = {1, 2, 3}, two[3] = {-4, -5, -6}, three[3] = {7, 8, 9};

    switch (method) {
    case 0:
        return sample_call_nothing(50);
    case 1:
        return sample_call_integers(50, 255, -32768, 65535, INT32_MIN, UINT32_MAX, INT64_MIN,
                                    &out.number);
    case 2:
        return sample_call_choices(50, true, SAMPLE_COLOR_BLUE, SAMPLE_LEVEL_MIDDLE, 10, -5,
                                   0xfffffffffffffff8, &out.color, &out.no, &out.level, &out.octet,
                                   &out.negative);
    case 3:
        return sample_call_many(50, one, two, three, out.triples[0], out.mac, out.triples[1],
                                out.triples[2]);
    case 4: {
        struct sample_outer what = outer_of(-5);
        return sample_call_mirror(50, &what, &out.outer);
    }
    default:
        return sample_call_names(50, "first", "the second, which is longer", out.texts[0],
                                 out.texts[1]);
    }
}

static int call_large(unsigned method)
{
    static const uint16_t numbers[7] = {1, 2, 65535};
    static const uint8_t digits[3] = {1, 5, 9};
    static const enum sample_color tints[4] = {SAMPLE_COLOR_BLUE, SAMPLE_COLOR_RED};
    static const uint64_t rest[2] = {102, 103};
    uint8_t data[496];

    for (unsigned i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 7 + 1);
    }
    switch (method) {
    case 6:
        return sample_call_octets(50, data, 13, numbers, 3, out.bytes, 100, &out.counts[0],
                                  out.numbers, 7, &out.counts[1]);
    case 7:
        return sample_call_longest(50, data, 496, true, out.bytes, 496, &out.counts[0]);
    case 8:
        return sample_call_limits(50, digits, 3, tints, 2, out.colors, 4, &out.counts[0]);
    case 9:
        return sample_call_caps(50, CLIENT_SLOTS, 100, 101, rest, 2, &out.word, &out.counts[0]);
    case 10:
        return sample_call_later(50, 77, &out.word, out.texts[0]);
    case 11:
        return sample_send_tell(50, 5, "told");
    default: {
        const struct quoll_common_pair pair = {1ull << 63, QUOLL_COMMON_KIND_TWO};
        return sample_call_foreign(50, &pair, &out.kind);
    }
    }
}

static void give(void)
{
    given = 0x123456789abcdef0;
    given_outer = outer_of(5);
    strcpy(given_text[0], "answer");
    strcpy(given_text[1], "forty characters are what fits in here!!");
    given_count[0] = 3;
    memcpy(given_bytes, "abc", 3);
    for (unsigned i = 0; i < 4; i++) {
        world.holds[CLIENT_SLOTS + i] = 0;
    }
}

int call_good(unsigned method)
{
    give();
    return method < 6 ? call_small(method) : call_large(method);
}

static void small_round_trips(void)
{
    static const int16_t four[3] = {-4, -5, -6};
    struct sample_outer sent = outer_of(-5);

    CHECK(call_good(0) == E_OK && world.handled == 1);
    CHECK(call_good(1) == E_OK && out.number == given && seen[0] == 255);
    CHECK((int64_t)seen[1] == -32768 && seen[2] == 65535 && (int64_t)seen[3] == INT32_MIN);
    CHECK(seen[4] == UINT32_MAX && (int64_t)seen[5] == INT64_MIN);
    CHECK(call_good(2) == E_OK && seen[0] == 1 && seen[1] == 2 && seen[2] == 4 && seen[3] == 10);
    CHECK((int64_t)seen[4] == -5 && seen[5] == 0xfffffffffffffff8);
    CHECK(out.color == SAMPLE_COLOR_GREEN && out.no && out.level == SAMPLE_LEVEL_HIGH);
    CHECK(out.octet == 20 && out.negative == -7);
    CHECK(call_good(3) == E_OK && (int64_t)seen[5] == -6 && seen[8] == 9);
    CHECK(out.triples[0][2] == 2 && memcmp(out.mac, "\1\2\3\4\5\6", 6) == 0);
    CHECK(memcmp(out.triples[1], four, sizeof(four)) == 0 && out.triples[2][0] == 7);
    CHECK(call_good(4) == E_OK && seen_outer.offset_mm == -5 && out.outer.offset_mm == 5);
    CHECK(strcmp(seen_outer.title, sent.title) == 0 && seen_outer.few[2] == 9);
    CHECK(seen_outer.pairs[0].three[0] == -32768 && seen_outer.pairs[1].yes);
    CHECK(memcmp(out.outer.mac, sent.mac, 6) == 0 && out.outer.height == SAMPLE_LEVEL_HIGH);
    CHECK(out.outer.pairs_count == 2 && out.outer.pairs[1].three[2] == 5);
    CHECK(call_good(5) == E_OK && strcmp(seen_text[0], "first") == 0);
    CHECK(strcmp(seen_text[1], "the second, which is longer") == 0);
    CHECK(strcmp(out.texts[0], "answer") == 0 && strcmp(out.texts[1], given_text[1]) == 0);
}

static void large_round_trips(void)
{
    CHECK(call_good(6) == E_OK && seen_count[0] == 13 && seen_count[1] == 3 &&
          seen_bytes[12] == 85);
    CHECK(seen[2] == 65535 && out.counts[0] == 3 && memcmp(out.bytes, "abc", 3) == 0);
    CHECK(out.counts[1] == 3 && out.numbers[0] == 65535 && out.numbers[2] == 1);
    CHECK(call_good(7) == E_OK && out.counts[0] == 496 && out.bytes[495] == seen_bytes[495]);
    CHECK(out.bytes[495] == (uint8_t)(495 * 7 + 1));
    CHECK(call_good(8) == E_OK && out.counts[0] == 2 && out.colors[0] == SAMPLE_COLOR_BLUE);
    CHECK(call_good(9) == E_OK && out.word == 2 && out.counts[0] == 3);
    CHECK(seen[0] == 1100 && seen[1] == 1101 && seen[2] == 1102 && seen[3] == 1103);
    CHECK(world.holds[CLIENT_SLOTS] == 1105 && world.holds[CLIENT_SLOTS + 3] == 1108);
    CHECK(call_good(11) == E_OK && seen[0] == 5 && strcmp(seen_text[0], "told") == 0);
    CHECK(call_good(12) == E_OK && seen[0] == 1ull << 63 && out.kind == QUOLL_COMMON_KIND_TWO);
}

/* What is too long is refused before anything is sent. */
static void refused_by_the_stub(void)
{
    struct sample_outer what = outer_of(0);
    uint8_t data[600] = {0};
    unsigned calls = world.calls;

    CHECK(sample_call_names(50, "twelve chars", "", out.texts[0], out.texts[1]) == E_BAD_ARG);
    CHECK(sample_call_longest(50, data, 497, true, data, 496, out.counts) == E_BAD_ARG);
    what.few_count = 6;
    CHECK(sample_call_mirror(50, &what, &out.outer) == E_BAD_ARG);
    what.few_count = 5;
    memset(what.title, 'x', sizeof(what.title));
    CHECK(sample_call_mirror(50, &what, &out.outer) == E_BAD_ARG);
    CHECK(sample_call_caps(50, 200, 100, 101, seen, 3, &out.word, out.counts) == E_BAD_ARG);
    CHECK(world.calls == calls);
}

/* The server gives what does not fit: the client hears of it, and gets nothing. */
static void too_much_to_answer(void)
{
    uint16_t numbers[7];

    give();
    given_count[0] = 101;
    CHECK(sample_call_octets(50, NULL, 0, NULL, 0, out.bytes, 100, out.counts, numbers, 7,
                             &out.counts[1]) == E_BAD_ANSWER);
    memset(given_text[0], 'x', 13);
    CHECK(sample_call_names(50, "", "", out.texts[0], out.texts[1]) == E_BAD_ANSWER);
    give();
    given_count[0] = 4;
    CHECK(sample_call_caps(50, 200, 100, 101, NULL, 0, &out.word, out.counts) == E_BAD_ANSWER);
    give();
    /* 3 octets come, there is room for 2 */
    out.bytes[2] = 0x5a;
    CHECK(sample_call_octets(50, NULL, 0, NULL, 0, out.bytes, 2, out.counts, numbers, 7,
                             &out.counts[1]) == E_BAD_ANSWER &&
          out.bytes[2] == 0x5a);
}

void test_round_trips(void)
{
    small_round_trips();
    large_round_trips();
    refused_by_the_stub();
    too_much_to_answer();
    CHECK(sample_call_nothing(50) == E_OK && broken == 0);
}

/* ---- answers that break the interface */

static struct {
    unsigned word;
    uint64_t value, tag_xor;
    bool has_word;
} spoil;

static void spoil_answer(struct wire *answer)
{
    answer->tag ^= spoil.tag_xor;
    if (spoil.has_word) {
        answer->words[spoil.word] = spoil.value;
    }
}

/* The stub says @error to the spoiled answer of @method, and has written nothing. */
static void expect_answer(unsigned method, int error, int line)
{
    static unsigned char before[sizeof(out)];

    memset(&out, 0, sizeof(out));
    out.word = 0xa5a5a5a5;
    memcpy(before, &out, sizeof(out));
    world.on_answer = spoil_answer;
    check_that(call_good(method) == error, "the answer is refused", line);
    check_that(memcmp(before, &out, sizeof(out)) == 0, "nothing is written", line);
    for (unsigned i = 0; i < MSG_MAX_CAPS; i++) {
        check_that(world.holds[CLIENT_SLOTS + i] == 0, "no capability stays", line);
    }
    world.on_answer = NULL;
}

static void bad_word(unsigned method, unsigned word, uint64_t value, int line)
{
    spoil.has_word = true;
    spoil.tag_xor = 0;
    spoil.word = word;
    spoil.value = value;
    expect_answer(method, E_BAD_ANSWER, line);
}
#define BAD_WORD(method, word, value) bad_word(method, word, value, __LINE__)

static void bad_tag(unsigned method, uint64_t change, int error, int line)
{
    spoil.has_word = false;
    spoil.tag_xor = change;
    expect_answer(method, error, line);
}
#define BAD_TAG(method, change, error) bad_tag(method, change, error, __LINE__)

static void bad_words(void)
{
    BAD_WORD(2, 0, 3); /* color */
    BAD_WORD(2, 1, 2); /* boolean */
    BAD_WORD(2, 2, 5); /* level */
    BAD_WORD(2, 2, 1ull << 32 | 3);
    BAD_WORD(2, 3, 9); /* tens */
    BAD_WORD(2, 3, 21);
    BAD_WORD(2, 4, 0x8000); /* short, not sign-extended */
    BAD_WORD(2, 4, 0xffff);
    BAD_WORD(3, 3, 1ull << 48); /* padding of six octets */
    BAD_WORD(4, 0, 6);          /* offset */
    BAD_WORD(4, 1, 12);         /* count of the title */
    BAD_WORD(4, 1, UINT64_MAX);
    BAD_WORD(4, 8, 6);           /* few */
    BAD_WORD(4, 9, 3);           /* pairs */
    BAD_WORD(4, 9, 1);           /* fits, but the message is longer */
    BAD_WORD(4, 11, 0);          /* a zero in the title */
    BAD_WORD(4, 13, 0x01000000); /* padding of few */
    BAD_WORD(4, 14, 2);          /* pairs[0].yes */
    BAD_WORD(4, 20, 3);          /* pairs[1].tint */
    BAD_WORD(5, 0, 12);
    BAD_WORD(6, 0, 101);
    BAD_WORD(6, 1, 8);
    BAD_WORD(6, 3, 0x10000); /* a number of 16 bits */
    BAD_WORD(8, 1, 3);       /* a color of a sequence */
    BAD_WORD(9, 1, 2);       /* not as many capabilities as it says */
    BAD_WORD(9, 1, 4);
    BAD_WORD(12, 0, 2);
}

static void bad_tags(void)
{
    const uint64_t label = 1ull << TAG_LABEL_SHIFT;

    for (unsigned method = 0; method <= 12; method++) {
        if (method == 10 || method == 11) {
            continue; /* answered later, and not at all */
        }
        BAD_TAG(method, 1, E_BAD_ANSWER);
        BAD_TAG(method, 0x40, E_BAD_ANSWER);
        BAD_TAG(method, 1u << TAG_KIND_SHIFT, E_BAD_ANSWER);
        BAD_TAG(method, 1u << 31, E_BAD_ANSWER);
        BAD_TAG(method, 31 * label, E_BAD_ANSWER);  /* between the tables */
        BAD_TAG(method, 999 * label, E_BAD_ANSWER); /* behind them */
        BAD_TAG(method, label << 31, E_BAD_ANSWER);
    }
    BAD_TAG(1, E_GONE * label, E_GONE);
    BAD_TAG(1, E_NOT_FOUND * label, E_NOT_FOUND);
    BAD_TAG(9, 4u << TAG_CAPS_SHIFT, E_BAD_ANSWER); /* four capabilities become none */
    BAD_TAG(9, 7u << TAG_CAPS_SHIFT, E_BAD_ANSWER); /* or three */
    BAD_TAG(7, E_BUSY * label, E_BAD_ANSWER);       /* an error with a long message */
}

/* A server that dies: an @idempotent method is called again, twice. */
static void dead_servers(void)
{
    static const struct {
        unsigned method, failures;
        int status, result;
        unsigned calls;
    } rows[] = {
        {2, 1, E_DEAD, E_OK, 1},   {2, 2, E_DEAD, E_OK, 1},   {2, 3, E_DEAD, E_DEAD, 0},
        {2, 1, E_GONE, E_GONE, 0}, {1, 1, E_DEAD, E_DEAD, 0}, {9, 1, E_DEAD, E_DEAD, 0},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned calls = world.calls;
        world.failures = rows[i].failures;
        world.status = rows[i].status;
        CHECK(call_good(rows[i].method) == rows[i].result);
        CHECK(world.calls - calls == rows[i].calls && world.failures == 0);
    }
}

void test_answers(void)
{
    task_buffer()->recv_slot = 250; /* where the client expects what nobody asked for */
    bad_words();
    bad_tags();
    dead_servers();
    given_error = E_NO_MEMORY;
    CHECK(call_good(4) == E_NO_MEMORY && call_good(9) == E_NO_MEMORY);
    given_error = 12345;
    CHECK(call_good(1) == E_BAD_ANSWER);
    given_error = E_OK;
    CHECK(task_buffer()->recv_slot == 250 && task_buffer()->recv_count == 0);
    CHECK(broken == 0);
}
