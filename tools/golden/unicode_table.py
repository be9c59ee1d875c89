# SPDX-License-Identifier: Apache-2.0
"""Writes src/base/unicode_table.inc: where BERT's tokenizer does not follow utf8proc.

    python3 tools/golden/unicode_table.py ORACLE/tokenizer > src/base/unicode_table.inc

The code point tables of the oracle say what Hugging Face's tokenizer removes, splits, strips and lowers. What
they leave open (the order of combining marks that stay, and which characters make a word) is asked of the
`tokenizers` package. Both are held against utf8proc 2.8 (Unicode 14), the oldest that tuff builds with, which
must be the one installed here.

The rule: utf8proc is asked about a code point only if Unicode 14 assigned it, Hugging Face agrees with
Unicode 14 about it, and no later Unicode changed it (the `unicodedata` and `unicodedata2` of this Python tell
what did). Every other code point is pinned: its flags are in the table, and it has no decomposition and the
combining class 0, unless the flag `decomposable` says that utf8proc is right about these two. Lower case comes
from the second table first; a pinned code point that is not there is its own lower case. So the answers are
the same with any utf8proc.
"""
import ctypes
import ctypes.util
import sys
import unicodedata

import unicodedata2
from tokenizers import AddedToken, Tokenizer, models, normalizers

LAST = 0x10FFFF
CODE_POINTS = [c for c in range(LAST + 1) if not 0xD800 <= c <= 0xDFFF]
FLAGS = {"removed": 1, "space": 2, "dropped": 4, "punctuation": 8, "mark": 16, "word": 32,
         "decomposable": 64}
CATEGORIES = "Cn Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co".split()


def flags_of_category(code_point, category):
    """As flags_of_category in src/base/unicode.c."""
    flags = 0
    if category in ("Cc", "Cf", "Co"):
        flags |= FLAGS["removed"]
    if category in ("Zs", "Zl", "Zp"):
        flags |= FLAGS["space"] | FLAGS["dropped"]
    if category[0] == "P":
        flags |= FLAGS["punctuation"]
    if category == "Mn":
        flags |= FLAGS["mark"]
    if category[0] in "LM" or category in ("Nd", "Nl", "Pc"):
        flags |= FLAGS["word"]
    return flags


class Utf8proc:
    def __init__(self):
        self.library = ctypes.CDLL(ctypes.util.find_library("utf8proc"))
        self.library.utf8proc_version.restype = ctypes.c_char_p
        if not self.library.utf8proc_version().startswith(b"2.8"):
            sys.exit("utf8proc 2.8 is needed")
        self.library.utf8proc_get_property.restype = ctypes.POINTER(ctypes.c_int16)
        self.library.utf8proc_decompose_char.restype = ctypes.c_ssize_t

    def category(self, code_point):
        return CATEGORIES[self.library.utf8proc_category(code_point)]

    def combining_class(self, code_point):
        return self.library.utf8proc_get_property(code_point)[1]

    def lower(self, code_point):
        return [self.library.utf8proc_tolower(code_point)]

    def decompose(self, code_point):
        buffer = (ctypes.c_int32 * 8)()
        boundary = ctypes.c_int(0)
        count = self.library.utf8proc_decompose_char(code_point, buffer, 8, 1 << 4, ctypes.byref(boundary))
        return list(buffer[:count])


def read_mapping(path):
    mapping = {}
    with open(path, encoding="ascii") as lines:
        next(lines)
        for line in lines:
            code_point, result = line.rstrip("\n").split("\t")
            mapping[int(code_point, 16)] = [int(word, 16) for word in result.split()]
    return mapping


def read_flags(folder):
    """code point -> flags, without word."""
    flags = [0] * (LAST + 1)
    names = {"removed": FLAGS["removed"], "space": FLAGS["space"], "punct": FLAGS["punctuation"],
             "split_and_dropped": FLAGS["dropped"], "cjk": 0, "-": 0}
    with open(folder + "/codepoint_classes.tsv", encoding="ascii") as lines:
        next(lines)
        for line in lines:
            first, last, clean, split = line.rstrip("\n").split("\t")
            for code_point in range(int(first, 16), int(last, 16) + 1):
                flags[code_point] = names[clean] | names[split]
    for code_point, result in read_mapping(folder + "/codepoint_strip.tsv").items():
        if not result:
            flags[code_point] |= FLAGS["mark"]
    return flags


