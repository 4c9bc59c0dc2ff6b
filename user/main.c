/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: picks the command and runs it. */
#include <stdio.h>

int main(void)
{
	puts("tolltap " TOLLTAP_VERSION);
	return 0;
}
