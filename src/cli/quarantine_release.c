/* gatepost quarantine release: the original goes to the mail server that it was
 * bound for, as it is.
 *
 * Once, even if interrupted: who releases a message has a lock on its file, and
 * before its end is sent the index says "unknown", on the disk. Interrupted
 * before that, nobody has the message, and it is released again as if nothing
 * had been. Interrupted between that and the upstream's answer, nobody can know
 * whether it was delivered: it stays unknown until --again is given. So does what
 * a keeper that gave no answer may yet record, though nobody has the message. */
#include "config.h"

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/quarantine.h"
#include "cli/smtp_sender.h"
#include "rewrite/text.h"
#include "wire/smtp_command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct releasing {
	struct desk desk;
	const char *to;
	size_t upstream; /* as it was asked for; SIZE_MAX = it was not */
	bool again;
	struct tls_client **tls; /* by upstream */
	/* The message at hand. */
	struct arena *arena;
	struct quarantine_record record;
	struct smtp_delivery delivery;
	uint32_t *indexes; /* of the delivery's recipients in the record */
	bool in_doubt;     /* a keeper that gave no answer may yet record that its end was sent */
};

/* ---- the record ---- */

static bool
mark(struct releasing *r, enum quarantine_state state, struct span note, const uint32_t *delivered, size_t count)
{
	const struct keeper_order order = {
		.kind = KEEPER_MARK,
		.id = span_str(r->record.id),
		.change = { state, clock_wall_millis(), note, delivered, count },
	};
	struct keeper_result result;
	bool ok = desk_order(&r->desk, &order, &result);

	r->in_doubt = !ok && result.lost;
	return ok;
}

static bool
before_end(void *context)
{
	return mark(context, QUARANTINE_UNKNOWN, SPAN_NONE, NULL, 0);
}

/* ---- where to ---- */

static size_t
find_upstream(const struct settings *s, struct span name)
{
	for (size_t i = 0; name.len > 0 && i < s->upstream_count; i++)
		if (span_is(name, s->upstreams[i].name))
			return i;
	return SIZE_MAX;
}

/* What no listener speaks LMTP with speaks SMTP. */
static bool
speaks_lmtp(const struct settings *s, size_t upstream)
{
	for (size_t i = 0; i < s->listener_count; i++)
		if (s->listeners[i].upstream == upstream && s->listeners[i].protocol == PROTOCOL_LMTP)
			return true;
	return false;
}

static bool
has_envelope(const struct quarantine_item *i)
{
	return span_is(i->protocol, "smtp") || span_is(i->protocol, "lmtp");
}

static bool
choose_upstream(struct releasing *r)
{
	const struct settings *s = r->desk.settings;
	const struct quarantine_item *i = &r->record.item;
	size_t own = has_envelope(i) ? find_upstream(s, i->upstream) : SIZE_MAX;

	r->delivery.upstream = r->upstream != SIZE_MAX ? r->upstream : own != SIZE_MAX ? own : s->quarantine_upstream;
	if (r->delivery.upstream == SIZE_MAX) {
		complain("%s: it has no upstream of its own; name one with --upstream or quarantine.release_upstream",
		    r->record.id);
		return false;
	}
	r->delivery.lmtp = r->upstream == SIZE_MAX && own != SIZE_MAX ? span_is(i->protocol, "lmtp") :
	    speaks_lmtp(s, r->delivery.upstream);
	r->delivery.tls = r->tls[r->delivery.upstream];
	return true;
}

/* Those that have it are left out, unless all are to get it again. */
static void
choose_recipients(struct releasing *r)
{
	const struct quarantine_item *i = &r->record.item;
	struct span *recipients = ARENA_ARRAY(r->arena, struct span, i->recipient_count + 1);
	struct span *parameters = ARENA_ARRAY(r->arena, struct span, i->recipient_count + 1);
	size_t count = 0;

	r->indexes = ARENA_ARRAY(r->arena, uint32_t, i->recipient_count + 1);
	for (size_t n = 0; r->to == NULL && n < i->recipient_count; n++) {
		if (r->record.delivered[n] && !r->again)
			continue;
		recipients[count] = i->recipients[n];
		parameters[count] = i->recipient_parameters[n];
		r->indexes[count++] = (uint32_t)n;
	}
	if (r->to != NULL)
		recipients[count++] = span_str(r->to);
	r->delivery.recipients = recipients;
	r->delivery.recipient_parameters = parameters;
	r->delivery.recipient_count = count;
}