def word_characters():
    r"""What \w is to the single_word attribute of added tokens."""
    tokenizer = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    tokenizer.add_tokens([AddedToken("Q", single_word=True, normalized=False)])
    found = tokenizer.token_to_id("Q")
    words = set()
    for start in range(0, len(CODE_POINTS), 4096):
        block = CODE_POINTS[start:start + 4096]
        for code_point, encoding in zip(block, tokenizer.encode_batch(["Q" + chr(c) for c in block])):
            if found not in encoding.ids or code_point == ord("Q"):
                words.add(code_point)
    return words


def decompositions():
    nfd = normalizers.NFD()
    return {c: [ord(x) for x in nfd.normalize_str(chr(c))] for c in CODE_POINTS}


def reordered(decomposed):
    """Code points with a combining class: they change places with one of class 1 or 240."""
    nfd = normalizers.NFD()
    found = set()
    for c in CODE_POINTS:
        for text in ("a" + chr(c) + "\u0334", "a\u0345" + chr(c)):
            if decomposed[c] == [c] and nfd.normalize_str(text) != text:
                found.add(c)
    return found


def flags_changed_since_14(code_point):
    """Whether a later Unicode sees an assigned code point in another way."""
    old, new = (data.category(chr(code_point)) for data in (unicodedata, unicodedata2))
    return flags_of_category(code_point, old) != flags_of_category(code_point, new)


def decomposition_changed_since_14(code_point):
    character = chr(code_point)
    return (unicodedata.combining(character) != unicodedata2.combining(character)
            or unicodedata.normalize("NFD", character) != unicodedata2.normalize("NFD", character))


def main():
    folder = sys.argv[1]
    if unicodedata.unidata_version != "14.0.0":
        sys.exit("a Python with Unicode 14 is needed")
    utf8proc = Utf8proc()
    flags = read_flags(folder)
    lower = read_mapping(folder + "/codepoint_lower.tsv")
    decomposed = decompositions()
    with_class = reordered(decomposed)
    for code_point in word_characters():
        flags[code_point] |= FLAGS["word"]

    pinned = []
    lowered = []
    for c in CODE_POINTS:
        if c < 0x80:
            continue
        category = utf8proc.category(c)
        has_class = decomposed[c] == [c] and utf8proc.combining_class(c) != 0
        is_decomposable = (category != "Cn" and utf8proc.decompose(c) == decomposed[c]
                           and has_class == (c in with_class) and not decomposition_changed_since_14(c))
        is_pinned = (not is_decomposable or flags_of_category(c, category) != flags[c]
                     or flags_changed_since_14(c))
        if is_pinned:
            assert is_decomposable or (decomposed[c] == [c] and c not in with_class), hex(c)
            pinned.append((c, flags[c] | (FLAGS["decomposable"] if is_decomposable else 0)))
        if lower.get(c, [c]) != ([c] if is_pinned else utf8proc.lower(c)):
            lowered.append((c, (lower.get(c, [c]) + [0])[:2]))

    ranges = []
    for c, value in pinned:
        previous = ranges[-1] if ranges else None
        if previous and previous[2] == value and (previous[1] + 1 == c or (previous[1], c) == (0xD7FF, 0xE000)):
            previous[1] = c
        else:
            ranges.append([c, c, value])
    emit(ranges, lowered)


def emit(ranges, lowered):
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/* Made by tools/golden/unicode_table.py, which states the rule; not edited by hand. */")
    print("static const struct pinned pinned[] = {")
    print_rows(["{ 0x%X, 0x%X, %d }" % tuple(entry) for entry in ranges])
    print("};")
    print("static const struct pinned_lower pinned_lower[] = {")
    print_rows(["{ 0x%X, { 0x%X, 0x%X } }" % (c, *result) for c, result in lowered])
    print("};")


def print_rows(entries):
    line = "   "
    for entry in entries:
        if len(line) + len(entry) + 2 > 110:
            print(line)
            line = "   "
        line += " " + entry + ","
    print(line)


main()
