/* Elements by name. */
#include "config.h"

#include "rule/html_elements.h"

#include <stdlib.h>

enum { ELEMENT_NAME_MAX = 10 };

/* Sorted by name. */
static const struct html_element elements[] = {
	{ "a", ELEMENT_LINK },
	{ "address", ELEMENT_BLOCK },
	{ "area", ELEMENT_VOID },
	{ "article", ELEMENT_BLOCK },
	{ "base", ELEMENT_VOID },
	{ "blockquote", ELEMENT_BLOCK },
	{ "body", ELEMENT_BLOCK },
	{ "br", ELEMENT_BLOCK | ELEMENT_VOID },
	{ "caption", ELEMENT_BLOCK | ELEMENT_SCOPE },
	{ "center", ELEMENT_BLOCK },
	{ "col", ELEMENT_VOID },
	{ "datalist", ELEMENT_UNSEEN },
	{ "dd", ELEMENT_BLOCK | ELEMENT_ITEM },
	{ "div", ELEMENT_BLOCK },
	{ "dl", ELEMENT_BLOCK },
	{ "dt", ELEMENT_BLOCK | ELEMENT_ITEM },
	{ "embed", ELEMENT_VOID },
	{ "footer", ELEMENT_BLOCK },
	{ "form", ELEMENT_BLOCK },
	{ "h1", ELEMENT_BLOCK },
	{ "h2", ELEMENT_BLOCK },
	{ "h3", ELEMENT_BLOCK },
	{ "h4", ELEMENT_BLOCK },
	{ "h5", ELEMENT_BLOCK },
	{ "h6", ELEMENT_BLOCK },
	{ "head", ELEMENT_BLOCK },
	{ "header", ELEMENT_BLOCK },
	{ "hr", ELEMENT_BLOCK | ELEMENT_VOID },
	{ "iframe", ELEMENT_UNSEEN },
	{ "img", ELEMENT_VOID },
	{ "input", ELEMENT_VOID },
	{ "li", ELEMENT_BLOCK | ELEMENT_ITEM },
	{ "link", ELEMENT_VOID },
	{ "meta", ELEMENT_VOID },
	{ "noembed", ELEMENT_UNSEEN },
	{ "noframes", ELEMENT_UNSEEN },
	{ "ol", ELEMENT_BLOCK },
	{ "option", ELEMENT_BLOCK | ELEMENT_ITEM },
	{ "p", ELEMENT_BLOCK | ELEMENT_ITEM },
	{ "param", ELEMENT_VOID },
	{ "pre", ELEMENT_BLOCK },
	{ "script", ELEMENT_CODE },
	{ "section", ELEMENT_BLOCK },
	{ "source", ELEMENT_VOID },
	{ "style", ELEMENT_CODE },
	{ "table", ELEMENT_BLOCK | ELEMENT_SCOPE },
	{ "td", ELEMENT_BLOCK | ELEMENT_ITEM | ELEMENT_SCOPE },
	{ "template", ELEMENT_UNSEEN | ELEMENT_SCOPE },
	{ "th", ELEMENT_BLOCK | ELEMENT_ITEM | ELEMENT_SCOPE },
	{ "title", ELEMENT_BLOCK | ELEMENT_UNSEEN },
	{ "tr", ELEMENT_BLOCK | ELEMENT_ITEM },
	{ "track", ELEMENT_VOID },
	{ "ul", ELEMENT_BLOCK },
	{ "wbr", ELEMENT_VOID },
};

static const struct html_element other = { NULL, 0 };

static int
compare(const void *key, const void *element)
{
	const char *one = key, *other_name = ((const struct html_element *)element)->name;

	return one[0] != other_name[0] ? one[0] - other_name[0] : strcmp(one, other_name);
}

const struct html_element *
html_element_find(struct span name)
{
	char key[ELEMENT_NAME_MAX + 1];
	const struct html_element *e;

	if (name.len > ELEMENT_NAME_MAX)
		return &other;
	for (size_t i = 0; i < name.len; i++)
		key[i] = ascii_lower(name.data[i]);
	key[name.len] = '\0';
	e = bsearch(key, elements, sizeof(elements) / sizeof(elements[0]), sizeof(elements[0]), compare);
	return e != NULL ? e : &other;
}
