/*
 * check.h - what the programs of tests/pci count.
 */
#ifndef TESTS_PCI_CHECK_H
#define TESTS_PCI_CHECK_H

extern unsigned passed, failed;
#define CHECK(c)                                                                                   \
    ((c) ? (void)passed++ : (void)(failed++, printf("%s:%d: %s\n", __FILE__, __LINE__, #c)))

#endif
