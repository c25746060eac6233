/*
 * klog.c - the ring that holds the kernel's latest text.
 * Invariant: head counts bytes whose place in the ring is taken; it never goes back.
 */
#include "console/klog.h"

_Alignas(4096) struct klog_page klog;

void klog_put(char c)
{
    /* Taking the place first lets two CPUs write without a lock, each its own byte; a reader
     * may see an old byte for an instant, never a torn count. */
    uint64_t at = __atomic_fetch_add(&klog.head, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&klog.ring[at % KLOG_RING_BYTES], c, __ATOMIC_RELEASE);
}

void klog_tail(unsigned lines, void (*put)(char c))
{
    uint64_t head = __atomic_load_n(&klog.head, __ATOMIC_ACQUIRE);
    uint64_t oldest = head > KLOG_RING_BYTES ? head - KLOG_RING_BYTES : 0;
    uint64_t from = head;

    /* Stop behind the newline that ends the line before; the last byte may be one itself. */
    while (from > oldest) {
        if (klog.ring[(from - 1) % KLOG_RING_BYTES] == '\n' && from != head) {
            if (--lines == 0) {
                break;
            }
        }
        from--;
    }
    for (; from < head; from++) {
        put(klog.ring[from % KLOG_RING_BYTES]);
    }
}
