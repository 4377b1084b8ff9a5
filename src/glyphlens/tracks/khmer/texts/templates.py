"""What stands in documents beside sentences: numbers, dates, prices, lists, forms, addresses, Latin."""

import string
from collections.abc import Callable
from random import Random

from glyphlens.tracks.khmer.texts.characters import (
    ACCENTED,
    EVERYDAY,
    HEADS,
    KHMER_DIGITS,
    MONTHS,
    SYMBOLS,
    UNITS,
    WEEKDAYS,
    YEARS,
)
from glyphlens.tracks.khmer.texts.vocabulary import Vocabulary

TO_KHMER = str.maketrans(string.digits, KHMER_DIGITS)
KHMER_DIGITS_SHARE = 0.6
BULLETS = ("-", "•", "●", "–", "○", "■", "□", "▪", "✓", "*", "→", "+", "★", "·")
NUMBERS = ("{}.", "{})", "({})", "{}-", "{}/", "{}.-", "{}៖", "{}:")
KHMER_ORDER = "កខគឃងចឆជឈញ"


def digits(rng: Random, low: int, high: int) -> str:
    """As many random Latin digits as lie between ``low`` and ``high``, none of them first that is 0."""
    count = rng.randint(low, high)
    return str(rng.randint(10 ** (count - 1), 10**count - 1)) if count > 1 else str(rng.randint(0, 9))


def in_either_digits(text: str, rng: Random) -> str:
    """The text with all its digits Khmer, or Latin as they are."""
    return text.translate(TO_KHMER) if rng.random() < KHMER_DIGITS_SHARE else text


def amount(rng: Random) -> str:
    """A number as people write one: grouped, with a fraction, a share, a measure."""
    number = rng.choice((digits(rng, 1, 3), f"{rng.randint(1000, 99_999_999):,}", digits(rng, 2, 6)))
    if rng.random() < 0.25:
        number = f"{number}{rng.choice('.,')}{digits(rng, 1, 3)}"
    if rng.random() < 0.1:
        number = number.replace(",", ".") if "," in number else f"-{number}"
    tail = rng.choice(("", "", "", "%", " %", " " + rng.choice(UNITS), rng.choice(UNITS)))
    return in_either_digits(number, rng) + tail


def reference_code(rng: Random) -> str:
    """A telephone number, a reference, a time, a formula, a plate."""
    made = rng.choice(
        (
            f"0{digits(rng, 2, 2)} {digits(rng, 3, 3)} {digits(rng, 3, 4)}",
            f"(+855) {digits(rng, 2, 2)} {digits(rng, 6, 7)}",
            f"0{digits(rng, 2, 2)}-{digits(rng, 3, 3)}-{digits(rng, 3, 3)}",
            f"{rng.randint(0, 23)}:{rng.randint(0, 59):02d}",
            f"{rng.randint(0, 12):02d}:{rng.randint(0, 59):02d} {rng.choice(('AM', 'PM', 'នាទី', 'ព្រឹក', 'ល្ងាច'))}",
            f"{rng.randint(1, 9)}{_capitals(rng, 1, 2)}-{digits(rng, 4, 4)}",
            f"{digits(rng, 1, 3)} {rng.choice('+-×÷=<>≥≤±')} {digits(rng, 1, 3)} = {digits(rng, 1, 4)}",
            f"{digits(rng, 1, 3)}/{digits(rng, 1, 3)}",
            f"{digits(rng, 1, 2)}-{digits(rng, 2, 3)}",
            f"{digits(rng, 9, 12)}",
            f"{digits(rng, 1, 2)}°{rng.choice(('C', digits(rng, 2, 2) + chr(39)))}",
            f"{digits(rng, 1, 2)}{rng.choice('²³½')}",
            f"[{digits(rng, 1, 3)}]",
            f"{digits(rng, 1, 3)} {rng.choice(('kg', 'km', 'm²', 'cm', 'ml', 'MB', 'kWh'))}",
            f"0{digits(rng, 1, 2)} {rng.choice(('នស/រកម', 'អនក្រ.បក', 'ប្រក', 'សរណន'))}/{digits(rng, 2, 4)}",
        )
    )
    return in_either_digits(made, rng)


def date(rng: Random) -> str:
    """A date in full, in figures, or by the moon."""
    day, year = rng.randint(1, 31), rng.choice((rng.randint(1900, 2035), rng.randint(2000, 2030)))
    month, weekday = rng.choice(MONTHS), rng.choice(WEEKDAYS)
    space, moon = rng.choice(("", "", " ")), rng.choice(("កើត", "រោច"))
    made = rng.choice(
        (
            f"ថ្ងៃទី{space}{day:02d} ខែ{space}{month} ឆ្នាំ{space}{year}",
            f"ថ្ងៃទី{space}{day} ខែ{month} ឆ្នាំ{year}",
            f"ថ្ងៃទី{day}{space}ខែ{month}{space}ឆ្នាំ{year}",
            f"{day:02d}/{rng.randint(1, 12):02d}/{year}",
            f"{day}-{rng.randint(1, 12)}-{year}",
            f"{year}-{rng.randint(1, 12):02d}-{day:02d}",
            f"{day:02d}.{rng.randint(1, 12):02d}.{year}",
            f"{day} {month} {year}",
            f"ថ្ងៃ{weekday} ទី{day} ខែ{month} ឆ្នាំ{year}",
            f"ថ្ងៃ{weekday} {rng.randint(1, 15)}{moon} ខែ{month} ឆ្នាំ{rng.choice(YEARS)} ព.ស.{year + 544}",
            f"រាជធានីភ្នំពេញ, ថ្ងៃទី{day:02d} ខែ{month} ឆ្នាំ{year}",
            f"ឆ្នាំ{year}-{year + rng.randint(1, 9)}",
            f"ម៉ោង {rng.randint(1, 12)}:{rng.randint(0, 59):02d} នាទី ថ្ងៃទី{day}",
        )
    )
    return in_either_digits(made, rng)


