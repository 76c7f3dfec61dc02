"""Numbers as text: money, shares, counts, intervals, days and lists of words.

Every formatter takes a number and returns text; a missing value reads "not available". Negative
numbers have a minus sign (U+2212), thousands are separated by commas, amounts from a million on
are scaled and end in a word, and an interval decides how many digits its estimate has.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import pandas as pd

MISSING = "not available"

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "ILS": "₪"}
_WITHOUT_CENTS = frozenset({"JPY", "KRW", "CLP", "ISK", "VND", "HUF"})
_WORDS = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LARGEST, _SMALLEST = 1e15, 1e-6  # beyond these a number is written as a power of ten


@dataclass(frozen=True)
class Detail:
    """How precisely a number is written, and which parts of its unit.

    Attributes
    ----------
    step
        Value of the last digit, in the unit of the number; None leaves it to the formatter.
    like
        The number whose scale (million, billion) is used; None uses the number's own.
    symbol, word
        Whether the currency or percent sign, and the word of the scale, are written.
    digits
        Significant digits where neither ``step`` nor the formatter decides.
    """

    step: float | None = None
    like: float | None = None
    symbol: bool = True
    word: bool = True
    digits: int = 3


Formatter = Callable[..., str]
PLAIN = Detail()
WHOLE = Detail(step=1.0)  # whole units of money, for labels and round amounts


def money(value: float | None, currency: str = "USD", *, detail: Detail = PLAIN) -> str:
    """Return an amount of money: with cents below a thousand, in words from a million on.

    Parameters
    ----------
    value
        The amount, in units of the currency.
    currency
        A three-letter code or a sign; a code without a common sign follows the number. Empty for a
        bare number.
    detail
        Digits, scale and whether the currency is written.

    Examples
    --------
    >>> money(1234567), money(1234.6), money(-35.171, "EUR"), money(1235, "CHF")
    ('$1.23 million', '$1,235', '−€35.17', '1,235 CHF')
    >>> money(20, "€"), money(20, "€", detail=WHOLE)
    ('€20.00', '€20')
    """
    number_ = _finite(value)
    if isinstance(number_, str):
        return number_
    whole = currency in _WITHOUT_CENTS or abs(number_) >= 999.995 or number_ == 0
    if _is_nothing(number_, detail, 1e-4):
        sign, digits = "about ", "0"
    else:
        sign, digits = _written(number_, _coins(number_, detail, currency), 0 if whole else 2)
    if not detail.symbol:
        return sign + digits
    symbol = _SYMBOLS.get(currency) or ("" if currency.isalpha() else currency)
    return f"{sign}{symbol}{digits}" if symbol else f"{sign}{digits} {currency}".rstrip()


def share(value: float | None, *, detail: Detail = PLAIN) -> str:
    """Return a share as a percentage with one decimal; a part is never rounded up to 100%.

    Examples
    --------
    >>> share(0.1234), share(1), share(0.99999), share(0.00042)
    ('12.3%', '100%', 'more than 99.9%', '0.042%')
    """
    number_ = _finite(value)
    if isinstance(number_, str):
        return number_
    percent, step = 100 * number_, detail.step and 100 * detail.step
    sign_ = "%" if detail.symbol else ""
    if not step and 99.95 <= percent < 100:
        return f"more than 99.9{sign_}"
    if _is_nothing(percent, detail, 1e-3):
        return f"about 0{sign_}"
    decimals = 0 if percent in (0, 100) else 1
    fine = Detail(step=step, like=0.0)
    sign, digits = _written(percent, fine, decimals)
    return f"{sign}{digits}{sign_}"


def percent(value: float | None) -> str:
    """Return a share as a whole percentage, for labels; a part is never rounded to 0% or 100%.

    Examples
    --------
    >>> percent(0.6), percent(0.0042), percent(0.998), percent(0.0001), percent(1)
    ('60%', '0.4%', '99.8%', 'under 0.1%', '100%')
    """
    number_ = _finite(value)
    if isinstance(number_, str):
        return number_
    if number_ in (0, 1) or 0.0095 <= abs(number_) < 0.985 or abs(number_) > 1:
        return f"{100 * number_:,.0f}%".replace("-", "−")
    text = f"{100 * number_:.1f}%".replace("-", "−")
    return {"0.0%": "under 0.1%", "−0.0%": "under 0.1%", "100.0%": "more than 99.9%"}.get(
        text, text
    )


def count(value: float | None, *, detail: Detail = PLAIN) -> str:
    """Return a count: whole numbers in full, expected counts below a thousand with three digits.

    Examples
    --------
    >>> count(23570), count(2.3149), count(0)
    ('23,570', '2.31', '0')
    """
    number_ = _finite(value)
    if isinstance(number_, str):
        return number_
    whole = number_ == round(number_) or abs(number_) >= 1000
    return "".join(_written(number_, Detail(detail.step, like=0.0), 0 if whole else None))


def number(value: float | None, *, detail: Detail = PLAIN) -> str:
    """Return a bare number with three significant digits, or all digits before the point.

    Examples
    --------
    >>> number(0.24256), number(4.4136), number(9000), number(1.5e9)
    ('0.243', '4.41', '9,000', '1.50 billion')
    >>> number(4.4136, detail=Detail(digits=2))
    '4.4'
    """
    number_ = _finite(value)
    if isinstance(number_, str):
        return number_
    whole = number_ == round(number_)
    return "".join(_written(number_, detail, 0 if whole else None))


def formatter(unit: str) -> Formatter:
    """Return the formatter of a unit.

    Parameters
    ----------
    unit
        A currency code, ``"share"``, the name of what is counted, or empty for a bare number.

    Examples
    --------
    >>> formatter("USD")(35.17), formatter("share")(0.5), formatter("customers")(2357)
    ('$35.17', '50.0%', '2,357')
    """
    if unit == "share":
        return share
    if len(unit) == 3 and unit.isalpha() and unit.isupper():
        return partial(money, currency=unit)
    return count if unit else number


def with_interval(
    value: float | None,
    low: float | None,
    high: float | None,
    formatter: Formatter = number,
) -> str:
    """Return an estimate and its interval with no more digits than the interval supports.

    Parameters
    ----------
    value, low, high
        The estimate and its interval, in one unit.
    formatter
        ``money``, ``share``, ``count``, ``number``, or one made by `formatter`.

    Returns
    -------
    str
        All are rounded to the power of ten at or below half the width of the interval, or finer
        where an end other than zero would become zero or the estimate would keep one digit.

    Examples
    --------
    >>> with_interval(1234567, 1112000, 1321000, money)
    '$1.2 million (1.1 to 1.3)'
    >>> with_interval(0.1234, 0.1187, 0.1281, share)
    '12.3% (11.9 to 12.8)'
    >>> with_interval(158000, 45365, 271000, money)
    '$160,000 (50,000 to 270,000)'
    >>> with_interval(354380, 208000, 530000, money)
    '$350,000 (210,000 to 530,000)'
    """
    text, step = estimate(value, low, high, formatter), supported_step(value, low, high)
    if step is None:
        return text
    bare = Detail(step, like=value, symbol=False, word=False)
    ends = (formatter(end, detail=_seen(bare, end)) for end in (low, high))
    return f"{text} ({' to '.join(ends)})"


def estimate(
    value: float | None, low: float | None, high: float | None, formatter: Formatter = number
) -> str:
    """Return the estimate alone, rounded as its interval requires."""
    return formatter(value, detail=Detail(supported_step(value, low, high)))


def interval(
    value: float | None, low: float | None, high: float | None, formatter: Formatter = number
) -> str:
    """Return the interval alone, or an empty text without one.

    Examples
    --------
    >>> interval(1234567, 1112000, 1321000, money)
    '$1.1 to $1.3 million'
    """
    step = supported_step(value, low, high)
    if step is None:
        return ""
    detail = Detail(step, like=value)
    start = formatter(low, detail=_seen(replace(detail, word=False), low))
    return f"{start} to {formatter(high, detail=_seen(detail, high))}"


def supported_step(value: float | None, low: float | None, high: float | None) -> float | None:
    """Return the power of ten at or below half the width of an interval, None without an interval.

    It is a tenth of that where the first digit of the estimate would be lost, or an end other than
    zero would become zero, or a positive interval would leave the estimate a single digit.
    """
    if any(isinstance(_finite(end), str) for end in (value, low, high)):
        return None
    middle, start, end = float(value or 0), float(low or 0), float(high or 0)
    if end <= start:
        return None
    step = _power((end - start) / 2)
    lost = 0 < abs(middle) < step or _is_lost(start, step) or _is_lost(end, step)
    lost |= start >= step and middle < 10 * step
    return step / 10 if lost else step


def with_unit(name: str, unit: str) -> str:
    """Return an axis label with its unit in brackets, or the name alone without a unit."""
    return f"{name} ({unit})" if unit else name


def day(value: object) -> str:
    """Return a day in words.

    Examples
    --------
    >>> day("1997-09-30")
    '30 September 1997'
    """
    stamp = pd.Timestamp(value)  # type: ignore[arg-type]
    return f"{stamp.day} {stamp:%B %Y}"


def day_or_text(value: object) -> str:
    """Return an ISO date in words, and any other value as its text.

    Examples
    --------
    >>> day_or_text("1997-09-30"), day_or_text("all of it")
    ('30 September 1997', 'all of it')
    """
    try:
        return day(datetime.fromisoformat(str(value)))
    except ValueError:
        return str(value)


def month(value: object) -> str:
    """Return a month in words."""
    return f"{pd.Timestamp(value):%B %Y}"  # type: ignore[arg-type]


def listing(items: Sequence[object]) -> str:
    """Return items as a list in a sentence.

    Examples
    --------
    >>> listing(["a"]), listing(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    *others, last = map(str, items) if items else [""]
    return f"{', '.join(others)} and {last}" if others else last


def count_of(value: float | None, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun, in the singular for 1.

    Examples
    --------
    >>> count_of(1, "row"), count_of(2310, "customer"), count_of(1, "month of delay", "months")
    ('1 row', '2,310 customers', '1 month of delay')
    """
    said = count(value)
    return f"{said} {noun if said == '1' else plural or f'{noun}s'}"


def _seen(detail: Detail, end: float | None) -> Detail:
    """Return the detail of one end of an interval: its first digit where all would be lost."""
    given = float(end or 0)
    if detail.step and _is_lost(given, detail.step):
        return replace(detail, step=_power(abs(given)))
    return detail


def _is_lost(value: float, step: float) -> bool:
    """Whether rounding to the step gives zero for a value that is not negligible."""
    return round(value / step) == 0 and abs(value) > step / 1000


def _power(value: float) -> float:
    """Return the power of ten at or below a positive number, with a tolerance for rounding."""
    return 10.0 ** math.floor(math.log10(value) + 1e-9)


def _coins(value: float, detail: Detail, currency: str) -> Detail:
    """Return the detail with a step of at least a coin, unless the amount is of that size."""
    coin = 1.0 if currency in _WITHOUT_CENTS else 0.01
    large = abs(value if detail.like is None else detail.like) >= max(coin, 0.1)
    if detail.step and detail.step < 1 and (large or detail.step > coin):
        return replace(detail, step=coin)
    return detail


def _is_nothing(value: float, detail: Detail, least: float) -> bool:
    """Whether a number without an interval is negligible."""
    return detail.step is None and 0 < abs(value) < least


def _finite(value: float | None) -> float | str:
    """Return the number, or the text for a missing or infinite one."""
    try:
        given = math.nan if value is None else float(value)
    except (TypeError, ValueError):  # pandas.NA refuses float()
        return MISSING
    if math.isnan(given):
        return MISSING
    return given if math.isfinite(given) else ("∞" if given > 0 else "−∞")


def _written(value: float, detail: Detail, decimals: int | None) -> tuple[str, str]:
    """Return sign and digits; ``decimals`` applies where neither scale nor step decides."""
    reference = value if detail.like is None else detail.like
    size, word = next(
        ((size, word) for size, word in _WORDS if abs(reference) >= size * 0.9995), (1.0, "")
    )
    step = max(detail.step, size / 1000) if detail.step and word else detail.step
    step = detail.step if step and _is_lost(value, step) else step
    rounded = round(value / step) * step if step else value
    if rounded and not _SMALLEST <= abs(rounded) < _LARGEST:
        return ("−" if rounded < 0 else "", _power_of_ten(abs(rounded)))
    scaled = rounded / size
    places = _places(scaled, step and step / size, None if word else decimals, detail.digits)
    digits = f"{abs(scaled):,.{places}f}"
    sign = "−" if scaled < 0 and any(digit in "123456789" for digit in digits) else ""
    return sign, f"{digits} {word}" if word and detail.word else digits


def _places(scaled: float, step: float | None, decimals: int | None, digits: int) -> int:
    """Return the number of decimals: of the step, as given, or for some significant digits."""
    if step:
        return max(0, -math.floor(math.log10(step) + 1e-9))
    if scaled == 0:
        return 0
    first = int(f"{abs(scaled):.{digits - 1}e}".partition("e")[2])
    if decimals is None:
        return max(0, digits - 1 - first)
    tiny = abs(scaled) < 0.5 * 10.0**-decimals
    return 1 - first if tiny else decimals


def _power_of_ten(value: float) -> str:
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    return f"{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