static bool
choose_envelope(struct releasing *r)
{
	r->delivery.sender = r->record.item.sender;
	r->delivery.parameters = r->record.item.parameters;
	choose_recipients(r);
	if (r->delivery.recipient_count == 0)
		complain("%s: it has no recipients; name one with --to", r->record.id);
	return r->delivery.recipient_count > 0;
}

/* ---- what came of it ---- */

/* Recipients of the record that have it now; *taken: how many of the delivery. */
static size_t
delivered_now(struct releasing *r, const struct smtp_sent *sent, uint32_t *delivered, size_t *taken)
{
	size_t count = 0;

	*taken = 0;
	for (size_t i = 0; i < r->delivery.recipient_count; i++) {
		*taken += sent->taken[i];
		if (sent->taken[i] && r->to == NULL)
			delivered[count++] = r->indexes[i];
	}
	return count;
}

static bool
complain_of(const struct releasing *r, const struct smtp_sent *sent, const char *what)
{
	complain("%s: %s: %s: %.*s", r->record.id, r->desk.settings->upstreams[r->delivery.upstream].name, what,
	    SPAN_ARG(sent->text));
	return false;
}

static bool
record_answers(struct releasing *r, const struct smtp_sent *sent)
{
	uint32_t *delivered = ARENA_ARRAY(r->arena, uint32_t, r->delivery.recipient_count);
	size_t taken, count = delivered_now(r, sent, delivered, &taken);
	bool whole = taken == r->delivery.recipient_count;
	enum quarantine_state state = sent->outcome == SMTP_MAYBE_SENT ? QUARANTINE_UNKNOWN :
	    whole ? QUARANTINE_RELEASED : r->record.state;

	if (!mark(r, state, sent->text, delivered, count))
		return complain_of(r, sent, "it could not be recorded what the mail server said");
	if (sent->outcome == SMTP_MAYBE_SENT)
		return complain_of(r, sent, "it may have been delivered");
	if (!whole)
		return complain_of(r, sent, taken > 0 ? "not delivered to all" : "not delivered");
	printf("%s: released: %.*s\n", r->record.id, SPAN_ARG(sent->text));
	return true;
}

static bool
send_message(struct releasing *r)
{
	struct smtp_sent sent;

	r->in_doubt = false;
	r->delivery.before_end = before_end;
	r->delivery.context = r;
	smtp_send(&r->delivery, r->arena, &sent);
	if (sent.outcome != SMTP_NOT_SENT)
		return record_answers(r, &sent);
	return complain_of(r, &sent, r->in_doubt ?
	    "not delivered, though it may yet come to be listed as unknown, and then takes --again" : "not delivered");
}

/* ---- one message ---- */

static bool
may_be_sent(const struct releasing *r)
{
	const char *id = r->record.id;
	char time[RECORD_TIME_SIZE];

	record_time(r->record.changed, time);
	if (r->again || r->record.state == QUARANTINE_HELD)
		return true;
	if (r->record.state == QUARANTINE_RELEASED)
		complain("%s: it was released at %s; --again delivers it once more", id, time);
	else
		complain("%s: it may have been delivered at %s; ask the mail server's log, or deliver it with --again", id, time);
	return false;
}

static bool
map_message(struct releasing *r, int fd)
{
	size_t size = (size_t)r->record.size;
	void *mapped = size > 0 ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;

	if (mapped == MAP_FAILED) {
		complain("%s: the message cannot be read: %s", r->record.id, strerror(errno));
		return false;
	}
	r->delivery.message = span_of(mapped, size);
	return true;
}

