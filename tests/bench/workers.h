/* The threads of a load tool: one for each connection. */
#ifndef BENCH_WORKERS_H
#define BENCH_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

/* Runs `work` in so many threads until all have ended. False after an error that
 * was told on standard error by `name`: not all could be started. */
bool run_workers(const char *name, size_t count, void *(*work)(void *context), void *context);

#endif
