/* Objects of the first OLE (MS-OLEDS 2.2), as RTF holds them, and the packages
 * in which any file is put into a document. */
#ifndef ENGINE_OLE1_H
#define ENGINE_OLE1_H

#include "engine/document.h"

/* An object with its header. What is none is told whole as "object.bin". */
void ole1_object(struct document *d, struct span data);
/* The stream "\1Ole10Native": a length and a package, or other native data. */
void ole1_native_stream(struct document *d, struct span data);

#endif
