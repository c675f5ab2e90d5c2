/* Who is told by readers of containers, in tests and fuzzers. */
#ifndef TESTS_CONTAINER_WALK_H
#define TESTS_CONTAINER_WALK_H

#include "base/buf.h"
#include "engine/container.h"

typedef enum archive_result (*container_reader)(struct arena *a, struct span data, struct archive_budget *budget,
    const struct container_sink *sink);

/* What was told, a line each: "member NAME: CONTENT" (printable, up to 40
 * octets of it), "message NAME: CONTENT", "trait NAME", "uri URI"; then
 * "damaged" or "over limit" or "none" when that was the result. */
void walk_read(struct buf *told, container_reader reader, struct span data, const struct archive_limits *limits);
/* The same of a file below $srcdir; nested containers are read as well, and
 * "over limit inside" told of them. */
void walk_file(struct buf *told, container_reader reader, const char *path);
void walk_file_within(struct buf *told, container_reader reader, const char *path, const struct archive_limits *limits);
/* The bytes of a file below $srcdir. */
void walk_load(struct buf *out, const char *path);

/* For fuzzers: aborts when a limit is passed or a span lies wrong. */
void walk_fuzz(container_reader reader, struct span data);

#endif
