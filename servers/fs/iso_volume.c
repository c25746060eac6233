/*
 * iso_volume.c - what iso.c reads, as the interface fs tells it.
 */
#include "fs.h"

struct fs_status iso_status(const struct iso_node *node)
{
    return (struct fs_status){.what = node->is_directory ? FS_KIND_DIRECTORY : FS_KIND_FILE,
                              .is_read_only = true,
                              .bytes = node->is_directory ? 0 : node->bytes,
                              .modified = node->modified};
}

int iso_stat(struct volume *volume, const char *path, struct fs_status *out)
{
    struct iso_node node;
    int error = iso_find(&volume->iso, path, &node);

    if (error == E_OK) {
        *out = iso_status(&node);
    }
    return volume_error(volume, error);
}

int iso_list(struct volume *volume, const char *path, uint32_t skip, emit_entry emit, void *context)
{
    static struct iso_walk walk;
    static struct iso_entry entry;
    struct iso_node node;
    bool goes_on = true;
    int error = iso_find(&volume->iso, path, &node);

    if (error == E_OK && !node.is_directory) {
        error = E_NOT_DIRECTORY;
    }
    if (error != E_OK) {
        return volume_error(volume, error);
    }
    iso_walk_begin(&walk, &volume->iso, &node);
    while (error == E_OK && goes_on) {
        error = iso_walk_next(&walk, &entry);
        if (error == E_OK && skip != 0) {
            skip--;
        } else if (error == E_OK) {
            goes_on = emit(context, &(struct entry){entry.name, iso_status(&entry.node)});
        }
    }
    return volume_error(volume, error == E_NOT_FOUND ? E_OK : error);
}
