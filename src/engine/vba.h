/* The source of macros in a document (MS-OVBA). */
#ifndef ENGINE_VBA_H
#define ENGINE_VBA_H

#include "engine/ole2.h"

/* Tells the modules of the project in that storage as members "NAME.bas", and
 * what they can do. */
void vba_read(struct document *d, struct ole2 *o, uint32_t storage);
/* Appends what a compressed container holds. False when it is none or ends
 * early; what could be read stands in out. */
bool vba_decompress(struct span in, struct buf *out);
/* Whether the source of the module has a procedure that runs without being asked for. */
bool vba_runs_by_itself(struct span module, struct span source);

#endif
