/* Time: monotonic for durations and deadlines, wall clock for people. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Microseconds, milliseconds of CLOCK_MONOTONIC. */
uint64_t clock_micros(void);
uint64_t clock_millis(void);
/* Milliseconds since 1970, UTC. */
int64_t clock_wall_millis(void);

enum { CLOCK_ISO_SIZE = sizeof("2026-01-31T23:59:59.999Z") };
/* The wall clock now, UTC, ISO 8601 with milliseconds. */
void clock_iso(char out[CLOCK_ISO_SIZE]);

#endif
