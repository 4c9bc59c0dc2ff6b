/* SPDX-License-Identifier: Apache-2.0 */
/* Clean-up attributes for descriptors and temporary memory inside one function. */
#ifndef TOLLTAP_UTIL_H
#define TOLLTAP_UTIL_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define __cleanup_close __attribute__((cleanup(cleanup_close)))
#define __cleanup_free __attribute__((cleanup(cleanup_free)))
#define __cleanup_fclose __attribute__((cleanup(cleanup_fclose)))

#endif
