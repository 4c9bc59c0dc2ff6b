/* SPDX-License-Identifier: Apache-2.0 */
/* Counts at malloc and free; one thread. */
#include "peak.h"

#include <sanitizer/allocator_interface.h>
#include <stdbool.h>

static long held, most;

static void on_malloc(const volatile void *p, size_t n)
{
	held += (long)n;
	most = held > most ? held : most;
}

static void on_free(const volatile void *p)
{
	held -= p ? (long)__sanitizer_get_allocated_size(p) : 0;
}

void peak_start(void)
{
	static bool is_hooked;

	if (!is_hooked)
		__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
	is_hooked = true;
	held = most = 0;
}

size_t peak_bytes(void)
{
	return (size_t)most;
}
