/*
 * sleep.pml - rule 6: neither end of a session's queue sleeps while the other has something for it,
 * on x86, where each processor's stores wait in a buffer of its own.
 * Memory is WINDOW * 2 + 3 words; a store goes into the end's buffer, and a drain moves the oldest into
 * memory at any time. FENCE waits until the buffer is empty. Left out one by one (-DNO_FENCE_...),
 * each of the four fences must make the model end with somebody asleep for ever.
 * Several may be published before the fence and the look: a batch.
 * A completion is its number, then the count of all, which is all that an idle client looks at.
 * One slot per request in flight (WINDOW), REQUESTS in all, numbers from 1.
 * Code: queue_submit, queue_complete, their _ring, queue_client_about_to_sleep, queue_driver_about_to_sleep.
 */
#ifndef REQUESTS
#define REQUESTS 3
#endif
#ifndef WINDOW
#define WINDOW 2
#endif
#define BUFFER 4 /* stores that a processor may hold back */

#define REQ(n)  ((n) % WINDOW)          /* C: req[].seq */
#define DONE(n) (WINDOW + (n) % WINDOW) /* D: done[].seq */
#define C_SLEEP (2 * WINDOW)
#define D_SLEEP (2 * WINDOW + 1)
#define D_COUNT (2 * WINDOW + 2)
#define IS_DONE (memory[D_COUNT] != oldest - 1 && memory[DONE(oldest)] == oldest)

#ifdef NO_FENCE_SUBMIT
#define FENCE_SUBMIT skip
#else
#define FENCE_SUBMIT empty(client_stores)
#endif
#ifdef NO_FENCE_DRIVER_SLEEP
#define FENCE_DRIVER_SLEEP skip
#else
#define FENCE_DRIVER_SLEEP empty(driver_stores)
#endif
#ifdef NO_FENCE_COMPLETE
#define FENCE_COMPLETE skip
#else
#define FENCE_COMPLETE empty(driver_stores)
#endif
#ifdef NO_FENCE_CLIENT_SLEEP
#define FENCE_CLIENT_SLEEP skip
#else
#define FENCE_CLIENT_SLEEP empty(client_stores)
#endif

byte memory[2 * WINDOW + 3];
chan client_stores = [BUFFER] of { byte, byte };
chan driver_stores = [BUFFER] of { byte, byte };
bool client_bell, driver_bell; /* sticky bits of the two notifications */

/* A processor's buffer drains in order. */
proctype drain(chan stores)
{
    byte where, what;
end:
    do
    :: atomic { stores ? where, what -> memory[where] = what }
    od
}

/* The end of a batch; of one, too. */
#define RING(fence, sleep, bell) fence; if :: memory[sleep] -> bell = true :: else fi; owes = false

proctype client()
{
    byte next = 1, oldest = 1; /* this model's driver completes in order */
    bool owes;

    do
    :: oldest > REQUESTS -> break
    :: oldest <= REQUESTS ->
        do /* collect */
        :: oldest < next && IS_DONE -> oldest++
        :: else -> break
        od;
        do /* submit */
        :: next <= REQUESTS && next < oldest + WINDOW ->
            client_stores ! REQ(next), next;
            owes = true;
            next++
        :: owes -> RING(FENCE_SUBMIT, D_SLEEP, driver_bell) /* or later */
        :: !owes && (next > REQUESTS || next == oldest + WINDOW || next > oldest) ->
            break /* or fewer */
        od;
        if
        :: oldest < next ->
            client_stores ! C_SLEEP, 1;
            FENCE_CLIENT_SLEEP;
            if
            :: !IS_DONE ->
                atomic { client_bell -> client_bell = false } /* wait */
            :: else
            fi;
            client_stores ! C_SLEEP, 0
        :: else
        fi
    od
}

proctype driver()
{
    byte next = 1;
    bool owes;

    do
    :: next > REQUESTS && !owes -> break
    :: owes -> RING(FENCE_COMPLETE, C_SLEEP, client_bell)
    :: next <= REQUESTS ->
        if
        :: memory[REQ(next)] == next -> /* take, serve, complete */
            driver_stores ! DONE(next), next;
            driver_stores ! D_COUNT, next;
            owes = true;
            next++
        :: else ->
            if
            :: owes -> RING(FENCE_COMPLETE, C_SLEEP, client_bell)
            :: else
            fi;
            driver_stores ! D_SLEEP, 1;
            FENCE_DRIVER_SLEEP;
            if
            :: memory[REQ(next)] != next ->
                atomic { driver_bell -> driver_bell = false }
            :: else
            fi;
            driver_stores ! D_SLEEP, 0
        fi
    od
}

init
{
    atomic {
        run drain(client_stores);
        run drain(driver_stores);
        run client();
        run driver()
    }
}
