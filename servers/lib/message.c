/*
 * message.c - bytes into and out of a message's words.
 * Packing is plain memory copying in two parts, registers and buffer: x86 is little-endian.
 */
#include <quoll/message.h>
#include <assert.h>
#include <string.h>

#define REG_BYTES (MSG_REG_WORDS * 8)
#define MSG_BYTES (MSG_MAX_WORDS * 8)

/* How many of @n bytes from byte @at on lie in registers. */
static size_t bytes_in_registers(size_t at, size_t n)
{
    size_t room = at < REG_BYTES ? REG_BYTES - at : 0;
    return n < room ? n : room;
}

/* Fill from byte @at with @n bytes of @bytes, or with zeros where that is null. */
static void msg_fill(struct msg *m, struct quoll_buffer *b, size_t at, const char *bytes, size_t n)
{
    static const char zeros[8];
    size_t head = bytes_in_registers(at, n);

    if (head)
        memcpy((char *)m->w + at, bytes ? bytes : zeros, head);
    if (n > head)
        memcpy((char *)b->words + (at + head - REG_BYTES), bytes ? bytes + head : zeros, n - head);
}

unsigned msg_put_bytes(struct msg *m, struct quoll_buffer *b, unsigned first, const void *bytes,
                       size_t n)
{
    size_t at = (size_t)first * 8, pad = -n % 8;

    assert(at <= MSG_BYTES && n <= MSG_BYTES - at);
    if (n == 0)
        return first;
    msg_fill(m, b, at, bytes, n);
    msg_fill(m, b, at + n, NULL, pad);
    return (unsigned)((at + n + pad) / 8);
}

unsigned msg_put_string(struct msg *m, struct quoll_buffer *b, unsigned first, const char *s,
                        size_t max)
{
    size_t n = strnlen(s, max);

    return n ? msg_put_bytes(m, b, first, s, n) : msg_put_bytes(m, b, first, "", 1);
}

size_t msg_get_bytes(const struct msg *m, const struct quoll_buffer *b, unsigned first, void *bytes,
                     size_t max)
{
    size_t at = (size_t)first * 8, end = (size_t)msg_words(m) * 8;
    size_t n, head;

    if (at >= end)
        return 0;
    n = end - at < max ? end - at : max;
    head = bytes_in_registers(at, n);
    if (head)
        memcpy(bytes, (const char *)m->w + at, head);
    if (n > head)
        memcpy((char *)bytes + head, (const char *)b->words + (at + head - REG_BYTES), n - head);
    return n;
}

size_t msg_get_string(const struct msg *m, const struct quoll_buffer *b, unsigned first, char *to,
                      size_t size)
{
    size_t n = msg_get_bytes(m, b, first, to, size - 1);

    n = strnlen(to, n);
    to[n] = '\0';
    return n;
}

uint64_t msg_get_word(const struct msg *m, const struct quoll_buffer *b, unsigned index)
{
    if (index >= msg_words(m))
        return 0;
    return index < MSG_REG_WORDS ? m->w[index] : b->words[index - MSG_REG_WORDS];
}
