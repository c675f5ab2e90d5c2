/* gatepost quarantine: what the verbs have in common. Reading goes to the index
 * itself, changes go to the keeper (daemon/keeper_order.h). */
#include "config.h"

#include "cli/quarantine.h"

#include "base/log.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "daemon/privileges.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char quarantine_help[] =
    "Usage: gatepost quarantine list [-c FILE] [--json] [--limit N] [FILTER…]\n"
    "       gatepost quarantine show [-c FILE] [--json | --raw] ID\n"
    "       gatepost quarantine release [-c FILE] [--to ADDRESS] [--upstream NAME] [--again] ID…\n"
    "       gatepost quarantine delete [-c FILE] ID…\n"
    "       gatepost quarantine expire [-c FILE]\n"
    "\n"
    "Messages that were held back, whether gatepost runs or not. An ID may be cut as\n"
    "long as only one begins so.\n"
    "\n"
    "  list     the messages, newest first\n"
    "  show     who sent it to whom, why it is here, and its header\n"
    "  release  delivers the original to the mail server that it was bound for, once\n"
    "  delete   removes messages for good\n"
    "  expire   removes what quarantine.keep_for and keep_size keep no longer; done\n"
    "           every minute while gatepost runs\n"
    "\n"
    "  -c, --config FILE    the configuration (default " DEFAULT_CONFIG ")\n"
    "      --json           one JSON object a message\n"
    "      --raw            the original, byte for byte\n"
    "      --limit N        the newest N messages (default 100; 0 = all)\n"
    "      --since TIME     that came since then: 2026-11-21, 2026-11-21T08:05 (UTC), or\n"
    "      --until TIME     2h, 7d for so long ago\n"
    "      --user USER      a part of the name that was logged in with\n"
    "      --from ADDRESS   a part of the sender, or of the field From\n"
    "      --to ADDRESS     a part of a recipient; with release: deliver to it instead\n"
    "      --subject TEXT   a part of the Subject\n"
    "      --rule NAME      that this rule spoke of\n"
    "      --upstream NAME  deliver to this upstream of the configuration instead\n"
    "      --again          also what was released, or may have been\n"
    "\n"
    "Exits with 0, with 1 when a message is not there or could not be released or\n"
    "deleted, with 2 on an error.\n"
    "\n"
    "Examples:\n"
    "  gatepost quarantine list --since 7d --to bob@example.org\n"
    "  gatepost quarantine show --raw 20261121T080512 | less\n"
    "  gatepost quarantine release 20261121T080512\n";

/* ---- the desk ---- */

bool
desk_read_settings(struct desk *d, const char *config)
{
	struct report report;

	*d = (struct desk){ .arena = arena_new(0), .courier = -1 };
	report_init(&report, d->arena);
	log_setup(LOG_TARGET_STDERR, LOG_FORMAT_LOGFMT, LOG_LEVEL_WARNING);
	d->settings = settings_read(d->arena, config, &report);
	if (d->settings == NULL)
		report_print(&report, stderr);
	return d->settings != NULL;
}

/* False after telling what is wrong with it. */
static bool
look_at_folder(const char *path, struct stat *st)
{
	const char *why = NULL;

	if (stat(path, st) != 0)
		why = strerror(errno);
	else if (!S_ISDIR(st->st_mode))
		why = strerror(ENOTDIR);
	else if (access(path, R_OK | X_OK) != 0)
		why = "it is for root and the account that the folder belongs to";
	if (why != NULL)
		complain("quarantine %s: %s", path, why);
	return why == NULL;
}

/* What is made there must be the keeper's, and what is read there and said by
 * mail servers is nothing for root. Orders are: for these root stays behind. */
bool
desk_become_owner(struct desk *d)
{
	const char *path = d->settings->quarantine_path;
	struct account owner;
	struct stat st;

	if (!look_at_folder(path, &st))
		return false;
	owner = (struct account){ st.st_uid, st.st_gid, geteuid() == 0 && st.st_uid != 0 };
	if (owner.change)
		d->courier = keeper_courier_start(path);
	if (!account_become(&owner, false)) {
		complain("the account that owns %s cannot be taken", path);
		return false;
	}
	return true;
}

bool
desk_open_quarantine(struct desk *d)
{
	const char *error = "";

	d->q = quarantine_open_reading(d->settings->quarantine_path, &error);
	if (d->q == NULL)
		complain("quarantine %s: %s", d->settings->quarantine_path, error);
	return d->q != NULL;
}

bool
desk_open_blind(struct desk *d, const char *config)
{
	return desk_read_settings(d, config) && desk_become_owner(d);
}

bool
desk_open(struct desk *d, const char *config)
{
	return desk_open_blind(d, config) && desk_open_quarantine(d);
}

void
desk_close(struct desk *d)
{
	quarantine_close(&d->q);
	if (d->courier >= 0)
		close(d->courier);
	arena_free(&d->arena);
}

const char *
desk_find(struct desk *d, const char *prefix)
{
	char *id = arena_alloc(d->arena, QUARANTINE_ID_SIZE);
	const char *error = "";

	if (prefix[0] != '\0' && quarantine_find(d->q, prefix, id, &error))
		return id;
	complain("%s: %s", prefix, prefix[0] != '\0' ? error : "an ID is needed");
	return NULL;
}

