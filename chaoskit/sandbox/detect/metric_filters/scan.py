"""Reads a filter pattern character by character, and says where it is wrong."""

from __future__ import annotations


class InvalidFilterPattern(ValueError):  # noqa: N818 - named as InvalidEventPattern beside it is
    """A filter pattern that CloudWatch Logs refuses (InvalidParameterException).

    Attributes:
        reason: What is wrong.
        at: The character where it is wrong, counted from 0.
    """

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(f"Invalid filter pattern: {reason} (character {at + 1})")
        self.reason = reason
        self.at = at


class Scanner:
    """A place in a pattern; every `take` moves it on, blanks before it left out."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def refusal(self, reason: str, at: int | None = None) -> InvalidFilterPattern:
        """Why the pattern is refused, here or at another character."""
        return InvalidFilterPattern(reason, self.at if at is None else at)

    def blanks(self) -> None:
        """Skip white space."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    @property
    def done(self) -> bool:
        """Whether nothing but white space is left."""
        return not self.text[self.at :].strip()

    def sees(self, token: str) -> bool:
        """Whether `token` comes next."""
        self.blanks()
        return self.text.startswith(token, self.at)

    def take(self, *tokens: str) -> str:
        """The first of these tokens that comes next, or an empty string."""
        for token in tokens:
            if self.sees(token):
                self.at += len(token)
                return token
        return ""

    def take_keyword(self, word: str) -> bool:
        """Whether a keyword comes next, in capitals or not, as a word of its own."""
        self.blanks()
        end = self.at + len(word)
        if self.text[self.at : end].upper() != word or self.text[end : end + 1].isalnum():
            return False
        self.at = end
        return True

    def expect(self, token: str, why: str) -> None:
        """Take a token that must come next."""
        if not self.take(token):
            raise self.refusal(why)

    def run(self, allowed: str) -> str:
        """The letters and digits (ASCII) that come next, and whatever else is `allowed`; perhaps none."""
        start = self.at
        while self.at < len(self.text):
            char = self.text[self.at]
            if char not in allowed and not (char.isascii() and char.isalnum()):
                break
            self.at += 1
        return self.text[start : self.at]

    def quoted(self, quote: str = '"') -> str:
        """A quoted text, its quotes and the backslashes before quotes and backslashes taken off."""
        start = self.at
        self.at += 1
        read: list[str] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "\\" and self.text[self.at + 1 : self.at + 2] in {quote, "\\"}:
                self.at += 1
                char = self.text[self.at]
            elif char == quote:
                self.at += 1
                return "".join(read)
            read.append(char)
            self.at += 1
        raise self.refusal("a quotation mark is not closed", start)

    def between_percents(self) -> str:
        """The text of a `%regular expression%`; a backslash keeps the next character from ending it."""
        start = self.at
        self.at += 1
        while self.at < len(self.text):
            if self.text[self.at] == "%":
                self.at += 1
                return self.text[start + 1 : self.at - 1]
            self.at += 2 if self.text[self.at] == "\\" else 1
        raise self.refusal("the regular expression's closing % is missing", start)
