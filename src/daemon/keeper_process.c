/* The keeper process: a message and what is known of it go to the disk, and
 * only then is the proxy told. */
#include "config.h"

#include "daemon/keeper_process.h"

#include "base/log.h"
#include "daemon/links.h"
#include "io/packet.h"
#include "proxy/keep_frame.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct keep_service {
	struct quarantine *quarantine;
	struct arena *arena;
	struct packet packet;
	struct buf answer;
};

struct keep_service *
keep_service_new(const struct settings *settings)
{
	struct keep_service *k = calloc(1, sizeof(*k));
	const char *error = "";

	if (k == NULL)
		return NULL;
	k->arena = arena_new(0);
	packet_init(&k->packet);
	k->quarantine = quarantine_open(settings->quarantine_path, &error);
	if (k->quarantine == NULL) {
		log_error("keeper", "quarantine %s: %s", settings->quarantine_path, error);
		keep_service_free(&k);
	}
	return k;
}

void
keep_service_free(struct keep_service **service)
{
	struct keep_service *k = *service;

	if (k == NULL)
		return;
	*service = NULL;
	quarantine_close(&k->quarantine);
	packet_free(&k->packet);
	arena_free(&k->arena);
	buf_free(&k->answer);
	free(k);
}

static bool
answer(struct keep_service *k, int link, uint64_t id, bool ok, struct span body)
{
	buf_clear(&k->answer);
	keep_answer_encode(&k->answer, id, ok);
	return packet_send(link, buf_span(&k->answer), body, NULL, 0) == PACKET_SENT;
}

static bool
serve_message(struct keep_service *k, int link, const struct keep_frame *f)
{
	char id[QUARANTINE_ID_SIZE] = "";
	const char *error = "";
	void *mapped = f->in_descriptor ? packet_map(&k->packet, 0, f->size) : NULL;
	struct span message = mapped != NULL ? span_of(mapped, (size_t)f->size) : f->message;
	bool ok = (!f->in_descriptor || mapped != NULL) &&
	    quarantine_put(k->quarantine, &f->item, -1, message, id, &error);

	if (mapped != NULL)
		munmap(mapped, (size_t)f->size);
	if (!ok)
		log_error("keeper", "a message cannot be kept: %s", error);
	return answer(k, link, f->id, ok, span_str(ok ? id : error));
}

bool
keep_service_serve(struct keep_service *k, int link)
{
	struct keep_frame f;
	int got = packet_receive(link, &k->packet);

	if (got <= 0)
		return got == 0;
	arena_reset(k->arena);
	if (!keep_frame_decode(k->arena, buf_span(&k->packet.data), &f))
		return false;
	return f.kind == KEEP_MESSAGE && serve_message(k, link, &f);
}

static bool
serve(void *context, int link)
{
	return keep_service_serve(context, link);
}

_Noreturn void
keeper_process(const struct settings *settings, int channel)
{
	struct keep_service *k = keep_service_new(settings);

	if (k == NULL)
		_exit(1);
	links_serve(channel, serve, k);
	keep_service_free(&k);
	_exit(0);
}
