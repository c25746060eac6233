/*
 * message.h - the parts of a message transfer.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <object/object.h>

/** May @from send a message with @tag? The capabilities that it names must be
 *  there and copyable. Errors: BAD_ARG, NOBUF, BAD_CAP, BAD_TYPE, LIMIT. */
int message_check(const struct thread *from, uint64_t tag);

/** @from's message, as its registers and buffer hold it, becomes @to's received message.
 *  Capabilities travel only if @grant. Error: NOBUF, nothing changed. */
int message_copy(struct thread *from, struct thread *to, uint64_t badge, bool grant);

/** Write @to's received message; the other output registers become zero. */
void message_put(struct thread *to, uint64_t badge, uint64_t tag, const uint64_t w[MSG_REG_WORDS]);

/** Words 0 to 5 out of @from's registers. */
void message_words(struct thread *from, uint64_t w[MSG_REG_WORDS]);

#endif
