/* The bar is one line of standard error that is drawn over itself. */
#include "config.h"

#include "cli/progress.h"

#include "base/clock.h"

#include <stdio.h>
#include <unistd.h>

enum {
	MANY = 20,      /* fewer are done before anybody has read the bar */
	COLUMNS = 40,
	REDRAW_MS = 100,
};

void
progress_begin(struct progress *p, size_t total)
{
	*p = (struct progress){ .wanted = total >= MANY && isatty(STDERR_FILENO) == 1, .total = total };
}

void
progress_step(struct progress *p, size_t done)
{
	static const char full[] = "########################################";
	uint64_t now = p->wanted ? clock_millis() : 0;
	int columns = (int)(done * COLUMNS / (p->total > 0 ? p->total : 1));

	if (!p->wanted || now - p->drawn < REDRAW_MS)
		return;
	p->drawn = now;
	p->visible = true;
	fprintf(stderr, "\r[%-*.*s] %zu of %zu ", COLUMNS, columns, full, done, p->total);
	fflush(stderr);
}

void
progress_clear(struct progress *p)
{
	if (!p->visible)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	p->visible = false;
}
