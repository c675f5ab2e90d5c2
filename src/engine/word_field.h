/* Fields of Word, which stand in its documents and in rich text. */
#ifndef ENGINE_WORD_FIELD_H
#define ENGINE_WORD_FIELD_H

#include "engine/container.h"

/* Tells what a field's instruction starts, fetches or links to. */
void word_field(const struct container_sink *sink, struct span instruction);

#endif
