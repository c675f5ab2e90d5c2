/* Time. */
#include "config.h"

#include "base/clock.h"

#include <stdio.h>
#include <time.h>

uint64_t
clock_micros(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t
clock_millis(void)
{
	return clock_micros() / 1000;
}

int64_t
clock_wall_millis(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
clock_iso(char out[CLOCK_ISO_SIZE])
{
	struct timespec t;
	struct tm tm;
	char seconds[sizeof("2026-01-31T23:59:59")];

	clock_gettime(CLOCK_REALTIME, &t);
	gmtime_r(&t.tv_sec, &tm);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, CLOCK_ISO_SIZE, "%s.%03uZ", seconds, (unsigned)(t.tv_nsec / 1000000) % 1000);
}
