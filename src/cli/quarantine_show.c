/* gatepost quarantine show: all that is known of one message. */
#include "config.h"

#include "base/limits.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/quarantine.h"
#include "rewrite/text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	HEADER_MAX = 64 * 1024, /* octets that are looked at for the header */
	SHOWN_LINE_MAX = 4096,
};

/* ---- JSON ---- */

static void
put_key(struct buf *out, const char *key)
{
	buf_printf(out, "%s\"%s\":", out->len > 1 ? "," : "", key);
}

static void
put_string(struct buf *out, struct span s)
{
	buf_add_byte(out, '"');
	json_escape(out, s);
	buf_add_byte(out, '"');
}

static void
put_text(struct buf *out, const char *key, struct span s)
{
	put_key(out, key);
	if (s.len > 0)
		put_string(out, s);
	else
		buf_add_str(out, "null");
}

static void
put_time(struct buf *out, const char *key, int64_t millis)
{
	char text[RECORD_TIME_SIZE];

	record_time(millis, text);
	put_text(out, key, millis != 0 ? span_str(text) : SPAN_NONE);
}

static void
put_rules(struct buf *out, const struct quarantine_item *i)
{
	put_key(out, "rules");
	buf_add_byte(out, '[');
	for (size_t n = 0; n < i->rule_count; n++) {
		buf_add_str(out, n > 0 ? "," : "");
		put_string(out, i->rules[n]);
	}
	buf_add_byte(out, ']');
}

static void
put_recipients(struct buf *out, const struct quarantine_record *r)
{
	const struct quarantine_item *i = &r->item;

	put_key(out, "recipients");
	buf_add_byte(out, '[');
	for (size_t n = 0; n < i->recipient_count; n++) {
		buf_add_str(out, n > 0 ? ",{\"address\":" : "{\"address\":");
		put_string(out, i->recipients[n]);
		buf_printf(out, ",\"delivered\":%s}", r->delivered[n] ? "true" : "false");
	}
	buf_add_byte(out, ']');
}

void
record_json(struct buf *out, const struct quarantine_record *r)
{
	const struct quarantine_item *i = &r->item;

	buf_add_byte(out, '{');
	put_text(out, "id", span_str(r->id));
	put_time(out, "time", i->time);
	put_text(out, "state", span_str(quarantine_state_name(r->state)));
	put_time(out, "changed", r->changed);
	put_text(out, "note", r->note);
	put_text(out, "protocol", i->protocol);
	put_text(out, "listener", i->listener);
	put_text(out, "upstream", i->upstream);
	put_text(out, "policy", i->policy);
	put_text(out, "verdict", i->verdict);
	put_text(out, "reason", i->reason);
	put_rules(out, i);
	put_text(out, "client", i->client);
	put_text(out, "helo", i->helo);
	put_text(out, "user", i->user);
	put_text(out, "sender", i->sender);
	put_recipients(out, r);
	put_text(out, "from", i->author);
	put_text(out, "subject", i->subject);
	put_key(out, "size");
	buf_printf(out, "%" PRIu64, r->size);
	put_text(out, "sha256", span_str(r->sha256));
	buf_add_byte(out, '}');
}

/* ---- for people ---- */

void
record_time(int64_t millis, char out[RECORD_TIME_SIZE])
{
	time_t seconds = (time_t)(millis / 1000);
	struct tm tm;
	size_t len;

	gmtime_r(&seconds, &tm);
	len = strftime(out, RECORD_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + len, RECORD_TIME_SIZE - len, ".%03dZ", (int)(millis % 1000));
}

static void
print_text(struct arena *a, const char *name, struct span value, FILE *out)
{
	if (value.len > 0)
		fprintf(out, "%-11s %.*s\n", name, SPAN_ARG(shown_text(a, value, SHOWN_TEXT_MAX)));
}

static void
print_recipients(struct arena *a, const struct quarantine_record *r, FILE *out)
{
	const struct quarantine_item *i = &r->item;

	for (size_t n = 0; n < i->recipient_count; n++)
		fprintf(out, "%-11s %.*s%s\n", n == 0 ? "recipients" : "",
		    SPAN_ARG(shown_text(a, i->recipients[n], SHOWN_TEXT_MAX)), r->delivered[n] ? " (delivered)" : "");
}

static void
print_rules(struct arena *a, const struct quarantine_item *i, FILE *out)
{
	for (size_t n = 0; n < i->rule_count; n++)
		fprintf(out, "%s%.*s", n == 0 ? "rules       " : ", ", SPAN_ARG(shown_text(a, i->rules[n], SHOWN_TEXT_MAX)));
	if (i->rule_count > 0)
		fputc('\n', out);
}

