/*
 * death.pml - rules 1 to 9: a driver dies before any of its steps, up to DEATHS times; each request
 * is accepted exactly once, and nothing reaches a buffer that its client has reused.
 * -DLIAR: the first instance writes anything into D at any time instead (a hostile driver).
 * Left out one by one, each of these must make the model fail:
 *   NO_ACK    devman waits for the client's acknowledgement
 *   NO_CLEAR  an accepting client clears req.seq before it reuses the buffer
 *   NO_QUIET  the device is quiet before anything is issued again
 *   ACK_EARLY the client accepts what D shows before it acknowledges
 *   SEQ_FIRST done.seq is stored last
 *   NO_HOLD   a FLUSH holds back what follows it
 *   FORGIVE   (with LIAR) the client believes D only about what is outstanding
 * Every access to a shared word is a step. Waiting is a guard: that no wake-up is lost is shown by
 * sleep.pml. Memory is sequentially consistent: the only loads that must not pass an own store are
 * those of rule 6, and a dead driver's stores have all drained, as its CPU has been in the kernel.
 */
#ifndef REQUESTS
#define REQUESTS 3
#endif
#ifndef DEATHS
#define DEATHS 2
#endif
#define FLUSH 2 /* this number is one */
#define SLOTS 2

#define UP 1
#define RESTARTING 0
#define SLOT(n) ((n) % SLOTS)
/* The highest number below `next` in slot s; 0 or less: none. */
#define SEQ_OF(next, s) (next - 1 - (next - 1 + SLOTS - s) % SLOTS)

/* C */
byte req[SLOTS], content[SLOTS], c_next, ack;
/* D */
byte done[SLOTS], status[SLOTS];
/* M: epoch and state are one word */
byte epoch = 1, state = UP, m_next = 1, reissue[SLOTS];

/* What an observer knows. */
byte buffer_of[SLOTS];         /* whose the buffer is */
byte dma[SLOTS];               /* what the device was told to do to it */
byte stray[SLOTS];             /* the same, by an instance that is dead */
bool accepted[REQUESTS + 1], executed[REQUESTS + 1];
byte alive = 1;                /* the instance that runs, 0: none */
bool finished;                 /* the client has all it wanted, and looks no more */

/* The device works on a buffer some time after it was told to. */
#define DEVICE(order) \
    atomic { \
        order[0] != 0 -> assert(buffer_of[0] == order[0]); executed[order[0]] = true; order[0] = 0 \
    } \
    :: atomic { \
        order[1] != 0 -> assert(buffer_of[1] == order[1]); executed[order[1]] = true; order[1] = 0 \
    }

active proctype device()
{
end:
    do
    :: DEVICE(dma)
    :: DEVICE(stray)
    od
}

/* One step of the instance `me`, unless it is dead. */
#define STEP(x) \
    if \
    :: atomic { alive == me -> x } \
    :: alive != me -> goto dead \
    fi

/* May the driver take n now, and does C show it? */
#define MAY(n) \
    (alive == me && !flushing && (n != FLUSH || (!taken[0] && !taken[1])) && req[SLOT(n)] == n)
#define OLDER SLOT(next)     /* the slot of next - 2 */
#define NEWER SLOT(next + 1) /* the slot of next - 1 */

proctype driver(byte me)
{
    byte next, n, s;
    bool taken[SLOTS], again[SLOTS], flushing;

    /* queue_driver_open */
    if
    :: atomic {
        alive == me && state == UP ->
        next = m_next;
        again[0] = reissue[0];
        again[1] = reissue[1]
    }
    :: alive != me -> goto dead
    fi;
end:
    do
    :: alive != me -> break
    /* queue_take: what is issued again comes first, the lowest number first */
    :: atomic { again[OLDER] && MAY((next - 2)) -> n = next - 2; goto take }
    :: atomic { !again[OLDER] && again[NEWER] && MAY((next - 1)) -> n = next - 1; goto take }
    :: atomic { !again[0] && !again[1] && !taken[SLOT(next)] && MAY(next) -> n = next; goto take }
    :: false ->
take:
        s = SLOT(n);
        STEP(assert(content[s] == n)); /* the copy */
        STEP(
            if
            :: n == next -> next++
            :: else -> again[s] = false
            fi;
            taken[s] = true;
#ifndef NO_HOLD
            flushing = (n == FLUSH);
#endif
            /* rule 7 */
            assert(n <= FLUSH || executed[FLUSH] || accepted[FLUSH]);
            assert(n != FLUSH || executed[1] || accepted[1])
        );
        STEP(dma[s] = n)
    :: atomic { alive == me && taken[0] && dma[0] == 0 -> s = 0; goto complete }
    :: atomic { alive == me && taken[1] && dma[1] == 0 -> s = 1; goto complete }
    :: false ->
complete:
        n = SEQ_OF(next, s);
#ifdef SEQ_FIRST
        STEP(done[s] = n);
        STEP(status[s] = n);
#else
        STEP(status[s] = n);
        STEP(done[s] = n);
#endif
        STEP(taken[s] = false; flushing = false)
    od;
dead:
    skip
}

