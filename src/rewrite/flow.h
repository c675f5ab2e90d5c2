/* Text written into lines that stay as long as they are. */
#ifndef REWRITE_FLOW_H
#define REWRITE_FLOW_H

#include "base/arena.h"

enum {
	/* Octets of lines that are looked at for room: many times what a notice
	 * takes, and little to keep where a message has many parts. */
	FLOW_MAX = 16 * 1024,
};

/* The lines' first octets, to the end of the last that has text: each CR and LF
 * where it is, all else the words of the first of the texts that fits, which
 * are printable ASCII in lines that end with CRLF, or spaces. Empty when none
 * fits. No line becomes one that line_is_special(). */
struct span flow_text(struct arena *a, struct span lines, const struct span *texts, size_t count);

/* Such a line is more than text to some program. */
bool line_is_special(struct span line);

#endif
