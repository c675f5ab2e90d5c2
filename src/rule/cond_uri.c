/* `uri`: links. All keys of one mapping must hold for one and the same link,
 * and `count` is of how many they do. */
#include "config.h"

#include "rule/comparison.h"
#include "rule/domain.h"
#include "rule/facts.h"
#include "rule/pattern.h"

const char *const uri_keys[] = { "matches", "host", "domain", "domain_file", "count", "mismatch", NULL };

struct uri_test {
	bool plain; /* expressions only, which the group's results decide */
	struct regex_run matches;
	const struct regex_group *group; /* they are a run of */
	struct patterns hosts;
	struct domain_set *domains; /* or NULL */
	struct comparison count;
	bool has_mismatch, mismatch;
};

static bool
domains_read(struct compiler *c, struct yaml *value, struct domain_set *set)
{
	struct yaml *const *items;
	size_t count = values_of(c, &value, &items);
	bool good = count > 0;

	for (size_t i = 0; i < count; i++) {
		const char *text, *wrong;

		if (!yaml_string(items[i], &text, c->report)) {
			good = false;
			continue;
		}
		wrong = domain_set_add(set, items[i]->text);
		if (wrong != NULL) {
			report_add(c->report, items[i]->mark, "%s: \"" YAML_SHOWN "\"", wrong, text);
			good = false;
		}
	}
	return good;
}

static bool
domain_files_read(struct compiler *c, struct yaml *value, struct domain_set *set)
{
	struct yaml *const *items;
	size_t count = values_of(c, &value, &items);
	bool good = count > 0;

	for (size_t i = 0; i < count; i++)
		good &= domain_file_read(c, items[i], set);
	return good;
}

static bool
keys_parse(struct compiler *c, struct yaml *value, struct uri_test *t)
{
	struct yaml *domains = yaml_get(value, "domain"), *files = yaml_get(value, "domain_file"), *n;
	bool good = true;

	if ((n = yaml_get(value, "matches")) != NULL)
		good &= regexes_read(c, n, &c->search->uri, &t->matches);
	if ((n = yaml_get(value, "host")) != NULL)
		good &= patterns_read(c, n, &t->hosts);
	if (domains != NULL || files != NULL)
		t->domains = domain_set_new(c->arena);
	if (domains != NULL)
		good &= domains_read(c, domains, t->domains);
	if (files != NULL)
		good &= domain_files_read(c, files, t->domains);
	if ((n = yaml_get(value, "count")) != NULL)
		good &= comparison_read(c->arena, n, yaml_number, &t->count, c->report);
	if ((n = yaml_get(value, "mismatch")) != NULL) {
		t->has_mismatch = true;
		good &= yaml_bool(n, &t->mismatch, c->report);
	}
	return good;
}

bool
uri_parse(struct compiler *c, struct yaml *value, struct node *node)
{
	struct uri_test *t = ARENA_NEW(c->arena, struct uri_test);

	node->operand = t;
	t->group = &c->search->uri;
	t->count = (struct comparison){ 1, UINT64_MAX };
	if (value->kind != YAML_MAPPING) {
		t->plain = true;
		return regexes_read(c, value, &c->search->uri, &t->matches);
	}
	if (!yaml_check_keys(value, uri_keys, c->report) || !keys_parse(c, value, t))
		return false;
	if (value->count == 0) {
		report_add(c->report, value->mark, "a link is tested by at least one key");
		return false;
	}
	c->search->links = true;
	c->search->shown_links |= t->has_mismatch;
	return true;
}

static enum truth
expressions_hold(const struct uri_test *t, const struct link *link)
{
	enum truth best = t->matches.count == 0 ? TRUTH_YES : TRUTH_NO;

	for (size_t i = t->matches.first; i < t->matches.first + t->matches.count && best != TRUTH_YES; i++) {
		const struct regex *regex = t->group->items[i];
		enum regex_result result = regex_match(regex, link->written);

		if (result == REGEX_NO_MATCH && link->target.uri.data != link->written.data)
			result = regex_match(regex, link->target.uri);
		if (result != REGEX_NO_MATCH)
			best = result == REGEX_MATCH ? TRUTH_YES : TRUTH_UNKNOWN;
	}
	return best;
}

static enum truth
host_holds(const struct uri_test *t, const struct link *link)
{
	enum truth ascii;

	if (t->hosts.count == 0)
		return TRUTH_YES;
	ascii = patterns_match(&t->hosts, link->target.host);
	if (ascii == TRUTH_YES || link->target.unicode.data == link->target.host.data)
		return ascii;
	return patterns_match(&t->hosts, link->target.unicode);
}

static enum truth
link_holds(const struct uri_test *t, const struct link *link)
{
	enum truth host, expressions;

	if (t->has_mismatch && t->mismatch != link->mismatch)
		return TRUTH_NO;
	if (t->domains != NULL && !domain_set_has(t->domains, link->target.host))
		return TRUTH_NO;
	host = host_holds(t, link);
	if (host == TRUTH_NO)
		return TRUTH_NO;
	expressions = expressions_hold(t, link);
	return host < expressions ? host : expressions;
}

/* Between the links that hold and those that may. */
static enum truth
count_holds(const struct uri_test *t, const struct facts *f)
{
	uint64_t sure = 0, perhaps = 0;

	for (const struct link *l = f->links; l != NULL; l = l->next) {
		enum truth one = link_holds(t, l);

		sure += one == TRUTH_YES;
		perhaps += one != TRUTH_NO;
	}
	if (comparison_holds(t->count, sure) && comparison_holds(t->count, perhaps))
		return TRUTH_YES;
	return sure == perhaps ? TRUTH_NO : TRUTH_UNKNOWN;
}

enum truth
uri_evaluate(const struct evaluation *e, const struct node *node)
{
	const struct uri_test *t = node->operand;
	const struct facts *f = e->facts;
	const char *unread = f->unread_parts != NULL ? f->unread_parts : f->unread_links;
	enum truth found;

	if (t->plain) {
		found = truth_of_run(f->uri, t->matches);
		return found != TRUTH_NO ? found : truth_not_found(f->unread_parts);
	}
	/* Most expressions match no link at all. */
	if (t->count.least > 0 && t->matches.count > 0 && truth_of_run(f->uri, t->matches) == TRUTH_NO)
		found = TRUTH_NO;
	else
		found = count_holds(t, f);
	return found != TRUTH_NO ? found : truth_not_found(unread);
}
