/* A job connects, writes all at once (the endpoint takes the message from where
 * it lies), and waits for the one line of the reply; a timer bounds the whole.
 *
 * The breaker of an upstream counts failures in a row. Once there are as many
 * as the policy allows it is open, and jobs end at once; when the upstream's
 * rest has passed, one job is let through to try, and the others still end at
 * once until that one has succeeded. */
#include "config.h"

#include "proxy/clamd_port.h"

#include "base/log.h"
#include "io/endpoint.h"

#include <stdlib.h>

struct breaker {
	uint64_t failures;
	uint64_t open_until; /* loop_now() */
	bool trying;
};

struct clamd_port {
	struct loop *loop;
	const struct settings *settings;
	struct upstreams *upstreams;
	struct breaker *breakers; /* by upstream */
};

struct clamd_job {
	struct clamd_port *port;
	const struct clamd_settings *settings;
	const struct spool *spool;
	struct connecting *connecting;
	struct endpoint *clamd;
	struct timer *timer;
	const char *refused; /* not to be asked: why */
	bool tries;          /* it is the one that tries an open breaker */
	clamd_done *done;
	void *context;
};

struct clamd_port *
clamd_port_new(struct loop *l, const struct settings *settings, struct upstreams *upstreams)
{
	struct clamd_port *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	*p = (struct clamd_port){ .loop = l, .settings = settings, .upstreams = upstreams };
	p->breakers = calloc(settings->upstream_count + 1, sizeof(*p->breakers));
	if (p->breakers == NULL)
		clamd_port_free(&p);
	return p;
}

void
clamd_port_free(struct clamd_port **p)
{
	if (*p == NULL)
		return;
	free((*p)->breakers);
	free(*p);
	*p = NULL;
}

static struct breaker *
breaker_of(const struct clamd_job *j)
{
	return &j->port->breakers[j->settings->upstream];
}

static const struct upstream *
upstream_of(const struct clamd_job *j)
{
	return &j->port->settings->upstreams[j->settings->upstream];
}

static void
breaker_count(const struct clamd_job *j, bool failed)
{
	struct breaker *b = breaker_of(j);
	bool was_open = b->failures >= j->settings->failures;

	b->failures = failed ? b->failures + 1 : 0;
	if (failed && b->failures >= j->settings->failures) {
		b->open_until = loop_now(j->port->loop) + upstream_of(j)->rest;
		if (!was_open)
			log_warning("clamd", "%s failed %llu times: it is left alone for a while", upstream_of(j)->name,
			    (unsigned long long)b->failures);
	}
	if (!failed && was_open)
		log_info("clamd", "%s answers again", upstream_of(j)->name);
}

static void
job_free(struct clamd_job *j)
{
	if (j->tries)
		breaker_of(j)->trying = false;
	connecting_cancel(&j->connecting);
	if (j->clamd != NULL)
		endpoint_abort(&j->clamd);
	timer_free(&j->timer);
	free(j);
}

static void
finish(struct clamd_job *j, enum clamd_result result, struct span text)
{
	const struct clamd_answer answer = { result, text };

	if (j->refused == NULL)
		breaker_count(j, result == CLAMD_FAILED);
	if (result == CLAMD_FAILED)
		log_warning("clamd", "%s: %.*s", upstream_of(j)->name, SPAN_ARG(text));
	j->done(j->context, &answer);
	job_free(j);
}

static void
fail(struct clamd_job *j, const char *why)
{
	finish(j, CLAMD_FAILED, span_str(why));
}

/* ---- the conversation ---- */

static void
reply_came(void *context)
{
	struct clamd_job *j = context;
	struct span input = endpoint_input(j->clamd), text;
	enum clamd_result result;
	int got = clamd_parse_reply(input, &result, &text);

	if (got > 0)
		finish(j, result, text);
	else if (got < 0)
		fail(j, "the reply makes no sense");
	else if (endpoint_eof(j->clamd) || endpoint_broken(j->clamd))
		fail(j, "the connection was closed before the reply");
}

static void
write_size(struct clamd_job *j, uint32_t len)
{
	struct buf b = { 0 };

	clamd_print_size(&b, len);
	endpoint_write_buf(j->clamd, &b);
	buf_free(&b);
}

static void
write_range(struct clamd_job *j, uint64_t offset, uint32_t len)
{
	if (spool_file(j->spool) >= 0)
		endpoint_write_file(j->clamd, spool_file(j->spool), offset, len);
	else
		endpoint_write_static(j->clamd, span_first(span_from(spool_bytes(j->spool), (size_t)offset), len));
}

static void
write_message(struct clamd_job *j)
{
	uint64_t size = j->spool->size;
	struct buf b = { 0 };

	clamd_print_command(&b);
	endpoint_write_buf(j->clamd, &b);
	buf_free(&b);
	for (uint64_t at = 0; at < size;) {
		uint32_t len = size - at < CLAMD_CHUNK_MAX ? (uint32_t)(size - at) : CLAMD_CHUNK_MAX;

		write_size(j, len);
		write_range(j, at, len);
		at += len;
	}
	write_size(j, 0);
	endpoint_flush(j->clamd);
}

static void
connected(void *context, int fd, const struct address *address, const char *why)
{
	struct clamd_job *j = context;

	(void)address;
	j->connecting = NULL;
	if (fd < 0) {
		fail(j, why);
		return;
	}
	j->clamd = endpoint_new(j->port->loop, fd, reply_came, j);
	if (j->clamd == NULL)
		fail(j, "no memory");
	else
		write_message(j);
}

static void
time_is_up(void *context)
{
	struct clamd_job *j = context;

	fail(j, j->refused != NULL ? j->refused : "it did not answer in time");
}

/* ---- beginning ---- */

/* Why it is not to be asked now, or NULL. */
static const char *
refusal(struct clamd_job *j)
{
	struct breaker *b = breaker_of(j);

	if (b->failures < j->settings->failures)
		return NULL;
	if (b->trying || loop_now(j->port->loop) < b->open_until)
		return "it failed too often and is left alone for a while";
	j->tries = b->trying = true;
	return NULL;
}

struct clamd_job *
clamd_submit(struct clamd_port *p, size_t policy, const struct spool *spool, clamd_done *done, void *context)
{
	struct clamd_job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	*j = (struct clamd_job){ .port = p, .settings = &p->settings->policies[policy].clamd, .spool = spool,
		.done = done, .context = context };
	j->timer = timer_new(p->loop, time_is_up, j);
	j->refused = refusal(j);
	if (j->refused == NULL)
		j->connecting = upstream_connect(p->upstreams, j->settings->upstream, NULL, connected, j);
	if (j->timer == NULL || (j->refused == NULL && j->connecting == NULL)) {
		job_free(j);
		return NULL;
	}
	timer_at(j->timer, loop_now(p->loop) + (j->refused == NULL ? j->settings->timeout : 0));
	return j;
}

void
clamd_cancel(struct clamd_job **j)
{
	if (*j == NULL)
		return;
	job_free(*j);
	*j = NULL;
}
