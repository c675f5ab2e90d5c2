/* `header`: the message's own header (not those of parts), every field of the
 * name, unfolded and decoded to UTF-8. */
#include "config.h"

#include "rule/facts.h"

struct header_test {
	size_t group;
	struct regex_run matches;
	const char *contains; /* or NULL */
	bool has_exists, exists;
};

const char *const header_keys[] = { "name", "matches", "contains", "exists", NULL };

static struct header_group *
header_group_of(struct compiler *c, struct span name)
{
	struct header_group **at = &c->search->headers;

	while (*at != NULL && !span_eq_nocase((*at)->name, name))
		at = &(*at)->next;
	if (*at == NULL) {
		*at = ARENA_NEW(c->arena, struct header_group);
		(*at)->name = name;
		(*at)->index = c->search->header_count++;
	}
	return *at;
}

static bool
tests_parse(struct compiler *c, struct yaml *value, struct header_group *group, struct header_test *t)
{
	struct yaml *matches = yaml_get(value, "matches"), *contains = yaml_get(value, "contains");
	struct yaml *exists = yaml_get(value, "exists");
	bool good = true;

	t->group = group->index;
	if (matches != NULL)
		good &= regexes_read(c, matches, &group->regexes, &t->matches);
	if (contains != NULL)
		good &= yaml_string(contains, &t->contains, c->report);
	if (exists != NULL)
		good &= yaml_bool(exists, &t->exists, c->report);
	t->has_exists = exists != NULL;
	if ((matches != NULL) + (contains != NULL) + (exists != NULL) == 1)
		return good;
	report_add(c->report, value->mark, "a header is tested by one of \"matches\", \"contains\" and \"exists\"");
	return false;
}

/* RFC 5322 2.2. No message has a field of another name, and the rule would be
 * wrong in silence. */
static bool
is_field_name(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || *p == ':')
			return false;
	return text[0] != '\0';
}

bool
header_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	struct yaml *name = value->kind == YAML_MAPPING ? yaml_get(value, "name") : NULL;
	struct header_test *t = ARENA_NEW(c->arena, struct header_test);
	const char *text;

	if (!yaml_check_keys(value, header_keys, c->report))
		return false;
	if (name == NULL) {
		report_add(c->report, value->mark, "a header needs a \"name\"");
		return false;
	}
	if (!yaml_string(name, &text, c->report))
		return false;
	if (!is_field_name(text)) {
		report_add(c->report, name->mark, "\"%s\" is no name of a field: it has no colon and no blanks", text);
		return false;
	}
	node->operand = t;
	return tests_parse(c, value, header_group_of(c, span_str(text)), t);
}

static bool
some_contains(const struct header_facts *h, const char *text)
{
	for (size_t i = 0; i < h->count; i++)
		if (span_find_nocase(h->values[i], span_str(text)) != SIZE_MAX)
			return true;
	return false;
}

enum truth
header_evaluate(const struct evaluation *e, const struct node *node)
{
	const struct header_test *t = node->operand;
	const struct header_facts *h = &e->facts->headers[t->group];
	enum truth found;

	if (t->has_exists) {
		if (h->count > 0)
			return truth_of(t->exists);
		return e->facts->unread_parts != NULL ? TRUTH_UNKNOWN : truth_of(!t->exists);
	}
	found = t->contains != NULL ? truth_of(some_contains(h, t->contains)) : truth_of_run(h->results, t->matches);
	return found != TRUTH_NO ? found : truth_not_found(e->facts->unread_parts);
}
