/*
 * dma.h - what a device may reach of memory: nothing, its own DMA memory and the data of its
 * sessions (behind an IOMMU), or everything (where the system manifest allows that). All of that
 * memory is devman's and outlives the driver: once the device has been let to it, it is used for
 * nothing else before a driver has proved the device idle.
 */
#ifndef DEVMAN_DMA_H
#define DEVMAN_DMA_H

#include <quoll/pages.h>
#include <stdbool.h>
#include <stdint.h>

struct device;
struct driver;

#define DMA_MEMORIES 8 /* of one device */
#define DMA_TABLES   4

/* Memory of a driver's `need = SIZE as NAME dma`, in one piece. */
struct dma_memory {
    uint32_t untyped;
    uint32_t frames, copies; /* first slots: of frames, and of their copies for the driver */
    uint32_t bytes;
    uint64_t address; /* where the device finds it */
};

struct device_dma {
    uint8_t mode; /* enum driver_dma_mode of its driver */
    bool open;    /* the device was let to memory, and has not been proved idle since */
    const struct driver *driver; /* whose memory it is */
    uint32_t untyped;            /* behind an IOMMU: pays for ... */
    uint32_t space, device;      /* ... the IoSpace and the Device */
    uint32_t table[DMA_TABLES];
    unsigned table_count, memory_count;
    struct dma_memory memory[DMA_MEMORIES];
};

/** Say in the log what holds for DMA on this machine, and remember it. */
void dma_begin(void);

/** What @d's device may reach under @driver. */
enum driver_dma_mode dma_mode(const struct device *d, const struct driver *driver);

/** Why it may reach nothing; a null pointer if it may. */
const char *dma_why_not(const struct device *d);

/** Make what @d's driver needs for DMA, unless it is there. */
int dma_make(struct device *d);

/** Map the DMA memory into @d's instance, and tell it. */
int dma_grant(struct device *d);

/* The data of a session. */
struct dma_data {
    unsigned place;
    uint32_t untyped; /* of which its frames were made, ... */
    uint64_t offset;  /* ... from there on */
    uint32_t frame;   /* the first one's slot */
    unsigned count, bits;
};

/** Let @d's device reach @data; where it finds it, to @address. */
int dma_map_data(struct device *d, const struct dma_data *data, uint64_t *address);

/** It is not to reach it any more. */
void dma_unmap_data(struct device *d, const struct dma_data *data);

/** @d's instance is dead: its device reaches nothing any more. */
void dma_close(struct device *d);

/** The device is idle: what it could reach is free. */
void dma_idle(struct device *d);

/** And may go on with a new driver. */
int dma_open(struct device *d);

/** Its driver was stopped: what it had for DMA is given back, unless the device may be at it. */
void dma_release(struct device *d);

/** Bytes that are set apart for @d. */
uint64_t dma_bytes(const struct device *d);

#endif
