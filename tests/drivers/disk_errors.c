/*
 * disk_errors.c - what a driver makes of a drive that fails. blkdebug lets reads and writes of
 * chosen sectors fail: ERRORS_ONCE the first time, ERRORS_ALWAYS each time.
 */
#include "disk_test.h"

#include <string.h>

#define BAD_READ   5000u /* can never be read */
#define BAD_WRITE  6000u /* can never be written */
#define WEAK_READ  7000u /* fails once */
#define WEAK_WRITE 8000u

/* The block is named, and its neighbours are none the worse. */
void test_errors(void)
{
    HOST_CHECK(host_start() == NULL);
    session = open_unit(0, BLOCK_RIGHTS_ALL, SMALL / 4096);
    HOST_CHECK(transfer(session, false, BAD_READ, 0, 512) == E_IO);
    HOST_CHECK(strstr(host_log(), "disk0: block 5000 can't be read: ") != NULL);
    HOST_CHECK(transfer(session, false, BAD_READ - 20, 0, 16384) == E_IO);
    HOST_CHECK(strstr(host_log(), "disk0: block 5000 can't be read: ") != NULL);
    HOST_CHECK(transfer(session, false, BAD_READ + 1, 0, 16384) == E_OK);
    fill(session->data, SMALL, 3);
    HOST_CHECK(transfer(session, true, BAD_WRITE - 9, 0, 8192) == E_IO);
    HOST_CHECK(strstr(host_log(), "disk0: block 6000 can't be written: ") != NULL);
    HOST_CHECK(transfer(session, true, BAD_WRITE + 1, 0, 8192) == E_OK);
    HOST_CHECK(transfer(session, true, WEAK_WRITE - 3, 0, 8192) == E_OK);
    HOST_CHECK(image_is(disk_path, (WEAK_WRITE - 3) * 512, session->data, 8192));
    memset(session->data, 0, 8192);
    HOST_CHECK(transfer(session, false, WEAK_READ - 3, 0, 8192) == E_OK);
    HOST_CHECK(image_is(disk_path, (WEAK_READ - 3) * 512, session->data, 8192));
}
