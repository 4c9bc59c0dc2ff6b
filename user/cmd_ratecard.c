/* SPDX-License-Identifier: Apache-2.0 */
/* tolltap ratecard lint: loads cards as a trace would, and says what is wrong. */
#include <stdio.h>

#include "cmd.h"
#include "price/price.h"

int cmd_ratecard(const struct options *o)
{
	int status = 0;

	for (size_t i = 1; i < o->rest_cnt; i++) {
		const char *path = o->rest[i];
		struct price_book *book;

		if (price_book_load(&path, 1, &book)) {
			status = EXIT_FAILED;
			continue;
		}
		printf("%s: ok\n", path);
		price_book_free(book);
	}
	return status;
}
