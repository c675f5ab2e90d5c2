/* The scanner process: one request at a time, from the links in turn. What it
 * needs is opened first, then the cage closes; from then on it can only read
 * what it is sent and answer. It ends when the master is gone or asks it to,
 * once its proxies are. */
#include "config.h"

#include "daemon/scanner_process.h"

#include "base/log.h"
#include "daemon/cage.h"
#include "daemon/channel.h"
#include "daemon/links.h"
#include "io/packet.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct scan_service {
	struct scanner *scanner;
	struct scan_load *load;
	size_t index; /* there */
	struct arena *arena;
	struct packet packet;
	struct buf answer;
};

struct scan_service *
scan_service_new(const struct generation *g, struct scan_load *load, size_t index)
{
	struct scan_service *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	packet_init(&s->packet);
	s->load = load;
	s->index = index;
	s->arena = arena_new(0);
	s->scanner = scanner_new(g->settings, g->rules);
	if (s->scanner == NULL)
		scan_service_free(&s);
	return s;
}

void
scan_service_free(struct scan_service **service)
{
	struct scan_service *s = *service;

	if (s == NULL)
		return;
	*service = NULL;
	scanner_free(&s->scanner);
	packet_free(&s->packet);
	arena_free(&s->arena);
	buf_free(&s->answer);
	free(s);
}

/* The message where it lies: in the packet, or mapped from its descriptor. */
static bool
find_message(struct scan_service *s, const struct scan_frame *f, struct span *message, void **mapped)
{
	*mapped = NULL;
	*message = f->message;
	if (!f->in_descriptor)
		return true;
	*mapped = packet_map(&s->packet, 0, f->size);
	*message = span_of(*mapped, (size_t)f->size);
	return *mapped != NULL;
}

static int
take_scratch(struct packet *p)
{
	int fd = p->fds[1];

	p->fds[1] = -1;
	return fd;
}

static void
answer_request(struct scan_service *s, const struct scan_frame *f)
{
	struct scan_request request;
	const struct scan_answer *answer;
	struct scan_answer failure;
	void *mapped;

	arena_reset(s->arena);
	scan_answer_failure(&failure, FAILURE_DEFER, "the request cannot be read");
	answer = &failure;
	if (scan_request_decode(s->arena, f->request, &request) && find_message(s, f, &request.message, &mapped)) {
		answer = scanner_run(s->scanner, &request, take_scratch(&s->packet));
		scan_frame_answer(&s->answer, f->id, answer);
		if (mapped != NULL)
			munmap(mapped, (size_t)f->size);
		return;
	}
	scan_frame_answer(&s->answer, f->id, answer);
}

enum link_state
scan_service_serve(struct scan_service *s, int link)
{
	struct scan_frame f;
	int got = packet_receive(link, &s->packet);

	if (got <= 0)
		return link_state_of(got, &s->packet);
	if (!scan_frame_decode(buf_span(&s->packet.data), &f))
		return LINK_ENDED;
	buf_clear(&s->answer);
	scan_load_tell(s->load, s->index, f.id);
	answer_request(s, &f);
	scan_load_tell(s->load, s->index, 0);
	return link_answer(link, &s->answer, SPAN_NONE);
}

static enum link_state
serve(void *context, int link)
{
	return scan_service_serve(context, link);
}

_Noreturn void
scanner_process(const struct generation *g, struct scan_load *load, size_t index, int channel)
{
	struct scan_service *s = scan_service_new(g, load, index);
	const struct links_work work = { .context = s, .serve = serve, .outlives_master = true, .door = -1 };

	scan_load_own(load, index);
	if (s == NULL || !cage_close_scanner(&g->settings->limits, channel)) {
		log_error("scanner", "the scanner cannot begin");
		_exit(1);
	}
	_exit(links_serve(channel, &work) ? 0 : 1);
}
