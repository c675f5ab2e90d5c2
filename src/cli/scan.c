/* gatepost scan: the same scan that mail passes through, for files. */
#include "config.h"

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/scan_pool.h"
#include "cli/scan_summary.h"

#include <stdio.h>
#include <unistd.h>

static const char help[] =
    "Usage: gatepost scan [OPTION…] PATH…\n"
    "\n"
    "Scans messages and says the verdict on each and why. PATH is a file with one\n"
    "message, an mbox, a Maildir (cur and new), a folder of these, or - for the\n"
    "standard input.\n"
    "\n"
    "  -c, --config FILE   take policies and rules from this configuration; without\n"
    "                      it the starter rules in " DEFAULT_RULES "\n"
    "                      are used, tagging from 5.0 and rejecting from 15.0\n"
    "  -p, --policy NAME   the policy (default: the user's, or the first of the\n"
    "                      configuration)\n"
    "  -u, --user NAME     as for this user: by \"users\" and his file\n"
    "  -j, --json          one JSON object a line for each message\n"
    "  -r, --rewritten     write the message as it would be delivered; one message\n"
    "      --from ADDRESS  the envelope's sender (may be empty)\n"
    "      --to ADDRESS    a recipient of the envelope; may be repeated\n"
    "      --client IP     the address that the message came from\n"
    "\n"
    "Exits with 0 when all messages are accepted or tagged, with 1 when one was held\n"
    "back (stripped, quarantined, discarded, deferred, rejected), with 2 on an error.\n"
    "\n"
    "Examples:\n"
    "  gatepost scan message.eml\n"
    "  gatepost scan -c gatepost.yaml --policy inbound ~/Maildir\n"
    "  gatepost scan -c gatepost.yaml --user anna@example.org ~anna/Maildir\n"
    "  gatepost scan --json inbox.mbox | jq 'select(.verdict != \"accept\")'\n"
    "  gatepost scan --rewritten --client 192.0.2.7 - < message.eml | less\n";

enum { OPTION_FROM = 256, OPTION_TO, OPTION_CLIENT };

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "policy", required_argument, NULL, 'p' },
	{ "user", required_argument, NULL, 'u' },
	{ "json", no_argument, NULL, 'j' },
	{ "rewritten", no_argument, NULL, 'r' },
	{ "from", required_argument, NULL, OPTION_FROM },
	{ "to", required_argument, NULL, OPTION_TO },
	{ "client", required_argument, NULL, OPTION_CLIENT },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

struct arguments {
	struct arena *arena;
	const char *config, *policy, *user;
	struct scan_job job;
	size_t recipient_cap;
	bool help;
};

static void
add_recipient(struct arguments *a, const char *address)
{
	struct scan_request *r = &a->job.request;

	r->recipients = arena_grow(a->arena, r->recipients, sizeof(*r->recipients), &a->recipient_cap,
	    r->recipient_count + 1);
	r->recipients[r->recipient_count++] = span_str(address);
}

static bool
set_client(struct arguments *a, const char *address)
{
	struct network n;

	if (!network_parse(span_str(address), &n) || n.bits != 128 || strchr(address, '/') != NULL) {
		complain("scan: --client takes an IP address, not \"%s\"", address);
		return false;
	}
	memcpy(a->job.request.client, n.address, sizeof(n.address));
	return true;
}

static bool
set_option(struct arguments *a, int option)
{
	switch (option) {
	case 'c':
		a->config = optarg;
		return true;
	case 'p':
		a->policy = optarg;
		return true;
	case 'u':
		a->user = optarg;
		return true;
	case 'j':
		a->job.json = true;
		return true;
	case 'r':
		a->job.rewritten = true;
		return true;
	case 'h':
		a->help = true;
		return true;
	case OPTION_FROM:
		a->job.request.sender = span_str(optarg);
		return true;
	case OPTION_TO:
		add_recipient(a, optarg);
		return true;
	case OPTION_CLIENT:
		return set_client(a, optarg);
	default:
		return false;
	}
}

