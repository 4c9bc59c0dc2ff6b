/* SPDX-License-Identifier: Apache-2.0 */
/* Telling HTTP/1 requests and responses, HTTP/2 and everything else apart. */
#include "http/detect.h"

#include <string.h>

#define DETECT_METHOD_MAX 24

static const char h2_preface[] = "PRI * HTTP/2.0\r\n";
static const char status_prefix[] = "HTTP/1.";

/* How p compares with a text: -1 it differs, 0 a beginning of it, 1 it is there. */
static int detect_text(const u8 *p, size_t n, const char *text, size_t text_n)
{
	size_t m = n < text_n ? n : text_n;

	if (memcmp(p, text, m))
		return -1;
	return n >= text_n;
}

/* A server's first frame: length < 16 KiB, SETTINGS, not an ACK of unknown flags, stream 0. */
static enum detect detect_settings(const u8 *p, size_t n)
{
	static const u8 zero[4];

	if (p[0] != 0 || (n > 1 && p[1] >= 0x40) || (n > 3 && p[3] != 4) || (n > 4 && p[4] > 1))
		return DETECT_NO;
	if (n > 5 && memcmp(p + 5, zero, n < 9 ? n - 5 : 4))
		return DETECT_NO;
	return n >= 9 ? DETECT_H2_SERVER : DETECT_MORE;
}

enum detect detect_first(const u8 *p, size_t n)
{
	if (n == 0)
		return DETECT_MORE;
	if (p[0] == 0)
		return detect_settings(p, n);

	int status = detect_text(p, n, status_prefix, sizeof(status_prefix) - 1);
	int h2 = detect_text(p, n, h2_preface, sizeof(h2_preface) - 1);

	if (status > 0)
		return DETECT_RESPONSE;
	if (h2 > 0)
		return DETECT_H2_CLIENT;
	if (h2 == 0)
		return DETECT_MORE;

	size_t i = 0;

	/* some clients send what the program wrote: "post" */
	while (i < n && i <= DETECT_METHOD_MAX &&
	       (((p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'z') || p[i] == '-'))
		i++;
	if (i == n && i <= DETECT_METHOD_MAX)
		return DETECT_MORE;
	if (i > 0 && i <= DETECT_METHOD_MAX && p[i] == ' ')
		return DETECT_REQUEST;
	return status == 0 ? DETECT_MORE : DETECT_NO;
}

/* "HTTP/1.1 200 OK\r\n" */
static enum detect detect_status_line(const u8 *p, size_t n)
{
	static const char shape[] = "HTTP/1.v ddd";

	for (size_t i = 0; i < sizeof(shape) - 1; i++) {
		if (i >= n)
			return DETECT_MORE;
		if (shape[i] == 'v' ? p[i] != '0' && p[i] != '1' :
		    shape[i] == 'd' ? p[i] < '0' || p[i] > '9' : p[i] != shape[i])
			return DETECT_NO;
	}
	if (n > 12 && p[12] != ' ' && p[12] != '\r' && p[12] != '\n')
		return DETECT_NO;
	return memchr(p, '\n', n) ? DETECT_RESPONSE : DETECT_MORE;
}

/* The length of the method and its space; 0: none of ours, n + 1: cut. */
static size_t detect_method(const u8 *p, size_t n)
{
	static const char *const methods[] = {"POST ", "GET ", "PUT ", "DELETE ", "HEAD ", "PATCH ",
					      "OPTIONS ", "CONNECT ", "TRACE "};

	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		size_t len = strlen(methods[i]);
		int is = detect_text(p, n, methods[i], len);

		if (is > 0)
			return len;
		if (is == 0)
			return n + 1;
	}
	return 0;
}

/* "POST /v1/messages HTTP/1.1\r\n" */
static enum detect detect_request_line(const u8 *p, size_t n)
{
	static const char shape[] = "HTTP/1.";
	size_t i = detect_method(p, n);

	if (i == 0 || i > n)
		return i ? DETECT_MORE : DETECT_NO;

	size_t target = i;

	while (i < n && p[i] > ' ' && p[i] < 0x7f)
		i++;
	if (i == n)
		return DETECT_MORE;
	if (p[i] != ' ' || i == target)
		return DETECT_NO;
	i++;

	int is = detect_text(p + i, n - i, shape, sizeof(shape) - 1);

	i += sizeof(shape) - 1;
	if (is <= 0)
		return is ? DETECT_NO : DETECT_MORE;
	if (i >= n)
		return DETECT_MORE;
	if (p[i] != '0' && p[i] != '1')
		return DETECT_NO;
	i++;
	if (i < n && p[i] == '\r')
		i++;
	if (i >= n)
		return DETECT_MORE;
	return p[i] == '\n' ? DETECT_REQUEST : DETECT_NO;
}

enum detect detect_head_line(const u8 *p, size_t n)
{
	if (n == 0)
		return DETECT_MORE;

	enum detect d = detect_status_line(p, n);

	return d == DETECT_NO ? detect_request_line(p, n) : d;
}
