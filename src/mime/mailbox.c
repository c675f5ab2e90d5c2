/* Addresses of a field, octet by octet. What may be an address is kept until
 * it is known to be one: a "<" makes all before it a name, a ":" a group's name
 * or a route. */
#include "config.h"

#include "mime/mailbox.h"

struct reading {
	struct arena *arena;
	struct mailboxes *out;
	char *kept; /* words, each but the first behind SEPARATOR */
	size_t len;
	size_t comments; /* open ones */
	bool escaped, quoted, angle;
};

/* No octet that is kept. */
enum { SEPARATOR = '\n' };

/* Something before the "@", and that not inside of quotes. */
static bool
is_address(struct span word)
{
	size_t at = word.len;

	while (at > 0 && word.data[at - 1] != '@' && word.data[at - 1] != '"')
		at--;
	return at > 1 && word.data[at - 1] == '@';
}

void
mailboxes_add(struct arena *a, struct mailboxes *out, struct span word)
{
	if (!is_address(word))
		return;
	out->items = arena_grow(a, out->items, sizeof(*out->items), &out->cap, out->count + 1);
	out->items[out->count++] = arena_copy(a, word);
}

static void
finish(struct reading *r)
{
	struct span rest = span_of(r->kept, r->len), word;

	while (span_split(&rest, SEPARATOR, &word))
		mailboxes_add(r->arena, r->out, word);
	r->len = 0;
	r->angle = false;
}

static void
keep(struct reading *r, char c)
{
	if ((unsigned char)c >= ' ' && c != 0x7f)
		r->kept[r->len++] = c;
}

static void
take_plain(struct reading *r, char c)
{
	switch (c) {
	case '<':
		r->len = 0;
		r->angle = true;
		break;
	case '>':
	case ',':
	case ';':
		finish(r);
		break;
	case ':':
		r->len = 0;
		break;
	case ' ':
	case '\t':
		if (!r->angle)
			r->kept[r->len++] = SEPARATOR;
		break;
	default:
		keep(r, c);
	}
}

static void
take(struct reading *r, char c)
{
	if (r->escaped) {
		r->escaped = false;
		if (r->comments == 0)
			keep(r, c);
	} else if (c == '\\' && (r->quoted || r->comments > 0)) {
		r->escaped = true;
	} else if (r->comments > 0 || (c == '(' && !r->quoted)) {
		r->comments = r->comments + (c == '(') - (c == ')');
	} else if (c == '"') {
		r->quoted = !r->quoted;
		keep(r, c);
	} else if (r->quoted) {
		keep(r, c);
	} else {
		take_plain(r, c);
	}
}

static void
read_every_word(struct arena *a, struct span text, struct mailboxes *out)
{
	size_t begin = 0;

	for (size_t i = 0; i <= text.len; i++) {
		if (i < text.len && text.data[i] != '\0' && strchr(" \t\r\n<>(),;:\"", text.data[i]) == NULL)
			continue;
		mailboxes_add(a, out, span_first(span_from(text, begin), i - begin));
		begin = i + 1;
	}
}

void
mailboxes_read(struct arena *a, struct span unfolded, struct mailboxes *out)
{
	struct reading r = { .arena = a, .out = out, .kept = arena_alloc_raw(a, unfolded.len + 1) };

	for (size_t i = 0; i < unfolded.len; i++)
		take(&r, unfolded.data[i]);
	if (r.quoted || r.comments > 0 || r.angle)
		read_every_word(a, unfolded, out);
	else
		finish(&r);
}
