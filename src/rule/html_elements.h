/* The elements of HTML that are not read like any other. */
#ifndef RULE_HTML_ELEMENTS_H
#define RULE_HTML_ELEMENTS_H

#include "base/span.h"

enum html_element_flag {
	ELEMENT_BLOCK = 1,   /* begins and ends a line */
	ELEMENT_VOID = 2,    /* has no contents and no end tag */
	ELEMENT_CODE = 4,    /* its contents are code */
	ELEMENT_UNSEEN = 8,  /* its contents are not shown */
	ELEMENT_LINK = 16,   /* <a> */
	ELEMENT_ITEM = 32,   /* ended by the next of its kind: p, li, td, … */
	ELEMENT_SCOPE = 64,  /* tags inside do not end elements outside: td, table, … */
};

struct html_element {
	const char *name; /* NULL for any other */
	unsigned flags;
};

/* Case is ignored; never NULL. */
const struct html_element *html_element_find(struct span name);

#endif
