/* The streams of Word, Excel and PowerPoint before their XML ([MS-DOC],
 * [MS-XLS], [MS-PPT]): only what they can do, and what they hold. */
#ifndef ENGINE_OFFICE97_H
#define ENGINE_OFFICE97_H

#include "engine/ole2.h"

void word97_read(struct document *d, struct ole2 *o, const struct ole2_entry *e);
void excel97_read(struct document *d, struct ole2 *o, const struct ole2_entry *e);
void powerpoint97_read(struct document *d, struct ole2 *o, const struct ole2_entry *e);

#endif
