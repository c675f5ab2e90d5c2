/* A progress bar on a terminal. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	bool wanted;  /* standard error is a terminal, and there is much to do */
	bool visible; /* it is on the terminal now */
	size_t total;
	uint64_t drawn; /* when, in milliseconds */
};

void progress_begin(struct progress *p, size_t total);
/* Draws it, a few times a second at most. */
void progress_step(struct progress *p, size_t done);
/* Takes it away: before a line is written to the same terminal, at the end. */
void progress_clear(struct progress *p);

#endif
