/* Documents of Office that are encrypted with a password that their program
 * tries by itself ([MS-OFFCRYPTO]): so nobody is asked for one. */
#ifndef ENGINE_OFFICE_CRYPT_H
#define ENGINE_OFFICE_CRYPT_H

#include "engine/document.h"

/* The package that stands encrypted in a stream "EncryptedPackage", by what "EncryptionInfo" says, in the arena; without
 * data when it takes another password, or a method that is not known. */
struct span office_decrypt_package(struct document *d, struct span info, struct span package);

/* A workbook before XML whose record FilePass that is: all of the stream decrypted, in the arena, but for what of its
 * records is never encrypted; without data as above. */
struct span office_decrypt_workbook(struct document *d, struct span file_pass, struct span stream);

#endif
