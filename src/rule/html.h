/* HTML as a reader of mail sees it: for rules, not for display. */
#ifndef RULE_HTML_H
#define RULE_HTML_H

#include "base/arena.h"

/* From here to the next run, text is hidden or not. */
struct html_run {
	size_t start;
	bool hidden;
};

/* What is wanted of a page besides its text. */
struct html_wanted {
	bool hiding; /* what is hidden */
	/* Each link (uri.h), as uri_find() tells it and from attributes; NULL =
	 * none. `shown`: of <a href> the text between it and </a>, else empty. */
	void (*link)(void *context, struct span uri, struct span shown);
	void *context;
};

struct html_page {
	struct span text;
	struct html_run *runs;     /* none when nothing is hidden */
	size_t run_count;
	size_t hidden;             /* characters that are hidden, blanks not counted */
};

/* The text of UTF-8 HTML, in the arena: tags, comments, scripts and styles
 * dropped, character references decoded, white space collapsed to one blank,
 * a line end where a block begins or ends, and invisible characters (soft
 * hyphen, zero width) dropped. So "lot<b></b>t&#101;ry" is "lottery".
 * What is hidden is in the text, too, and what stands in comments for single
 * programs ("<!--[if mso]>") is hidden. Linear; the text is never longer than
 * html. */
struct html_page html_page_read(struct arena *a, struct span html, const struct html_wanted *wanted);

/* Whether hidden text stands between shown text, so that the latter is no part of
 * the whole as it stands. A title or a preview at the beginning does not. */
bool html_is_broken_up(const struct html_page *page);
/* The text that is shown, or that is hidden, each by itself. */
struct span html_visible(struct arena *a, const struct html_page *page);
struct span html_hidden(struct arena *a, const struct html_page *page);

#endif
