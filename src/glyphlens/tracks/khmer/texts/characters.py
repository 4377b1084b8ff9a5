"""The characters that printed Khmer holds, and the words and signs that are written most often."""

KHMER_LETTERS = "".join(map(chr, [*range(0x1780, 0x17A3), *range(0x17A5, 0x17A8), *range(0x17A9, 0x17B4)]))
KHMER_VOWELS = "".join(map(chr, range(0x17B6, 0x17C6)))
KHMER_SIGNS = "".join(map(chr, [*range(0x17C6, 0x17D2), 0x17DD]))
KHMER_PUNCTUATION = "។៕៖ៗ៙៚៛ៜ"
KHMER_DIGITS = "០១២៣៤៥៦៧៨៩"
ASCII = "".join(map(chr, range(0x20, 0x7F)))
ACCENTED = "ÀÂÇÈÉÊÎÔàâäçèéêëîïñôöùûü"
SYMBOLS = "«»“”‘’–—…•●○·°±×÷≤≥€£§©®™½²³→←■□▪✓★"
CHARACTERS = "".join(
    sorted(
        {*KHMER_LETTERS, *KHMER_VOWELS, *KHMER_SIGNS, *KHMER_PUNCTUATION, *KHMER_DIGITS, "\u17d2"}
        | {*ASCII, *ACCENTED, *SYMBOLS}
    )
)
SUBSCRIPTS = tuple("\u17d2" + letter for letter in KHMER_LETTERS[:35] if letter not in "ដឡ")  # da is written as ta


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Everyday words, most frequent first. They join others in any text, so that training and test share them.
EVERYDAY = _words(
    "និង នៃ ជា ដែល បាន ក្នុង មាន ការ ដោយ របស់ នេះ ទៅ ថា មិន ឬ នៅ ពី នូវ ដើម្បី ត្រូវ គឺ លើ ឱ្យ ទាំង ទី ហើយ "
    "តាម ដល់ សម្រាប់ ខ្ញុំ លោក អ្នក គេ យើង វា មួយ ពីរ បី ច្រើន ខាង ពេល ឆ្នាំ ខែ ថ្ងៃ ប្រទេស កម្ពុជា ភ្នំពេញ "
    "រាជរដ្ឋាភិបាល ក្រសួង ខេត្ត ក្រុង ស្រុក ឃុំ ភូមិ ជាតិ ប្រជាជន ជន មនុស្ស សិទ្ធិ ច្បាប់ មាត្រា កិច្ច "
    "ការងារ ធ្វើ ប្រើ ផង ទេ ណា អី បើ តែ ក៏ ទៀត ឡើង មក ចេញ ចូល ឲ្យ ធំ តូច ថ្មី ល្អ លេខ ឈ្មោះ ភេទ អាយុ សញ្ជាតិ "
    "ខ្មែរ ភាសា អង្គភាព នាយក អគ្គនាយក រដ្ឋមន្ត្រី ប្រធាន សាលា សិស្ស គ្រូ ផ្ទះ ផ្លូវ លុយ រៀល ដុល្លារ តម្លៃ "
    "ចំនួន សរុប ភាគរយ ក្រុម ក្រុមហ៊ុន សេដ្ឋកិច្ច វិស័យ អភិវឌ្ឍន៍ គ្រប់គ្រង អនុវត្ត ស្តីពី យោង ចុះ អនុក្រឹត្យ "
    "ព្រះរាជាណាចក្រ សាសនា ព្រះមហាក្សត្រ ព្រះ ទឹក ដី ផ្សារ រថយន្ត ទូរស័ព្ទ អ៊ីនធឺណិត ព័ត៌មាន សុខភាព "
    "មន្ទីរពេទ្យ ជំងឺ ប៉ុន្តែ ដូច្នេះ ព្រោះ រួច អាច គួរ ចង់ ដឹង និយាយ ឃើញ ញ៉ាំ បាយ បន្ត ពាក់ព័ន្ធ ផ្សេងៗ "
    "ទាំងអស់ ជាមួយ រវាង ប្រហែល បច្ចុប្បន្ន អន្តរជាតិ សហប្រតិបត្តិការ"
)
MONTHS = _words("មករា កុម្ភៈ មីនា មេសា ឧសភា មិថុនា កក្កដា សីហា កញ្ញា តុលា វិច្ឆិកា ធ្នូ")
WEEKDAYS = _words("អាទិត្យ ចន្ទ អង្គារ ពុធ ព្រហស្បតិ៍ សុក្រ សៅរ៍")
YEARS = _words("ជូត ឆ្លូវ ខាល ថោះ រោង ម្សាញ់ មមី មមែ វក រកា ច កុរ")
UNITS = _words("គីឡូម៉ែត្រ ម៉ែត្រ គីឡូក្រាម ក្រាម លីត្រ ហិកតា នាក់ ដុល្លារ រៀល ភាគរយ ម៉ោង នាទី គ្រឿង គ្រួសារ តោន")
HEADS = _words(
    "មាត្រា ប្រការ ជំពូក ផ្នែក កថាខណ្ឌ ចំណុច ឧបសម្ព័ន្ធ តារាង រូបភាព ទំព័រ លេខ មេរៀនទី ជំហានទី ភាគ កម្មវត្ថុ "
    "យោង ប្រភព សម្គាល់ ឈ្មោះ អាសយដ្ឋាន ទូរស័ព្ទ ថ្ងៃខែឆ្នាំកំណើត ទីកន្លែងកំណើត សញ្ជាតិ មុខរបរ អ៊ីមែល ចម្លើយ "
    "សំណួរ"
)
LATIN_NAMES = _words(
    "ASEAN UNDP UNICEF WHO UNESCO IMF ADB EU USA UK NGO GDP VAT ID CEO HR IT PDF QR ATM SMS GPS HIV/AIDS "
    "COVID-19 USD KHR ABA ACLEDA Wing Facebook Google YouTube Telegram TikTok iPhone Samsung Toyota Honda "
    "Microsoft Windows Word Excel PowerPoint Wi-Fi Internet online website email Tel Fax No. Phnom Penh "
    "Cambodia Siem Reap Battambang Kampot Khmer Unicode Covid Mr. Ms. Dr. Ph.D. kg km cm mm ml m² kWh MHz GB "
    "MB AI 5G 4G LED TV CD DVD USB CPU RAM A4 KPI SEA Games FIFA AFF Grab Smart Metfone Cellcard Canada "
    "France Paris Thailand Vietnam China Japan"
)
