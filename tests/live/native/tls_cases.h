/* SPDX-License-Identifier: Apache-2.0 */
/* The traced side of the capture test: runs every case, tells the truth on descriptor 3. */
#ifndef TLS_CASES_H
#define TLS_CASES_H

void tls_cases_run(const char *cert, const char *key);

#endif
