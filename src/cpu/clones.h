/* The name under which kernels know base/clones.h. */
#ifndef HT_CPU_CLONES_H
#define HT_CPU_CLONES_H

#include "base/clones.h"

#define HT_CPU_CLONES HT_CLONES

#endif
