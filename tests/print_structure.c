/* Prints what an IMAP server says of a message: for each path on standard input
 * a JSON object with its envelope, body, bodystructure, size and sections, all
 * but the last as hexadecimal, and after "HEADER.FIELDS" or "HEADER.FIELDS.NOT"
 * in a line with names behind it the filtered header of the last message. */
#include "config.h"

#include "base/buf.h"
#include "base/codec.h"
#include "scan/imap_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAMES_MAX = 64 };

static struct span
read_file(struct arena *a, const char *path)
{
	FILE *f = fopen(path, "rb");
	char *data;
	long len;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (len = ftell(f)) < 0 || fseek(f, 0, SEEK_SET) != 0) {
		perror(path);
		exit(1);
	}
	data = arena_alloc_raw(a, (size_t)len + 1);
	if (fread(data, 1, (size_t)len, f) != (size_t)len) {
		perror(path);
		exit(1);
	}
	fclose(f);
	return span_of(data, (size_t)len);
}

static void
print_hex(struct arena *a, const char *name, struct span s)
{
	char *digits = arena_alloc_raw(a, 2 * s.len + 1);

	hex_encode(s, digits);
	printf("\"%s\": \"%s\"", name, digits);
}

static void
print_range(const char *name, const struct imap_range *r)
{
	printf(", \"%s\": [%" PRIu64 ", %" PRIu64 "]", name, r->at, r->len);
}

static void
print_sections(const struct imap_section *sections)
{
	for (const struct imap_section *s = sections; s != NULL; s = s->next) {
		printf("%s{\"path\": \"%.*s\"", s != sections ? ", " : "", SPAN_ARG(s->path));
		print_range("", &s->whole);
		if (s->path.len > 0)
			print_range("MIME", &s->mime);
		if (s->message) {
			print_range("HEADER", &s->header);
			print_range("TEXT", &s->text);
		}
		printf("}");
	}
}

static void
print_view(struct arena *a, struct span message)
{
	static const struct mime_limits limits = { .parts = 10000, .depth = 100, .headers = 100000 };
	struct scan_imap view;

	scan_imap_view(a, message, &limits, &view);
	printf("{");
	print_hex(a, "envelope", view.envelope);
	printf(", ");
	print_hex(a, "body", view.body);
	printf(", ");
	print_hex(a, "bodystructure", view.bodystructure);
	printf(", \"octets\": %" PRIu64 ", \"sections\": [", view.octets);
	print_sections(view.sections);
	printf("]}\n");
}

/* All names are of the header of the message itself. */
static void
print_fields(struct arena *a, struct span message, struct span names, bool others)
{
	static const struct mime_limits limits = { .parts = 10000, .depth = 100, .headers = 100000 };
	const struct mime_message *m = mime_parse(a, message, &limits);
	struct text out = { .arena = a };
	struct span items[NAMES_MAX];
	size_t count = 0;

	while (count < NAMES_MAX && span_split(&names, ' ', &items[count]))
		count++;
	imap_header_fields(&out, m->root->head, items, count, others);
	printf("{");
	print_hex(a, "fields", text_span(&out));
	printf("}\n");
}

int
main(void)
{
	struct arena *a = arena_new(0), *of_message = arena_new(0);
	struct span message = SPAN_LITERAL("");
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	while ((len = getline(&line, &cap, stdin)) > 0) {
		struct span asked = span_trim(span_of(line, (size_t)len)), word;

		arena_reset(a);
		if (span_starts(asked, "HEADER.FIELDS")) {
			span_split(&asked, ' ', &word);
			print_fields(a, message, asked, span_is(word, "HEADER.FIELDS.NOT"));
		} else {
			arena_reset(of_message);
			message = read_file(of_message, arena_strndup(a, asked));
			print_view(a, message);
		}
		fflush(stdout);
	}
	free(line);
	arena_free(&a);
	arena_free(&of_message);
	return 0;
}
