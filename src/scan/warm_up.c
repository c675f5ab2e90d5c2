/* The warm-up message. libarchive, iconv and the C library read files (locale,
 * time zone, converters) on first use, and in the scanner's cage there is
 * nothing to open. */
#include "config.h"

#include "scan/warm_up.h"

static const char text[] =
    "From: warm@up.invalid\r\n"
    "Subject: =?koi8-r?B?8NLPwsE=?= =?utf-8?Q?warm_up?=\r\n"
    "Date: Mon, 1 Jan 2024 00:00:00 +0000\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=warm\r\n"
    "\r\n"
    "--warm\r\n"
    "Content-Type: text/plain; charset=koi8-r\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n"
    "\r\n"
    "=F0=D2=CF=C2=C1 http://warm.up.invalid/\r\n"
    "--warm\r\n"
    "Content-Type: text/html; charset=iso-8859-15\r\n"
    "Content-Transfer-Encoding: base64\r\n"
    "\r\n"
    "PHA+d2FybSA8YSBocmVmPSJodHRwOi8vd2FybS51cC5pbnZhbGlkLyI+dXA8L2E+PC9wPg==\r\n"
    "--warm\r\n"
    "Content-Type: application/zip; name*=utf-8''warm%20up.zip\r\n"
    "Content-Disposition: attachment\r\n"
    "Content-Transfer-Encoding: base64\r\n"
    "\r\n"
    "UEsDBBQAAAgIAAAAIVieZQe0CwAAACMAAAAOAAAA0L/RgNC+0LHQsC50eHQrTyzKVSjHR3ABAFBL\r\n"
    "AQIUAxQAAAgIAAAAIVieZQe0CwAAACMAAAAOAAAAAAAAAAAAAACkAQAAAADQv9GA0L7QsdCwLnR4\r\n"
    "dFBLBQYAAAAAAQABADwAAAA3AAAAAAA=\r\n"
    "--warm--\r\n";

const struct span warm_up_message = { text, sizeof(text) - 1 };
