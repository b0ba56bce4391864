//! Numbers as text formats have them, read and written many digits at a time.

/// The values of hexadecimal digits; 255 for all other bytes.
pub(crate) const VALUES: [u8; 256] = {
    let mut values = [u8::MAX; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value] as usize] = value as u8;
        values[b"0123456789ABCDEF"[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// The two hexadecimal digits of each byte.
pub(crate) const PAIRS: [[u8; 2]; 256] = {
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    pairs
};

/// Hexadecimal digits.
pub(crate) const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// The two digits of each number under 100.
pub(crate) const DECIMALS: [[u8; 2]; 100] = decimals(b'0');

/// The same with this byte in place of the first zero.
pub(crate) const fn decimals(zero: u8) -> [[u8; 2]; 100] {
    let mut all = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        let tens = if number < 10 {
            zero
        } else {
            DIGITS[number / 10]
        };
        all[number] = [tens, DIGITS[number % 10]];
        number += 1;
    }
    all
}

/// The number that eight digits stand for, all at once.
#[inline]
pub(crate) fn eight_digits(text: [u8; 8]) -> Option<u64> {
    let digits = u64::from_le_bytes(text) ^ 0x3030_3030_3030_3030;
    // Whatever is more than 9 has a high half, at the latest with 6 added.
    let high = (digits | digits.wrapping_add(0x0606_0606_0606_0606)) & 0xF0F0_F0F0_F0F0_F0F0;
    if high != 0 {
        return None;
    }
    // Pairs, then fours, then all: each step multiplies the left half and adds the right one.
    let pairs = (digits * 10 + (digits >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    Some((fours * 10_000 + (fours >> 32)) & 0xFFFF_FFFF)
}

/// The number that six digits stand for.
#[inline]
pub(crate) fn six_digits(text: [u8; 6]) -> Option<u64> {
    let mut eight = [b'0'; 8];
    eight[2..].copy_from_slice(&text);
    eight_digits(eight)
}

/// The number that two digits stand for.
#[inline]
pub(crate) fn two_digits(tens: u8, ones: u8) -> Option<u64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then(|| u64::from(tens * 10 + ones))
}

/// The number that the text begins with in hexadecimal, of at most 8 digits, how many it has, and
/// what stands behind it.
#[inline]
pub(crate) fn leading_hex(text: &[u8]) -> (u32, usize, &[u8]) {
    let (mut number, mut len) = (0, 0);
    for &byte in text.iter().take(8) {
        let value = VALUES[usize::from(byte)];
        if value > 15 {
            break;
        }
        number = number << 4 | u32::from(value);
        len += 1;
    }
    (number, len, &text[len..])
}

/// The number that eight hexadecimal digits stand for, all at once.
#[inline]
pub(crate) fn eight_hex(text: [u8; 8]) -> Option<u32> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let text = u64::from_be_bytes(text);
    let letters = text >> 6 & ONES;
    let values = (text & (0x0F * ONES)) + 9 * letters;
    // What these values would look like: letters, all small, from 10 on, and digits below.
    let looks = values + 0x30 * ONES + 0x27 * letters;
    let is_letter = (values + 6 * ONES) >> 4 & ONES;
    if (text | letters << 5) ^ looks | is_letter ^ letters | values & (0x10 * ONES) != 0 {
        return None;
    }
    // Twos, then fours, then all.
    let twos = (values | values >> 4) & 0x00FF_00FF_00FF_00FF;
    let fours = (twos | twos >> 8) & 0x0000_FFFF_0000_FFFF;
    Some((fours | fours >> 16) as u32)
}

/// The bytes that the last so many hexadecimal digits of a text stand for, at most 16, with zeros
/// behind them. The text must have 16 letters, whatever those before the digits are.
#[inline]
pub(crate) fn trailing_bytes(text: &[u8], digits: usize) -> Option<[u8; 8]> {
    if digits > 16 || digits % 2 == 1 {
        return None;
    }
    let all = u128::from_be_bytes(*text.last_chunk()?);
    let zeros = u128::from_be_bytes([b'0'; 16]);
    let text = match digits {
        0 => zeros,
        _ => all << (128 - 8 * digits) | zeros.checked_shr(8 * digits as u32).unwrap_or(0),
    };
    let high = eight_hex(((text >> 64) as u64).to_be_bytes())?;
    let low = eight_hex((text as u64).to_be_bytes())?;
    Some((u64::from(high) << 32 | u64::from(low)).to_be_bytes())
}

/// The six digits of a number of microseconds, and what stands behind them.
#[inline]
pub(crate) fn six_decimals(micros: u32, behind: u8) -> [u8; 7] {
    let mut digits = [behind; 7];
    let pairs = [micros / 10_000, micros / 100, micros];
    for (pair, value) in digits.chunks_exact_mut(2).zip(pairs) {
        pair.copy_from_slice(&DECIMALS[value as usize % 100]);
    }
    digits
}

/// The seconds of the last line, with a point behind them: those of the next are mostly the same.
pub(crate) struct Seconds {
    number: u64,
    text: [u8; Seconds::MOST],
    len: usize,
    width: usize,
}

impl Seconds {
    /// The digits of the largest number, and the point.
    const MOST: usize = 21;

    /// With blanks before them up to this width.
    pub(crate) fn new(width: usize) -> Seconds {
        let mut new = Seconds {
            number: 0,
            text: [0; Seconds::MOST],
            len: 0,
            width,
        };
        new.set(0);
        new
    }

    #[cold]
    fn set(&mut self, seconds: u64) {
        self.number = seconds;
        let text = format!("{seconds:>0$}.", self.width);
        self.len = text.len().min(Seconds::MOST);
        self.text[..self.len].copy_from_slice(&text.as_bytes()[..self.len]);
    }

    /// Adds them to a line.
    #[inline]
    pub(crate) fn put(&mut self, line: &mut Vec<u8>, seconds: u64) {
        if seconds != self.number {
            self.set(seconds);
        }
        // A fixed number of bytes is copied faster than those that are needed.
        line.extend_from_slice(&self.text);
        line.truncate(line.len() - Seconds::MOST + self.len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn seconds_stand_at_the_right_of_their_width() {
        let (mut line, mut seconds) = (Vec::new(), Seconds::new(4));
        for number in [0, 7, 7, 12_345, u64::MAX, 0] {
            seconds.put(&mut line, number);
        }
        let text = b"   0.   7.   7.12345.18446744073709551615.   0.";
        assert_eq!(line, text);
    }

    #[test]
    fn what_is_no_digit_is_seen_at_every_place() {
        for place in 0..8 {
            for byte in 0..=u8::MAX {
                let mut text = *b"12345678";
                text[place] = byte;
                let expected = str::from_utf8(&text).ok().and_then(|text| {
                    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
                    digits.then(|| text.parse().ok()).flatten()
                });
                assert_eq!(eight_digits(text), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn hexadecimal_is_told_from_all_else_at_every_place() {
        for place in 0..8 {
            for byte in 0..=u8::MAX {
                let mut text = *b"12aBcD78";
                text[place] = byte;
                let expected = str::from_utf8(&text).ok().and_then(|text| {
                    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
                    digits.then(|| u32::from_str_radix(text, 16).ok()).flatten()
                });
                assert_eq!(eight_hex(text), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn bytes_are_those_of_the_last_digits() {
        let text = b"no digits #0011223344aAbBcC";
        for bytes in 0..=8 {
            let mut expected = [0; 8];
            let all = [0x00, 0x11, 0x22, 0x33, 0x44, 0xAA, 0xBB, 0xCC];
            expected[..bytes].copy_from_slice(&all[8 - bytes..]);
            assert_eq!(trailing_bytes(text, 2 * bytes), Some(expected));
        }
        assert_eq!(trailing_bytes(text, 3), None);
        assert_eq!(trailing_bytes(text, 18), None);
        assert_eq!(trailing_bytes(&text[..text.len() - 1], 16), None);
        assert_eq!(trailing_bytes(b"0011", 4), None);
    }

    proptest! {
        #[test]
        fn hexadecimal_of_eight_digits_is_its_number(number: u32) {
            let text = format!("{number:08x}");
            prop_assert_eq!(eight_hex(*text.as_bytes().first_chunk().expect("8")), Some(number));
        }

        #[test]
        fn digits_are_those_of_the_number(number in 0..1_000_000_u32) {
            let text = six_decimals(number, b'|');
            prop_assert_eq!(String::from_utf8_lossy(&text), format!("{number:06}|"));
            let digits = *text.first_chunk().expect("six");
            prop_assert_eq!(six_digits(digits), Some(u64::from(number)));
        }

        #[test]
        fn hexadecimal_ends_behind_eight_digits(number: u32, more in "[ xg0-9A-F]{0,3}") {
            let text = format!("{number:08X}{more}");
            prop_assert_eq!(leading_hex(text.as_bytes()), (number, 8, more.as_bytes()));
        }
    }
}
