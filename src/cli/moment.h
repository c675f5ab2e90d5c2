/* Times as they are given to commands. */
#ifndef CLI_MOMENT_H
#define CLI_MOMENT_H

#include "base/span.h"

/* All of the time that was named: its first and its last millisecond since 1970,
 * UTC. A day has 86,400,000 of them, what was named to the millisecond has one. */
struct moment {
	int64_t first, last;
};

/* "2026-11-21", with "T08:05", "T08:05:12" or "T08:05:12.123" behind it (a blank for
 * the T; a Z behind that), all UTC; or how long before `now`, as "2h" or "7d", with
 * its unit. False on
 * anything else, and on a day or a second that there is not: the calendar is the
 * Gregorian one from year 1 on, without leap seconds. */
bool moment_parse(struct span text, int64_t now, struct moment *out);

#endif
