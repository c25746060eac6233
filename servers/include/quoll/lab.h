/*
 * lab.h - small worlds of kernel objects, made for one benchmark or one test and then destroyed.
 * Everything is cut from SLOT_UNTYPED, so lab_end gives it all back by revoking that capability.
 * One lab at a time, used by the task's first thread only. Errors are kept, not returned: after
 * building, ask lab_error once; a handle that could not be made is 0, which no call accepts.
 */
#ifndef QUOLL_LAB_H
#define QUOLL_LAB_H

#include <quoll/abi.h>
#include <stdbool.h>
#include <stddef.h>

/* Where a peer in an address space of its own finds its code and its shared pages. */
#define LAB_CODE_VA   0x0000000000400000ull
#define LAB_PAGE_VA   0x0000000000410000ull
#define LAB_MAX_PAGES 16

struct lab_thread {
    uint64_t thread; /* handles */
    uint64_t reply;
    uint64_t buffer_frame;
    struct quoll_buffer *buffer; /* its IPC buffer, mapped here */
};

/* A thread that runs a blob: position-independent code with one pointer, to the shared pages. */
struct lab_peer {
    struct lab_thread t;
    uint64_t vspace;
    uint64_t pages[LAB_MAX_PAGES]; /* frames of the shared pages, as mapped for the peer */
    unsigned page_count;
    void *page;     /* the shared pages, mapped here */
    uint64_t entry; /* the peer's view of its code and of its pages */
    uint64_t page_va;
};

struct lab_blob {
    const void *start;
    size_t bytes;
};

/** Forget the last lab; nothing exists but what the task was given. */
void lab_begin(void);

/** Stop the lab's threads, destroy its objects, empty its slots. */
void lab_end(void);

/** What went wrong first since lab_begin, "operation: error", or NULL. */
const char *lab_error(void);

/** If @status is an error, keep it for lab_error with the name of the operation. Returns it. */
int lab_check(const char *what, int status);

/** Bytes of SLOT_UNTYPED in use. */
uint64_t lab_used_bytes(void);

/** The next empty slot of the own CNode. */
uint64_t lab_slot(void);

/** From now on, and until lab_begin, all that is made is cut from @untyped. */
void lab_pay_from(uint64_t untyped);

/** Retype one object; its handle. REPLY: @size_bits is the handle of its thread. */
uint64_t lab_make(unsigned type, uint64_t size_bits);

/** A copy of @source with @rights; with @badge if that is not 0. */
uint64_t lab_copy(uint64_t source, uint64_t rights, uint64_t badge);

/** Map @frame in @vspace at @va; makes the tables that are missing. */
int lab_map(uint64_t vspace, uint64_t va, uint64_t frame, uint64_t rights);

/** Address of a stretch of @pages pages in the own space where nothing is mapped. */
uint64_t lab_va(unsigned pages);

/** Map a copy of @frame (4 KiB, RAM) here, readable and writable. */
void *lab_map_here(uint64_t frame);

/** A thread with Reply and buffer in @vspace; @fault_ep may be 0. Not started. */
void lab_thread_make(struct lab_thread *t, uint64_t vspace, uint64_t fault_ep, unsigned priority);

/** A thread that will run @blob with rsp and rdi at @pages shared pages, in the own address space
 *  or in a new one. Not started: fill the pages first. */
void lab_peer_make(struct lab_peer *p, bool other_space, struct lab_blob blob, unsigned pages,
                   uint64_t fault_ep, unsigned priority);

void lab_peer_start(struct lab_peer *p);

#endif
