"""A sentence and its claim as lines of text."""

from collections.abc import Iterator

from tests.sentences.records import Run, Sentence

WITHOUT = "WITHOUT CLAIM"


def lines(run: Run) -> Iterator[str]:
    """Yield the lines of a run: each report's state, its sentences, and what it leaves out."""
    for report, state in run.states.items():
        yield f"== {report}: {state} {run.errors[report]}".rstrip()
        for sentence in run.of(report):
            yield f"{evidence(sentence)}\n    {sentence.text}"
        for name, text in run.left_out:
            if name == report:
                yield f"[left out]\n    {text}"


def evidence(sentence: Sentence) -> str:
    """Return report, design, verdict, estimate with interval, holdout and source of a sentence.

    Examples
    --------
    >>> claim = {"design": "forecast", "verdict": "finding", "advice": None, "estimate": 5.0,
    ...          "low": 1.5, "high": 9.0, "holdout": True, "source": "transactions"}
    >>> evidence(Sentence("03_lifetime_value", "answer", "...", claim))
    '[03 answer] forecast, finding; 5 (1.5 to 9); holdout supports it; from transactions'
    >>> evidence(Sentence("03_lifetime_value", "say", "...", {}))
    '[03 say] WITHOUT CLAIM'
    """
    claim = sentence.claim
    start = f"[{sentence.report[:2]} {sentence.kind}]"
    if not claim:
        return f"{start} {WITHOUT}"
    parts = [f"{claim['design']}, {claim['verdict']}"]
    if claim.get("advice"):
        parts.append(f"advice: {claim['advice']}")
    if claim.get("estimate") is not None:
        parts.append(_number(claim))
    if claim.get("holdout") is not None:
        parts.append("holdout supports it" if claim["holdout"] else "holdout contradicts it")
    if claim.get("source"):
        parts.append(f"from {claim['source']}")
    parts += [f"assumed: {each}" for each in claim.get("assumptions", ())]
    return f"{start} {'; '.join(parts)}"


def unsupported(run: Run) -> list[Sentence]:
    """Return the sentences without a claim."""
    return [each for each in run.sentences if not each.claim]


def summary(name: str, run: Run) -> str:
    """Return the number of sentences of a data set by design, and how many have no claim."""
    designs: dict[str, int] = {}
    for each in run.sentences:
        design = each.claim.get("design", WITHOUT)
        designs[design] = designs.get(design, 0) + 1
    counted = ", ".join(f"{design} {n}" for design, n in sorted(designs.items()))
    return f"{name}: {len(run.sentences)} sentences ({counted})"


def _number(claim: dict) -> str:
    said = f"{claim['estimate']:g}"
    if claim.get("low") is None or claim.get("high") is None:
        return said
    return f"{said} ({claim['low']:g} to {claim['high']:g})"