static bool
read_arguments(struct arguments *a, int argc, char **argv)
{
	int option;

	while ((option = option_next(argc, argv, ":c:p:u:jrh", options)) != -1)
		if (!set_option(a, option))
			return false;
	if (a->help)
		return true;
	if (a->job.json && a->job.rewritten)
		complain("scan: --json and --rewritten exclude each other");
	else if (optind == argc)
		complain("scan: no PATH; see \"gatepost scan --help\"");
	else
		return true;
	return false;
}

/* What was seen so far. */
struct tally {
	struct progress progress;
	struct scan_summary summary;
	bool on_terminal;
};

static void
write_text(const struct buf *text, FILE *out)
{
	if (text->len > 0)
		fwrite(buf_span(text).data, 1, text->len, out);
}

static void
take_report(void *context, const struct scan_report *r)
{
	struct tally *t = context;

	scan_summary_add(&t->summary, r);
	if (r->err.len > 0 || t->on_terminal)
		progress_clear(&t->progress);
	write_text(&r->out, stdout);
	if (t->on_terminal)
		fflush(stdout);
	write_text(&r->err, stderr);
	progress_step(&t->progress, t->summary.done);
}

static int
scan_list(const struct scan_job *job, struct arena *arena)
{
	struct tally t = { .on_terminal = isatty(STDOUT_FILENO) == 1 };
	uint64_t began = clock_millis();

	scan_summary_init(&t.summary, arena, job);
	t.summary.errors = job->list->errors;
	progress_begin(&t.progress, job->list->count);
	if (!scan_pool_run(job, take_report, &t)) {
		progress_clear(&t.progress);
		return complain("scan: cannot start a process");
	}
	progress_clear(&t.progress);
	if (!job->json && !job->rewritten)
		scan_summary_print(&t.summary, clock_millis() - began, stdout);
	return t.summary.errors > 0 ? STATUS_ERROR : scan_summary_held(&t.summary) > 0 ? STATUS_NEGATIVE : STATUS_OK;
}

/* Policy and settings: as asked for, as the user has them, or the first. */
static bool
choose(struct arguments *a, const struct loaded *loaded)
{
	struct scan_request *r = &a->job.request;
	struct user_settings own = { .policy = SIZE_MAX };

	if (a->user != NULL && !loaded_user(loaded, a->user, &own))
		return false;
	r->user = span_str(a->user);
	r->policy = a->policy != NULL || own.policy == SIZE_MAX ? loaded_policy(loaded, a->policy) : own.policy;
	scan_preferences_from(a->arena, &own, &r->own);
	return r->policy != SIZE_MAX;
}

static int
scan_paths(struct arguments *a, const struct loaded *loaded, char **paths)
{
	struct mail_list list;
	int status;

	a->job.loaded = loaded;
	if (!choose(a, loaded))
		return STATUS_ERROR;
	a->job.list = &list;
	mail_list_init(&list, a->arena);
	for (; *paths != NULL; paths++)
		mail_list_add(&list, *paths);
	if (a->job.rewritten && list.count != 1)
		status = complain("scan: --rewritten takes one message, not %zu", list.count);
	else
		status = scan_list(&a->job, a->arena);
	mail_list_free(&list);
	a->job.list = NULL;
	return status;
}

static int
scan(struct arguments *a, char **paths)
{
	struct loaded loaded;
	bool ok = a->config != NULL ? load_config(&loaded, a->config) : load_default_rules(&loaded);
	int status = ok ? scan_paths(a, &loaded, paths) : STATUS_ERROR;

	loaded_free(&loaded);
	a->job.loaded = NULL;
	return status;
}

int
cmd_scan(int argc, char **argv)
{
	struct arguments a = { .arena = arena_new(0) };
	int status = STATUS_ERROR;

	if (read_arguments(&a, argc, argv)) {
		if (a.help) {
			fputs(help, stdout);
			status = STATUS_OK;
		} else {
			a.job.request.want_parts = a.job.json;
			status = scan(&a, argv + optind);
		}
	}
	arena_free(&a.arena);
	return status;
}
