#include "base/list.h"

#include <glib.h>

bool imp_list_each(const char *list,
                   bool (*take)(void *self, const char *entry,
                                struct imp_err *err),
                   void *self, struct imp_err *err)
{
    bool ok = true;
    char **entries = g_strsplit(list, ";", -1);
    for (char **entry = entries; ok && *entry; entry++) {
        g_strstrip(*entry);
        ok = !**entry || take(self, *entry, err);
    }
    g_strfreev(entries);
    return ok;
}
