/* The messages of a folder, as DATA carries them. */
#ifndef BENCH_CORPUS_H
#define BENCH_CORPUS_H

#include "base/buf.h"

struct corpus {
	struct buf *messages; /* dot-stuffed, with the final dot */
	size_t count;
};

/* In the order of the files' names. False after an error that was told on
 * standard error. */
bool corpus_load(struct corpus *c, const char *folder);
void corpus_free(struct corpus *c);

#endif
