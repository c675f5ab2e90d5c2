/* The answer for what could not be scanned. It is never "clean": complete is
 * false, and where the policy lets it pass the message says so itself. */
#include "config.h"

#include "scan/request.h"

/* CRLF: such a message passes as it came from the wire. */
static const struct edit incomplete_mark = {
	.replacement = SPAN_LITERAL("X-Gatepost-Incomplete: not scanned\r\n"),
};

void
scan_answer_failure(struct scan_answer *r, enum failure_action action, const char *why)
{
	*r = (struct scan_answer){ .reason = span_str(why) };
	switch (action) {
	case FAILURE_DEFER:
		r->verdict = VERDICT_DEFER;
		r->reply = SPAN_LITERAL("451 4.3.0 message cannot be scanned now, try again later");
		break;
	case FAILURE_REJECT:
		r->verdict = VERDICT_REJECT;
		r->reply = SPAN_LITERAL("554 5.3.0 message cannot be scanned");
		break;
	case FAILURE_ACCEPT:
		r->verdict = VERDICT_ACCEPT;
		r->edits = &incomplete_mark;
		r->edit_count = 1;
		break;
	}
}
