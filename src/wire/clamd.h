/* What is said to clamd, the daemon of ClamAV, and what it answers: clamd(8),
 * "COMMANDS", INSTREAM. */
#ifndef WIRE_CLAMD_H
#define WIRE_CLAMD_H

#include "base/buf.h"

enum clamd_result {
	CLAMD_UNASKED,
	CLAMD_CLEAN,
	CLAMD_FOUND,
	CLAMD_FAILED, /* it answered with an error, or not at all */
};

enum {
	CLAMD_REPLY_MAX = 1024,     /* octets; a name is far shorter */
	CLAMD_SIZE_OCTETS = 4,      /* of a chunk's length */
};
#define CLAMD_CHUNK_MAX (UINT32_C(1) << 30)

/* The command; then come chunks, each behind its length, and one of length 0. */
void clamd_print_command(struct buf *out);
void clamd_print_size(struct buf *out, uint32_t len);

/* 1: *result, and *text is the name of what was found or what went wrong, a
 * span of input; 0: more is needed; -1: that is no reply. */
int clamd_parse_reply(struct span input, enum clamd_result *result, struct span *text);

#endif
