/* imapserver: an IMAP server whose mailboxes are folders of made messages.
 *
 * Any login is welcome; a mailbox has the name of its folder. Nothing ever
 * changes. Messages are the same at every login, under the same UIDVALIDITY,
 * unless -u asks for mailboxes that are new each time: then that differs. */
#include "config.h"

#include "corpus.h"
#include "server.h"

#include "wire/imap_command.h"
#include "wire/imap_line.h"
#include "wire/imap_set.h"
#include "wire/imap_token.h"
#include "wire/mail_data.h"

#include <inttypes.h>
#include <libgen.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char help[] =
    "Usage: imapserver [OPTION…] FOLDER…\n"
    "  -u        new mailboxes at each login\n"
    "  -c FILE   certificate and key: STARTTLS is offered\n";

enum { FOLDERS_MAX = 8, UNIT_MAX = 64 * 1024 };

struct folder {
	const char *name;
	struct buf *messages;
	size_t count;
};

struct server {
	struct folder folders[FOLDERS_MAX];
	size_t folder_count;
	bool unique;
	SSL_CTX *tls; /* NULL: none is offered */
	atomic_uint_fast32_t logins;
};

struct client {
	struct connection *c;
	struct server *server;
	const struct folder *mailbox;
	struct span tag;
	uint32_t login;
	bool open;
};

static void
say(struct client *client, const char *text)
{
	client->open = client->open && connection_send_text(client->c, text);
}

static void
say_buf(struct client *client, struct buf *out)
{
	struct span all = buf_span(out);

	client->open = client->open && !out->failed && connection_send(client->c, &all, 1);
	buf_free(out);
}

static void
complete(struct client *client, const char *result)
{
	struct buf out = { 0 };

	buf_printf(&out, "%.*s %s\r\n", SPAN_ARG(client->tag), result);
	say_buf(client, &out);
}

/* ---- commands ---- */

static const char *
capabilities(const struct client *client)
{
	bool offers_tls = client->server->tls != NULL && client->c->tls == NULL;

	return offers_tls ? "CAPABILITY IMAP4rev1 LITERAL+ IDLE UIDPLUS SASL-IR AUTH=PLAIN STARTTLS" :
	                    "CAPABILITY IMAP4rev1 LITERAL+ IDLE UIDPLUS SASL-IR AUTH=PLAIN";
}

static void
tell_capabilities(struct client *client, const struct imap_command *command)
{
	struct buf out = { 0 };

	(void)command;
	buf_printf(&out, "* %s\r\n%.*s OK done\r\n", capabilities(client), SPAN_ARG(client->tag));
	say_buf(client, &out);
}

static void
start_tls(struct client *client, const struct imap_command *command)
{
	(void)command;
	if (client->server->tls == NULL) {
		complete(client, "BAD there is none");
		return;
	}
	complete(client, "OK done");
	client->open = client->open && connection_accept_tls(client->c, client->server->tls);
}

/* What PLAIN says is not looked at. */
static void
authenticate(struct client *client, const struct imap_command *command)
{
	struct span line, tag = client->tag;
	char kept[64];

	if (span_find_byte(command->arguments, ' ') == SIZE_MAX) {
		snprintf(kept, sizeof(kept), "%.*s", SPAN_ARG(tag)); /* reading on moves the input */
		say(client, "+ \r\n");
		client->open = client->open && connection_line(client->c, &line);
		client->tag = span_str(kept);
		complete(client, "OK done");
		return;
	}
	complete(client, "OK done");
}

static void
select_mailbox(struct client *client, const struct imap_command *command)
{
	const struct server *s = client->server;
	struct buf out = { 0 };

	for (size_t i = 0; i < s->folder_count; i++)
		if (span_find(command->arguments, span_str(s->folders[i].name)) != SIZE_MAX)
			client->mailbox = &s->folders[i];
	buf_printf(&out,
	    "* FLAGS (\\Seen \\Deleted)\r\n* %zu EXISTS\r\n* 0 RECENT\r\n* OK [PERMANENTFLAGS (\\Seen \\*)] kept\r\n"
	    "* OK [UIDVALIDITY %" PRIu32 "] valid\r\n* OK [UIDNEXT %zu] next\r\n%.*s OK [READ-WRITE] done\r\n",
	    client->mailbox->count, s->unique ? client->login + 2 : 1, client->mailbox->count + 1, SPAN_ARG(client->tag));
	say_buf(client, &out);
}

static void
send_message(struct client *client, size_t index, bool flags, bool whole)
{
	struct span message = buf_span(&client->mailbox->messages[index]);
	struct span parts[4];
	char head[128], literal[64];

	snprintf(head, sizeof(head), "* %zu FETCH (UID %zu%s", index + 1, index + 1, flags ? " FLAGS ()" : "");
	snprintf(literal, sizeof(literal), " BODY[] {%zu}\r\n", message.len);
	parts[0] = span_str(head);
	parts[1] = whole ? span_str(literal) : SPAN_LITERAL("");
	parts[2] = whole ? message : SPAN_LITERAL("");
	parts[3] = SPAN_LITERAL(")\r\n");
	client->open = client->open && connection_send(client->c, parts, 4);
}

