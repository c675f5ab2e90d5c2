/* Required literals of PCRE2 expressions, read from the expression's text.
 *
 * A run of literal characters outside of what may be repeated zero times is in
 * every text that matches, and of a group of alternatives that each have one,
 * one is. The best of these sets (long literals, few of them) is looked for
 * first, so that PCRE2 need not try most expressions on most texts. A
 * missed literal costs time and a wrong one loses matches, so whatever is not
 * known for certain (inline options, conditions, recursion, back references,
 * \Q, verbs, newer syntax) gives up the whole expression.
 *
 * What ends a run: classes, `.`, escapes for kinds of characters, groups,
 * quantifiers. What does not: assertions that take no text (^ $ \b \B \A \z
 * \Z \G). Lookarounds are passed over.
 *
 * In UTF mode caseless k also matches U+212A (KELVIN SIGN) and s U+017F (LONG
 * S), and characters beyond ASCII have cases of their own; the search for
 * literals folds ASCII only. So the latter end a run of a caseless expression,
 * and literals with the former are marked: they say nothing of a text that
 * holds one of these two characters. */
#include "config.h"

#include "engine/regex_literal.h"

#include "base/codec.h"
#include "engine/literals.h"

enum {
	GROUP_DEPTH_MAX = 64, /* deeper expressions run without a literal */
	/* Octets from which a literal is rare, above all when it is no word: then few of them are better. */
	LONG_ENOUGH = 6,
};

struct run {
	char bytes[LITERAL_MAX];
	size_t len;
	bool closed; /* by its length: more is not added */
};

/* What a quantifier would repeat. */
enum atom { ATOM_NOTHING /* or of no text */, ATOM_CHARACTER, ATOM_OTHER };

struct parser {
	struct arena *arena;
	struct span rest;
	bool nocase, extended;
	bool doubtful; /* the expression is given up */
	unsigned depth;
};

/* The state of one group (or of the whole). */
struct group {
	struct run run;
	struct regex_literals best; /* of the alternative that is being read */
	struct regex_literals all;  /* of those before: one of each is required */
	size_t last; /* length of the character at the end of the run */
	enum atom atom;
	bool alternatives;
	bool lacking; /* an alternative had none */
};

static bool parse_group(struct parser *p, struct regex_literals *best);

static bool
is_better(const struct regex_literals *a, const struct regex_literals *b)
{
	size_t length_a = a->shortest < LONG_ENOUGH ? a->shortest : LONG_ENOUGH;
	size_t length_b = b->shortest < LONG_ENOUGH ? b->shortest : LONG_ENOUGH;

	if (a->count == 0 || b->count == 0)
		return a->count > 0;
	if (length_a != length_b)
		return length_a > length_b;
	if (length_a == LONG_ENOUGH && a->words != b->words)
		return b->words;
	return a->count != b->count ? a->count < b->count : a->shortest > b->shortest;
}

static void
keep_better(struct regex_literals *best, const struct regex_literals *other)
{
	if (is_better(other, best))
		*best = *other;
}

static bool
is_word(struct span run)
{
	for (size_t i = 0; i < run.len; i++)
		if (ascii_lower(run.data[i]) < 'a' || ascii_lower(run.data[i]) > 'z')
			return false;
	return true;
}

static void
end_run(const struct parser *p, struct group *g)
{
	struct span run = span_of(g->run.bytes, g->run.len);

	if (run.len >= REGEX_LITERAL_MIN) {
		struct regex_literals one = { .count = 1, .shortest = run.len, .words = is_word(run) };

		one.items[0] = arena_copy(p->arena, run);
		one.folds = p->nocase && (span_find_byte(run, 'k') != SIZE_MAX || span_find_byte(run, 's') != SIZE_MAX);
		keep_better(&g->best, &one);
	}
	g->run.len = 0;
	g->run.closed = false;
	g->last = 0;
}

