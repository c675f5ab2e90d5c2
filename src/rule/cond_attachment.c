/* `attachment`: any part that is no multipart, also inline ones, and any
 * member of an archive; all keys of one mapping must hold for the same one.
 *
 * A name is looked at in every reading. Windows drops dots and blanks at the
 * end of a file's name, so they are dropped before the extension is taken. */
#include "config.h"

#include "engine/magic.h"
#include "rule/comparison.h"
#include "rule/facts.h"
#include "rule/pattern.h"

struct attachment_test {
	struct patterns names, types;
	struct strings extensions, magics; /* extensions: with their dot */
	struct comparison size;
	uint32_t traits;             /* bits by enum trait; any of them */
	bool has_size, has_encrypted, encrypted;
	bool has_mismatch, mismatch;
};

const char *const attachment_keys[] = { "name", "extension", "type", "magic", "size", "encrypted", "traits",
	"type_mismatch", NULL };

static bool
extensions_read(struct compiler *c, struct yaml *value, struct strings *out)
{
	struct yaml *const *items;
	bool good;

	out->count = values_of(c, &value, &items);
	good = out->count > 0;
	out->items = ARENA_ARRAY(c->arena, const char *, out->count);
	for (size_t i = 0; i < out->count; i++) {
		const char *text;

		if (!yaml_string(items[i], &text, c->report)) {
			good = false;
			continue;
		}
		text += text[0] == '.';
		if (*text == '\0') {
			report_add(c->report, items[i]->mark, "an extension is expected, such as \"exe\"");
			good = false;
		} else if (strpbrk(text, "*?/\\") != NULL) {
			/* It would be true of no file, in silence. */
			report_add(c->report, items[i]->mark, "\"%s\" is no extension, such as \"exe\"; \"name\" takes patterns",
			    text);
			good = false;
		}
		out->items[i] = arena_printf(c->arena, ".%s", text);
	}
	return good;
}

static bool
magics_read(struct compiler *c, struct yaml *value, struct strings *out)
{
	struct yaml *const *items;
	bool good;

	out->count = values_of(c, &value, &items);
	good = out->count > 0;
	out->items = ARENA_ARRAY(c->arena, const char *, out->count);
	for (size_t i = 0; i < out->count; i++) {
		int index;

		if (yaml_choice(items[i], magic_names, &index, c->report))
			out->items[i] = magic_names[index];
		else
			good = false;
	}
	return good;
}

static bool
traits_read(struct compiler *c, struct yaml *value, uint32_t *out)
{
	struct yaml *const *items;
	size_t count = values_of(c, &value, &items);
	bool good = count > 0;

	for (size_t i = 0; i < count; i++) {
		int index;

		if (yaml_choice(items[i], trait_names, &index, c->report))
			*out |= UINT32_C(1) << index;
		else
			good = false;
	}
	return good;
}

static bool
keys_parse(struct compiler *c, struct yaml *value, struct attachment_test *t)
{
	struct yaml *n;
	bool good = true;

	if ((n = yaml_get(value, "name")) != NULL)
		good &= patterns_read(c, n, &t->names);
	if ((n = yaml_get(value, "extension")) != NULL)
		good &= extensions_read(c, n, &t->extensions);
	if ((n = yaml_get(value, "type")) != NULL)
		good &= patterns_read(c, n, &t->types);
	if ((n = yaml_get(value, "magic")) != NULL)
		good &= magics_read(c, n, &t->magics);
	if ((n = yaml_get(value, "size")) != NULL) {
		t->has_size = true;
		good &= comparison_read(c->arena, n, yaml_size, &t->size, c->report);
	}
	if ((n = yaml_get(value, "encrypted")) != NULL) {
		t->has_encrypted = true;
		good &= yaml_bool(n, &t->encrypted, c->report);
	}
	if ((n = yaml_get(value, "type_mismatch")) != NULL) {
		t->has_mismatch = true;
		good &= yaml_bool(n, &t->mismatch, c->report);
	}
	if ((n = yaml_get(value, "traits")) != NULL)
		good &= traits_read(c, n, &t->traits);
	return good;
}

bool
attachment_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	struct attachment_test *t = ARENA_NEW(c->arena, struct attachment_test);

	node->operand = t;
	if (!yaml_check_keys(value, attachment_keys, c->report) || !keys_parse(c, value, t))
		return false;
	if (value->count == 0) {
		report_add(c->report, value->mark, "an attachment is tested by at least one key");
		return false;
	}
	c->search->archives = c->search->bodies = true;
	c->rule->locates |= c->negated == 0;
	return true;
}

