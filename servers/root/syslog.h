/*
 * syslog.h - a line of root's own in the system log. Apart, for those parts of root that are tested
 * on the host.
 */
#ifndef ROOT_SYSLOG_H
#define ROOT_SYSLOG_H

/** One line into the system log, and to the debug console while no driver has the serial line. */
__attribute__((format(printf, 1, 2))) void syslog(const char *format, ...);

#endif
