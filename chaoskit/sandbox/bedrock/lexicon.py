"""What stands in for Bedrock's classifiers: word lists, patterns, and the overlap of words.

Bedrock judges topics and content with models of its own that nobody can run elsewhere. Here a denied topic
is found by the words of its definition and examples, harmful content and prompt attacks by the phrases below,
and personal data by its form; types without a form of their own (NAME, ADDRESS, AGE ...) are never found.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Confidence = Literal["LOW", "MEDIUM", "HIGH"]

_WORD = re.compile(r"[a-z0-9']+")
_ENDINGS = re.compile(r"(?<=[a-z]{3})(ing|ed|es|s|ment|ments)$")
_COMMON = frozenset(
    [
        "a",
        "about",
        "all",
        "am",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "for",
        "from",
        "get",
        "give",
        "had",
        "has",
        "have",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "me",
        "my",
        "of",
        "on",
        "or",
        "our",
        "please",
        "should",
        "so",
        "some",
        "such",
        "tell",
        "than",
        "that",
        "the",
        "their",
        "them",
        "they",
        "this",
        "to",
        "us",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
    ]
)
_EXAMPLE_SHARE = 0.6
_TOPIC_SHARE = 0.5
_FEWEST = 2


def words(text: str) -> frozenset[str]:
    """The words of a text that carry meaning, without their endings."""
    found = _WORD.findall(text.lower())
    return frozenset(_ENDINGS.sub("", word) for word in found if word not in _COMMON)


def is_about(text: str, definition: str, examples: Iterable[str]) -> bool:
    """Whether a text is about a topic.

    It is when it has 60 % of the words of an example (two at least), or when half of its own words (two at
    least) are in the definition and the examples.
    """
    said = words(text)
    phrases = [words(example) for example in examples]
    for phrase in phrases:
        if len(said & phrase) >= max(_FEWEST, _EXAMPLE_SHARE * len(phrase)):
            return True
    known = words(definition).union(*phrases)
    return len(said & known) >= max(_FEWEST, _TOPIC_SHARE * len(said))


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(rf"\b(?:{phrase})\b" for phrase in phrases), re.IGNORECASE)


_CONTENT: Mapping[str, tuple[tuple[Confidence, re.Pattern[str]], ...]] = MappingProxyType(
    {
        "PROMPT_ATTACK": (
            (
                "HIGH",
                _any(
                    r"(ignore|disregard|forget|override)( all| any)?( of)?( the| your| my)? "
                    r"(previous|prior|above|earlier|system)( system)? "
                    r"(instructions?|prompts?|rules|directions?)",
                    r"(reveal|print|show|repeat|output|tell)( me)?( all)?( of)? (your|the) "
                    r"(system|hidden|initial) (prompt|instructions?)",
                    r"you are now (dan|in developer mode|an? unrestricted)",
                    r"do anything now",
                ),
            ),
            (
                "MEDIUM",
                _any(
                    r"(bypass|circumvent|disable|turn off) (your|the|all)( safety| content)? "
                    r"(filters?|guardrails?|guidelines|restrictions|rules)",
                    r"(pretend|act|behave) as (if|though) you (have|had) no (rules|restrictions|guidelines)",
                    r"without any (restrictions|filters|rules)",
                ),
            ),
            ("LOW", _any(r"jailbreak", r"developer mode", r"new instructions:")),
        ),
        "INSULTS": (("HIGH", _any("idiots?", "morons?", "imbeciles?")), ("MEDIUM", _any("stupid", "dumb"))),
        "HATE": (("HIGH", _any(r"(hate|despise|exterminate) all \w+", "subhumans?")),),
        "SEXUAL": (("HIGH", _any("pornograph(y|ic)", "explicit sex")), ("LOW", _any("nudes?", "erotic"))),
        "VIOLENCE": (
            ("HIGH", _any(r"(kill|murder|stab|shoot) (him|her|them|you|someone|people)", r"build a bomb")),
            ("MEDIUM", _any("bombs?", "murders?", "weapons?")),
        ),
        "MISCONDUCT": (
            ("HIGH", _any("launder money", "steal credit cards?", "make (malware|ransomware)")),
            ("MEDIUM", _any("hack into", "counterfeit", "phishing (mail|page|kit)s?")),
        ),
    }
)
PROFANITY = _any("damn(ed|it)?", "bastards?", "bullshit", "shit(ty)?", "fuck(ing|er)?", "arsehole", "asshole")
"""A few words that stand for AWS's managed list, which is not public."""

PII: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "EMAIL": re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b"),
        "US_SOCIAL_SECURITY_NUMBER": re.compile(r"\b\d{3}-\d{2}-\d{4}\b"),
        "CREDIT_DEBIT_CARD_NUMBER": re.compile(r"\b\d(?:[ -]?\d){12,18}\b"),
        "PHONE": re.compile(r"(?<![\w-])(?:\+\d{1,3}[ -]?)?\(?\d{3}\)?[ -]\d{3}[ -]\d{4}\b"),
        "IP_ADDRESS": re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b"),
        "MAC_ADDRESS": re.compile(r"\b(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}\b"),
        "AWS_ACCESS_KEY": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
        "AWS_SECRET_KEY": re.compile(r"(?<![\w/+=])[A-Za-z0-9/+=]{40}(?![\w/+=])"),
        "INTERNATIONAL_BANK_ACCOUNT_NUMBER": re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}\b"),
        "URL": re.compile(r"\bhttps?://\S+"),
    }
)
"""Types of personal data that have a form of their own."""


def content(text: str, kind: str) -> Confidence | None:
    """How surely a text is of this harmful kind; None when nothing says so."""
    return next((confidence for confidence, said in _CONTENT.get(kind, ()) if said.search(text)), None)


def personal(text: str, kind: str) -> Iterator[str]:
    """The personal data of a type in a text."""
    form = PII.get(kind)
    for found in form.finditer(text) if form else ():
        if kind != "CREDIT_DEBIT_CARD_NUMBER" or _luhn(found.group()):
            yield found.group()


def _luhn(number: str) -> bool:
    digits = [int(each) for each in number if each.isdigit()][::-1]
    doubled = (sum(divmod(2 * each, 10)) for each in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