static void
end_alternative(const struct parser *p, struct group *g)
{
	end_run(p, g);
	if (g->best.count == 0 || g->all.count + g->best.count > REGEX_LITERALS_MAX) {
		g->lacking = true;
		return;
	}
	if (g->all.count == 0 || g->best.shortest < g->all.shortest)
		g->all.shortest = g->best.shortest;
	for (size_t i = 0; i < g->best.count; i++)
		g->all.items[g->all.count++] = g->best.items[i];
	g->all.folds |= g->best.folds;
	g->all.words |= g->best.words;
	g->best = (struct regex_literals){ .count = 0 };
}

static void
add_other(const struct parser *p, struct group *g)
{
	end_run(p, g);
	g->atom = ATOM_OTHER;
}

/* One character, in `character.len` bytes. */
static void
add_character(const struct parser *p, struct group *g, struct span character)
{
	char folded = p->nocase ? ascii_lower(character.data[0]) : character.data[0];

	if (p->nocase && character.len > 1) {
		add_other(p, g);
		return;
	}
	g->atom = ATOM_CHARACTER;
	if (g->run.len + character.len > LITERAL_MAX)
		g->run.closed = true;
	g->last = g->run.closed ? 0 : character.len;
	if (g->run.closed)
		return;
	memcpy(g->run.bytes + g->run.len, character.data, character.len);
	g->run.bytes[g->run.len] = folded;
	g->run.len += character.len;
}

static void
add_byte(const struct parser *p, struct group *g, char c)
{
	add_character(p, g, span_of(&c, 1));
}

static char
take(struct parser *p)
{
	char c = p->rest.data[0];

	p->rest = span_from(p->rest, 1);
	return c;
}

static bool
take_if(struct parser *p, char c)
{
	if (p->rest.len == 0 || p->rest.data[0] != c)
		return false;
	take(p);
	return true;
}

static bool
is_pattern_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void
skip_space(struct parser *p)
{
	while (p->extended && p->rest.len > 0 && is_pattern_space(p->rest.data[0]))
		take(p);
}

/* --- Escapes --- */

/* The digits and the brace of \x{…}: some character. */
static void
parse_hex_in_braces(struct parser *p, struct group *g)
{
	while (p->rest.len > 0 && hex_digit(p->rest.data[0]) >= 0)
		take(p);
	p->doubtful |= !take_if(p, '}');
	add_other(p, g);
}

/* \xHH of ASCII is a character; what is beyond is left unknown. */
static void
parse_hex(struct parser *p, struct group *g)
{
	int high, low;

	if (take_if(p, '{')) {
		parse_hex_in_braces(p, g);
		return;
	}
	if (p->rest.len < 2 || (high = hex_digit(p->rest.data[0])) < 0 || (low = hex_digit(p->rest.data[1])) < 0) {
		p->doubtful = true;
		return;
	}
	p->rest = span_from(p->rest, 2);
	if (high < 8)
		add_byte(p, g, (char)(high * 16 + low));
	else
		add_other(p, g);
}

/* \p{Name} or \pL. */
static void
parse_property(struct parser *p, struct group *g)
{
	size_t end;

	if (take_if(p, '{')) {
		end = span_find_byte(p->rest, '}');
		p->doubtful |= end == SIZE_MAX;
		p->rest = span_from(p->rest, end == SIZE_MAX ? end : end + 1);
	} else if (p->rest.len > 0) {
		take(p);
	}
	add_other(p, g);
}

