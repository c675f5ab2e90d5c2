/* Orders to the keeper, as bytes, and carried out. An order may come twice, for
 * its answer can be lost with the keeper: marking is the same when repeated. */
#include "config.h"

#include "daemon/keeper_order.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/keeper_wire.h"

enum { NUMBER_OCTETS = 4 };

void
keeper_order_encode(struct buf *out, const struct keeper_order *o)
{
	const struct quarantine_change *c = &o->change;

	buf_put_u32(out, o->kind);
	buf_put_span(out, o->id);
	buf_put_u32(out, c->state);
	buf_put_u64(out, (uint64_t)c->time);
	buf_put_span(out, c->note);
	buf_put_u32(out, (uint32_t)c->delivered_count);
	for (size_t i = 0; i < c->delivered_count; i++)
		buf_put_u32(out, c->delivered[i]);
}

static bool
take_delivered(struct arena *a, struct span in, struct quarantine_change *c)
{
	uint32_t count, *delivered;

	if (!take_u32(&in, &count) || in.len != (uint64_t)count * NUMBER_OCTETS)
		return false;
	delivered = ARENA_ARRAY(a, uint32_t, count);
	for (uint32_t i = 0; i < count; i++)
		take_u32(&in, &delivered[i]);
	c->delivered = delivered;
	c->delivered_count = count;
	return true;
}

bool
keeper_order_decode(struct arena *a, struct span in, struct keeper_order *o)
{
	uint32_t kind, state;
	uint64_t time;

	*o = (struct keeper_order){ 0 };
	take_u32(&in, &kind);
	take_span(&in, &o->id);
	take_u32(&in, &state);
	take_u64(&in, &time);
	if (!take_span(&in, &o->change.note) || kind < KEEPER_MARK || kind > KEEPER_EXPIRE || state > QUARANTINE_RELEASED)
		return false;
	o->kind = (enum keeper_order_kind)kind;
	o->change.state = (enum quarantine_state)state;
	o->change.time = (int64_t)time;
	return take_delivered(a, in, &o->change);
}

void
keeper_result_encode(struct buf *out, const struct keeper_result *r)
{
	buf_put_u32(out, r->ok);
	buf_put_span(out, r->error);
	buf_put_u64(out, r->expired.messages);
	buf_put_u64(out, r->expired.octets);
	buf_put_u32(out, r->expired.more);
}

bool
keeper_result_decode(struct span in, struct keeper_result *r)
{
	uint32_t ok, more;
	uint64_t messages;

	*r = (struct keeper_result){ 0 };
	take_u32(&in, &ok);
	take_span(&in, &r->error);
	take_u64(&in, &messages);
	take_u64(&in, &r->expired.octets);
	if (!take_u32(&in, &more) || in.len > 0)
		return false;
	r->ok = ok != 0;
	r->expired.messages = (size_t)messages;
	r->expired.more = more != 0;
	return true;
}

/* ---- carrying out ---- */

bool
keeper_expire(struct quarantine *q, const struct settings *s, struct quarantine_expired *expired, const char **error)
{
	const struct quarantine_limits limits = { .age = s->quarantine_keep_for, .size = s->quarantine_keep_size };
	struct log_entry e;

	if (!quarantine_expire(q, &limits, clock_wall_millis(), expired, error))
		return false;
	if (expired->messages > 0) {
		log_begin(&e, LOG_LEVEL_INFO, "expired");
		log_number(&e, "messages", (int64_t)expired->messages);
		log_number(&e, "octets", (int64_t)expired->octets);
		log_end(&e);
	}
	return true;
}

/* Unknown is usual for a moment; what stays so has a reason. */
static const char *
event_of(const struct keeper_order *o)
{
	if (o->kind == KEEPER_REMOVE)
		return "removed";
	return o->change.state == QUARANTINE_UNKNOWN && o->change.note.len == 0 ? "releasing" :
	    quarantine_state_name(o->change.state);
}

static void
log_order(const struct keeper_order *o)
{
	struct log_entry e;

	log_begin(&e, LOG_LEVEL_INFO, event_of(o));
	log_span(&e, "quarantine", o->id);
	if (o->change.note.len > 0)
		log_span(&e, "reply", o->change.note);
	log_end(&e);
}

void
keeper_obey(struct quarantine *q, const struct settings *settings, const struct keeper_order *o,
    struct keeper_result *result)
{
	const char *error = "";
	char id[QUARANTINE_ID_SIZE];

	*result = (struct keeper_result){ 0 };
	snprintf(id, sizeof(id), "%.*s", SPAN_ARG(o->id));
	switch (o->kind) {
	case KEEPER_MARK:
		result->ok = quarantine_mark(q, id, &o->change, &error);
		break;
	case KEEPER_REMOVE:
		result->ok = quarantine_remove(q, id, &error);
		break;
	case KEEPER_EXPIRE:
		result->ok = keeper_expire(q, settings, &result->expired, &error);
		break;
	}
	if (result->ok && o->kind != KEEPER_EXPIRE)
		log_order(o);
	result->error = span_str(result->ok ? "" : error);
}
