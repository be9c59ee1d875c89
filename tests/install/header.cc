/* SPDX-License-Identifier: Apache-2.0 */
/* tuff.h is also C++. */
#include <tuff.h>

int main() {
    return tuff_version()[0] == 0;
}
