/*
 * unistd.h - empty: ACPICA includes it where it is built without a Linux kernel around it, and
 * uses nothing of it.
 */
#ifndef ACPICA_UNISTD_H
#define ACPICA_UNISTD_H
#endif
