/* What each scanner of a generation is at, in memory that it shares with the
 * proxies: one that rests is found whoever keeps the others busy.
 *
 * A scanner has its own place alone. What is read may be a lie, of a scanner or
 * a proxy in other hands: it decides which scanner is given a message, and
 * nobody waits for it. */
#ifndef PROXY_SCAN_LOAD_H
#define PROXY_SCAN_LOAD_H

#include <stddef.h>
#include <stdint.h>

struct scan_load;
/* Before the fork; all rest. NULL: no memory. */
struct scan_load *scan_load_new(size_t scanners);
void scan_load_free(struct scan_load **l);
/* In that scanner's process: the others' places are gone, its own rests. */
void scan_load_own(struct scan_load *l, size_t scanner);

/* By the scanner: it is at that job from now on; 0 = it rests. */
void scan_load_tell(struct scan_load *l, size_t scanner, uint64_t job);
/* The job that it is at, and *since when, as clock_millis(); or 0. */
uint64_t scan_load_job(const struct scan_load *l, size_t scanner, uint64_t *since);

#endif
