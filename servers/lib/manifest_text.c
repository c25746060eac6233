/*
 * manifest_text.c - a manifest's lines: `# comment`, `[KIND NAME]`, `key = value`.
 * What sections and keys mean is the grammar's. Everything unknown is an error with its line.
 */
#include <quoll/manifest_text.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static char *trim(char *s)
{
    size_t n;

    while (is_blank(*s)) {
        s++;
    }
    n = strlen(s);
    while (n > 0 && is_blank(s[n - 1])) {
        s[--n] = '\0';
    }
    return s;
}

/* Copy the next line of @text from @at into @line; returns the offset behind it, 0 on an error. */
static size_t next_line(const char *text, size_t bytes, size_t at, char *line,
                        struct manifest_error *error)
{
    size_t n = 0;

    for (; at < bytes && text[at] != '\n'; at++) {
        if ((text[at] < ' ' && !is_blank(text[at])) || text[at] == 0x7f) {
            manifest_fail(error, "control character 0x%02x: only printable text is allowed",
                          (unsigned)(unsigned char)text[at]);
            return 0;
        }
        if (n == MANIFEST_LINE_BYTES - 1) {
            manifest_fail(error, "line too long: at most %d bytes", MANIFEST_LINE_BYTES - 1);
            return 0;
        }
        line[n++] = text[at];
    }
    line[n] = '\0';
    return at + 1;
}

/* The name in the heading @line, or a null pointer with @error filled. */
static const char *heading_name(const struct manifest_grammar *g, char *line,
                                struct manifest_error *error)
{
    size_t n = strlen(line), word = strlen(g->heading);
    char *name;

    if (n < word + 3 || line[n - 1] != ']' || strncmp(line + 1, g->heading, word) != 0 ||
        !is_blank(line[1 + word])) {
        manifest_fail(error, "bad section heading: write [%s NAME]", g->heading);
        return NULL;
    }
    line[n - 1] = '\0';
    name = trim(line + 1 + word);
    if (!manifest_is_name(name, MANIFEST_NAME_BYTES)) {
        manifest_fail(error, "bad %s name: 1 to %d characters of a-z 0-9 . _ -", g->heading,
                      MANIFEST_NAME_BYTES - 1);
        return NULL;
    }
    return name;
}

static bool read_line(const struct manifest_grammar *g, char *raw, void *to, bool *in_section,
                      struct manifest_error *error)
{
    char *hash = strchr(raw, '#');
    const char *name;
    char *line, *equals;

    if (hash != NULL) {
        *hash = '\0';
    }
    line = trim(raw);
    if (*line == '\0') {
        return true;
    }
    if (*line == '[') {
        name = heading_name(g, line, error);
        *in_section = name != NULL && g->section(to, name, error);
        return *in_section;
    }
    equals = strchr(line, '=');
    if (equals == NULL) {
        return manifest_fail(error, "neither a section nor a key: write [%s NAME] or key = value",
                             g->heading);
    }
    if (!*in_section) {
        return manifest_fail(error, "key outside of a section: begin with [%s NAME]", g->heading);
    }
    *equals = '\0';
    return g->key(to, trim(line), trim(equals + 1), error);
}

bool manifest_read(const struct manifest_grammar *grammar, const char *text, size_t bytes, void *to,
                   struct manifest_error *error)
{
    char line[MANIFEST_LINE_BYTES] = "";
    bool in_section = false;
    size_t at = 0;

    error->line = 0;
    error->text[0] = '\0';
    while (at < bytes) {
        error->line++;
        at = next_line(text, bytes, at, line, error);
        if (at == 0 || !read_line(grammar, line, to, &in_section, error)) {
            return false;
        }
    }
    return true;
}
