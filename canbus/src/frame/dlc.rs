//! The data length code of CAN FD and the lengths it stands for (ISO 11898-1:2015, table 5).

/// Length in bytes by data length code, CAN FD.
const LENGTHS: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64];

/// The length in bytes that a CAN FD data length code stands for; `None` over 15.
///
/// ```
/// assert_eq!(canbus::dlc_to_len(15), Some(64));
/// assert_eq!(canbus::dlc_to_len(16), None);
/// ```
pub fn dlc_to_len(dlc: u8) -> Option<usize> {
    LENGTHS.get(usize::from(dlc)).map(|&len| usize::from(len))
}

/// The CAN FD data length code of exactly this many bytes; `None` where there is none.
///
/// ```
/// assert_eq!(canbus::len_to_dlc(12), Some(9));
/// assert_eq!(canbus::len_to_dlc(9), None);
/// ```
pub fn len_to_dlc(len: usize) -> Option<u8> {
    LENGTHS
        .iter()
        .position(|&length| usize::from(length) == len)
        .map(|dlc| dlc as u8)
}

/// The shortest CAN FD length that holds this many bytes; `None` over 64.
///
/// ```
/// assert_eq!(canbus::padded_fd_len(9), Some(12));
/// ```
pub fn padded_fd_len(len: usize) -> Option<usize> {
    LENGTHS
        .iter()
        .map(|&length| usize::from(length))
        .find(|&length| length >= len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_lengths_are_inverse_where_both_exist() {
        for dlc in 0..16 {
            let len = dlc_to_len(dlc).expect("16 codes");
            assert_eq!(len_to_dlc(len), Some(dlc));
            assert_eq!(padded_fd_len(len), Some(len));
        }
        assert_eq!(dlc_to_len(16), None);
        assert_eq!(
            (0..=65).filter(|&len| len_to_dlc(len).is_some()).count(),
            16
        );
    }

    #[test]
    fn padding_goes_to_the_next_length_up() {
        let pairs = [
            (0, 0),
            (8, 8),
            (9, 12),
            (13, 16),
            (33, 48),
            (49, 64),
            (64, 64),
        ];
        for (len, padded) in pairs {
            assert_eq!(padded_fd_len(len), Some(padded));
        }
        assert_eq!(padded_fd_len(65), None);
    }
}
