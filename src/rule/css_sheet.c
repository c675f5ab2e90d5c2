/* Rules of <style> elements, each under the tag, class or id that its selector
 * ends in, in a hash table of lists.
 *
 * Which rule wins is told by the kind of that last name (tag, class, id) and
 * then by the order; CSS counts all names of a selector (Selectors 4, 17), which
 * makes a difference to few sheets. */
#include "config.h"

#include "rule/css.h"

enum {
	SHEET_RULES_MAX = 4096,  /* selectors of a message; ten times what newsletters have */
	SHEET_BUCKETS = 256,
	SELECTOR_CLASSES_MAX = 3,
	ELEMENT_CLASSES_MAX = 32, /* looked at of an element, */
	CLASSES_MAX_LEN = 512,    /* and in as many octets */
	SHEET_TESTS_MAX = 500 * 1000, /* of a selector against an element; more is a page made to be slow */
	AT_DEPTH_MAX = 8,         /* of at-rules inside each other */
};

enum key_kind { KEY_TAG, KEY_CLASS, KEY_ID, KEY_KINDS };

struct selector {
	struct selector *next;
	enum key_kind kind;
	struct span key;
	struct span tag, id, classes[SELECTOR_CLASSES_MAX]; /* all that must fit; empty = any */
	size_t class_count;
	const struct css_style *style;
};

struct css_sheet {
	struct arena *arena;
	struct selector *buckets[SHEET_BUCKETS], **ends[SHEET_BUCKETS];
	size_t count, tests;
};

struct css_sheet *
css_sheet_new(struct arena *a)
{
	struct css_sheet *sheet = ARENA_NEW(a, struct css_sheet);

	sheet->arena = a;
	for (size_t i = 0; i < SHEET_BUCKETS; i++)
		sheet->ends[i] = &sheet->buckets[i];
	return sheet;
}

bool
css_sheet_is_empty(const struct css_sheet *sheet)
{
	return sheet->count == 0;
}

/* Mail programs in quirks mode ignore the case of classes and ids. */
static size_t
bucket_of(enum key_kind kind, struct span key)
{
	uint32_t hash = 2166136261u + (uint32_t)kind;

	for (size_t i = 0; i < key.len; i++)
		hash = (hash ^ (unsigned char)ascii_lower(key.data[i])) * 16777619u;
	return hash % SHEET_BUCKETS;
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_name_byte(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_' || (unsigned char)c >= 0x80;
}

static struct span
take_name(struct span *text)
{
	size_t len = 0;

	while (len < text->len && is_name_byte(text->data[len]))
		len++;
	*text = span_from(*text, len);
	return span_of(text->data - len, len);
}

/* "td.a.b#c"; false when it is anything else. */
static bool
compound_read(struct span text, struct selector *s)
{
	s->tag = span_starts(text, "*") ? SPAN_NONE : take_name(&text);
	if (span_starts(text, "*"))
		text = span_from(text, 1);
	while (text.len > 0) {
		char mark = text.data[0];
		struct span name;

		text = span_from(text, 1);
		if (text.len == 0)
			return false;
		name = take_name(&text);
		if (name.len == 0)
			return false;
		if (mark == '#')
			s->id = name;
		else if (mark == '.' && s->class_count < SELECTOR_CLASSES_MAX)
			s->classes[s->class_count++] = name;
		else
			return false;
	}
	return true;
}

static bool
is_plain_tag(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!ascii_is_alnum(text.data[i]) && text.data[i] != '*' && text.data[i] != '>')
			return false;
	return true;
}

/* One selector of a list; false when it is not of the kind that is read. */
static bool
selector_read(struct span text, struct selector *s)
{
	size_t start;

	text = span_trim(text);
	start = text.len;
	while (start > 0 && !is_space(text.data[start - 1]) && text.data[start - 1] != '>')
		start--;
	if (text.len == 0 || !compound_read(span_from(text, start), s))
		return false;
	for (struct span word, before = span_first(text, start); span_split(&before, ' ', &word);)
		if (!is_plain_tag(span_trim(word)))
			return false;
	s->kind = s->id.len > 0 ? KEY_ID : s->class_count > 0 ? KEY_CLASS : KEY_TAG;
	s->key = s->kind == KEY_ID ? s->id : s->kind == KEY_CLASS ? s->classes[0] : s->tag;
	return true;
}

static void
selectors_add(struct css_sheet *sheet, struct span list, const struct css_style *style)
{
	struct span one;

	while (sheet->count < SHEET_RULES_MAX && span_split(&list, ',', &one)) {
		struct selector read = { .style = style }, *s;
		size_t bucket;

		if (!selector_read(one, &read))
			continue;
		s = ARENA_NEW(sheet->arena, struct selector);
		*s = read;
		bucket = bucket_of(s->kind, s->key);
		*sheet->ends[bucket] = s;
		sheet->ends[bucket] = &s->next;
		sheet->count++;
	}
}

