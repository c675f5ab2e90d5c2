/* A message's tree as text, for tests. */
#ifndef TESTS_MIME_DUMP_H
#define TESTS_MIME_DUMP_H

#include "base/buf.h"
#include "mime/decode.h"

/* One line a part, indented by depth: section, kind, type, encoding, and
 * head, body and decoded octets when `sizes`; then a line for each further
 * candidate, name, preamble and epilogue; then the defects. Decodes the bodies
 * of all leaves first, so that their defects are told. */
void mime_dump(struct buf *out, struct mime_message *m, struct scratch *scratch, bool sizes);

#endif
