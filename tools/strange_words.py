"""What strange_damage.py puts into files: numbers, words and sizes."""

from __future__ import annotations

NUMBERS = (
    "0",
    "-1",
    "1",
    "2147483648",
    "-2147483649",
    "4294967295",
    "18446744073709551616",
    "1e308",
    "-1e309",
    "nan",
    "inf",
    "0.0000000001",
    "9" * 330,
    "0x7f",
    "1_000",
    "1e-400",
    "",
    "00",
    "+1",
    "1,5",
    "٣",
    "½",
)
WORDS = (
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\0",
    b"\0" * 64,
    b"\x1a",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xe2\x80\xae",
    b"%s%n",
    b"../" * 20,
    b"\r",
    b"\x1b[2J",
    b"'\"",
    b"\\",
    b"\x85",
    b"\xe2\x80\xa8",
)
SIZES = (0, 1, 2, 3, 7, 63, 64, 65, 255, 256, 4095, 16384, 16385, 32767, 32768, 65535)
