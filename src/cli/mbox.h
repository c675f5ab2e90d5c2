/* The mbox format: messages one after the other in a file. */
#ifndef CLI_MBOX_H
#define CLI_MBOX_H

#include "base/arena.h"

bool mbox_is(struct span file);
/* Takes the next message off *rest, without its From_ line and the blank line
 * before the next one. False at the end. Linear. */
bool mbox_next(struct span *rest, struct span *message);
/* The message with one '>' less where ">From " begins a line (mboxrd); itself
 * when there is none. */
struct span mbox_unquote(struct arena *a, struct span message);

#endif
