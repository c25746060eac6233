/*
 * model.h - what docs/ipc.md says, as a program: four threads, one endpoint, one notification, a
 * Reply for each thread. It knows nothing of the kernel; orderings.c compares the two.
 */
#ifndef MODEL_H
#define MODEL_H

#include <quoll/abi.h>
#include <stdbool.h>

#define MODEL_THREADS 4
#define MODEL_NOBODY  MODEL_THREADS

/* What a thread can do; those from M_ANSWER_FOR on have a target. */
enum model_op {
    M_CALL,
    M_SEND,
    M_RECV,       /* with its own Reply */
    M_RECV_PLAIN, /* with none */
    M_ANSWER,     /* its own Reply, label 0 */
    M_REFUSE,     /* its own Reply, label 1 */
    M_ANSWER_RECV,
    M_SIGNAL,
    M_WAIT,
    M_POLL,
    M_FAULT, /* at an address where nothing is, again and again */
    M_CANCEL_CALLS,
    M_KILL_ENDPOINT,
    M_KILL_NOTIFICATION,
    M_ANSWER_FOR, /* another's Reply */
    M_SUSPEND,
    M_RESUME,
    M_CANCEL,
    M_CANCEL_BADGE, /* the calls of one badge */
    M_KILL_REPLY,
    M_KILL_THREAD,
    M_OPS
};

struct model_step {
    uint8_t thread, op, target;
};

enum model_state {
    M_FREE, /* waits for nothing, or for its next order */
    M_QUEUED,
    M_CALLING,
    M_RECEIVING,
    M_RECEIVING_PLAIN,
    M_WAITING,
    M_FAULT_QUEUED,
    M_FAULTED,
    M_WILL_FAULT, /* as soon as it runs */
    M_STOPPED,
    M_DEAD
};

struct model_result {
    uint64_t badge, tag, word;
    int status;
};

struct model_thread {
    uint8_t state;
    bool suspended;
    bool ordered; /* its order's result has not come out */
    bool ended;   /* but is there, and comes out when it is resumed */
    struct model_result result;
    uint64_t tag, word; /* of its call */
};

/* Threads that wait for the same, the first first. */
struct model_queue {
    uint8_t count, thread[MODEL_THREADS];
};

struct model {
    struct model_thread t[MODEL_THREADS];
    struct model_queue callers, receivers, waiters;
    uint8_t holds[MODEL_THREADS]; /* each Reply */
    bool reply_dead[MODEL_THREADS];
    bool endpoint_dead, notification_dead;
    uint8_t bound; /* the thread that the notification is bound to */
    uint64_t bits;
};

/* What thread i's capabilities say. */
#define MODEL_BADGE(i)       ((uint64_t)(i) + 1)
#define MODEL_FAULT_BADGE(i) ((uint64_t)(i) + 0x21)
#define MODEL_BIT(i)         (1ull << (i))
#define MODEL_FAULT_VA       0x1000ull

void model_init(struct model *m, uint8_t bound);

/** May thread @i be given an order? */
bool model_can_move(const struct model *m, unsigned i);

/** Thread @s->thread does @s; @tag and @word are those of its message. */
void model_step(struct model *m, struct model_step s, uint64_t tag, uint64_t word);

/** The supervisor's own: answer Reply @i, send, signal @bits, resume, receive without a Reply. */
void model_answer(struct model *m, unsigned i, uint64_t tag, uint64_t word);
int model_send(struct model *m, uint64_t badge, uint64_t tag, uint64_t word);
void model_signal(struct model *m, uint64_t bits);
void model_resume(struct model *m, unsigned i);
struct model_result model_receive_plain(struct model *m);

/** A number that is the same for states that can't be told apart from here on, but for which
 *  thread is which; thread @fixed, or MODEL_NOBODY, is itself. */
uint64_t model_hash(const struct model *m, unsigned fixed);

#endif
