/*
 * files.c - the fs server as its clients see it: contents, limits, calls that are wrong, a client
 * that dies. On a disk whose first file system has a file `MARK`; tests/system/test_fs.py makes it
 * and looks at it afterwards. No other is written to.
 */
#include "client.h"
#include "test.h"

#include <quoll/client.h>
#include <quoll/error.h>
#include <quoll/files.h>
#include <stdlib.h>
#include <string.h>

#define MARK      "/disk0/quoll test volume"
#define FILE_PATH "/disk0/A file of the tests"
#define BYTES     200001u
#define PIECE     7919u
#define OPEN_MAX  8u
#define SLOT_FS   37u /* its slot: no lab's, nor client.h's */
#define PLACE     11u

static struct files f;
static uint32_t file;
static struct fs_status status;

static bool begin(void)
{
    static bool known;
    int error = known ? E_OK : names_lookup("fs", SLOT_FS);

    known = known || error == E_OK;
    f = (struct files){.fs = SLOT_FS, .slots = lab_slot(), .place = PLACE};
    for (unsigned i = 1; i < FILES_SLOTS; i++)
        (void)lab_slot();
    return error == E_OK && lab_check("the window", files_open_window(&f)) == E_OK;
}

static bool has_test_volume(void)
{
    static bool asked, found;

    if (!asked && client_has_devman()) {
        asked = true;
        lab_begin();
        found = begin() && files_stat(&f, MARK, &status) == E_OK;
        lab_end();
    }
    return found;
}

static uint8_t byte_at(uint64_t offset)
{
    return (uint8_t)(offset * 31 + offset / 256 * 17 + 5);
}

static bool wrote(uint64_t offset, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        f.data[i] = byte_at(offset + i);
    return lab_check("write", files_write(&f, file, offset, count)) == E_OK;
}

static bool reads_back(uint64_t offset, uint32_t count, uint32_t want)
{
    uint32_t done = 0;

    memset(f.data, 0, count);
    if (lab_check("read", files_read(&f, file, offset, count, &done)) != E_OK || done != want)
        return false;
    for (uint32_t i = 0; i < done; i++) {
        if (f.data[i] != byte_at(offset + i))
            return false;
    }
    return true;
}

/* ---- tests */

static void contents(void)
{
    EXPECT(begin(), true);
    EXPECT_OK(files_open(&f, FILE_PATH, FS_MODE_REPLACE, &file, &status));
    EXPECT(status.bytes, 0);
    for (uint32_t at = 0; at < BYTES; at += PIECE)
        EXPECT(wrote(at, BYTES - at < PIECE ? BYTES - at : PIECE), true);
    for (uint32_t at = 0; at < BYTES; at += 3 * PIECE)
        EXPECT(reads_back(at, 60001, BYTES - at < 60001 ? BYTES - at : 60001), true);
    EXPECT(wrote(100003, 5), true);
    EXPECT_OK(fs_call_sync(f.fs, file));
    EXPECT_OK(fs_call_truncate(f.fs, file, 150000));
    EXPECT(reads_back(149990, 100, 10), true);
    EXPECT(reads_back(150000, 100, 0), true);
    EXPECT_OK(files_close(&f, file));
    EXPECT_OK(files_stat(&f, FILE_PATH, &status));
    EXPECT(status.bytes, 150000);
    EXPECT(status.what, FS_KIND_FILE);
    EXPECT_OK(files_remove(&f, FILE_PATH));
    EXPECT_ERROR(files_stat(&f, FILE_PATH, &status), E_NOT_FOUND);
}

static int open_text(uint32_t at, uint32_t count)
{
    return fs_call_open(f.fs, &(struct fs_text){at, count}, FS_MODE_READ, &file, &status);
}

/* What does not lie in the window, is no path, is no open file. */
static void refused(void)
{
    static const char *const paths[] = {"disk0", "//",   "/disk0/../disk0", "/disk0//x", "/.",
                                        "/a\\b", "/a\nb"};
    uint32_t done;

    EXPECT(begin(), true);
    EXPECT_ERROR(open_text(FILES_DATA_BYTES + 4095, 2), E_BAD_ARG);
    EXPECT_ERROR(open_text(0xffffffff, 1), E_BAD_ARG);
    memcpy(f.data, "/disk0\0x", 8);
    EXPECT_ERROR(open_text(0, 8), E_BAD_ARG);
    for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        EXPECT_ERROR(files_stat(&f, paths[i], &status), E_BAD_ARG);
    EXPECT_OK(files_open(&f, MARK, FS_MODE_READ, &file, &status));
    EXPECT_ERROR(fs_call_read(f.fs, file, 0, FILES_DATA_BYTES, 4097, &done), E_BAD_ARG);
    EXPECT_ERROR(fs_call_read(f.fs, file, 0, 1, 0xffffffff, &done), E_BAD_ARG);
    EXPECT_ERROR(fs_call_write(f.fs, file, 0, 0, 1, &done), E_NO_RIGHT);
    EXPECT_OK(files_close(&f, file));
    EXPECT_ERROR(files_close(&f, file), E_BAD_ARG);
    EXPECT_ERROR(files_read(&f, 0, 0, 1, &done), E_BAD_ARG);
    EXPECT_ERROR(files_read(&f, 0xffffffff, 0, 1, &done), E_BAD_ARG);
    EXPECT_OK(files_open(&f, FILE_PATH, FS_MODE_WRITE, &file, &status));
    EXPECT_ERROR(fs_call_write(f.fs, file, 1, 0, 1, &done), E_BAD_ARG); /* past the end */
    EXPECT_ERROR(fs_call_write(f.fs, file, 0, FILES_DATA_BYTES, 4097, &done), E_BAD_ARG);
    EXPECT_ERROR(fs_call_truncate(f.fs, file, 1), E_BAD_ARG);
    EXPECT_OK(files_close(&f, file));
    EXPECT_OK(files_remove(&f, FILE_PATH));
}

static void limits(void)
{
    uint32_t opened[OPEN_MAX];

    EXPECT(begin(), true);
    for (unsigned i = 0; i < OPEN_MAX; i++)
        EXPECT_OK(files_open(&f, MARK, FS_MODE_READ, &opened[i], &status));
    EXPECT_ERROR(files_open(&f, MARK, FS_MODE_READ, &file, &status), E_LIMIT);
    EXPECT_ERROR(files_open(&f, MARK, FS_MODE_WRITE, &file, &status), E_LIMIT);
    EXPECT_OK(files_close(&f, opened[3]));
    EXPECT_ERROR(files_open(&f, MARK, FS_MODE_WRITE, &file, &status), E_BUSY);
    EXPECT_ERROR(files_remove(&f, MARK), E_BUSY);
    EXPECT_ERROR(files_unmount(&f, "disk0"), E_BUSY);
    for (unsigned i = 0; i < OPEN_MAX; i++)
        EXPECT_ERROR(files_close(&f, opened[i]), i == 3 ? E_BAD_ARG : E_OK);
}

/* The test task's own death, with a file that it has written and not closed. What follows is
 * tests/system/test_fs.py's to see. */
static void own(void)
{
    EXPECT(begin(), true);
    EXPECT_OK(files_open(&f, "/disk0/left", FS_MODE_REPLACE, &file, &status));
    memcpy(f.data, "left behind\n", 12);
    EXPECT_OK(files_write(&f, file, 0, 12));
    abort();
}

static const struct test list[] = {{"files.contents", contents},
                                   {"files.refused", refused},
                                   {"files.limits", limits},
                                   {"death.files", own}};

TEST_AREA_OF(tests_files, list, has_test_volume);
