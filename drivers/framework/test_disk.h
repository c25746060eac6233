/*
 * test_disk.h - how a disk says that it may be written to by tests, benchmarks and injected faults:
 * its first block begins so. What is on any other disk is somebody's.
 */
#ifndef TEST_DISK_H
#define TEST_DISK_H

#define TEST_DISK_MARK "quoll test disk\n"

#endif
