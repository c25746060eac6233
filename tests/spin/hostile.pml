/*
 * hostile.pml - a client that writes anything into any word of its C at any time, against a correct
 * driver that also serves an honest client, and dies DEATHS times. The driver never works on a
 * request that its limits forbid, never on one number twice in a life nor on two in one slot, and
 * the honest client gets all its answers, whether the hostile one ever acknowledges or not.
 * Left out one by one, each of these must make the model fail:
 *   COPY_TWICE   a request is copied once, and judged and used as the copy
 *   NO_PRIVATE   a slot whose request is taken is not looked at
 *   WAIT_FOR_ALL devman makes each session UP when its own client has acknowledged
 * A word that another task may write at any time is, to who reads it, any value: so C has no state
 * here, and each reading is a choice. (A hostile driver against a correct client: death.pml -DLIAR.)
 */
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef VALUES
#define VALUES 3 /* a hostile number is 0 to VALUES (at most 4); the driver stops at that one */
#endif
#ifndef HONEST
#define HONEST 1 /* requests of the honest client; it has one slot */
#endif
#define LIMIT 1 /* content below it is valid: 0 is, 1 is not */
#define SLOT(n) ((n) % 2)
#define UP 1

/* The hostile client's session. Its D is written and never read by anyone correct. */
bool acknowledges; /* in this epoch, or never */
byte state = UP, m_next = 1;
bool reissue[2], closed;
/* The honest client's. */
byte h_req, h_done, h_next = 1, h_ack, h_state = UP, h_m_next = 1;
bool h_reissue, h_finished;

byte epoch = 1, alive = 1;

active proctype honest()
{
    byte next = 1, seen = 1;
    bool held;

    do
    :: next > HONEST && h_req == 0 -> h_finished = true; break
    :: h_state == UP && epoch == seen && h_req == 0 && next <= HONEST -> next++; h_req = next - 1
    :: (!held || epoch != seen) && h_req != 0 && h_done == h_req -> h_req = 0
    :: epoch != seen && !(h_req != 0 && h_done == h_req) ->
        h_next = next;
        seen = epoch;
        h_ack = seen;
        held = true
    :: atomic { held && h_state == UP && epoch == seen -> held = false }
    od
}

#define STEP(x) \
    if \
    :: atomic { alive == me -> x } \
    :: alive != me -> goto dead \
    fi
#define OLDER SLOT(next)
#define NEWER SLOT(next + 1)
#ifdef NO_PRIVATE
#define FREE(n) true
#else
#define FREE(n) (!taken[SLOT(n)])
#endif

proctype driver(byte me)
{
    byte next, n, s, last, h_at;
    bit copy[2];
    bool taken[2], again[2], open, h_open, h_again;

end:
    do
    :: alive != me -> break
    /* queue_driver_open, each session when it is UP */
    :: atomic { alive == me && !open && state == UP && !closed ->
        open = true; next = m_next; again[0] = reissue[0]; again[1] = reissue[1] }
    :: atomic { alive == me && !h_open && h_state == UP ->
        h_open = true; h_at = h_m_next; h_again = h_reissue }

    /* queue_take, hostile session; req.seq is what is looked for, or not (then nothing is done) */
    :: atomic { alive == me && open && again[OLDER] -> n = next - 2; s = OLDER; goto take }
    :: atomic { alive == me && open && !again[OLDER] && again[NEWER] ->
        n = next - 1; s = NEWER; goto take }
    :: atomic { alive == me && open && again[OLDER] -> again[OLDER] = false } /* taken back */
    :: atomic { alive == me && open && again[NEWER] && !again[OLDER] -> again[NEWER] = false }
    :: atomic { alive == me && open && !again[0] && !again[1] && next <= VALUES && FREE(next) ->
        n = next; s = SLOT(next); goto take }
    :: false ->
take:
        STEP(
            if /* the copy of its content */
            :: copy[s] = 0
            :: copy[s] = 1
            fi);
        STEP(
            assert(n > last && n > 0 && !taken[s]);
            last = n;
            if
            :: n == next -> next++
            :: else -> again[s] = false
            fi;
            if
            :: copy[s] < LIMIT -> taken[s] = true
            :: else -> copy[s] = 0 /* refused: completed at once */
            fi;
            n = 0;
            s = 0)
    /* the request is worked on some time later */
    :: atomic { alive == me && taken[0] ->
#ifdef COPY_TWICE
        if
        :: copy[0] = 0
        :: copy[0] = 1
        fi;
#endif
        assert(copy[0] < LIMIT); taken[0] = false; copy[0] = 0 }
    :: atomic { alive == me && taken[1] -> assert(copy[1] < LIMIT); taken[1] = false; copy[1] = 0 }

    /* honest session: take and complete */
    :: atomic { alive == me && h_open && h_again && h_req == h_at - 1 -> n = h_at - 1; h_again = false;
        goto serve }
    :: atomic { alive == me && h_open && !h_again && h_req == h_at -> n = h_at; h_at++; goto serve }
    :: false ->
serve:
        STEP(h_done = n)
    od;
dead:
    skip
}

/* queue_manager_up of the hostile session: every word read once, then judged. */
inline up_hostile()
{
    select(next : 0 .. VALUES); /* C's next */
    if
    :: next < last -> closed = true
    :: else ->
        s = 0;
        do
        :: s < 2 ->
            select(n : 0 .. VALUES); /* req[s].seq */
            reissue[s] = n != 0 && n < next && n + 2 >= next && SLOT(n) == s;
            s++
        :: else -> break
        od;
        last = next;
        m_next = next;
        state = UP
    fi
}

inline up_honest()
{
    n = h_req;
    h_reissue = n != 0 && n == h_next - 1;
    assert(n == 0 || h_reissue);
    h_done = 0;
    h_m_next = h_next;
    h_state = UP
}

active proctype manager()
{
    byte deaths, last = 1, next, n, s;

    run driver(1);
end:
    do
    :: deaths < DEATHS && (h_state == UP || h_finished) ->
        alive = 0;
        deaths++;
        atomic { epoch++; state = 0; h_state = 0 };
        if
        :: acknowledges = true
        :: acknowledges = false
        fi;
        alive = epoch; /* the successor attaches */
        run driver(epoch)
    :: state != UP && !closed && acknowledges -> up_hostile()
#ifdef WAIT_FOR_ALL
    :: h_state != UP && h_ack == epoch && (state == UP || closed) -> up_honest()
#else
    :: h_state != UP && h_ack == epoch -> up_honest()
#endif
    od
}
