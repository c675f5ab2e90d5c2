/* Outlook's own package of a message, winmail.dat (MS-OXTNEF). */
#ifndef ENGINE_TNEF_H
#define ENGINE_TNEF_H

#include "engine/container.h"

/* Tells the attachments, under each name they have; a message inside as
 * another such package; and the bodies. ARCHIVE_NONE: not one. */
enum archive_result tnef_read(struct arena *a, struct span data, struct archive_budget *budget,
    const struct container_sink *sink);

#endif
