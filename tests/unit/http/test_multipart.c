/* SPDX-License-Identifier: Apache-2.0 */
/* Forms: names, files, what looks like a boundary, losses. */
#include "unit.h"

#include <stdlib.h>

#include "base/limits.h"
#include "http/units_text.h"

#define PART(name) "--X\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n"
#define FILE_PART(name) "--X\r\nContent-Disposition: form-data; name=\"" name \
			"\"; filename=\"a.mp3\"\r\nContent-Type: audio/mpeg\r\n\r\n"

static void check_as(const char *type, const char *before, char gap, const char *after,
		     const char *want)
{
	const struct units_body body = {
		.framing = FRAMING_MULTIPART,
		.label = {.content_type = str_of(type)},
		.before = str_of(before),
		.gap = gap,
		.after = str_of(after),
	};

	units_check(&body, want);
}

static void check(const char *body, const char *want)
{
	check_as("multipart/form-data; boundary=X", "", 0, body, want);
}

static void test_parts(void **state)
{
	check(PART("model") "whisper-1\r\n" PART("stream") "true\r\n--X--\r\n",
	      "[model|whisper-1][stream|true]");
	check("preamble\r\n" PART("a") "1\r\n--X--\r\nepilogue\r\n" PART("b") "2", "[a|1]");
	check(PART("a") "\r\n" PART("b") "--X--", "[a|][b|]");
	check(PART("a") "1\n2\r\n3\r\n--X--", "[a|1\n2\r\n3]");
	check(PART("a") "1\r\n--X  \r\nContent-Disposition: form-data; name=b\r\n\r\n2\r\n--X--",
	      "[a|1][b|2]");
	check("--X\nContent-Disposition: form-data; name=b\n\n2\r\n--X--", "[b|2]");
	check("", "");
}

static void test_files(void **state)
{
	check(FILE_PART("file") "ID3 audio\r\n" PART("model") "m\r\n--X--", "[@file|][model|m]");
	check("--X\r\ncontent-disposition:form-data;filename*=UTF-8''a;name=f\r\n\r\nz\r\n--X--",
	      "[@f|]");
}

/* What starts like a boundary is data, byte for byte. */
static void test_almost(void **state)
{
	check(PART("a") "\r\r\n\r\n-\r\n--\r\n--Y\r\n--X--", "[a|\r\r\n\r\n-\r\n--\r\n--Y]");
	check(PART("a") "--Z\r\n--X--", "[a|--Z]");
	check(PART("a") "-\r\n--X--", "[a|-]");
	check("-x\r\n" PART("a") "1\r\n--X--", "[a|1]");
	/* a longer boundary is another form's, or nonsense: its part is skipped */
	check(PART("a") "1\r\n--XY\r\n\r\nzz\r\n" PART("b") "2\r\n--X--", "[a|1][b|2]");
}

static void test_cut(void **state)
{
	check(PART("a") "1", "[a|1}");
	check(PART("a") "1\r\n--", "[a|1}");
	check("--X\r\nContent-Disposition: form-data; na", "");
}

static void test_heads(void **state)
{
	char body[HTTP_PART_LINE_MAX * 4], want[200];
	size_t at = 0;

	check("--X\r\nX-Other: 1\r\n\r\n1\r\n--X--", "[ 1]");
	check("--X\r\nno colon\r\n\r\n1\r\n--X--", "[ 1]");
	check("--X\r\nContent-Disposition: form-data; name=\"a;b=c\"; x\r\n\r\n1\r\n--X--",
	      "[a;b=c|1]");
	check("--X\r\nContent-Disposition: form-data; name=\"open\r\n\r\n1\r\n--X--", "[open|1]");

	at += (size_t)snprintf(body, sizeof(body), "%s",
			       "--X\r\nContent-Disposition: form-data; name=\"");
	memset(body + at, 'n', 600);
	snprintf(body + at + 600, sizeof(body) - at - 600, "\"\r\n\r\n1\r\n--X--");
	snprintf(want, sizeof(want), "[%.*s|1]", HTTP_UNIT_NAME_MAX, body + at);
	check(body, want);

	at = (size_t)snprintf(body, sizeof(body), "--X\r\n");
	for (int i = 0; i < HTTP_PART_LINES_MAX; i++)
		at += (size_t)snprintf(body + at, sizeof(body) - at, "x: y\r\n");
	snprintf(body + at, sizeof(body) - at, "\r\n1\r\n" PART("b") "2\r\n--X--");
	check(body, "[b|2]");
}

static void test_boundary(void **state)
{
	static const char form[] = "--a b'()\r\nContent-Disposition: form-data; name=m\r\n\r\n1\r\n"
				   "--a b'()--";

	check_as("multipart/form-data; charset=\"x;boundary=no\" ; Boundary=\"a b'()\"", "", 0,
		 form, "[m|1]");
	check_as("multipart/form-data", "", 0, form, "");
	check_as("multipart/form-data; boundary=", "", 0, form, "");
	check_as("multipart/form-data; boundary=\"a\rb\"", "", 0, form, "");
	check_as("multipart/form-data; boundary="
		 "12345678901234567890123456789012345678901234567890123456789012345678901", "", 0,
		 form, "");
}

static void test_gap(void **state)
{
	const char *type = "multipart/form-data; boundary=X";

	check_as(type, FILE_PART("file") "ID3", 'p', "audio\r\n" PART("model") "m\r\n--X--",
		 "[@file|}[model|m]");
	check_as(type, PART("a") "1", 'l', "2\r\n" PART("b") "3\r\n--X--", "[a|1}[b|3]");
	check_as(type, "--X\r\nContent-Dis", 'l', "name=a\r\n\r\n2\r\n" PART("b") "3\r\n--X--",
		 "[b|3]");
	check_as(type, PART("a") "1\r\n--X--", 'l', "\r\n" PART("b") "3\r\n--X--", "[a|1]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts), cmocka_unit_test(test_files),
		cmocka_unit_test(test_almost), cmocka_unit_test(test_cut),
		cmocka_unit_test(test_heads), cmocka_unit_test(test_boundary),
		cmocka_unit_test(test_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
