/* SPDX-License-Identifier: Apache-2.0 */
/* How much memory was held at most, libraries included: by the address sanitizer's own hooks. */
#ifndef TESTS_PEAK_H
#define TESTS_PEAK_H

#include <stddef.h>

void peak_start(void);	 /* from here on */
size_t peak_bytes(void); /* at most, above what was held then */

#endif
