/* resident.h - what of this process is in memory. */
#ifndef IMP_TEST_RESIDENT_H
#define IMP_TEST_RESIDENT_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline long resident_kb(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%*d %ld", &pages) != 1)
        abort();
    fclose(f);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

#endif