def price(rng: Random) -> str:
    """Money in riel, dollars and others."""
    number = rng.choice(
        (f"{rng.randint(1, 9999) * 100:,}", f"{rng.randint(1, 99999):,}.{rng.randint(0, 99):02d}", digits(rng, 1, 6))
    )
    made = rng.choice(
        ("{} រៀល", "{}រៀល", "{}៛", "{} ៛", "៛{}", "${}", "{} $", "USD {}", "{} ដុល្លារ", "€{}", "£{}", "{} KHR", "{}$")
    )
    return in_either_digits(made.format(number), rng)


def mark(rng: Random) -> str:
    """What an item of a list begins with."""
    if rng.random() < 0.5:
        return rng.choice(BULLETS)
    number = rng.choice(
        (
            str(rng.randint(1, 40)),
            f"{rng.randint(1, 9)}.{rng.randint(1, 9)}",
            rng.choice(KHMER_ORDER),
            rng.choice("abcABC"),
            rng.choice(("I", "II", "III", "IV", "V", "X")),
        )
    )
    return in_either_digits(rng.choice(NUMBERS).format(number), rng)


def latin(rng: Random, words: Vocabulary, most: int) -> str:
    """One to ``most`` Latin words, an abbreviation, an address of mail or the web."""
    chance = rng.random()
    if chance < 0.06:
        return "".join(rng.choice(string.ascii_letters + string.digits) for _ in range(rng.randint(2, 10)))
    if chance < 0.13:
        return _capitals(rng, 2, 6)
    if chance < 0.2:
        name, site = words.latin.draw(rng).lower(), words.latin.draw(rng).lower()
        number = rng.choice(("", digits(rng, 1, 4), "_" + digits(rng, 1, 2)))
        end = rng.choice(("com", "org", "gov.kh", "com.kh", "edu.kh", "net"))
        return rng.choice(
            (
                f"{name}{number}@{site}.{end}",
                f"www.{site}.{end}",
                f"https://{site}.{end}/{name}?id={digits(rng, 1, 4)}",
                f"#{name}",
                f"@{name}{number}",
                f"{name}.pdf",
                f"{name}_{site}",
            )
        )
    if chance < 0.25:
        return f"{_capitals(rng, 1, 4)}{rng.choice('-/. ')}{digits(rng, 1, 4)}"
    found = " ".join(words.latin.draw(rng) for _ in range(rng.randint(1, most)))
    shaped: tuple[Callable[[str], str], ...] = (str, str, str, str.title, str.upper, str.capitalize)
    return rng.choice(shaped)(found)


def dots(rng: Random) -> str:
    """What a form leaves to be filled in."""
    return rng.choice(".….") * rng.randint(3, 14) if rng.random() < 0.7 else "_" * rng.randint(3, 10)


def field(rng: Random, words: Vocabulary) -> str:
    """A row of a form: its name, a colon, its value or dots."""
    value = rng.choice(
        (dots(rng), amount(rng), reference_code(rng), date(rng), words.listed.draw(rng), latin(rng, words, 2))
    )
    head = f"{rng.choice(HEADS)}{rng.choice(('', rng.choice(EVERYDAY)))}"
    return f"{head}{rng.choice(('៖ ', ' ៖ ', ': ', ' : ', ' '))}{value}"


def section_heading(rng: Random, words: Vocabulary) -> str:
    """Article 12, chapter 3, page 5: by itself or before a title."""
    number = in_either_digits(rng.choice((digits(rng, 1, 3), f"{rng.randint(1, 9)}.{rng.randint(1, 9)}")), rng)
    head = f"{rng.choice(HEADS)}{rng.choice((' ', ''))}{number}"
    title = "".join(words.listed.draw(rng) for _ in range(rng.randint(1, 4)))
    return rng.choice(
        (head, f"{head}៖ {title}", f"{head}. {title}", f"{head} - {title}", f"{head} — {title}", f"{head} ÷ {title}")
    )


def table_row(rng: Random, words: Vocabulary) -> str:
    """Cells of a table that stand close together."""
    cells = [rng.choice((amount, reference_code, price, date))(rng) for _ in range(rng.randint(1, 4))]
    cells.insert(0, "".join(words.listed.draw(rng) for _ in range(rng.randint(1, 2))))
    return rng.choice((" ", " ", " | ", " / ", "; ")).join(cells)


def symbols(rng: Random) -> str:
    """A few signs that seldom occur, so that each is seen."""
    return " ".join(rng.choice(SYMBOLS + string.punctuation + ACCENTED + "៙៚ៜ") for _ in range(rng.randint(1, 4)))


def _capitals(rng: Random, low: int, high: int) -> str:
    return "".join(rng.choice(string.ascii_uppercase) for _ in range(rng.randint(low, high)))
