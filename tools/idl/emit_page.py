"""emit_page.py - the reference page."""


def page(unit, shown_path):
    return ""
