/* gatepost check: all that `run` would refuse to start with, said at once.
 * Certificates and keys are loaded by the same code that serves them. */
#include "config.h"

#include "cli/commands.h"
#include "cli/load.h"
#include "cli/options.h"
#include "daemon/privileges.h"
#include "io/tls.h"

static const char help[] =
    "Usage: gatepost check [-c FILE]\n"
    "\n"
    "Reads the configuration, its rules and the files of users, loads certificates and\n"
    "keys, and prints every error as file:line:column: message.\n"
    "\n"
    "  -c, --config FILE   the configuration (default " DEFAULT_CONFIG ")\n"
    "\n"
    "Exits with 0 when all is well, with 2 otherwise.\n"
    "\n"
    "Examples:\n"
    "  gatepost check\n"
    "  gatepost check -c new.yaml && systemctl reload gatepost\n";

static void
check_listeners(const struct loaded *l, struct report *report)
{
	struct tls_tickets tickets = { 0 };

	for (size_t i = 0; i < l->settings->listener_count; i++) {
		const struct listener *listener = &l->settings->listeners[i];
		const char *error;

		if (listener->tls.mode != TLS_NONE && tls_server_new(l->arena, &listener->tls, &tickets, &error) == NULL)
			report_add(report, listener->tls.mark, "listener %s: %s", listener->name, error);
	}
}

static void
check_upstreams(const struct loaded *l, struct report *report)
{
	for (size_t i = 0; i < l->settings->upstream_count; i++) {
		const struct upstream *upstream = &l->settings->upstreams[i];
		const char *error;

		if (upstream->tls.mode != TLS_NONE && tls_client_new(l->arena, &upstream->tls, &error) == NULL)
			report_add(report, upstream->tls.mark, "upstream %s: %s", upstream->name, error);
	}
}

/* As run looks for it when root starts it. */
static void
check_account(const struct loaded *l, struct report *report)
{
	struct account account;
	const char *error;

	if (!account_find(l->settings, &account, &error))
		report_add(report, (struct mark){ l->settings->file, 0, 0 }, "%s", error);
}

/* No session begins here, so the keys of tickets need not be random. */
static bool
check_files(const struct loaded *l)
{
	struct report report;

	report_init(&report, l->arena);
	check_listeners(l, &report);
	check_upstreams(l, &report);
	check_account(l, &report);
	loaded_check_users(l, &report);
	report_print(&report, stderr);
	return report.count == 0;
}

/* What is right, and not what it looks like. */
static void
print_notes(const struct loaded *l)
{
	const struct settings *s = l->settings;

	for (size_t i = 0; i < s->listener_count; i++) {
		const struct listener *listener = &s->listeners[i];
		const struct policy_settings *policy = &s->policies[listener->policy];

		if (listener->protocol == PROTOCOL_IMAP && policy->spam == SPAM_SHOWN_HIDDEN)
			printf("note: listener %s: by IMAP \"spam: hide\" of policy %s is as \"tag\"; \"move\" takes spam out of INBOX\n",
			    listener->name, policy->name);
	}
}

/* A policy's rules count once for each policy that has them. */
static void
print_summary(const struct loaded *l)
{
	const struct settings *s = l->settings;
	size_t rules = 0;

	for (size_t i = 0; i < s->policy_count; i++)
		rules += ruleset_count(l->rules[i]);
	printf("%zu listener%s, %zu polic%s, %zu rule%s: ok\n", s->listener_count, s->listener_count == 1 ? "" : "s",
	    s->policy_count, s->policy_count == 1 ? "y" : "ies", rules, rules == 1 ? "" : "s");
}

static int
check(const char *file)
{
	struct loaded l;
	bool good = load_config(&l, file) && check_files(&l);

	if (good) {
		loaded_print_notes(&l, stdout);
		print_notes(&l);
		print_summary(&l);
	}
	loaded_free(&l);
	return good ? STATUS_OK : STATUS_ERROR;
}

int
cmd_check(int argc, char **argv)
{
	const char *config;
	int status;

	return option_config_only(argc, argv, help, &config, &status) ? check(config) : status;
}
