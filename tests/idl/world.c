/*
 * world.c - the kernel of one call, and the server of sample.idl. Its functions note what they get,
 * look at every value once more, and give what the test says.
 */
#include "world.h"
#include <sys/mman.h>

struct world world;
struct sample_outer seen_outer, given_outer;
uint64_t seen[16], given;
char seen_text[2][64], given_text[2][64];
uint8_t seen_bytes[496], given_bytes[496];
size_t seen_count[3], given_count[3];
int given_error;
uint64_t kept_reply;
unsigned broken, passed, failed;

void check_that(bool ok, const char *what, int line)
{
    ok ? passed++ : failed++;
    if (!ok) {
        printf("FAILED: line %d: %s\n", line, what);
    }
}

void world_begin(void)
{
    static bool mapped;

    if (!mapped) {
        void *at = mmap((void *)TASK_BUFFER_VA, 4096, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        mapped = at == (void *)TASK_BUFFER_VA;
        CHECK(mapped);
    }
    memset(task_buffer(), 0, sizeof(*task_buffer()));
    memset(&world, 0, sizeof(world));
    call_begin(&world.call);
    given_error = E_OK;
    for (unsigned i = 100; i < 110; i++) {
        world.holds[i] = i + 1000; /* capabilities to send */
    }
}

static unsigned words_in(uint64_t tag)
{
    unsigned extra = (unsigned)(tag & TAG_WORDS_MASK);
    return MSG_REG_WORDS + (extra < MSG_EXTRA_MAX ? extra : MSG_EXTRA_MAX);
}

static void to_wire(struct wire *wire, const struct msg *m)
{
    wire->badge = m->badge;
    wire->tag = m->tag;
    for (unsigned i = 0; i < MSG_MAX_WORDS; i++) {
        wire->words[i] = i < words_in(m->tag) ? idl_word(m, i) : 0;
    }
}

/* What the message does not carry keeps what lay in the buffer before: rubbish. */
static void from_wire(struct msg *m, const struct wire *wire)
{
    m->badge = wire->badge;
    m->tag = wire->tag;
    for (unsigned i = 0; i < MSG_MAX_WORDS; i++) {
        idl_put_word(m, i, i < words_in(m->tag) ? wire->words[i] : 0xeeeeeeeeeeeeeeee);
    }
}

/* Capabilities travel; the tag says how many arrive. Returns it. */
static uint64_t move_caps(uint64_t tag)
{
    unsigned count = (unsigned)(tag & TAG_CAPS_MASK) >> TAG_CAPS_SHIFT;
    struct quoll_buffer *b = task_buffer();

    count = count < MSG_MAX_CAPS ? count : MSG_MAX_CAPS;
    if (count > b->recv_count) {
        count = 0;
    }
    for (unsigned i = 0; i < count; i++) {
        CHECK(world.holds[b->recv_slot + i] == 0);
        world.holds[b->recv_slot + i] = world.holds[b->send_caps[i] & 0xff];
    }
    return (tag & ~(uint64_t)TAG_CAPS_MASK) | (uint64_t)count << TAG_CAPS_SHIFT;
}

static void serve(struct msg *m)
{
    struct quoll_buffer *b = task_buffer();
    struct idl_arrivals client = {b->recv_slot, b->recv_count};

    m->badge = BADGE;
    to_wire(&world.request, m);
    if (world.on_request) {
        world.on_request(&world.request);
    }
    from_wire(&world.call.m, &world.request);
    b->recv_slot = SLOT_RECEIVE;
    b->recv_count = MSG_MAX_CAPS;
    world.call.m.tag = move_caps(world.call.m.tag);
    world.answered = sample_dispatch(&world.call);
    for (unsigned i = 0; i < MSG_MAX_CAPS; i++) {
        CHECK(world.holds[SLOT_RECEIVE + i] == 0);
    }
    to_wire(&world.answer, &world.call.m);
    if (world.on_answer) {
        world.on_answer(&world.answer);
    }
    from_wire(m, &world.answer);
    b->recv_slot = client.slot;
    b->recv_count = client.count;
    m->tag = move_caps(m->tag);
}

int64_t sys_raw(int64_t number, uint64_t rdi, uint64_t rbx, struct msg *m)
{
    (void)rbx;
    if (number == SYS_CALL && rdi == SLOT_CNODE) {
        CHECK(msg_label(m) == OP_CNODE_DELETE && m->w[0] < 256);
        world.holds[m->w[0] & 0xff] = 0;
        return E_OK;
    }
    if (number == SYS_REPLY) {
        world.later = *m;
        return E_OK;
    }
    CHECK(number == SYS_CALL || number == SYS_SEND);
    if (world.failures) {
        world.failures--;
        *m = (struct msg){0};
        return world.status;
    }
    world.calls++;
    serve(m);
    return E_OK;
}

/* ---- the server's functions */

static int handled(bool ok)
{
    world.handled++;
    broken += !ok;
    return given_error;
}

static bool is_level(enum sample_level level)
{
    return level == SAMPLE_LEVEL_LOW || level == SAMPLE_LEVEL_MIDDLE || level == SAMPLE_LEVEL_HIGH;
}

static bool inner_is_good(const struct sample_inner *inner)
{
    return *(const uint8_t *)&inner->yes <= 1 && inner->tint <= SAMPLE_COLOR_BLUE;
}

int sample_serve_nothing(struct call *call)
{
    CHECK(call_session(call) == 7);
    return handled(true);
}

int sample_serve_integers(struct call *call, uint8_t a, int16_t b, uint16_t c, int32_t d,
                          uint32_t e, int64_t f, uint64_t *result)
{
    (void)call;
    memcpy(seen, (uint64_t[]){a, (uint64_t)b, c, (uint64_t)d, e, (uint64_t)f}, 48);
    *result = given;
    return handled(true);
}

int sample_serve_choices(struct call *call, bool yes, enum sample_color tint,
                         enum sample_level height, uint8_t ten, int16_t small, uint64_t large,
                         enum sample_color *result, bool *no, enum sample_level *depth,
                         uint8_t *twenty, int16_t *negative)
{
    (void)call;
    memcpy(seen, (uint64_t[]){yes, tint, height, ten, (uint64_t)small, large}, 48);
    *result = SAMPLE_COLOR_GREEN;
    *no = true;
    *depth = SAMPLE_LEVEL_HIGH;
    *twenty = 20;
    *negative = -7;
    return handled(tint <= SAMPLE_COLOR_BLUE && is_level(height) && ten >= 10 && ten <= 20 &&
                   small >= -5 && small <= 5 && large >= 0xfffffffffffffff0 &&
                   large <= 0xfffffffffffffff8);
}

int sample_serve_many(struct call *call, const int16_t one[3], const int16_t two[3],
                      const int16_t three[3], int16_t result[3], uint8_t mac[6], int16_t four[3],
                      int16_t five[3])
{
    (void)call;
    for (unsigned i = 0; i < 3; i++) {
        seen[i] = (uint64_t)one[i];
        seen[3 + i] = (uint64_t)two[i];
        seen[6 + i] = (uint64_t)three[i];
        result[i] = (int16_t)(one[i] - 1);
        four[i] = two[i];
        five[i] = three[i];
    }
    memcpy(mac, "\1\2\3\4\5\6", 6);
    return handled(true);
}

int sample_serve_mirror(struct call *call, const struct sample_outer *what,
                        struct sample_outer *result)
{
    bool ok = what->offset_mm >= -5 && what->offset_mm <= 5 && strnlen(what->title, 12) < 12 &&
              inner_is_good(&what->nested) && what->few_count <= 5 && what->pairs_count <= 2 &&
              is_level(what->height);

    (void)call;
    for (unsigned i = 0; ok && i < what->pairs_count; i++) {
        ok = inner_is_good(&what->pairs[i]);
    }
    seen_outer = *what;
    *result = given_outer;
    return handled(ok);
}

int sample_serve_names(struct call *call, const char *first, const char *second, char result[12],
                       char third[41])
{
    (void)call;
    snprintf(seen_text[0], sizeof(seen_text[0]), "%s", first);
    snprintf(seen_text[1], sizeof(seen_text[1]), "%s", second);
    memcpy(result, given_text[0], 12);
    memcpy(third, given_text[1], 41);
    return handled(strlen(first) <= 11 && strlen(second) <= 40);
}

int sample_serve_octets(struct call *call, const uint8_t *data, size_t data_count,
                        const uint16_t *numbers, size_t numbers_count, uint8_t *result,
                        size_t *result_count, uint16_t *reversed, size_t *reversed_count)
{
    (void)call;
    seen_count[0] = data_count;
    seen_count[1] = numbers_count;
    if (data_count > 100 || numbers_count > 7) {
        return handled(false);
    }
    memcpy(seen_bytes, data, data_count);
    memcpy(result, given_bytes, 100);
    *result_count = given_count[0];
    for (size_t i = 0; i < numbers_count; i++) {
        seen[i] = numbers[i];
        reversed[i] = numbers[numbers_count - 1 - i];
    }
    *reversed_count = numbers_count;
    return handled(true);
}

int sample_serve_longest(struct call *call, const uint8_t *data, size_t data_count, bool wait,
                         uint8_t *result, size_t *result_count)
{
    (void)call;
    (void)wait;
    if (data_count > 496) {
        return handled(false);
    }
    memcpy(seen_bytes, data, data_count);
    memcpy(result, data, data_count);
    *result_count = data_count;
    return handled(true);
}

int sample_serve_limits(struct call *call, const uint8_t *digits, size_t digits_count,
                        const enum sample_color *tints, size_t tints_count,
                        enum sample_color *flags, size_t *flags_count)
{
    bool ok = digits_count <= 3 && tints_count <= 4;

    (void)call;
    for (size_t i = 0; ok && i < digits_count; i++) {
        ok = digits[i] >= 1 && digits[i] <= 9;
    }
    for (size_t i = 0; ok && i < tints_count; i++) {
        ok = tints[i] <= SAMPLE_COLOR_BLUE;
        flags[i] = tints[i];
    }
    *flags_count = ok ? tints_count : 0;
    return handled(ok);
}

int sample_serve_caps(struct call *call, uint64_t first, uint64_t second, const uint64_t *rest,
                      size_t rest_count, uint64_t *result, uint32_t *count, uint64_t *more,
                      size_t *more_count)
{
    bool ok = rest_count <= 2 && first == SLOT_RECEIVE && second == SLOT_RECEIVE + 1;

    (void)call;
    seen[0] = world.holds[first];
    seen[1] = world.holds[second];
    for (size_t i = 0; ok && i < rest_count; i++) {
        seen[2 + i] = world.holds[rest[i]];
        ok = rest[i] == SLOT_RECEIVE + 2 + i;
    }
    *result = 105;
    *count = (uint32_t)rest_count;
    for (size_t i = 0; i < 3; i++) {
        more[i] = 106 + i;
    }
    *more_count = given_count[0];
    return handled(ok);
}

int sample_serve_later(struct call *call, uint32_t number, uint32_t *result, char text[12])
{
    int error = call_keep(call, &kept_reply);

    (void)text;
    *result = number;
    handled(true);
    return error;
}

int sample_serve_tell(struct call *call, uint32_t number, const char *text)
{
    (void)call;
    seen[0] = number;
    snprintf(seen_text[0], sizeof(seen_text[0]), "%s", text);
    return handled(strlen(text) <= 20);
}

int sample_serve_foreign(struct call *call, const struct quoll_common_pair *pair,
                         enum quoll_common_kind *result)
{
    (void)call;
    seen[0] = pair->left;
    *result = pair->right;
    return handled(pair->right <= QUOLL_COMMON_KIND_TWO);
}

int main(int argc, char **argv)
{
    world_begin();
    if (argc > 1 && strcmp(argv[1], "text") == 0) {
        test_text();
        return failed != 0;
    }
    test_round_trips();
    test_requests();
    test_answers();
    test_later();
    test_queue();
    test_fuzz();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
