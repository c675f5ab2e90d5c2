/* popserver: a POP3 server whose maildrops are folders of made messages.
 *
 * Any login is welcome; a user's name is FOLDER-ANYTHING and chooses the folder
 * of that name. Nothing is ever deleted. Messages are the same at every
 * login, under the same unique identifiers, unless -u asks for maildrops that
 * are new each time: then both differ, for each message begins with a field of
 * its own. */
#include "config.h"

#include "corpus.h"
#include "server.h"

#include "wire/mail_data.h"

#include <inttypes.h>
#include <libgen.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char help[] =
    "Usage: popserver [OPTION…] FOLDER…\n"
    "  -u        new messages at each login\n"
    "  -c FILE   certificate and key: STLS is offered\n";

enum {
	FOLDERS_MAX = 8,
	FIELD_SIZE = sizeof("X-Load: 0123456789abcdef\r\n") - 1,
};

struct folder {
	const char *name;
	struct corpus corpus;
	uint64_t *octets; /* of each message, as LIST tells them */
};

struct server {
	struct folder folders[FOLDERS_MAX];
	size_t folder_count;
	bool unique;
	SSL_CTX *tls; /* NULL: none is offered */
	atomic_uint_fast64_t logins;
};

struct client {
	struct connection *c;
	struct server *server;
	const struct folder *maildrop;
	uint64_t login;
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

static uint64_t
octets_of(const struct client *client, size_t index)
{
	return client->maildrop->octets[index] + (client->server->unique ? FIELD_SIZE : 0);
}

/* The message that the argument names; false when there is none, told to the client. */
static bool
find_message(struct client *client, struct span argument, size_t *index)
{
	uint64_t number = 0;
	struct span first = SPAN_NONE;

	span_split(&argument, ' ', &first);
	if (span_to_u64(first, &number) && number >= 1 && number <= client->maildrop->corpus.count) {
		*index = (size_t)number - 1;
		return true;
	}
	say(client, "-ERR no such message\r\n");
	return false;
}

/* ---- commands ---- */

static void
choose_maildrop(struct client *client, struct span user)
{
	struct server *s = client->server;

	for (size_t i = 0; i < s->folder_count; i++) {
		size_t len = strlen(s->folders[i].name);

		if (span_starts(user, s->folders[i].name) && user.len > len && user.data[len] == '-')
			client->maildrop = &s->folders[i];
	}
	say(client, "+OK\r\n");
}

static void
tell_capabilities(struct client *client, struct span argument)
{
	(void)argument;
	say(client, "+OK\r\nUSER\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nPIPELINING\r\n");
	if (client->server->tls != NULL && client->c->tls == NULL)
		say(client, "STLS\r\n");
	say(client, ".\r\n");
}

static void
start_tls(struct client *client, struct span argument)
{
	(void)argument;
	if (client->server->tls == NULL) {
		say(client, "-ERR there is none\r\n");
		return;
	}
	say(client, "+OK\r\n");
	client->open = client->open && connection_accept_tls(client->c, client->server->tls);
}

static void
tell_status(struct client *client, struct span argument)
{
	struct buf out = { 0 };
	uint64_t octets = 0;

	(void)argument;
	for (size_t i = 0; i < client->maildrop->corpus.count; i++)
		octets += octets_of(client, i);
	buf_printf(&out, "+OK %zu %" PRIu64 "\r\n", client->maildrop->corpus.count, octets);
	say_buf(client, &out);
}

static void
print_size(const struct client *client, size_t index, struct buf *out)
{
	buf_printf(out, "%zu %" PRIu64 "\r\n", index + 1, octets_of(client, index));
}

static void
print_identifier(const struct client *client, size_t index, struct buf *out)
{
	uint64_t login = client->server->unique ? client->login : 0;

	buf_printf(out, "%zu %016" PRIx64 "-%zu\r\n", index + 1, login, index + 1);
}

static void
tell_listing(struct client *client, struct span argument,
    void (*print)(const struct client *client, size_t index, struct buf *out))
{
	struct buf out = { 0 };
	size_t index;

	if (argument.len > 0 && !find_message(client, argument, &index))
		return;
	buf_add_str(&out, "+OK ");
	if (argument.len > 0) {
		print(client, index, &out);
	} else {
		buf_add_str(&out, "\r\n");
		for (size_t i = 0; i < client->maildrop->corpus.count; i++)
			print(client, i, &out);
		buf_add_str(&out, ".\r\n");
	}
	say_buf(client, &out);
}

static void
tell_sizes(struct client *client, struct span argument)
{
	tell_listing(client, argument, print_size);
}

static void
tell_identifiers(struct client *client, struct span argument)
{
	tell_listing(client, argument, print_identifier);
}

/* "+OK", the field of this login where there is one, and these octets. */
static void
send_message(struct client *client, struct span message)
{
	char field[FIELD_SIZE + 1] = "";
	struct span parts[3];

	if (client->server->unique)
		snprintf(field, sizeof(field), "X-Load: %016" PRIx64 "\r\n", client->login);
	parts[0] = SPAN_LITERAL("+OK\r\n");
	parts[1] = span_str(field);
	parts[2] = message;
	client->open = client->open && connection_send(client->c, parts, 3);
}

static void
retrieve(struct client *client, struct span argument)
{
	size_t index;

	if (find_message(client, argument, &index))
		send_message(client, buf_span(&client->maildrop->corpus.messages[index]));
}

/* Header, blank line and so many lines of a message. */
static struct span
top_of(struct span message, uint64_t lines)
{
	size_t end = span_find(message, SPAN_LITERAL("\r\n\r\n"));

	end = end == SIZE_MAX ? message.len : end + 4;
	while (lines-- > 0 && end < message.len) {
		size_t line = span_find_byte(span_from(message, end), '\n');

		end = line == SIZE_MAX ? message.len : end + line + 1;
	}
	return span_first(message, end);
}

static void
retrieve_top(struct client *client, struct span argument)
{
	struct span rest = argument, first;
	uint64_t lines = 0;
	size_t index;

	span_split(&rest, ' ', &first);
	span_to_u64(rest, &lines);
	if (!find_message(client, argument, &index))
		return;
	send_message(client, top_of(buf_span(&client->maildrop->corpus.messages[index]), lines));
	say(client, ".\r\n");
}

static void
quit(struct client *client, struct span argument)
{
	(void)argument;
	say(client, "+OK\r\n");
	client->open = false;
}

static void
agree(struct client *client, struct span argument)
{
	(void)argument;
	say(client, "+OK\r\n");
}

static const struct command {
	const char *name;
	void (*run)(struct client *client, struct span argument);
} commands[] = {
	{ "USER", choose_maildrop },
	{ "CAPA", tell_capabilities },
	{ "STLS", start_tls },
	{ "STAT", tell_status },
	{ "LIST", tell_sizes },
	{ "UIDL", tell_identifiers },
	{ "RETR", retrieve },
	{ "TOP", retrieve_top },
	{ "QUIT", quit },
	{ "", agree }, /* PASS, DELE, NOOP, RSET */
};

static void
hold_conversation(struct connection *c, void *context)
{
	struct server *s = context;
	struct client client = { .c = c, .server = s, .maildrop = &s->folders[0], .open = true };
	struct span line;

	client.login = atomic_fetch_add(&s->logins, 1);
	say(&client, "+OK ready\r\n");
	while (client.open && connection_line(c, &line)) {
		const struct command *command = commands;

		while (!span_starts_nocase(line, command->name))
			command++;
		command->run(&client, span_trim(span_from(line, strlen(command->name))));
		buf_shrink(&c->in);
	}
}

/* ---- the start ---- */

static bool
drop(void *context, struct span bytes)
{
	(void)context, (void)bytes;
	return true;
}

static bool
load_folder(struct folder *f, char *path)
{
	if (!corpus_load(&f->corpus, path))
		return false;
	f->name = basename(path);
	f->octets = calloc(f->corpus.count, sizeof(*f->octets));
	for (size_t i = 0; f->octets != NULL && i < f->corpus.count; i++) {
		struct mail_unstuffer unstuffer;
		size_t used;

		mail_unstuff_init(&unstuffer, false, 0);
		mail_unstuff(&unstuffer, buf_span(&f->corpus.messages[i]), &used, drop, NULL);
		f->octets[i] = unstuffer.size;
	}
	return f->octets != NULL;
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
	return serve("popserver", hold_conversation, &s);
}
