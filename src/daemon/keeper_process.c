/* The keeper process: a message and what is known of it go to the disk, and
 * only then is the proxy told. Views are a help to readers and no more: when
 * they cannot be had the keeper does without, and tries again the next day.
 * Between requests it removes what quarantine is to keep no longer.
 *
 * Without a master it ends at once: the quarantine is one keeper's, and another
 * gatepost may be waiting for it. Proxies that outlive their master refuse for now
 * what they cannot have kept. */
#include "config.h"

#include "daemon/keeper_process.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/cage.h"
#include "daemon/keeper_order.h"
#include "daemon/links.h"
#include "io/packet.h"
#include "proxy/keep_frame.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EXPIRE_EVERY_MS = 60 * 1000 };

struct keep_service {
	struct quarantine *quarantine;
	struct views *views; /* NULL: not to be had today */
	const struct settings *settings;
	int64_t day;
	int door;            /* -1: there is none */
	uid_t master;        /* who gives orders, besides root */
	uint64_t expire_at;  /* clock_millis() */
	struct arena *arena;
	struct packet packet;
	struct buf answer;
};

/* What is done at the start and once a day. */
static void
begin_day(struct keep_service *k)
{
	const char *error = "";

	if (k->day == views_today())
		return;
	k->day = views_today();
	if (k->views == NULL)
		k->views = views_open(k->settings->quarantine_path, &error);
	if (k->views == NULL || !views_expire(k->views, k->day, VIEWS_KEPT_DAYS, &error))
		log_error("keeper", "views in %s: %s", k->settings->quarantine_path, error);
}

struct keep_service *
keep_service_new(const struct settings *settings)
{
	struct keep_service *k = calloc(1, sizeof(*k));
	const char *error = "";

	if (k == NULL)
		return NULL;
	k->settings = settings;
	k->day = -1;
	k->door = -1;
	k->master = geteuid();
	k->arena = arena_new(0);
	packet_init(&k->packet);
	k->quarantine = quarantine_open(settings->quarantine_path, &error);
	if (k->quarantine == NULL) {
		log_error("keeper", "quarantine %s: %s", settings->quarantine_path, error);
		keep_service_free(&k);
		return NULL;
	}
	k->door = keeper_door_open(settings->quarantine_path);
	begin_day(k);
	return k;
}

void
keep_service_free(struct keep_service **service)
{
	struct keep_service *k = *service;

	if (k == NULL)
		return;
	*service = NULL;
	keeper_door_close(k->settings->quarantine_path, &k->door);
	views_close(&k->views);
	quarantine_close(&k->quarantine);
	packet_free(&k->packet);
	arena_free(&k->arena);
	buf_free(&k->answer);
	free(k);
}

static enum link_state
answer(struct keep_service *k, int link, uint64_t id, bool ok, struct span body)
{
	buf_clear(&k->answer);
	keep_answer_encode(&k->answer, id, ok);
	return link_answer(link, &k->answer, body);
}

static enum link_state
serve_message(struct keep_service *k, int link, const struct keep_frame *f)
{
	char id[QUARANTINE_ID_SIZE] = "";
	const char *error = "there is no room for the message";
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

/* False when it does not fit: what is left out is only computed anew. */
static bool
add_view(void *context, const struct view *view)
{
	struct buf *views = context;
	size_t before = views->len;

	keep_views_put(views, view);
	if (views->failed)
		views->len = before;
	return !views->failed;
}

static enum link_state
serve_fetch(struct keep_service *k, int link, const struct keep_frame *f)
{
	const char *error = "there are no views today";
	struct buf views;
	enum link_state state;
	bool ok;

	buf_init(&views, KEEP_VIEWS_MAX);
	if (k->views == NULL)
		ok = false;
	else if (f->kind == KEEP_VIEWS_FIND)
		ok = views_find(k->views, &f->owner, f->names, f->name_count, add_view, &views, &error);
	else
		ok = views_each(k->views, &f->owner, add_view, &views, &error);
	if (views.failed)
		log_warning("keeper", "a maildrop of %.*s has more views than one answer holds", SPAN_ARG(f->owner.user));
	state = answer(k, link, f->id, ok, ok ? buf_span(&views) : span_str(error));
	buf_free(&views);
	return state;
}

static void
serve_change(struct keep_service *k, const struct keep_frame *f)
{
	const char *error = "";

	if (k->views != NULL &&
	    !views_change(k->views, &f->owner, f->puts, f->put_count, f->drops, f->drop_count, &error))
		log_error("keeper", "views cannot be kept: %s", error);
}

enum link_state
keep_service_serve(struct keep_service *k, int link)
{
	struct keep_frame f;
	int got = packet_receive(link, &k->packet);

	if (got <= 0)
		return link_state_of(got, &k->packet);
	arena_reset(k->arena);
	if (!keep_frame_decode(k->arena, buf_span(&k->packet.data), &f))
		return LINK_ENDED;
	begin_day(k);
	switch (f.kind) {
	case KEEP_MESSAGE:
		return serve_message(k, link, &f);
	case KEEP_VIEWS_FETCH:
	case KEEP_VIEWS_FIND:
		return serve_fetch(k, link, &f);
	case KEEP_VIEWS_CHANGE:
		serve_change(k, &f);
		return LINK_GOOD;
	}
	return LINK_ENDED;
}

/* ---- what is done besides ---- */

int
keep_service_door(const struct keep_service *k)
{
	return k->door;
}

void
keep_service_hear(struct keep_service *k)
{
	keeper_door_hear(k->door, k->master, k->quarantine, k->settings);
}

uint64_t
keep_service_rest(struct keep_service *k)
{
	uint64_t now = clock_millis();
	struct quarantine_expired expired = { 0 };
	const char *error = "";

	begin_day(k);
	if (now >= k->expire_at) {
		if (!keeper_expire(k->quarantine, k->settings, &expired, &error))
			log_error("keeper", "quarantine cannot be cleared of old messages: %s", error);
		k->expire_at = expired.more ? now : now + EXPIRE_EVERY_MS;
	}
	return k->expire_at - now;
}

static enum link_state
serve(void *context, int link)
{
	return keep_service_serve(context, link);
}

static void
hear(void *context, int door)
{
	(void)door;
	keep_service_hear(context);
}

static uint64_t
rest(void *context)
{
	return keep_service_rest(context);
}

/* Who made the channel. */
static void
find_master(struct keep_service *k, int channel)
{
	struct ucred master;
	socklen_t len = sizeof(master);

	if (getsockopt(channel, SOL_SOCKET, SO_PEERCRED, &master, &len) == 0)
		k->master = master.uid;
}

_Noreturn void
keeper_process(const struct settings *settings, int channel)
{
	struct keep_service *k = keep_service_new(settings);
	struct links_work work = { .context = k, .serve = serve, .hear = hear, .rest = rest };
	bool good;

	if (k == NULL || !cage_close_keeper(settings, channel))
		_exit(1);
	find_master(k, channel);
	work.door = k->door;
	good = links_serve(channel, &work);
	keep_service_free(&k);
	_exit(good ? 0 : 1);
}