/* UIDs are numbers. */
static void
fetch(struct client *client, const struct imap_command *command)
{
	struct imap_cursor cursor = imap_cursor(command->arguments);
	struct imap_range range;
	struct span set;
	bool flags, whole;

	if (!imap_take_sequence_set(&cursor, &set)) {
		complete(client, "BAD a set is wanted");
		return;
	}
	flags = span_find(cursor.rest, SPAN_LITERAL("FLAGS")) != SIZE_MAX;
	whole = span_find(cursor.rest, SPAN_LITERAL("BODY")) != SIZE_MAX;
	while (imap_set_next(&set, (uint32_t)client->mailbox->count, &range))
		for (size_t i = range.low; client->open && i <= range.high && i <= client->mailbox->count; i++)
			send_message(client, i - 1, flags, whole);
	complete(client, "OK done");
}

static void
idle(struct client *client, const struct imap_command *command)
{
	struct span tag = command->tag, line;
	char kept[64];

	snprintf(kept, sizeof(kept), "%.*s", SPAN_ARG(tag));
	say(client, "+ idling\r\n");
	buf_free(&client->c->in); /* it may take long */
	client->open = client->open && connection_line(client->c, &line);
	client->tag = span_str(kept);
	complete(client, "OK done");
}

static void
log_out(struct client *client, const struct imap_command *command)
{
	(void)command;
	say(client, "* BYE bye\r\n");
	complete(client, "OK done");
	client->open = false;
}

static void
agree(struct client *client, const struct imap_command *command)
{
	(void)command;
	complete(client, "OK done");
}

static const struct verb {
	enum imap_verb verb;
	void (*run)(struct client *client, const struct imap_command *command);
} verbs[] = {
	{ IMAP_CAPABILITY, tell_capabilities },
	{ IMAP_STARTTLS, start_tls },
	{ IMAP_AUTHENTICATE, authenticate },
	{ IMAP_SELECT, select_mailbox },
	{ IMAP_FETCH, fetch },
	{ IMAP_IDLE, idle },
	{ IMAP_LOGOUT, log_out },
};

/* ---- the conversation ---- */

/* Takes a command with its literals to the end of *unit, as it stood on the wire. */
static bool
read_unit(struct client *client, struct buf *unit)
{
	struct buf *in = &client->c->in;
	struct imap_line line;
	const char *why;
	size_t used;

	for (;;) {
		int got = imap_line_take(buf_span(in), UNIT_MAX, &line, &used, &why);

		if (got < 0 || (got == 0 && !connection_fill(client->c)))
			return false;
		if (got == 0)
			continue;
		buf_add_span(unit, line.has_literal ? span_first(buf_span(in), used) : line.whole);
		buf_consume(in, used);
		if (!line.has_literal)
			return !unit->failed;
		if (line.literal.octets > UNIT_MAX)
			return false;
		if (line.literal.synchronising)
			say(client, "+ go on\r\n");
		while (in->len < line.literal.octets)
			if (!connection_fill(client->c))
				return false;
		buf_add_span(unit, span_first(buf_span(in), (size_t)line.literal.octets));
		buf_consume(in, (size_t)line.literal.octets);
	}
}

static void
obey(struct client *client, struct span unit)
{
	struct imap_command command;
	const char *wrong = imap_command_parse(unit, &command);

	client->tag = command.tag;
	if (wrong != NULL) {
		complete(client, "BAD what is that?");
		return;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (verbs[i].verb == command.verb) {
			verbs[i].run(client, &command);
			return;
		}
	}
	agree(client, &command);
}

static void
hold_conversation(struct connection *c, void *context)
{
	struct server *s = context;
	struct client client = { .c = c, .server = s, .mailbox = &s->folders[0], .open = true };
	struct buf unit = { 0 };

	client.login = (uint32_t)atomic_fetch_add(&s->logins, 1);
	say(&client, "* OK [");
	say(&client, capabilities(&client));
	say(&client, "] ready\r\n");
	while (client.open && read_unit(&client, &unit)) {
		obey(&client, buf_span(&unit));
		buf_free(&unit);
		buf_shrink(&c->in);
	}
	buf_free(&unit);
}

/* ---- the start ---- */

static bool
add_octets(void *context, struct span bytes)
{
	struct buf *message = context;

	buf_add_span(message, bytes);
	return !message->failed;
}

static bool
load_folder(struct folder *f, char *path)
{
	struct corpus corpus;
	bool ok = corpus_load(&corpus, path);

	if (!ok)
		return false;
	f->name = basename(path);
	f->messages = calloc(corpus.count, sizeof(*f->messages));
	f->count = f->messages != NULL ? corpus.count : 0;
	for (size_t i = 0; ok && i < f->count; i++) {
		struct mail_unstuffer unstuffer;
		size_t used;

		mail_unstuff_init(&unstuffer, false, 0);
		mail_unstuff(&unstuffer, buf_span(&corpus.messages[i]), &used, add_octets, &f->messages[i]);
		ok = !f->messages[i].failed;
	}
	corpus_free(&corpus);
	return ok && f->messages != NULL;
}

static bool
read_options(struct server *s, int argc, char **argv)
{
	bool ok = true;
	int c;

	while ((c = getopt(argc, argv, "uc:")) != -1) {
		switch (c) {
		case 'u': s->unique = true; break;
		case 'c': ok = ok && (s->tls = server_tls(optarg)) != NULL; break;
		default: ok = false;
		}
	}
	return ok && optind < argc && argc - optind <= FOLDERS_MAX;
}

int
main(int argc, char **argv)
{
	static struct server s;

	if (!read_options(&s, argc, argv)) {
		fputs(help, stderr);
		return 2;
	}
	for (int i = optind; i < argc; i++)
		if (!load_folder(&s.folders[s.folder_count++], argv[i]))
			return 1;
	return serve("imapserver", hold_conversation, &s);
}
