/* Patterns of names and addresses. A glob costs at most text times glob steps,
 * and globs are the postmaster's own, so short. */
#include "config.h"

#include "rule/pattern.h"

#include "base/pattern.h"

static bool
pattern_read(struct compiler *c, struct yaml *n, struct pattern *out)
{
	const char *text;

	if (!yaml_string(n, &text, c->report))
		return false;
	if (text[0] == '/') {
		out->regex = regex_read(c, n);
		return out->regex != NULL;
	}
	out->glob = n->text;
	return true;
}

bool
patterns_read(struct compiler *c, struct yaml *value, struct patterns *out)
{
	struct yaml *const *items;
	bool good;

	out->count = values_of(c, &value, &items);
	good = out->count > 0;
	out->items = ARENA_ARRAY(c->arena, struct pattern, out->count);
	for (size_t i = 0; i < out->count; i++)
		good &= pattern_read(c, items[i], &out->items[i]);
	return good;
}

enum truth
patterns_match(const struct patterns *p, struct span text)
{
	enum truth found = TRUTH_NO;

	for (size_t i = 0; i < p->count; i++) {
		if (p->items[i].regex == NULL) {
			if (pattern_matches(p->items[i].glob, text))
				return TRUTH_YES;
			continue;
		}
		switch (regex_match(p->items[i].regex, text)) {
		case REGEX_MATCH:
			return TRUTH_YES;
		case REGEX_LIMIT:
			found = TRUTH_UNKNOWN;
			break;
		case REGEX_NO_MATCH:
			break;
		}
	}
	return found;
}
