/*
 * message.h - payloads in messages: words 0-5 lie in registers, 6-63 in the IPC buffer, and bytes
 * are packed eight a word, little-endian, the last word filled up with zeros (proto.h).
 * Used by clients, servers and drivers. @b is the thread's own buffer, task_buffer() but in tests.
 */
#ifndef QUOLL_MESSAGE_H
#define QUOLL_MESSAGE_H

#include <stddef.h>
#include <quoll/sys.h>
#include <quoll/task.h>

/** This task's first thread's IPC buffer. */
static inline struct quoll_buffer *task_buffer(void)
{
    return (struct quoll_buffer *)TASK_BUFFER_VA;
}

/** Pack @n bytes from word @first on; they must fit (first * 8 + n <= 512, asserted).
 *  Returns the words the message has in all, for msg_tag_words. */
unsigned msg_put_bytes(struct msg *m, struct quoll_buffer *b, unsigned first, const void *bytes,
                       size_t n);

/** The same for a string without its NUL, cut off at @max bytes; at least one word is written,
 *  so that a receiver finds an end even of an empty string. */
unsigned msg_put_string(struct msg *m, struct quoll_buffer *b, unsigned first, const char *s,
                        size_t max);

/** Unpack up to @max bytes from word @first on. Returns how many there were: never more than the
 *  message carries, so nothing stale is read from the buffer. */
size_t msg_get_bytes(const struct msg *m, const struct quoll_buffer *b, unsigned first, void *bytes,
                     size_t max);

/** Unpack a string that ends at its first NUL or with the message into @to of @size bytes
 *  (at least 1); always NUL-terminated, cut off if longer. Returns its length. */
size_t msg_get_string(const struct msg *m, const struct quoll_buffer *b, unsigned first, char *to,
                      size_t size);

/** Word @index of a received message; 0 past its end. */
uint64_t msg_get_word(const struct msg *m, const struct quoll_buffer *b, unsigned index);

/** The tag of a message of @words words in all (0 to 64) with @label and @caps capabilities. */
static inline uint64_t msg_tag_words(uint32_t label, unsigned words, unsigned caps)
{
    return msg_tag(label, words > MSG_REG_WORDS ? words - MSG_REG_WORDS : 0, caps);
}

/** How many words the received @m carries: at least the six of the registers. */
static inline unsigned msg_words(const struct msg *m)
{
    unsigned extra = msg_extra(m);
    return MSG_REG_WORDS + (extra > MSG_EXTRA_MAX ? MSG_EXTRA_MAX : extra);
}

#endif
