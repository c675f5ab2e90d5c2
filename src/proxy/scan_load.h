/* What each scanner of a generation is at, in memory that it shares with the
 * proxies: one that rests is found whoever keeps the others busy, and of one that
 * died it is known on what.
 *
 * A scanner has its own place alone. What is read may be a lie, of a scanner or
 * a proxy in other hands: it decides which scanner is given a message, and which
 * of the messages that a dead one had gets no other; nobody waits for it. */
#ifndef PROXY_SCAN_LOAD_H
#define PROXY_SCAN_LOAD_H

#include <stddef.h>
#include <stdint.h>

struct scan_load;
/* Before the fork; all rest. NULL: no memory. */
struct scan_load *scan_load_new(size_t scanners);
void scan_load_free(struct scan_load **l);
/* In that scanner's process: the others' places are gone, its own rests, and what was
 * being done there was the end of the scanner before. */
void scan_load_own(struct scan_load *l, size_t scanner);

/* By the scanner: it is at that job from now on; 0 = it rests. */
void scan_load_tell(struct scan_load *l, size_t scanner, uint64_t job);
/* The job that it is at, and *since when, as clock_millis(); or 0. */
uint64_t scan_load_job(const struct scan_load *l, size_t scanner, uint64_t *since);

/* The jobs that a scanner of that place may have died at, 0 = none: its last one, or,
 * where the next scanner is there already, that one's and then its. */
enum { SCAN_LOAD_ENDS = 2 };
void scan_load_ends(const struct scan_load *l, size_t scanner, uint64_t jobs[SCAN_LOAD_ENDS]);

#endif
