/*
 * mock.h - a stand-in for hardware, for a driver's unit test on the host.
 * The mock variant of a generated header has the same types and accessors, but each access comes
 * here under its register's name. A test scripts what is read, hooks in a model, or both, and
 * then takes what was written from the record, in order.
 */
#ifndef REGS_MOCK_H
#define REGS_MOCK_H

#include <regs/check.h>

#define REGS_MOCK_ACCESSES_MAX 4096

struct regs_access {
    const char *name; /* device.register, or device.map.register */
    uint64_t base;    /* of the handle */
    unsigned index;   /* in an array, else 0 */
    bool is_write;
    uint64_t value;
};

struct regs_mock {
    /* Asked for a value when the script has none for this register; may be null. */
    uint64_t (*on_read)(void *context, const struct regs_access *access);
    void (*on_write)(void *context, const struct regs_access *access);
    void *context;
    struct regs_access record[REGS_MOCK_ACCESSES_MAX]; /* everything that happened */
    unsigned recorded;
    unsigned taken; /* by was_written; what lies before is done with */
    struct regs_access script[REGS_MOCK_ACCESSES_MAX];
    unsigned scripted;
    unsigned mistakes; /* reads that nobody answers, wrong order of writes; each is printed */
};

extern struct regs_mock regs_mock;

/** Forget the record, the script, the hooks and the mistakes. */
void regs_mock_reset(void);

/** Every scripted value was read, every write was taken, and nothing was wrong. Prints what was. */
bool regs_mock_is_done(void);

/* For the generated header. */
uint64_t regs_mock_read(const char *name, uint64_t base, unsigned index);
void regs_mock_write(const char *name, uint64_t base, unsigned index, uint64_t value);
void regs_mock_will_read(const char *name, uint64_t base, unsigned index, uint64_t value);
bool regs_mock_was_written(const char *name, uint64_t base, unsigned index, uint64_t *value);

#endif
