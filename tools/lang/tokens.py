"""tokens.py - what the parsers of both languages share: looking at tokens, and taking them."""
from errors import Mistake


class TokenReader:
    def __init__(self, tokens):
        self.tokens = tokens
        self.at = 0

    def peek(self, ahead=0):
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)]

    def next(self):
        token = self.peek()
        self.at += 1
        return token

    def sees(self, *texts):
        return self.peek().text in texts and self.peek().kind in ("symbol", "keyword")

    def accept(self, text):
        return self.next() if self.sees(text) else None

    def expect(self, text, where):
        token = self.peek()
        if not self.sees(text):
            self.refuse_left_out(token)
            raise Mistake(token.position, f"{token.shown()} stands where `{text}` should",
                          f"{where} needs `{text}` here")
        return self.next()

    def refuse_left_out(self, token):
        """Say so if @token begins what the language has and the subset has not."""

    def name(self, of_what):
        token = self.peek()
        if token.kind == "keyword":
            raise Mistake(token.position, f"`{token.text}` is a word of the language",
                          f"{of_what} needs another name")
        if token.kind != "word":
            raise Mistake(token.position, f"{token.shown()} stands where a name should",
                          f"{of_what} needs a name here")
        return self.next()