static struct span
name_trimmed(struct span name)
{
	while (name.len > 0 && strchr(". \t", name.data[name.len - 1]) != NULL)
		name.len--;
	return name;
}

/* What stands after the last slash, of either kind. */
static struct span
name_last(struct span name)
{
	size_t start = name.len;

	while (start > 0 && name.data[start - 1] != '/' && name.data[start - 1] != '\\')
		start--;
	return span_from(name, start);
}

static enum truth
name_matches(const struct attachment_test *t, struct span name)
{
	enum truth whole = patterns_match(&t->names, name);
	enum truth last = whole == TRUTH_YES ? whole : patterns_match(&t->names, name_last(name));

	return last > whole ? last : whole;
}

static bool
name_has_extension(const struct strings *extensions, struct span name)
{
	name = name_trimmed(name);
	for (size_t i = 0; i < extensions->count; i++)
		if (span_ends_nocase(name, extensions->items[i]))
			return true;
	return false;
}

/* Name and extension must hold for the same name. */
static enum truth
names_hold(const struct attachment_test *t, const struct item *item)
{
	enum truth best = TRUTH_NO;

	if (t->names.count == 0 && t->extensions.count == 0)
		return TRUTH_YES;
	for (const struct mime_name *n = item->names; n != NULL && best != TRUTH_YES; n = n->next) {
		enum truth one = t->names.count == 0 ? TRUTH_YES : name_matches(t, n->name);

		if (t->extensions.count > 0 && !name_has_extension(&t->extensions, n->name))
			one = TRUTH_NO;
		if (one > best)
			best = one;
	}
	return best;
}

static enum truth
types_hold(const struct attachment_test *t, const struct item *item)
{
	enum truth best = t->types.count == 0 ? TRUTH_YES : TRUTH_NO;

	for (const struct mime_type *type = item->types; type != NULL && best != TRUTH_YES; type = type->next) {
		enum truth one = patterns_match(&t->types, span_str(type->type));

		if (one > best)
			best = one;
	}
	return best;
}

static bool
magic_holds(const struct attachment_test *t, const struct item *item)
{
	for (size_t i = 0; i < t->magics.count; i++)
		if (item->magic != NULL && strcmp(t->magics.items[i], item->magic) == 0)
			return true;
	return t->magics.count == 0;
}

/* What the last dot of the name begins. */
static struct span
extension_of(struct span name)
{
	size_t at;

	name = name_trimmed(name);
	for (at = name.len; at > 0 && name.data[at - 1] != '.'; at--)
		;
	return at > 0 ? span_from(name, at - 1) : SPAN_NONE;
}

/* Some name or type says that the content is something that it is not. */
static bool
is_mismatch(const struct item *item)
{
	if (item->magic == NULL)
		return false;
	for (const struct mime_type *type = item->types; type != NULL; type = type->next)
		if (magic_contradicts(item->magic, type->type, SPAN_NONE))
			return true;
	for (const struct mime_name *n = item->names; n != NULL; n = n->next)
		if (magic_contradicts(item->magic, NULL, extension_of(n->name)))
			return true;
	return false;
}

static enum truth
item_holds(const struct attachment_test *t, const struct item *item)
{
	enum truth names, types;

	if (t->has_encrypted && t->encrypted != item->encrypted)
		return TRUTH_NO;
	if (t->has_mismatch && t->mismatch != is_mismatch(item))
		return TRUTH_NO;
	if (t->traits != 0 && (t->traits & item->traits) == 0)
		return TRUTH_NO;
	if (t->has_size && !comparison_holds(t->size, item->size))
		return TRUTH_NO;
	if (!magic_holds(t, item))
		return TRUTH_NO;
	names = names_hold(t, item);
	types = types_hold(t, item);
	return names < types ? names : types;
}

enum truth
attachment_evaluate(const struct evaluation *e, const struct node *node)
{
	const struct attachment_test *t = node->operand;
	enum truth best = TRUTH_NO;

	for (const struct item *i = e->facts->items; i != NULL && best != TRUTH_YES; i = i->next) {
		enum truth one = item_holds(t, i);

		if (one > best)
			best = one;
	}
	return best != TRUTH_NO ? best : truth_not_found(facts_unread(e->facts));
}

void
attachment_locate(const struct evaluation *e, const struct node *node, struct places *found)
{
	const struct attachment_test *t = node->operand;

	for (const struct item *i = e->facts->items; i != NULL; i = i->next)
		if (item_holds(t, i) == TRUTH_YES)
			found->items[i->index] = true;
}
