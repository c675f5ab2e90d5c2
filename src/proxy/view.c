/* Views in the form in which the keeper remembers them: one word that tells
 * the form, the verdict and the flags, the original's octets, and the edits
 * where there are some. */
#include "config.h"

#include "proxy/view.h"

enum {
	VIEW_FORM = 1,          /* bits 0 to 7; others are not understood */
	VIEW_VERDICT_SHIFT = 8, /* bits 8 to 11 */
	VIEW_JUDGED = 1 << 12,
	VIEW_KEPT = 1 << 13,
	VIEW_EDITED = 1 << 14,  /* edits follow */
	VIEW_FAILURES_SHIFT = 16,
	VIEW_FAILURES_MAX = 255,
};

bool
view_withholds(const struct message_view *v)
{
	return v->judged && v->verdict >= VERDICT_STRIP;
}

void
view_encode(struct buf *out, const struct message_view *v)
{
	uint32_t failures = v->failures < VIEW_FAILURES_MAX ? v->failures : VIEW_FAILURES_MAX;

	buf_put_u32(out, VIEW_FORM | (uint32_t)v->verdict << VIEW_VERDICT_SHIFT | (v->judged ? VIEW_JUDGED : 0) |
	    (v->edit_count > 0 ? VIEW_EDITED : 0) | (v->kept ? VIEW_KEPT : 0) | failures << VIEW_FAILURES_SHIFT);
	buf_put_u64(out, v->listed);
	buf_put_u64(out, v->octets);
	if (v->edit_count > 0)
		edits_put(out, v->edits, v->edit_count);
}

static bool
take_edits(struct arena *a, struct span in, struct message_view *v, bool edited)
{
	if (!edited)
		return in.len == 0;
	v->edits = edits_take(a, &in, &v->edit_count);
	return v->edits != NULL && in.len == 0 && edits_valid(v->edits, v->edit_count, v->octets);
}

bool
view_decode(struct arena *a, struct span in, struct message_view *v)
{
	uint32_t word;

	*v = (struct message_view){ 0 };
	take_u32(&in, &word);
	take_u64(&in, &v->listed);
	if (!take_u64(&in, &v->octets) || (word & 0xff) != VIEW_FORM)
		return false;
	v->verdict = (enum verdict)(word >> VIEW_VERDICT_SHIFT & 0xf);
	v->judged = (word & VIEW_JUDGED) != 0;
	v->kept = (word & VIEW_KEPT) != 0;
	v->failures = word >> VIEW_FAILURES_SHIFT & 0xff;
	return v->verdict <= VERDICT_REJECT && take_edits(a, in, v, (word & VIEW_EDITED) != 0);
}
