/* Descriptors, written to their end. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/span.h"

/* All of it, however many calls it takes and whatever signals come between. fd does
 * not return EAGAIN: a file, or a stream that blocks. False: errno says why, and a part
 * may be written. */
bool write_all(int fd, struct span s);

/* At that offset, without moving fd's own. */
bool write_all_at(int fd, struct span s, uint64_t offset);

#endif