static void
parse_escape(struct parser *p, struct group *g)
{
	static const char names[] = "tnrfea", values[] = "\t\n\r\f\033\a";
	const char *name;
	char c;

	if (p->rest.len == 0) {
		p->doubtful = true;
		return;
	}
	c = take(p);
	if ((unsigned char)c < 0x80 && !ascii_is_alnum(c))
		add_byte(p, g, c);
	else if (c == 'x')
		parse_hex(p, g);
	else if (c == 'p' || c == 'P')
		parse_property(p, g);
	else if (c != '\0' && strchr("bBAzZG", c) != NULL)
		g->atom = ATOM_NOTHING;
	else if (c != '\0' && (name = strchr(names, c)) != NULL)
		add_byte(p, g, values[name - names]);
	else if (c != '\0' && strchr("dDwWsShHvVRX", c) != NULL)
		add_other(p, g);
	else
		p->doubtful = true;
}

/* --- Classes, quantifiers, groups --- */

/* A `[` within a class may begin [:name:], which holds a `]`. */
static void
parse_class_name(struct parser *p)
{
	char close[3] = { '\0', ']', '\0' };
	size_t end;

	if (p->rest.len == 0 || p->rest.data[0] == '\0' || strchr(":.=", p->rest.data[0]) == NULL)
		return;
	close[0] = take(p);
	end = span_find(p->rest, span_str(close));
	if (end == SIZE_MAX || end == 0) {
		p->doubtful = true;
		return;
	}
	for (size_t i = 0; i < end; i++)
		p->doubtful |= !ascii_is_alnum(p->rest.data[i]) && strchr("^<>", p->rest.data[i]) == NULL;
	p->rest = span_from(p->rest, end + 2);
}

/* Passes over a class; the `[` is taken. A `]` at its beginning is a member. */
static void
parse_class(struct parser *p, struct group *g)
{
	take_if(p, '^');
	take_if(p, ']');
	add_other(p, g);
	while (p->rest.len > 0 && !p->doubtful) {
		char c = take(p);

		if (c == ']')
			return;
		if (c == '[') {
			parse_class_name(p);
		} else if (c == '\\') {
			/* \Q hides a `]`, \c takes one; \E does nothing and may stand before the first member */
			p->doubtful |= span_starts(p->rest, "Q") || span_starts(p->rest, "E") || span_starts(p->rest, "c");
			if (p->rest.len > 0)
				take(p);
		}
	}
	p->doubtful = true;
}

/* The quantifier applies to the atom before it. zero: it may occur no times. */
static void
quantify(const struct parser *p, struct group *g, bool zero)
{
	if (g->atom == ATOM_CHARACTER) {
		if (zero)
			g->run.len -= g->last;
		end_run(p, g);
	}
	g->atom = ATOM_NOTHING;
}

/* {n}, {n,} and {n,m}; anything else that begins with `{` is a literal to some
 * versions of PCRE2 and a quantifier to others. */
static bool
parse_braces(struct parser *p)
{
	size_t end = span_find_byte(p->rest, '}');
	struct span inner = span_first(p->rest, end), least, most;
	bool zero = true;

	if (end == SIZE_MAX || !span_split(&inner, ',', &least) || least.len == 0) {
		p->doubtful = true;
		return true;
	}
	most = inner.data != NULL ? inner : SPAN_NONE;
	for (size_t i = 0; i < least.len; i++) {
		p->doubtful |= !ascii_is_digit(least.data[i]);
		zero &= least.data[i] == '0';
	}
	for (size_t i = 0; i < most.len; i++)
		p->doubtful |= !ascii_is_digit(most.data[i]);
	p->rest = span_from(p->rest, end + 1);
	return zero;
}

/* Takes a quantifier with its suffix, when there is one; *zero as above. */
static bool
parse_quantifier(struct parser *p, bool *zero)
{
	skip_space(p);
	if (p->rest.len == 0 || p->rest.data[0] == '\0' || strchr("*+?{", p->rest.data[0]) == NULL)
		return false;
	switch (take(p)) {
	case '+':
		*zero = false;
		break;
	case '{':
		*zero = parse_braces(p);
		break;
	default:
		*zero = true;
		break;
	}
	skip_space(p);
	if (!take_if(p, '+'))
		take_if(p, '?');
	return true;
}