static bool
is_marked(struct desk *d, const char *id, const struct quarantine_change *change)
{
	struct quarantine_record record;
	const char *error;

	return quarantine_get(d->q, d->arena, id, &record, &error) && record.state == change->state &&
	    record.changed == change->time;
}

/* It is as was ordered, also when the keeper that did it died before it said so. */
static bool
is_done(struct desk *d, const struct keeper_order *order)
{
	char id[QUARANTINE_ID_SIZE];

	snprintf(id, sizeof(id), "%.*s", SPAN_ARG(order->id));
	return (order->kind == KEEPER_REMOVE && quarantine_lacks(d->q, id)) ||
	    (order->kind == KEEPER_MARK && is_marked(d, id, &order->change));
}

bool
desk_order(struct desk *d, const struct keeper_order *order, struct keeper_result *result)
{
	const char *left = order->kind == KEEPER_REMOVE ? "; it is still there" : "";

	keeper_order_give(d->settings, d->courier, order, d->arena, result);
	result->ok = result->ok || is_done(d, order);
	if (!result->ok && order->id.len > 0)
		complain("%.*s: %.*s%s", SPAN_ARG(order->id), SPAN_ARG(result->error), result->lost ? left : "");
	else if (!result->ok)
		complain("quarantine %s: %.*s", d->settings->quarantine_path, SPAN_ARG(result->error));
	return result->ok;
}

/* ---- small verbs ---- */

static bool
delete_one(struct desk *d, const char *prefix)
{
	const char *id = desk_find(d, prefix);
	const struct keeper_order order = { .kind = KEEPER_REMOVE, .id = span_str(id) };
	struct keeper_result result;

	if (id == NULL || !desk_order(d, &order, &result))
		return false;
	printf("%s: deleted\n", id);
	return true;
}

/* -c and --help. True to go on, with the arguments from optind on. */
static bool
take_config(int argc, char **argv, const char **config, int *status)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	*config = DEFAULT_CONFIG;
	*status = STATUS_ERROR;
	while ((option = option_next(argc, argv, ":c:h", longs)) == 'c')
		*config = optarg;
	if (option == 'h') {
		fputs(quarantine_help, stdout);
		*status = STATUS_OK;
	}
	return option == -1;
}

int
quarantine_delete(int argc, char **argv)
{
	const char *config;
	struct desk d;
	int status;

	if (!take_config(argc, argv, &config, &status))
		return status;
	if (optind == argc)
		return complain("quarantine delete takes the IDs of messages; see \"gatepost quarantine --help\"");
	status = desk_open(&d, config) ? STATUS_OK : STATUS_ERROR;
	for (int i = optind; d.q != NULL && i < argc; i++)
		if (!delete_one(&d, argv[i]))
			status = STATUS_NEGATIVE;
	desk_close(&d);
	return status;
}

int
quarantine_expire_now(int argc, char **argv)
{
	const struct keeper_order order = { .kind = KEEPER_EXPIRE };
	struct keeper_result result = { .expired = { .more = true } };
	const char *config, *more = "";
	size_t messages = 0;
	struct desk d;
	int status;

	if (!take_config(argc, argv, &config, &status))
		return status;
	if (optind < argc)
		return complain("quarantine expire takes no argument \"%s\"", argv[optind]);
	result.ok = desk_open_blind(&d, config);
	while (result.ok && result.expired.more) {
		desk_order(&d, &order, &result);
		messages += result.expired.messages;
		if (result.lost)
			more = ", and those of a keeper that went away before it had told how many";
	}
	desk_close(&d);
	if (result.ok)
		printf("%zu message%s removed%s\n", messages, messages == 1 ? "" : "s", more);
	return result.ok ? STATUS_OK : STATUS_ERROR;
}

/* ---- the verbs ---- */

static const struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
} verbs[] = {
	{ "list", quarantine_list },
	{ "show", quarantine_show },
	{ "release", quarantine_release },
	{ "delete", quarantine_delete },
	{ "expire", quarantine_expire_now },
};
enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

int
cmd_quarantine(int argc, char **argv)
{
	const char *names[VERBS + 1] = { NULL }, *nearest;
	char whole[sizeof("quarantine release")]; /* as errors name it */

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(quarantine_help, stdout);
		return STATUS_OK;
	}
	for (size_t i = 0; i < VERBS; i++) {
		names[i] = verbs[i].name;
		if (argc < 2 || strcmp(argv[1], verbs[i].name) != 0)
			continue;
		snprintf(whole, sizeof(whole), "quarantine %s", verbs[i].name);
		argv[1] = whole;
		return verbs[i].run(argc - 1, argv + 1);
	}
	if (argc < 2)
		return complain("quarantine takes one of list, show, release, delete, expire; see \"gatepost quarantine --help\"");
	nearest = nearest_word(argv[1], names);
	return complain("unknown command \"%s\"; %s%s", argv[1],
	    nearest != NULL ? "did you mean " : "see \"gatepost quarantine --help\"", nearest != NULL ? nearest : "");
}
