/* What proxy and keeper say to each other, as bytes. Neither believes the
 * other: a decoder refuses whatever is not exactly a frame.
 *
 * A request is its kind and what belongs to that; the bytes of a message come
 * last, or are the first `size` octets of the packet's first descriptor. An
 * answer is a head, then the rest of the packet: the text for a message, views
 * for a fetch or a find. A change has no answer. */
#ifndef PROXY_KEEP_FRAME_H
#define PROXY_KEEP_FRAME_H

#include "base/arena.h"
#include "base/buf.h"
#include "store/quarantine.h"
#include "store/views.h"

enum {
	/* Of all frames: one more with every change of them. A proxy of another version may
	 * be told of a keeper only where this is the same. */
	KEEP_FRAME_VERSION = 2,
	/* Puts, and drops, of one change: whoever has more sends several. */
	KEEP_CHANGES_MAX = 100 * 1000,
	/* Messages of one find. */
	KEEP_FINDS_MAX = 100,
	/* Octets of views in one packet, of a change or an answer: a maildrop of
	 * 100,000 messages has a sixth of it, and a proxy reads that much without
	 * keeping its other sessions waiting. */
	KEEP_VIEWS_MAX = 32 * 1024 * 1024,
};

enum keep_kind { KEEP_MESSAGE = 1, KEEP_VIEWS_FETCH, KEEP_VIEWS_CHANGE, KEEP_VIEWS_FIND };

/* A request; what is not of its kind is zero. */
struct keep_frame {
	enum keep_kind kind;
	uint64_t id; /* the answer has it too; 0 for a change */

	/* KEEP_MESSAGE */
	uint64_t size;
	bool in_descriptor;
	struct quarantine_item item;
	struct span message; /* empty when in_descriptor */

	/* KEEP_VIEWS_*: within the limits of store/views.h */
	struct view_owner owner;
	/* KEEP_VIEWS_FIND: of which messages */
	const struct span *names;
	size_t name_count;
	/* KEEP_VIEWS_CHANGE */
	const struct view *puts;
	size_t put_count;
	const struct span *drops;
	size_t drop_count;
};

/* Appends all but the message's bytes. */
void keep_frame_encode(struct buf *out, const struct keep_frame *f);
/* Spans point into `in`, arrays lie in the arena. */
bool keep_frame_decode(struct arena *a, struct span in, struct keep_frame *f);

struct keep_answer {
	uint64_t id;
	bool ok;
	struct span body;
};
/* Appends all but the body. */
void keep_answer_encode(struct buf *out, uint64_t id, bool ok);
bool keep_answer_decode(struct span in, struct keep_answer *a);

/* Views one after another, as an answer's body. */
void keep_views_put(struct buf *out, const struct view *view);
/* Takes one view off *views; its spans point into what *views was. False: none
 * is left, or what is left is no view. */
bool keep_views_next(struct span *views, struct view *out);
/* Nothing but views, each within the limits. */
bool keep_views_valid(struct span views);

#endif
