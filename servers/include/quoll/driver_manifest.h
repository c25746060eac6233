/*
 * driver_manifest.h - a driver's manifest as data: what it provides and matches, what it needs of
 * its device, and how it is watched and restarted. Files: drivers/NAME/NAME.manifest, in the boot
 * image under that name. No I/O and no kernel: tested and fuzzed on the host.
 */
#ifndef QUOLL_DRIVER_MANIFEST_H
#define QUOLL_DRIVER_MANIFEST_H

#include <quoll/image.h>
#include <quoll/manifest_text.h>

#define DRIVER_WORD_BYTES 16 /* names of interfaces, buses, devices, resources and aliases */
#define DRIVER_INTERFACES 4
#define DRIVER_MATCHES    16
#define DRIVER_NEEDS      16
#define DRIVER_PRIORITY   189 /* the highest of a driver: devman and root are above */
#define DRIVER_SCORE_MAX  1000

enum driver_match_kind {
    MATCH_NAME,       /* BUS NAME */
    MATCH_PCI_ID,     /* pci VVVV:DDDD */
    MATCH_PCI_VENDOR, /* pci VVVV:* */
    MATCH_PCI_CLASS,  /* pci class CCSS or CCSSPP */
};

struct driver_match {
    uint8_t kind;       /* enum driver_match_kind */
    bool has_interface; /* of a class: CCSSPP */
    uint16_t vendor, device;
    uint32_t class_code; /* CCSSPP, with PP 0 if it is not given */
    unsigned score;
    char bus[DRIVER_WORD_BYTES];
    char name[DRIVER_WORD_BYTES];
};

enum driver_need_kind {
    NEED_PORTS,
    NEED_MMIO,
    NEED_IRQ,
    NEED_MSI,
    NEED_CONFIG,
    NEED_DMA,
    NEED_PROBE, /* a bus driver's: ports, until it has reported its devices */
};

struct driver_need {
    char name[DRIVER_WORD_BYTES];  /* of the device's resource */
    char alias[DRIVER_WORD_BYTES]; /* what the driver calls it */
    uint8_t kind;                  /* enum driver_need_kind */
    bool optional;                 /* want = ...: granted if the device has it */
    uint32_t bytes;                /* of DMA memory, which has no other name */
};

enum driver_dma {
    DRIVER_DMA_NONE,
    DRIVER_DMA_OPTIONAL, /* it works without, too */
    DRIVER_DMA_REQUIRED,
};

struct driver_restart {
    bool never;                 /* the first death is the last */
    uint32_t delay_us;          /* before the second restart; the first is immediate */
    uint32_t factor, cap_us;    /* each further delay is so many times longer, at most */
    uint32_t deaths, window_us; /* give up after so many deaths in that time */
};

struct driver_manifest {
    char name[MANIFEST_NAME_BYTES];
    char image[IMAGE_NAME_BYTES];
    char interfaces[DRIVER_INTERFACES][DRIVER_WORD_BYTES];
    struct driver_match matches[DRIVER_MATCHES];
    struct driver_need needs[DRIVER_NEEDS];
    unsigned interface_count, match_count, need_count;
    unsigned line;                     /* of its section's heading */
    uint32_t keys_seen;                /* a bit per key, so that none is given twice */
    bool bus;                          /* it reports devices */
    uint8_t dma;                       /* enum driver_dma */
    char exclusive[DRIVER_WORD_BYTES]; /* the method that one session at a time may have; or "" */
    bool map_data;        /* it sees the data of its sessions, though its device does, too */
    unsigned memory_bits; /* its instance's untyped */
    uint64_t stack_bytes;
    unsigned priority;
    uint32_t budget_us, period_us;                             /* 0: unlimited */
    uint32_t irq_limit, irq_period_us;                         /* 0: none */
    uint32_t heartbeat_us, request_limit_us, irq_ack_limit_us; /* 0: off */
    struct driver_restart restart;
};

/* A device, as far as matching needs it. */
struct driver_device {
    const char *bus;  /* "pci", "platform", "null" */
    const char *name; /* on its bus: "com", "pci"; of a pci device it may be "" */
    uint16_t vendor, device;
    uint32_t class_code; /* CCSSPP */
};

/** Parse the @bytes bytes of @text into @out. False: @error says where and why, @out is undefined.
 */
bool driver_manifest_parse(const char *text, size_t bytes, struct driver_manifest *out,
                           struct manifest_error *error);

/** How well @m matches @device: 0 not at all, else the score of its best line. */
unsigned driver_manifest_score(const struct driver_manifest *m, const struct driver_device *device);

/** "ports", "mmio", ... of enum driver_need_kind. */
const char *driver_need_name(unsigned kind);

#endif
