/* HTML to text: never longer than its input, without white space at its ends;
 * what is shown and what is hidden make up the text; links lie in memory that is
 * still there; the text is the same whether hiding is asked for or not. */
#include "config.h"

#include "rule/html.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
link_in_memory(void *context, struct span uri, struct span shown)
{
	size_t *total = context;

	for (size_t i = 0; i < uri.len; i++)
		*total += (unsigned char)uri.data[i];
	for (size_t i = 0; i < shown.len; i++)
		*total += (unsigned char)shown.data[i];
	if (span_find_byte(uri, ':') == SIZE_MAX)
		abort();
}

static void
check_view(struct span text, size_t most)
{
	if (text.len > most)
		abort();
	if (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\n' || text.data[text.len - 1] == ' '))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(0);
	size_t total = 0;
	const struct html_wanted bare = { 0 }, all = { .hiding = true, .link = link_in_memory, .context = &total };
	struct span html = span_of((const char *)data, size);
	struct html_page page = html_page_read(a, html, &all);

	check_view(page.text, size);
	check_view(html_visible(a, &page), page.text.len);
	check_view(html_hidden(a, &page), page.text.len + page.run_count);
	if (!span_eq(page.text, html_page_read(a, html, &bare).text))
		abort();
	if (page.hidden > page.text.len || (page.hidden > 0 && page.run_count == 0))
		abort();
	if (!html_is_broken_up(&page) && span_find(page.text, html_visible(a, &page)) == SIZE_MAX)
		abort();
	arena_free(&a);
	return 0;
}
