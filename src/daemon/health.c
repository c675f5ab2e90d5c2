/* Whether gatepost lives, and whether it serves. */
#include "config.h"

#include "daemon/metrics.h"

bool
health_print(struct buf *out, const struct board *b, uint64_t now)
{
	uint64_t beat = b->beat;

	if (now > beat && now - beat > HEALTH_PATIENCE_MS) {
		buf_printf(out, "the master has not answered for %llu s\n", (unsigned long long)(now - beat) / 1000);
		return false;
	}
	buf_add_str(out, "ok\n");
	return true;
}

static bool
is_ready(const struct board *b, enum child_kind kind)
{
	for (size_t i = 0; i < BOARD_CHILDREN; i++) {
		const struct board_child *c = &b->children[i];

		if (c->pid != 0 && c->kind == kind && c->ready && !c->leaving)
			return true;
	}
	return false;
}

bool
readiness_print(struct buf *out, const struct board *b, uint64_t now)
{
	static const enum child_kind needed[] = { CHILD_PROXY, CHILD_SCANNER, CHILD_KEEPER };
	struct buf reasons = { 0 };

	if (!health_print(&reasons, b, now))
		buf_add_span(out, buf_span(&reasons));
	buf_free(&reasons);
	if (b->draining)
		buf_add_str(out, "draining: no new connections\n");
	else if (b->listening == 0)
		buf_add_str(out, "no listener is open\n");
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]) && !b->draining; i++)
		if (!is_ready(b, needed[i]))
			buf_printf(out, "no %s is ready\n", child_kind_name(needed[i]));
	if (out->len > 0)
		return false;
	buf_add_str(out, "ready\n");
	return true;
}
