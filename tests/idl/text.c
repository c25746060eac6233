/*
 * text.c - messages and interfaces as text: every method of sample.idl, messages that end too soon,
 * messages that lie. The output is compared with text.expected.
 */
#include "world.h"
#include <idl/sample_desc.h>

static const struct idl_interface *const all[] = {&sample_desc};
static const struct idl_table table = {all, 1};
static char line[400];

static unsigned count_of(const struct wire *wire)
{
    return MSG_REG_WORDS + (unsigned)(wire->tag & TAG_WORDS_MASK);
}

static void show_request(const struct wire *wire, unsigned count)
{
    size_t n = idl_decode(&table, (uint32_t)(wire->tag >> TAG_LABEL_SHIFT), wire->words, count,
                          line, sizeof(line));

    CHECK(n == strlen(line));
    puts(line);
}

static void show_answer(uint32_t label, uint32_t error, const uint64_t *words, unsigned count)
{
    size_t n = idl_decode_answer(&table, label, error, words, count, line, sizeof(line));

    CHECK(n == strlen(line));
    puts(line);
}

static void show_methods(void)
{
    for (unsigned method = 0; method <= 12; method++) {
        (void)call_good(method);
        show_request(&world.request, count_of(&world.request));
        if (!world.answered) {
            continue;
        }
        show_answer((uint32_t)(world.request.tag >> TAG_LABEL_SHIFT), 0, world.answer.words,
                    count_of(&world.answer));
    }
}

static void show_what_is_wrong(void)
{
    struct wire wire;

    puts("-- cut off");
    (void)call_good(4);
    for (unsigned count = 0; count <= 24; count += 4) {
        show_request(&world.request, count);
    }
    puts("-- lies");
    wire = world.request;
    wire.words[0] = 77;
    wire.words[3] = 9;
    wire.words[10] = 1000;
    show_request(&wire, count_of(&wire));
    wire.words[1] = UINT64_MAX;
    show_request(&wire, count_of(&wire));
    (void)call_good(5);
    wire = world.request;
    wire.words[2] = 0x7f225c0a41;
    show_request(&wire, count_of(&wire));
    puts("-- labels");
    wire.tag = (100ull << 8 | 17) << TAG_LABEL_SHIFT;
    show_request(&wire, 6);
    wire.tag = 99ull << 40;
    show_request(&wire, 6);
    wire.tag = (100ull << 8 | 13) << TAG_LABEL_SHIFT;
    show_request(&wire, 6);
    show_answer(100 << 8, 11, NULL, 0);
    show_answer(100 << 8, 32, NULL, 0);
    show_answer(100 << 8, 0x80000000, NULL, 0);
}

/* Text is never written past its room. */
static void small_rooms(void)
{
    (void)call_good(4);
    for (size_t size = 1; size < 60; size++) {
        memset(line, 'x', sizeof(line));
        CHECK(idl_decode(&table, SAMPLE_LABEL_MIRROR, world.request.words, 24, line, size) ==
              size - 1);
        CHECK(line[size - 1] == '\0' && line[size] == 'x');
    }
}

static void random_words(void)
{
    uint64_t words[MSG_MAX_WORDS], x = 1;

    for (unsigned i = 0; i < 200000; i++) {
        for (unsigned w = 0; w < MSG_MAX_WORDS; w++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            words[w] = x >> (x >> 58);
        }
        (void)idl_decode(&table, SAMPLE_INTERFACE << 8 | i % 18, words, i % 65, line, i % 400 + 1);
        CHECK(strlen(line) <= i % 400);
        (void)idl_decode_answer(&table, SAMPLE_INTERFACE << 8 | i % 18, 0, words, i % 65, line,
                                400);
    }
}

void test_text(void)
{
    show_methods();
    show_what_is_wrong();
    puts("-- description");
    for (unsigned i = 0; idl_describe(&sample_desc, i, line, sizeof(line)) != 0; i++) {
        puts(line);
    }
    CHECK(strcmp(idl_enum_text(&sample_color_desc, 1), "green") == 0);
    CHECK(strcmp(idl_enum_text(&sample_level_desc, 1), "?") == 0);
    CHECK(idl_find(&table, 100) == &sample_desc && idl_find(&table, 1) == NULL);
    small_rooms();
    random_words();
}
