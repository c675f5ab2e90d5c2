/* Reading a configuration into everything that the processes share. */
#include "config.h"

#include "daemon/generation.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <string.h>
#include <unistd.h>

static void
log_notes(const struct ruleset *rules)
{
	const char *note;

	for (size_t i = 0; (note = ruleset_note(rules, i)) != NULL; i++)
		log_info("rules", "%s", note);
}

static bool
compile_rules(struct generation *g, struct report *report)
{
	const struct settings *s = g->settings;

	g->rules = rulesets_compile(g->arena, s, report);
	for (size_t i = 0; i < s->policy_count && report->count == 0; i++)
		log_notes(g->rules[i]);
	return report->count == 0;
}

static void
report_tls(struct report *report, struct mark mark, const char *what, const char *name, const char *error)
{
	report_add(report, mark, "%s %s: %s", what, name, error);
}

static bool
make_tls(struct generation *g, const struct tls_tickets *tickets, struct report *report)
{
	static const struct upstream_tls plain = { .mode = TLS_NONE, .verify = VERIFY_NONE };
	const struct settings *s = g->settings;
	const char *error = NULL;

	g->listener_tls = ARENA_ARRAY(g->secrets, struct tls_server *, s->listener_count);
	for (size_t i = 0; i < s->listener_count; i++) {
		const struct listener *l = &s->listeners[i];

		if (l->tls.mode == TLS_NONE)
			continue;
		g->listener_tls[i] = tls_server_new(g->secrets, &l->tls, tickets, &error);
		if (g->listener_tls[i] == NULL)
			report_tls(report, l->tls.mark, "listener", l->name, error);
	}
	g->upstream_tls = ARENA_ARRAY(g->secrets, struct tls_client *, s->upstream_count);
	for (size_t i = 0; i < s->upstream_count; i++) {
		const struct upstream *u = &s->upstreams[i];

		if (u->tls.mode == TLS_NONE) /* the system's authorities take long to read, and room */
			continue;
		g->upstream_tls[i] = tls_client_new(g->secrets, &u->tls, &error);
		if (g->upstream_tls[i] == NULL)
			report_tls(report, u->tls.mark, "upstream", u->name, error);
	}
	g->intercept_tls = tls_client_new(g->secrets, &plain, &error);
	if (g->intercept_tls == NULL)
		arena_give_up(g->secrets, error);
	return report->count == 0;
}

/* Opened by root, so that the way to it need not be open to the account that
 * the proxies become; the files in it must be. */
static bool
open_user_directory(struct generation *g, struct report *report)
{
	const char *path = g->settings->user_directory;

	if (path == NULL)
		return true;
	g->user_directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (g->user_directory < 0)
		report_add(report, (struct mark){ path, 0, 0 }, "cannot be opened: %s", strerror(errno));
	return g->user_directory >= 0;
}

static bool
make(struct generation *g, const char *file, const struct tls_tickets *tickets, struct report *report)
{
	g->settings = settings_read(g->arena, file, report);
	return g->settings != NULL && compile_rules(g, report) && make_tls(g, tickets, report) &&
	    open_user_directory(g, report);
}

/* A limit that is hit on the way is one more error: a reload must not end the
 * master. */
static bool
make_guarded(struct generation *g, const char *file, const struct tls_tickets *tickets, struct report *report)
{
	jmp_buf escape;

	if (setjmp(escape) == 0) {
		arena_set_escape(g->arena, &escape);
		arena_set_escape(g->secrets, &escape);
		g->whole = make(g, file, tickets, report);
	} else {
		const char *why = arena_gave_up(g->arena);

		report_add(report, (struct mark){ file, 0, 0 }, "%s", why != NULL ? why : arena_gave_up(g->secrets));
	}
	arena_set_escape(g->arena, NULL);
	arena_set_escape(g->secrets, NULL);
	return g->whole;
}

struct generation *
generation_load(const char *file, const struct tls_tickets *tickets, struct report *report)
{
	struct arena *arena = arena_new(0);
	struct generation *g = ARENA_NEW(arena, struct generation);

	g->arena = arena;
	g->secrets = arena_new(0);
	g->user_directory = -1;
	if (make_guarded(g, file, tickets, report))
		return g;
	generation_free(&g);
	return NULL;
}

void
generation_forget_secrets(struct generation *g)
{
	arena_free(&g->secrets);
	g->listener_tls = NULL;
	g->upstream_tls = NULL;
	g->intercept_tls = NULL;
}

void
generation_free(struct generation **g)
{
	struct arena *arena;

	if (*g == NULL)
		return;
	if ((*g)->user_directory >= 0)
		close((*g)->user_directory);
	generation_forget_secrets(*g);
	arena = (*g)->arena;
	*g = NULL;
	arena_free(&arena);
}