/* Under the lock of the message: what is read now holds until it is closed. */
static bool
release_claimed(struct releasing *r, const char *id, int fd)
{
	const char *error = "";
	bool ok;

	if (!quarantine_get(r->desk.q, r->arena, id, &r->record, &error) ||
	    !quarantine_is_intact(r->desk.q, &r->record, &error)) {
		complain("%s: %s", id, error);
		return false;
	}
	r->delivery = (struct smtp_delivery){ .settings = r->desk.settings };
	if (!may_be_sent(r) || !choose_upstream(r) || !choose_envelope(r) || !map_message(r, fd))
		return false;
	ok = send_message(r);
	if (r->delivery.message.len > 0)
		munmap((void *)(uintptr_t)r->delivery.message.data, r->delivery.message.len);
	return ok;
}

static bool
release_one(struct releasing *r, const char *prefix)
{
	const char *id = desk_find(&r->desk, prefix), *error = "";
	int fd = id != NULL ? quarantine_claim(r->desk.q, id, &error) : -1;
	bool ok;

	if (fd < 0) {
		if (id != NULL)
			complain("%s: %s", id, error);
		return false;
	}
	r->arena = arena_new(0);
	ok = release_claimed(r, id, fd);
	arena_free(&r->arena);
	close(fd);
	return ok;
}

/* ---- the command ---- */

static bool
load_tls(struct releasing *r)
{
	const struct settings *s = r->desk.settings;
	const char *error = "";

	r->tls = ARENA_ARRAY(r->desk.arena, struct tls_client *, s->upstream_count);
	for (size_t i = 0; i < s->upstream_count; i++) {
		const struct upstream *u = &s->upstreams[i];

		if (u->tls.mode == TLS_NONE)
			continue;
		r->tls[i] = tls_client_new(r->desk.arena, &u->tls, &error);
		if (r->tls[i] == NULL) {
			complain("upstream %s: %s", u->name, error);
			return false;
		}
	}
	return true;
}

static bool
check_options(struct releasing *r, const char *upstream)
{
	struct smtp_command command;
	const char *line;

	r->upstream = upstream != NULL ? find_upstream(r->desk.settings, span_str(upstream)) : SIZE_MAX;
	if (upstream != NULL && r->upstream == SIZE_MAX) {
		complain("no upstream \"%s\" in the configuration", upstream);
		return false;
	}
	if (r->to == NULL)
		return true;
	line = arena_printf(r->desk.arena, "RCPT TO:<%s>", r->to);
	if (smtp_command_parse(span_str(line), &command) == NULL && command.param_count == 0 && command.path.len > 0)
		return true;
	complain("\"%s\" is no address", r->to);
	return false;
}

static int
release_all(struct releasing *r, const char *config, const char *upstream, char **ids)
{
	int status = STATUS_ERROR;

	if (desk_read_settings(&r->desk, config) && check_options(r, upstream) && load_tls(r) &&
	    desk_become_owner(&r->desk) && desk_open_quarantine(&r->desk))
		for (status = STATUS_OK; *ids != NULL; ids++)
			if (!release_one(r, *ids))
				status = STATUS_NEGATIVE;
	desk_close(&r->desk);
	return status;
}

int
quarantine_release(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "to", required_argument, NULL, 't' },
		{ "upstream", required_argument, NULL, 'u' },
		{ "again", no_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *config = DEFAULT_CONFIG, *upstream = NULL;
	struct releasing r = { .upstream = SIZE_MAX };
	int option;

	while ((option = option_next(argc, argv, ":c:h", longs)) != -1) {
		if (option == 'h') {
			fputs(quarantine_help, stdout);
			return STATUS_OK;
		}
		if (option == '?')
			return STATUS_ERROR;
		if (option == 'c')
			config = optarg;
		else if (option == 't')
			r.to = optarg;
		else if (option == 'u')
			upstream = optarg;
		else
			r.again = true;
	}
	if (optind == argc)
		return complain("quarantine release takes the IDs of messages; see \"gatepost quarantine --help\"");
	return release_all(&r, config, upstream, argv + optind);
}
