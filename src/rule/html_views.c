/* A page's text, as far as it is shown or hidden. */
#include "config.h"

#include "rule/html.h"

struct view {
	char *out;
	size_t len;
};

/* Blanks that come to stand together are one. */
static void
add(struct view *v, struct span text)
{
	for (; text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\n'); text = span_from(text, 1)) {
		if (v->len == 0)
			continue;
		if (v->out[v->len - 1] != ' ' && v->out[v->len - 1] != '\n')
			v->out[v->len++] = text.data[0];
		else if (text.data[0] == '\n')
			v->out[v->len - 1] = '\n';
	}
	if (text.len > 0)
		memcpy(v->out + v->len, text.data, text.len);
	v->len += text.len;
}

static struct span
finished(struct view *v)
{
	while (v->len > 0 && (v->out[v->len - 1] == ' ' || v->out[v->len - 1] == '\n'))
		v->len--;
	return span_of(v->out, v->len);
}

static struct span
run_text(const struct html_page *page, size_t i)
{
	size_t end = i + 1 < page->run_count ? page->runs[i + 1].start : page->text.len;

	return span_from(span_first(page->text, end), page->runs[i].start);
}

/* Runs change between hidden and shown; the first is hidden. */
bool
html_is_broken_up(const struct html_page *page)
{
	bool hidden_first = page->run_count > 0 && page->runs[0].start == 0;
	size_t shown_runs = page->run_count / 2, before = !hidden_first;

	return page->run_count > 0 && before + shown_runs > 1;
}

struct span
html_visible(struct arena *a, const struct html_page *page)
{
	struct view v = { NULL, 0 };

	if (page->run_count == 0)
		return page->text;
	v.out = arena_alloc_raw(a, page->text.len + 1);
	add(&v, span_first(page->text, page->runs[0].start));
	for (size_t i = 0; i < page->run_count; i++)
		if (!page->runs[i].hidden)
			add(&v, run_text(page, i));
	return finished(&v);
}

/* Pieces from different places are lines of their own. */
struct span
html_hidden(struct arena *a, const struct html_page *page)
{
	struct view v = { NULL, 0 };

	v.out = arena_alloc_raw(a, page->text.len + page->run_count + 1);
	for (size_t i = 0; i < page->run_count; i++)
		if (page->runs[i].hidden) {
			add(&v, run_text(page, i));
			add(&v, SPAN_LITERAL("\n"));
		}
	return finished(&v);
}
