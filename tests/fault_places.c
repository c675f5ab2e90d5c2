/* Tells places of a program apart by their callers. The addresses that these go back to
 * differ between runs, for modules are loaded anywhere, but by whole pages only: what
 * is taken of each is its place in its page. Libraries keep no frame pointers, so the stack
 * is walked by the tables that exceptions would be thrown by. */
#include "config.h"

#include "fault_places.h"

#include <unwind.h>

enum {
	/* Of them some three are those of faults.c. With 8 a start would have 2,000 places, with 16 3,700, with
	 * 32 4,200: what is told apart further is the depth of structures that are gone through. */
	CALLERS_MAX = 16,
	IN_PAGE = 0xfff,
};

/* Of FNV-1a. */
static const uint32_t BEGIN = 2166136261U, PRIME = 16777619U;

struct walk {
	uint32_t hash;
	unsigned callers;
};

static _Unwind_Reason_Code
take(struct _Unwind_Context *at, void *context)
{
	struct walk *w = context;
	const uint32_t back = (uint32_t)(_Unwind_GetIP(at) & IN_PAGE);

	w->hash = (w->hash ^ (back & 0xff)) * PRIME;
	w->hash = (w->hash ^ (back >> 8)) * PRIME;
	return ++w->callers < CALLERS_MAX ? _URC_NO_REASON : _URC_END_OF_STACK;
}

uint32_t
place_of_call(void)
{
	struct walk w = { .hash = BEGIN };

	_Unwind_Backtrace(take, &w);
	return w.hash != 0 ? w.hash : 1;
}
