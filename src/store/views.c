/* Views. */
#include "config.h"

#include "store/views.h"

bool
view_owner_fits(const struct view_owner *o)
{
	return o->upstream.len <= VIEW_OWNER_MAX && o->user.len <= VIEW_OWNER_MAX && o->mailbox.len <= VIEW_OWNER_MAX;
}

bool
view_fits(const struct view *v)
{
	return v->message.len <= VIEW_MESSAGE_MAX && v->state.len <= VIEW_STATE_MAX;
}
