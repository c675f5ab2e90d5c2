/* gatepost ctl: speaks to a running gatepost over its control socket. */
#include "config.h"

#include "cli/commands.h"
#include "cli/control_client.h"
#include "cli/ctl_show.h"
#include "cli/ctl_top.h"
#include "cli/options.h"
#include "conf/report.h"
#include "conf/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: gatepost ctl [-c FILE] status|metrics|reload|upgrade|drain\n"
    "       gatepost ctl [-c FILE] top [--interval SECONDS] [--count N]\n"
    "\n"
    "Speaks to the gatepost that runs with that configuration.\n"
    "\n"
    "  status   its sessions, messages by verdict, rules, work and processes\n"
    "  top      the same as rates, drawn anew every second; q ends it\n"
    "  metrics  the same for Prometheus\n"
    "  reload   reads configuration, rules and certificates anew; prints what is wrong\n"
    "           with them, and then the running ones stay\n"
    "  upgrade  a gatepost that was installed since takes its place, without a moment\n"
    "           in which nobody listens; prints why, when it cannot\n"
    "  drain    no new connections; sessions finish, then it ends\n"
    "\n"
    "  -c, --config FILE        the configuration (default " DEFAULT_CONFIG ")\n"
    "  -i, --interval SECONDS   of top, from 0.1 to 3600 (default 1)\n"
    "  -n, --count N            top ends after N frames (default: when you do; 1 where\n"
    "                           the output is no terminal)\n"
    "\n"
    "Exits with 0 when it was done, 1 when gatepost refused, 2 when none answers.\n";

static const char *const verbs[] = { "status", "top", "metrics", "reload", "upgrade", "drain", NULL };

struct ctl_options {
	const char *config;
	uint64_t interval; /* ms */
	uint64_t count;    /* 0: not given */
	bool top_only;     /* one of these two was given */
};

/* What the answer has for people goes to where they look for it. */
static int
tell(const char *control, const char *verb)
{
	struct buf answer = { 0 };
	int status = control_ask(control, verb, &answer);

	if (status == STATUS_ERROR)
		complain("%.*s", SPAN_ARG(buf_span(&answer)));
	else if (answer.len > 0)
		fwrite(buf_span(&answer).data, 1, answer.len, status == STATUS_OK ? stdout : stderr);
	buf_free(&answer);
	return status;
}

static int
tell_status(struct arena *arena, const char *control, const char *file)
{
	struct buf answer = { 0 }, text = { 0 };
	struct figures figures;
	int status = control_ask(control, "metrics", &answer);

	if (status == STATUS_OK) {
		figures_parse(arena, buf_span(&answer), &figures);
		show_status(&text, &figures, file);
		fwrite(text.data, 1, text.len, stdout);
	} else {
		complain("%.*s", SPAN_ARG(buf_span(&answer)));
	}
	buf_free(&answer);
	buf_free(&text);
	return status;
}

/* The file may have become wrong since gatepost read it. */
static int
say(const struct ctl_options *o, const char *verb)
{
	struct arena *arena = arena_new(0);
	const char *control;
	struct report report;
	int status;

	report_init(&report, arena);
	control = settings_control_path(arena, o->config, &report);
	if (strcmp(verb, "status") == 0)
		status = tell_status(arena, control, o->config);
	else if (strcmp(verb, "top") == 0)
		status = ctl_top(control, o->interval, o->count);
	else
		status = tell(control, verb);
	if (status == STATUS_ERROR)
		report_print(&report, stderr);
	arena_free(&arena);
	return status;
}

static bool
is_verb(const char *word)
{
	for (size_t i = 0; verbs[i] != NULL; i++)
		if (strcmp(verbs[i], word) == 0)
			return true;
	return false;
}

static bool
take_interval(struct ctl_options *o, const char *text)
{
	char *rest;
	double seconds = strtod(text, &rest);

	o->top_only = true;
	if (rest != text && *rest == '\0' && seconds >= 0.1 && seconds <= 3600) {
		o->interval = (uint64_t)(seconds * 1000);
		return true;
	}
	complain("--interval takes seconds, from 0.1 to 3600, not \"%s\"", text);
	return false;
}

static bool
take_count(struct ctl_options *o, const char *text)
{
	o->top_only = true;
	if (span_to_u64(span_str(text), &o->count) && o->count > 0)
		return true;
	complain("--count takes a number from 1, not \"%s\"", text);
	return false;
}

/* False: leave with *status. */
static bool
take_options(struct ctl_options *o, int argc, char **argv, int *status)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "interval", required_argument, NULL, 'i' },
		{ "count", required_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	*status = STATUS_ERROR;
	while ((option = option_next(argc, argv, ":c:i:n:h", longs)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			*status = STATUS_OK;
			return false;
		}
		if (option == 'c')
			o->config = optarg;
		else if (option == '?' || (option == 'i' && !take_interval(o, optarg)) || (option == 'n' && !take_count(o, optarg)))
			return false;
	}
	return true;
}

int
cmd_ctl(int argc, char **argv)
{
	struct ctl_options o = { .config = DEFAULT_CONFIG, .interval = 1000 };
	const char *nearest;
	int status;

	if (!take_options(&o, argc, argv, &status))
		return status;
	if (optind + 1 != argc)
		return complain("ctl takes one of status, top, metrics, reload, upgrade, drain; see \"gatepost ctl --help\"");
	if (o.top_only && strcmp(argv[optind], "top") != 0)
		return complain("--interval and --count are for \"gatepost ctl top\"");
	if (is_verb(argv[optind]))
		return say(&o, argv[optind]);
	nearest = nearest_word(argv[optind], verbs);
	return complain("unknown command \"%s\"; %s%s", argv[optind], nearest != NULL ? "did you mean " : "see \"gatepost ctl --help\"",
	    nearest != NULL ? nearest : "");
}