static void
rule_add(struct css_sheet *sheet, struct span selectors, struct span block)
{
	struct css_style style = { 0 }, *kept;

	css_declarations(block, &style);
	if (style.set == 0)
		return;
	kept = ARENA_NEW(sheet->arena, struct css_style);
	*kept = style;
	selectors_add(sheet, selectors, kept);
}

/* Past what may stand between rules. */
static struct span
skip_between(struct span text)
{
	for (;;) {
		if (text.len > 0 && (is_space(text.data[0]) || text.data[0] == '}' || text.data[0] == ';'))
			text = span_from(text, 1);
		else if (span_starts(text, "/*"))
			text = css_after_comment(text);
		else if (span_starts(text, "<!--"))
			text = span_from(text, 4);
		else if (span_starts(text, "-->"))
			text = span_from(text, 3);
		else
			return text;
	}
}

/* The length up to the "}" that ends the block whose inside text begins with. */
static size_t
block_length(struct span text)
{
	unsigned depth = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '{')
			depth++;
		else if (text.data[i] == '}' && depth-- == 0)
			return i;
	}
	return text.len;
}

/* "@media screen": for every reader, as far as the words tell. */
static bool
is_for_all(struct span prelude)
{
	return span_starts_nocase(prelude, "@media") && span_find_byte(prelude, '(') == SIZE_MAX &&
	    span_find_nocase(prelude, SPAN_LITERAL("print")) == SIZE_MAX &&
	    span_find_nocase(prelude, SPAN_LITERAL("not ")) == SIZE_MAX;
}

static struct span
without_comments(struct arena *a, struct span text)
{
	char *out;
	size_t len = 0;

	if (span_find(text, SPAN_LITERAL("/*")) == SIZE_MAX)
		return text;
	out = arena_alloc_raw(a, text.len);
	while (text.len > 0) {
		if (span_starts(text, "/*")) {
			text = css_after_comment(text);
			continue;
		}
		out[len++] = text.data[0];
		text = span_from(text, 1);
	}
	return span_of(out, len);
}

static void
rules_read(struct css_sheet *sheet, struct span text, unsigned depth)
{
	while ((text = skip_between(text)).len > 0 && sheet->count < SHEET_RULES_MAX) {
		size_t open = 0, len;
		struct span prelude, block;

		while (open < text.len && text.data[open] != '{' && (text.data[0] != '@' || text.data[open] != ';'))
			open++;
		prelude = span_first(text, open);
		text = span_from(text, open);
		if (!span_starts(text, "{"))
			continue;
		len = block_length(span_from(text, 1));
		block = span_first(span_from(text, 1), len);
		text = span_from(text, len + 2);
		if (span_starts(prelude, "@")) {
			if (depth < AT_DEPTH_MAX && is_for_all(prelude))
				rules_read(sheet, block, depth + 1);
			continue;
		}
		rule_add(sheet, prelude, block);
	}
}

void
css_sheet_read(struct css_sheet *sheet, struct span text)
{
	rules_read(sheet, without_comments(sheet->arena, text), 0);
}

static bool
has_class(struct span classes, struct span wanted)
{
	struct span one;

	while (span_split(&classes, ' ', &one))
		if (span_eq_nocase(span_trim(one), wanted))
			return true;
	return false;
}

static bool
fits(const struct selector *s, struct span tag, struct span id, struct span classes)
{
	if ((s->tag.len > 0 && !span_eq_nocase(s->tag, tag)) || (s->id.len > 0 && !span_eq_nocase(s->id, id)))
		return false;
	for (size_t i = 0; i < s->class_count; i++)
		if (!has_class(classes, s->classes[i]))
			return false;
	return true;
}

static void
apply_key(struct css_sheet *sheet, enum key_kind kind, struct span key, const struct span element[KEY_KINDS],
    struct css_style *style)
{
	for (const struct selector *s = sheet->buckets[bucket_of(kind, key)];
	     s != NULL && sheet->tests < SHEET_TESTS_MAX; s = s->next, sheet->tests++)
		if (s->kind == kind && span_eq_nocase(s->key, key) &&
		    fits(s, element[KEY_TAG], element[KEY_ID], element[KEY_CLASS]))
			css_merge(style, s->style);
}

void
css_sheet_apply(struct css_sheet *sheet, struct span tag, struct span id, struct span classes,
    struct css_style *style)
{
	const struct span element[KEY_KINDS] = { tag, span_first(classes, CLASSES_MAX_LEN), id };
	struct span one, rest = element[KEY_CLASS];

	apply_key(sheet, KEY_TAG, SPAN_NONE, element, style);
	apply_key(sheet, KEY_TAG, tag, element, style);
	for (size_t i = 0; i < ELEMENT_CLASSES_MAX && span_split(&rest, ' ', &one); i++)
		if (span_trim(one).len > 0)
			apply_key(sheet, KEY_CLASS, span_trim(one), element, style);
	if (id.len > 0)
		apply_key(sheet, KEY_ID, id, element, style);
}
