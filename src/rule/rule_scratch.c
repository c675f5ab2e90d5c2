/* The matchers' working memory for one ruleset. */
#include "config.h"

#include "rule/database.h"
#include "rule/facts.h"

#include <stdlib.h>

static struct textset_scratch *
group_scratch(const struct regex_group *g)
{
	return g->set != NULL ? textset_scratch_new(g->set) : NULL;
}

struct rule_scratch *
rule_scratch_new(const struct ruleset *rs)
{
	const struct search *search = &rs->search;
	struct rule_scratch *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->header_count = search->header_count;
	s->headers = calloc(s->header_count + 1, sizeof(struct textset_scratch *));
	if (s->headers == NULL) {
		free(s);
		return NULL;
	}
	for (size_t i = 0; i < VIEWS; i++)
		s->views[i] = group_scratch(&search->views[i]);
	s->raw_body = group_scratch(&search->raw_body);
	s->uri = group_scratch(&search->uri);
	for (const struct header_group *h = search->headers; h != NULL; h = h->next)
		s->headers[h->index] = group_scratch(&h->regexes);
	if (search->signatures != NULL)
		s->signatures = signatures_scratch_new(search->signatures);
	s->databases = database_scratch_new(search->databases, search->database_count);
	return s;
}

static void
textset_release(struct textset_scratch **t)
{
	if (*t != NULL)
		textset_scratch_free(t);
}

void
rule_scratch_free(struct rule_scratch **scratch)
{
	struct rule_scratch *s = *scratch;

	*scratch = NULL;
	if (s == NULL)
		return;
	for (size_t i = 0; i < VIEWS; i++)
		textset_release(&s->views[i]);
	textset_release(&s->raw_body);
	textset_release(&s->uri);
	for (size_t i = 0; i < s->header_count; i++)
		textset_release(&s->headers[i]);
	if (s->signatures != NULL)
		signatures_scratch_free(&s->signatures);
	database_scratch_free(&s->databases);
	free(s->headers);
	free(s);
}
