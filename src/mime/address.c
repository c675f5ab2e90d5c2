/* Addresses, read from left to right. An address begins as a phrase, and what
 * follows tells what it is: "<" a mailbox with a name, ":" a group; otherwise it
 * is read once more as a mailbox without a name. So each octet is read four times
 * at most. A quote, a comment or a domain literal that does not end takes all
 * that is left. */
#include "config.h"

#include "mime/address.h"
#include "mime/text.h"

struct reading {
	struct arena *arena;
	const char *at, *end;
	struct span comment; /* the last one */
	size_t count;
	struct mime_address *first, **last;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Of an atom (RFC 5322 3.2.3, RFC 6532 3.2). */
static bool
is_atext(char c)
{
	return (unsigned char)c >= 0x80 || ascii_is_alnum(c) ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool
next_is(const struct reading *r, char c)
{
	return r->at < r->end && *r->at == c;
}

static void
add_octet(struct text *t, char c)
{
	*text_reserve(t, 1) = c;
	t->len++;
}

/* At a "(". */
static void
skip_comment(struct reading *r)
{
	struct text comment = { .arena = r->arena };
	size_t depth = 0;

	for (; r->at < r->end; r->at++) {
		if (*r->at == '\\' && r->at + 1 < r->end) {
			r->at++;
		} else if (*r->at == '(') {
			if (depth++ == 0)
				continue;
		} else if (*r->at == ')' && --depth == 0) {
			r->at++;
			r->comment = text_span(&comment);
			return;
		}
		add_octet(&comment, *r->at);
	}
	r->at = r->end;
}

static void
skip_blanks(struct reading *r)
{
	while (r->at < r->end) {
		if (is_blank(*r->at))
			r->at++;
		else if (*r->at == '(')
			skip_comment(r);
		else
			break;
	}
}

/* At a quote. */
static void
take_quoted(struct reading *r, struct text *t)
{
	for (r->at++; r->at < r->end; r->at++) {
		if (*r->at == '"') {
			r->at++;
			skip_blanks(r);
			return;
		}
		if (*r->at == '\\' && r->at + 1 < r->end)
			r->at++;
		add_octet(t, *r->at);
	}
	r->at = r->end;
}

/* Atoms and dots without blanks between. */
static void
take_dotted(struct reading *r, struct text *t)
{
	const char *begin = r->at;

	while (r->at < r->end && (is_atext(*r->at) || *r->at == '.'))
		r->at++;
	text_add(t, span_of(begin, (size_t)(r->at - begin)));
	skip_blanks(r);
}

/* Words, with one SP between them. */
static void
take_phrase(struct reading *r, struct text *t)
{
	size_t begin = t->len;

	while (r->at < r->end && (next_is(r, '"') || next_is(r, '.') || is_atext(*r->at))) {
		if (t->len > begin)
			add_octet(t, ' ');
		if (next_is(r, '"'))
			take_quoted(r, t);
		else
			take_dotted(r, t);
	}
}

/* An atom with dots, where blanks may stand around each dot. False: none. */
static bool
take_dot_atom(struct reading *r, struct text *t)
{
	if (r->at == r->end || !is_atext(*r->at))
		return false;
	take_dotted(r, t);
	while (r->at < r->end && (next_is(r, '.') || (is_atext(*r->at) && t->data[t->len - 1] == '.')))
		take_dotted(r, t);
	return true;
}

/* At a "[". */
static bool
take_domain_literal(struct reading *r, struct text *t)
{
	for (; r->at < r->end; r->at++) {
		add_octet(t, *r->at);
		if (*r->at == '\\' && r->at + 1 < r->end) {
			add_octet(t, *++r->at);
		} else if (*r->at == ']') {
			r->at++;
			skip_blanks(r);
			return true;
		}
	}
	r->at = r->end;
	return false;
}

/* At an "@". */
static bool
take_domain(struct reading *r, struct text *t)
{
	r->at++;
	skip_blanks(r);
	return next_is(r, '[') ? take_domain_literal(r, t) : take_dot_atom(r, t);
}

static bool
take_local_part(struct reading *r, struct mime_address *address)
{
	struct text t = { .arena = r->arena };

	if (next_is(r, '"'))
		take_quoted(r, &t);
	else if (!take_dot_atom(r, &t))
		return false;
	address->mailbox = text_span(&t);
	return true;
}

/* "local-part" or "local-part@domain". */
static bool
take_addr_spec(struct reading *r, struct mime_address *address)
{
	struct text t = { .arena = r->arena };

	if (!take_local_part(r, address))
		return false;
	if (!next_is(r, '@'))
		return true;
	if (!take_domain(r, &t))
		return false;
	address->domain = text_span(&t);
	return true;
}

/* "@relay,@other:", at its "@". */
static bool
take_route(struct reading *r, struct mime_address *address)
{
	struct text t = { .arena = r->arena };

	while (next_is(r, '@')) {
		text_add(&t, t.len > 0 ? SPAN_LITERAL(",@") : SPAN_LITERAL("@"));
		if (!take_domain(r, &t))
			return false;
		while (next_is(r, ',')) {
			r->at++;
			skip_blanks(r);
		}
	}
	if (!next_is(r, ':'))
		return false;
	r->at++;
	skip_blanks(r);
	address->route = text_span(&t);
	return true;
}

/* At a "<". */
static bool
take_angle_addr(struct reading *r, struct mime_address *address)
{
	r->at++;
	skip_blanks(r);
	if (next_is(r, '@') && !take_route(r, address))
		return false;
	if (!next_is(r, '>') && (!take_addr_spec(r, address) || !next_is(r, '>')))
		return false;
	r->at++;
	skip_blanks(r);
	return true;
}

static struct mime_address *
add_address(struct reading *r, enum mime_address_kind kind)
{
	struct mime_address *address = ARENA_NEW(r->arena, struct mime_address);

	r->count++;
	address->kind = kind;
	*r->last = address;
	r->last = &address->next;
	return address;
}

static bool
is_over(const struct reading *r)
{
	return r->at == r->end || next_is(r, ',') || next_is(r, ';');
}

/* "address (name)", or words that are none; those are its name. */
static void
read_bare_mailbox(struct reading *r, struct mime_address *address)
{
	struct text words = { .arena = r->arena };
	const char *begin = r->at;

	r->comment = SPAN_NONE;
	take_addr_spec(r, address);
	address->name = r->comment.len > 0 ? r->comment : SPAN_NONE;
	if (address->domain.data != NULL || is_over(r))
		return;
	r->at = begin;
	take_phrase(r, &words);
	*address = (struct mime_address){ .name = words.len > 0 ? text_span(&words) : SPAN_NONE };
}

static void
read_mailbox(struct reading *r)
{
	struct mime_address *address = add_address(r, ADDRESS_MAILBOX);
	struct text name = { .arena = r->arena };
	const char *begin = r->at;

	take_phrase(r, &name);
	if (next_is(r, '<')) {
		address->name = name.len > 0 ? text_span(&name) : SPAN_NONE;
		address->broken = !take_angle_addr(r, address);
	} else {
		r->at = begin;
		read_bare_mailbox(r, address);
	}
}

/* What stands between commas, of which some may have nothing between them. False:
 * at what is not the list's. */
static bool
next_mailbox(struct reading *r, char stop)
{
	while (next_is(r, ',')) {
		r->at++;
		skip_blanks(r);
	}
	return r->at < r->end && !next_is(r, stop);
}

static void
read_list(struct reading *r, char stop, void (*read_one)(struct reading *r))
{
	while (r->count < ADDRESSES_MAX && next_mailbox(r, stop)) {
		read_one(r);
		if (r->at < r->end && !next_is(r, ','))
			return;
	}
}

/* A mailbox, or a group whose mailboxes stand between ":" and ";". */
static void
read_address(struct reading *r)
{
	struct text name = { .arena = r->arena };
	const char *begin = r->at;

	take_phrase(r, &name);
	if (!next_is(r, ':')) {
		r->at = begin;
		read_mailbox(r);
		return;
	}
	r->at++;
	skip_blanks(r);
	add_address(r, ADDRESS_GROUP)->mailbox = text_span(&name);
	read_list(r, ';', read_mailbox);
	add_address(r, ADDRESS_GROUP_END);
	if (next_is(r, ';')) {
		r->at++;
		skip_blanks(r);
	}
}

struct mime_address *
addresses_read(struct arena *a, struct span unfolded)
{
	struct reading r = { .arena = a, .at = unfolded.data, .end = span_end(unfolded) };

	r.last = &r.first;
	skip_blanks(&r);
	read_list(&r, '\0', read_address);
	return r.first;
}