/* What follows `(`: true when the group's content is taken text. */
static bool
parse_group_kind(struct parser *p)
{
	static const char *const lookarounds[] = { "?=", "?!", "?<=", "?<!" };
	char close = '>';
	size_t end;

	if (p->rest.len > 0 && p->rest.data[0] == '*')
		p->doubtful = true;
	if (!span_starts(p->rest, "?"))
		return true;
	for (size_t i = 0; i < 4; i++)
		if (span_starts(p->rest, lookarounds[i])) {
			p->rest = span_from(p->rest, strlen(lookarounds[i]));
			return false;
		}
	take(p);
	if (take_if(p, ':') || take_if(p, '>'))
		return true;
	if (take_if(p, '\''))
		close = '\'';
	else if (!take_if(p, '<') && !(take_if(p, 'P') && take_if(p, '<')))
		p->doubtful = true;
	end = span_find_byte(p->rest, close);
	p->doubtful |= end == SIZE_MAX;
	p->rest = span_from(p->rest, end == SIZE_MAX ? 0 : end + 1);
	return true;
}

static void
parse_parentheses(struct parser *p, struct group *g)
{
	struct regex_literals inner = { .count = 0 };
	bool taken = parse_group_kind(p), zero = false;

	end_run(p, g);
	if (p->doubtful || !parse_group(p, &inner) || !take_if(p, ')')) {
		p->doubtful = true;
		return;
	}
	parse_quantifier(p, &zero);
	if (taken && !zero)
		keep_better(&g->best, &inner);
	g->atom = ATOM_NOTHING;
}

static void
parse_character(struct parser *p, struct group *g)
{
	size_t len = 1;

	if ((unsigned char)p->rest.data[0] >= 0x80)
		while (len < p->rest.len && ((unsigned char)p->rest.data[len] & 0xc0) == 0x80)
			len++;
	p->doubtful |= len > 1 && p->extended; /* some spaces beyond ASCII are ignored then */
	add_character(p, g, span_first(p->rest, len));
	p->rest = span_from(p->rest, len);
}

static void
parse_item(struct parser *p, struct group *g)
{
	char c = p->rest.data[0];

	switch (c) {
	case '\\':
		take(p);
		parse_escape(p, g);
		break;
	case '[':
		take(p);
		parse_class(p, g);
		break;
	case '(':
		take(p);
		parse_parentheses(p, g);
		break;
	case '|':
		take(p);
		end_alternative(p, g);
		g->alternatives = true;
		g->atom = ATOM_NOTHING;
		break;
	case '.':
		take(p);
		add_other(p, g);
		break;
	case '^':
	case '$':
		take(p);
		g->atom = ATOM_NOTHING;
		break;
	case '#':
		p->doubtful |= p->extended;
		/* fall through */
	default:
		parse_character(p, g);
		break;
	}
}

/* Up to the `)` that closes the group, or the end. False when in doubt. */
static bool
parse_group(struct parser *p, struct regex_literals *best)
{
	struct group g = { .atom = ATOM_NOTHING };
	bool zero;

	if (++p->depth > GROUP_DEPTH_MAX)
		p->doubtful = true;
	while (!p->doubtful) {
		skip_space(p);
		if (p->rest.len == 0 || p->rest.data[0] == ')')
			break;
		if (parse_quantifier(p, &zero))
			quantify(p, &g, zero);
		else
			parse_item(p, &g);
	}
	p->depth--;
	end_alternative(p, &g);
	if (!g.lacking)
		keep_better(best, &g.all);
	return !p->doubtful;
}

void
regex_literals_find(struct arena *a, struct span pattern, bool nocase, bool extended, struct regex_literals *out)
{
	struct parser p = { .arena = a, .rest = pattern, .nocase = nocase, .extended = extended };

	*out = (struct regex_literals){ .count = 0 };
	if (!parse_group(&p, out) || p.rest.len > 0)
		out->count = 0;
}
