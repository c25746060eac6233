/*
 * stage.h - the model's four threads, endpoint, notification and Replies as kernel objects. A
 * sequence of steps is performed from a clean stage, one at a time; after each, what every thread
 * has got and what it waits for is compared with the model. At the end the stage is cleared in a
 * way that shows what was still hidden: whom each Reply holds, who waits in which order, the bits.
 */
#ifndef STAGE_H
#define STAGE_H

#include "model.h"
#include "test.h"

#define STAGE_STEPS_MAX 12

struct stage_sequence {
    unsigned count;
    struct model_step step[STAGE_STEPS_MAX];
};

/** Make the threads, of these priorities, every second in an address space of its own if @spaces;
 *  @bound has the notification bound to it, or MODEL_NOBODY. In the lab that has just begun. */
bool stage_build(const uint8_t priorities[MODEL_THREADS], unsigned bound, bool spaces);

/** The model as the stage is before a sequence. */
void stage_model(struct model *m);

/** Step number @n of a sequence, for the model alone. */
void stage_model_step(struct model *m, struct model_step s, unsigned n);

/** Perform @s and compare after each step from number @compare_from on; a failure's text has the
 *  sequence in it. */
bool stage_perform(const struct stage_sequence *s, unsigned compare_from);

/** One action as text, "recv" or "suspend:B"; the next one in *@text, which is moved on. False: no
 *  more, or (with *@text at it) no such action. */
bool stage_next_action(const char **text, struct model_step *s);

/** "A.recv B.call C.suspend:B" into @s; false if it is none. */
bool stage_parse(const char *text, struct stage_sequence *s);

#endif
