/* gatepost quarantine list: what was asked for, and a line for each message.
 *
 * Known limit: while a long list waits in a pager the index is being read, and
 * what the keeper writes meanwhile stays in the index's log of changes. */
#include "config.h"

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/moment.h"
#include "cli/options.h"
#include "cli/quarantine.h"
#include "rewrite/text.h"

#include <stdlib.h>
#include <string.h>

enum {
	LIMIT = 100,       /* some screens */
	ADDRESS_WIDTH = 30, /* characters of a column */
	CELL_MAX = 1024,   /* octets */
};

struct listing {
	struct quarantine_query query;
	const char *config;
	bool json;
	struct arena *arena;
	struct buf line;
	size_t count;
};

/* ---- what is asked for ---- */

static bool
take_time(struct listing *l, bool until)
{
	struct moment moment;

	if (!moment_parse(span_str(optarg), clock_wall_millis(), &moment)) {
		complain("\"%s\" is no time; expected as 2026-11-21, 2026-11-21T08:05, 2h or 7d", optarg);
		return false;
	}
	if (until)
		l->query.until = moment.last;
	else
		l->query.since = moment.first;
	return true;
}

static bool
take_limit(struct listing *l)
{
	uint64_t limit;

	if (!span_to_u64(span_str(optarg), &limit) || limit > INT32_MAX) {
		complain("\"%s\" is no number of messages", optarg);
		return false;
	}
	l->query.limit = (size_t)limit;
	return true;
}

static bool
take_word(struct span *word)
{
	*word = span_str(optarg);
	if (word->len == 0)
		complain("nothing to look for was given");
	return word->len > 0;
}

static bool
take_option(struct listing *l, int option)
{
	switch (option) {
	case 'c':
		l->config = optarg;
		return true;
	case 'j':
		l->json = true;
		return true;
	case 'n':
		return take_limit(l);
	case 's':
	case 'e':
		return take_time(l, option == 'e');
	case 'u':
		return take_word(&l->query.user);
	case 'f':
		return take_word(&l->query.from);
	case 't':
		return take_word(&l->query.to);
	case 'b':
		return take_word(&l->query.subject);
	case 'r':
		return take_word(&l->query.rule);
	}
	return false;
}

/* ---- a line for each ---- */

/* A cell of so many characters, cut or filled up; 0: as it is. */
static void
put_cell(struct listing *l, struct span text, size_t width)
{
	size_t characters = 0, at = 0;

	text = shown_text(l->arena, text, CELL_MAX);
	for (; at < text.len; at++) {
		if (((unsigned char)text.data[at] & 0xc0) == 0x80)
			continue;
		if (width > 0 && characters == width)
			break;
		characters++;
	}
	buf_add_span(&l->line, span_first(text, at));
	for (; characters < width; characters++)
		buf_add_byte(&l->line, ' ');
}

/* Who it is from: envelopes of readers there are none. */
static struct span
sender_of(const struct quarantine_item *i)
{
	return i->sender.len > 0 ? i->sender : i->author.len > 0 ? i->author : SPAN_LITERAL("<>");
}

static struct span
recipient_of(struct arena *a, const struct quarantine_item *i)
{
	if (i->recipient_count == 0)
		return i->user;
	if (i->recipient_count == 1)
		return i->recipients[0];
	return span_str(arena_printf(a, "%.*s +%zu", SPAN_ARG(span_first(i->recipients[0], ADDRESS_WIDTH - 6)),
	    i->recipient_count - 1));
}

static void
put_row(struct listing *l, const struct quarantine_record *r)
{
	buf_printf(&l->line, "%-31s  %-8s  ", r->id, quarantine_state_name(r->state));
	put_cell(l, sender_of(&r->item), ADDRESS_WIDTH);
	buf_add_str(&l->line, "  ");
	put_cell(l, recipient_of(l->arena, &r->item), ADDRESS_WIDTH);
	buf_add_str(&l->line, "  ");
	put_cell(l, r->item.subject, 0);
}

static bool
print_record(void *context, const struct quarantine_record *r)
{
	struct listing *l = context;

	arena_reset(l->arena);
	buf_clear(&l->line);
	if (l->json)
		record_json(&l->line, r);
	else
		put_row(l, r);
	if (l->count++ == 0 && !l->json)
		printf("%-31s  %-8s  %-*s  %-*s  %s\n", "ID", "STATE", ADDRESS_WIDTH, "FROM", ADDRESS_WIDTH, "TO", "SUBJECT");
	buf_add_byte(&l->line, '\n');
	return !l->line.failed && fwrite(l->line.data, 1, l->line.len, stdout) == l->line.len;
}

static int
print_list(struct listing *l)
{
	const char *error = "";
	struct desk d;
	int status = STATUS_ERROR;

	l->arena = arena_new(0);
	if (desk_open(&d, l->config)) {
		if (quarantine_search(d.q, &l->query, print_record, l, &error))
			status = STATUS_OK;
		else
			complain("quarantine %s: %s", d.settings->quarantine_path, error);
	}
	desk_close(&d);
	buf_free(&l->line);
	arena_free(&l->arena);
	return status;
}

int
quarantine_list(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "limit", required_argument, NULL, 'n' },
		{ "since", required_argument, NULL, 's' },
		{ "until", required_argument, NULL, 'e' },
		{ "user", required_argument, NULL, 'u' },
		{ "from", required_argument, NULL, 'f' },
		{ "to", required_argument, NULL, 't' },
		{ "subject", required_argument, NULL, 'b' },
		{ "rule", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct listing l = { .config = DEFAULT_CONFIG,
		.query = { .since = INT64_MIN, .until = INT64_MAX, .limit = LIMIT } };
	int option;

	while ((option = option_next(argc, argv, ":c:h", longs)) != -1) {
		if (option == 'h') {
			fputs(quarantine_help, stdout);
			return STATUS_OK;
		}
		if (!take_option(&l, option))
			return STATUS_ERROR;
	}
	if (optind < argc)
		return complain("quarantine list takes no argument \"%s\"; see \"gatepost quarantine --help\"", argv[optind]);
	if (l.query.since > l.query.until)
		return complain("what --since names is later than what --until names");
	return print_list(&l);
}
