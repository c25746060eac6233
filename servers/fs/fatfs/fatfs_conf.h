/*
 * fatfs_conf.h - how FatFs is built for Quoll: everything in static memory, long names, names in
 * UTF-8, sectors of 512 to 4096 bytes, files that are open cannot be opened to be written, renamed
 * or removed. Partitions are the fs server's own matter: FatFs sees each as a disk.
 * Included before ff.h, which finds it by FFCONF_H. The names and their meaning are FatFs's
 * (ffconf.h beside ff.h explains them).
 */
#ifndef FS_FATFS_CONF_H
#define FS_FATFS_CONF_H

#define FFCONF_H   "fatfs_conf.h"
#define FFCONF_DEF 86604 /* the revision that these settings are for */

#define FF_FS_READONLY  0
#define FF_FS_MINIMIZE  0
#define FF_USE_STRFUNC  0
#define FF_USE_FIND     0
#define FF_USE_MKFS     0
#define FF_USE_FASTSEEK 0
#define FF_USE_EXPAND   0
#define FF_USE_CHMOD    0
#define FF_USE_LABEL    0
#define FF_USE_FORWARD  0

#define FF_CODE_PAGE   437 /* of short names */
#define FF_USE_LFN     1   /* with its buffer in static memory */
#define FF_MAX_LFN     255
#define FF_LFN_UNICODE 2 /* UTF-8 */
#define FF_LFN_BUF     765
#define FF_SFN_BUF     36
#define FF_STRF_ENCODE 3
#define FF_FS_RPATH    0 /* there is no current directory: every path is whole */

#define FF_VOLUMES         1
#define FF_STR_VOLUME_ID   0
#define FF_MULTI_PARTITION 0
#define FF_MIN_SS          512
#define FF_MAX_SS          4096
#define FF_USE_TRIM        0
#define FF_FS_NOFSINFO     0

#define FF_FS_TINY      0
#define FF_FS_EXFAT     0
#define FF_FS_NORTC     0
#define FF_NORTC_MON    1
#define FF_NORTC_MDAY   1
#define FF_NORTC_YEAR   2026
#define FF_FS_LOCK      40 /* open files and directories at a time */
#define FF_FS_REENTRANT 0

#endif
