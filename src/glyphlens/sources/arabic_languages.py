"""Which characters of the Arabic script a language is written with: CLDR 37's exemplar characters and digits.

Facts of the Unicode Common Locale Data Repository as ICU 67 holds them (``icu4c-data``, locales ar, fa, ur, ug, ckb,
ps, sd): the standard set, the auxiliary one (loan words and marks that are rarely written) and the digits. Control
characters are left out, and a sequence of the set stands for its characters. Kurdish is Sorani, which CLDR calls ckb:
its ku is written in Latin script.
"""

from typing import NamedTuple

ARABIC_INDIC, EXTENDED = range(0x0660, 0x066A), range(0x06F0, 0x06FA)
SIGNS = "،؛؟٪٫٬ـ"  # every language with this script has them


class Writing(NamedTuple):
    """The characters of a language: what its words need, and what is met in it now and then."""

    standard: frozenset[str]
    auxiliary: frozenset[str]


def _writing(standard: str, auxiliary: str, *digits: range) -> Writing:
    numerals = "".join(map(chr, (number for digit in digits for number in digit)))
    return Writing(frozenset(f"{standard}{numerals}{SIGNS}"), frozenset(auxiliary))


_TANWIN_TO_SUKUN = "ًٌٍَُِّْ"  # U+064B to U+0652

LANGUAGES = {
    "ar": _writing(f"{_TANWIN_TO_SUKUN}\u0670ءأؤإئاآبةتثجحخدذرزسشصضطظعغفقكلمنهوىي", "پچژڜڢڤڥٯڧڨکگی", ARABIC_INDIC),
    "fa": _writing(
        "\u064b\u064c\u064d\u0651\u0654آاءأؤئبپتثجچحخدذرزژسشصضطظعغفقکگلمنوهةی",
        "\u064e\u0650\u064f\u0652\u0656\u0670إكىي",
        EXTENDED,
    ),
    "ur": _writing(
        "اأآبپتٹثجچحخدڈذرڑزژسشصضطظعغفقکگلمنںوؤہۂھءیئےةه۔",
        f"{_TANWIN_TO_SUKUN}\u0654\u0656\u0657\u0658\u0670ۃٻٺټٽي؍",
        EXTENDED,
    ),
    "ug": _writing("ئاەبپتجچخدرزژسشغفقكگڭلمنھوۇۆۈۋېىي", ""),
    "ku": _writing("ئابپتجچحخدرزڕژسشعغفڤقکگلڵمنھەوۆیێ", f"{_TANWIN_TO_SUKUN}ءآأؤإةثذصضطظكهىي", ARABIC_INDIC),
    "ps": _writing(
        "\u064e\u0650\u064f\u064b\u064d\u064c\u0651\u0652\u0654\u0670"
        "آااأءبپتټثجځچڅحخدډذرړزژږسشښصضطظعغفقکګگلمنڼهةوؤییيېۍئ",
        "ے۔",
        EXTENDED,
    ),
    "sd": _writing(
        "ءآابٻپڀتثٺٽٿجڃڄچڇحخدذڊڌڍڏرزڙسشصضطظعغفڦقکڪگڱڳلمنڻهھوي",
        "\u064e\u064f\u0650ئ۔",
        ARABIC_INDIC,
    ),
}
DEFAULT = "ar"
