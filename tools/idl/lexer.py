"""lexer.py - IDL text to tokens, with #include "FILE" replaced by that file's tokens.

Source: OMG IDL 4.2, clause 7.2 (lexical conventions) and 7.3 (preprocessing). Of the directives
there are #include "FILE" and the three of an include guard: #ifndef, #define, #endif.
A comment /** ... */ describes what follows it, /**< ... */ what stands before it.
"""
import re

from errors import Mistake
import textlexer
from textlexer import Token

# Table 7-6 and clause 7.4.13: words that cannot name anything, in whatever case.
KEYWORDS = frozenset("""
    abstract any alias attribute bitfield bitmask bitset boolean case char component connector const
    consumes context custom default double emits enum eventtype exception factory FALSE finder fixed
    float getraises getter home import in inout interface local long manages map mirrorport module
    multiple native Object octet oneway out primarykey private port porttype provides public
    publishes raises readonly sequence setraises setter short string struct supports switch TRUE
    truncatable typedef typeid typename typeprefix union unsigned uses ValueBase valuetype void
    wchar wstring int8 uint8 int16 uint16 int32 uint32 int64 uint64
""".split())
KEYWORD_OF = {word.lower(): word for word in KEYWORDS}

TOKEN = re.compile(r"""
    (?P<space>     [ \t\r\n]+ )
  | (?P<comment>   //[^\n]* | /\*.*?\*/ )
  | (?P<directive> \#[ \t]*[a-z]*[^\n]* )
  | (?P<string>    "(?:[^"\\\n]|\\.)*" )
  | (?P<number>    0[xX][0-9a-fA-F]+ | [0-9]+ )
  | (?P<word>      _?[A-Za-z][A-Za-z0-9_]* )
  | (?P<symbol>    :: | << | >> | [-+*/%&|^~<>=:;,@()\[\]{}] )
""", re.X | re.S)

DIRECTIVE = re.compile(r"#[ \t]*([a-z]*)[ \t]*(.*?)[ \t\r]*$")
GUARD = re.compile(r"[A-Za-z_]\w*$")


def comment_text(text):
    """What a /** or /**< comment says, as one paragraph."""
    inner = re.sub(r"^\s*\* ?", "", text[3:-2].lstrip("<"), flags=re.M)
    return " ".join(inner.split())


def number(text, position):
    if len(text) > 1 and text[0] == "0" and text[1] not in "xX":
        raise Mistake(position, f"`{text}` would be octal", "write it in decimal or as 0x...")
    return textlexer.bounded(text, 0, position)


class Lexer(textlexer.Lexer):
    pattern = TOKEN
    prelude = "prelude.idl"
    again = "remove this line, or give that file an include guard"

    def __init__(self, include_path):
        super().__init__(include_path)
        self.defined = set()   # by #define
        self.open_guards = []  # of each file that is being read: the places of its #ifndefs
        self.doc = ""

    def began(self):
        self.open_guards.append([])

    def ended(self):
        guards = self.open_guards.pop()
        if guards:
            raise Mistake(guards[-1], "this #ifndef has no #endif", "close it with #endif")

    def piece(self, source, kind, text, position):
        if kind == "directive":
            return self.directive(source, text, position)
        if kind == "comment":
            self.comment(text)
        elif kind != "space":
            self.tokens.append(self.token(kind, text, position))
        return True

    def comment(self, text):
        if text.startswith("/**<"):
            if self.tokens:
                self.tokens[-1].after = comment_text(text)
        elif text.startswith("/**") and len(text) > 4:
            self.doc = comment_text(text)

    def token(self, kind, text, position):
        doc, self.doc = self.doc, ""
        if kind == "number":
            return Token(kind, text, number(text, position), position, doc)
        if kind == "string":
            return Token(kind, text, re.sub(r"\\(.)", r"\1", text[1:-1]), position, doc)
        if kind != "word":
            return Token(kind, text, None, position, doc)
        if text in KEYWORDS:
            return Token("keyword", text, None, position, doc)
        if text.lower() in KEYWORD_OF:
            raise Mistake(position, f"`{text}` differs from the word `{KEYWORD_OF[text.lower()]}` "
                          "of the language only in case", "take another name")
        return Token("word", text.lstrip("_"), None, position, doc)

    def directive(self, source, text, position):
        """False: the rest of the file is left out by its guard."""
        word, rest = DIRECTIVE.match(text).groups()
        rest = re.sub(r"\s*(//.*|/\*.*\*/)$", "", rest)
        if word == "include":
            self.include_line(source, rest, position)
        elif word in ("ifndef", "define"):
            if not GUARD.match(rest):
                raise Mistake(position, f"#{word} needs one name",
                              "the subset has include guards only: #ifndef X_IDL, #define X_IDL, "
                              "#endif")
            if word == "define":
                self.defined.add(rest)
            elif rest in self.defined:
                return False
            else:
                self.open_guards[-1].append(position)
        elif word == "endif":
            if not self.open_guards[-1]:
                raise Mistake(position, "this #endif has no #ifndef", "remove it")
            self.open_guards[-1].pop()
        else:
            raise Mistake(position, f"the directive #{word} is not in the subset",
                          "it has #include \"FILE\" and include guards")
        return True

    def include_line(self, source, rest, position):
        if not re.fullmatch(r'"[^"]+"', rest):
            raise Mistake(position, "#include needs a file in quotes", 'write #include "FILE"')
        self.include(source, rest[1:-1], position)

    def is_guarded(self, path):
        found = re.search(r"^#ifndef\s+(\w+)", path.read_text(encoding="utf-8"), re.M)
        return found is not None and found[1] in self.defined
