/* Threads that are started together and waited for together. */
#include "config.h"

#include "workers.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

bool
run_workers(const char *name, size_t count, void *(*work)(void *context), void *context)
{
	size_t started = 0;
	pthread_t *threads = calloc(count, sizeof(*threads));

	while (threads != NULL && started < count && pthread_create(&threads[started], NULL, work, context) == 0)
		started++;
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	if (started < count)
		fprintf(stderr, "%s: only %zu of %zu connections could have a thread\n", name, started, count);
	return started == count;
}