static void
print_state(struct arena *a, const struct quarantine_record *r, FILE *out)
{
	char text[RECORD_TIME_SIZE];

	fprintf(out, "%-11s %s", "state", quarantine_state_name(r->state));
	if (r->changed != 0) {
		record_time(r->changed, text);
		fprintf(out, " since %s", text);
	}
	fputc('\n', out);
	print_text(a, "reply", r->note, out);
}

void
record_print(const struct quarantine_record *r, FILE *out)
{
	const struct quarantine_item *i = &r->item;
	struct arena *a = arena_new(0);
	char time[RECORD_TIME_SIZE];

	record_time(i->time, time);
	fprintf(out, "%-11s %s\n%-11s %s\n", "id", r->id, "time", time);
	print_state(a, r, out);
	print_text(a, "verdict", i->verdict, out);
	print_text(a, "reason", i->reason, out);
	print_rules(a, i, out);
	print_text(a, "protocol", i->protocol, out);
	print_text(a, "listener", i->listener, out);
	print_text(a, "upstream", i->upstream, out);
	print_text(a, "policy", i->policy, out);
	print_text(a, "client", i->client, out);
	print_text(a, "helo", i->helo, out);
	print_text(a, "user", i->user, out);
	print_text(a, "sender", i->sender, out);
	print_recipients(a, r, out);
	fprintf(out, "%-11s %" PRIu64 " octets\n", "size", r->size);
	print_text(a, "sha256", span_str(r->sha256), out);
	arena_free(&a);
}

/* The lines up to the first that is empty. */
static void
print_header(int message, FILE *out)
{
	struct arena *a = arena_new(0);
	char *octets = arena_alloc_raw(a, HEADER_MAX);
	ssize_t n = pread(message, octets, HEADER_MAX, 0);
	struct span rest = span_of(octets, n > 0 ? (size_t)n : 0), line;

	for (ssize_t i = 0; i < n; i++)
		if (octets[i] == '\t')
			octets[i] = ' ';
	fputc('\n', out);
	while (span_split(&rest, '\n', &line)) {
		if (line.len > 0 && line.data[line.len - 1] == '\r')
			line.len--;
		if (line.len == 0)
			break;
		fprintf(out, "%.*s\n", SPAN_ARG(shown_text(a, line, SHOWN_LINE_MAX)));
	}
	arena_free(&a);
}

static int
print_raw(int message)
{
	char block[64 * 1024];
	ssize_t n;

	while ((n = read(message, block, sizeof(block))) > 0)
		if (fwrite(block, 1, (size_t)n, stdout) != (size_t)n)
			return STATUS_ERROR; /* told by main() */
	return n == 0 ? STATUS_OK : complain("the message cannot be read: %s", strerror(errno));
}

static void
print_json(const struct quarantine_record *r)
{
	struct buf line = { 0 };

	record_json(&line, r);
	puts(buf_str(&line));
	buf_free(&line);
}

static int
show_message(struct desk *d, const char *prefix, int how)
{
	const char *id = desk_find(d, prefix), *error = "";
	struct quarantine_record r;
	int message, status = STATUS_OK;

	if (id == NULL)
		return STATUS_NEGATIVE;
	if (!quarantine_get(d->q, d->arena, id, &r, &error))
		return complain("%s: %s", id, error);
	if (how == 'j') {
		print_json(&r);
		return STATUS_OK;
	}
	if (how != 'r')
		record_print(&r, stdout);
	message = quarantine_open_message(d->q, id, &error);
	if (message < 0)
		return complain("%s: %s", id, error);
	if (how == 'r')
		status = print_raw(message);
	else
		print_header(message, stdout);
	close(message);
	return status;
}

int
quarantine_show(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "raw", no_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *config = DEFAULT_CONFIG;
	int option, how = 0, status = STATUS_ERROR;
	struct desk d;

	while ((option = option_next(argc, argv, ":c:h", longs)) != -1) {
		if (option == 'h') {
			fputs(quarantine_help, stdout);
			return STATUS_OK;
		}
		if (option == '?')
			return STATUS_ERROR;
		if (option == 'c')
			config = optarg;
		else
			how = option;
	}
	if (optind + 1 != argc)
		return complain("quarantine show takes the ID of one message; see \"gatepost quarantine --help\"");
	if (desk_open(&d, config))
		status = show_message(&d, argv[optind], how);
	desk_close(&d);
	return status;
}