/* A driver that writes what it likes into D until it is stopped. */
proctype liar(byte me)
{
    byte s, n;

    do
    :: alive != me -> break
    :: alive == me ->
        select(s : 0 .. SLOTS - 1);
        select(n : 0 .. REQUESTS);
        if
        :: atomic { alive == me -> done[s] = n }
        :: atomic { alive == me -> status[s] = n }
        :: alive != me -> break
        fi
    od
}

/* To be accepted: while held only when a newer epoch has ended what devman did to D. */
#define SHOWN(s) ((!held || epoch != seen) && out[s] && done[s] == SEQ_OF(next, s))

active proctype client()
{
    byte next = 1, seen = 1, s, n, count;
    bool out[SLOTS], held;

    do
    :: count == REQUESTS -> finished = true; break
    /* queue_submit */
    :: state == UP && epoch == seen && next <= REQUESTS && !out[SLOT(next)] ->
        s = SLOT(next);
        assert(buffer_of[s] == 0);
        buffer_of[s] = next;
        content[s] = next;
        out[s] = true;
        next++;
        req[s] = next - 1
    /* queue_collect: accept */
    :: atomic { SHOWN(0) -> s = 0; goto accept }
    :: atomic { SHOWN(1) -> s = 1; goto accept }
#ifdef FORGIVE
    :: atomic { !held && done[0] != 0 -> s = 0; goto accept }
#endif
    :: false ->
accept:
        n = done[s];
#ifdef LIAR
        n = (out[s] -> SEQ_OF(next, s) : n); /* its private number */
#else
        assert(status[s] == n && executed[n]);
#endif
        atomic { assert(!accepted[n]); accepted[n] = true; count++; out[s] = false };
#ifndef NO_CLEAR
        req[s] = 0;
#endif
        buffer_of[s] = 0
    /* queue_collect: acknowledge */
#ifdef ACK_EARLY
    :: epoch != seen ->
#else
    :: epoch != seen && !SHOWN(0) && !SHOWN(1) ->
#endif
        n = epoch;
        c_next = next;
        ack = n;
        seen = n;
#ifndef ACK_EARLY
        held = true
#endif
    :: atomic { held && state == UP && epoch == seen -> held = false }
    od
}

active proctype manager()
{
    byte deaths, instance = 1, next, s, n;

#ifdef LIAR
    run liar(1);
#else
    run driver(1);
#endif
    do
    :: deaths < DEATHS ->
        atomic { /* suspended: it writes nothing more, but the device goes on */
            alive = 0;
            deaths++;
            stray[0] = (dma[0] -> dma[0] : stray[0]);
            stray[1] = (dma[1] -> dma[1] : stray[1]);
            dma[0] = 0;
            dma[1] = 0
        };
died:
        atomic { epoch++; state = RESTARTING };
        if
        :: deaths < DEATHS -> deaths++; goto died /* the successor dies before this session is UP */
        :: true
        fi;
#ifndef NO_QUIET
        atomic { stray[0] = 0; stray[1] = 0 };
#endif
        /* queue_manager_up */
#ifndef NO_ACK
        if
        :: ack == epoch
        :: finished -> break
        fi;
#endif
        next = c_next;
        s = 0;
        do
        :: s < SLOTS ->
            n = req[s];
            reissue[s] = (n != 0 && n == SEQ_OF(next, s));
#ifndef NO_ACK
            assert(n == 0 || reissue[s]); /* all of an honest client's are plausible */
#endif
            s++
        :: else -> break
        od;
        done[0] = 0;
        status[0] = 0;
        done[1] = 0;
        status[1] = 0;
        m_next = next;
        state = UP;
        instance++;
        alive = instance;
        run driver(instance)
#ifdef LIAR
    :: deaths > 0 -> break /* a liar does not go of itself */
#else
    :: break
#endif
    od
}
