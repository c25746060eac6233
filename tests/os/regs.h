/*
 * regs.h - tests of what user level sees in its registers after the kernel.
 */
#ifndef REGS_H
#define REGS_H

#include "test.h"

#define PATTERN     0x5a5a5a5a5a5a5a5aull
#define FLAGS_CLEAN 0x202ull /* interrupts on, and the bit that is always 1 */

extern const uint64_t all_pattern[MSG_REG_WORDS];

/** A system call of @p with every register full of PATTERN but its number, its handles and rsi. */
void call_full(struct puppet *p, int64_t number, uint64_t rdi, uint64_t rbx);

/** After @call every register of @p is 0 but the status, rdi, the tag, the six @words (NULL: 0),
 *  rsp as it was, rcx in its code and r11 with clean flags. */
bool check(const struct puppet *p, const char *call, uint64_t rdi, uint64_t tag,
           const uint64_t *words);

#endif
