/* A proxy's port to clamd, with a loop that runs until the one answer is there. */
#include "config.h"

#include "cli/clamd_asker.h"

#include "proxy/clamd_port.h"

#include <stdlib.h>

struct clamd_asker {
	struct loop *loop;
	struct upstreams *upstreams;
	struct clamd_port *port;
	struct spool_pool *pool;
	struct spool spool;
	/* The answer to the question at hand. */
	struct arena *arena;
	enum clamd_result result;
	struct span text;
};

struct clamd_asker *
clamd_asker_new(const struct settings *settings)
{
	struct clamd_asker *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->loop = loop_new();
	c->upstreams = c->loop != NULL ? upstreams_new(c->loop, settings) : NULL;
	c->port = c->upstreams != NULL ? clamd_port_new(c->loop, settings, c->upstreams) : NULL;
	c->pool = c->port != NULL ?
	    spool_pool_new(c->loop, settings->spool_path, settings->limits.spool_memory) : NULL;
	spool_init(&c->spool, c->pool);
	if (c->pool == NULL)
		clamd_asker_free(&c);
	return c;
}

void
clamd_asker_free(struct clamd_asker **c)
{
	struct clamd_asker *old = *c;

	if (old == NULL)
		return;
	if (old->pool != NULL)
		spool_reset(&old->spool, false);
	spool_pool_free(&old->pool);
	clamd_port_free(&old->port);
	upstreams_free(&old->upstreams);
	loop_free(&old->loop);
	free(old);
	*c = NULL;
}

static void
answered(void *context, const struct clamd_answer *answer)
{
	struct clamd_asker *c = context;

	c->result = answer->result;
	c->text = arena_copy(c->arena, answer->text);
	loop_stop(c->loop);
}

enum clamd_result
clamd_ask(struct clamd_asker *c, size_t policy, struct span message, struct arena *a, struct span *text)
{
	*text = SPAN_LITERAL("no memory to ask");
	if (c == NULL)
		return CLAMD_FAILED;
	c->arena = a;
	c->result = CLAMD_FAILED;
	c->text = *text;
	if (spool_add(&c->spool, message) && clamd_submit(c->port, policy, &c->spool, answered, c) != NULL)
		loop_run(c->loop);
	spool_reset(&c->spool, false);
	*text = c->text;
	return c->result;
}
