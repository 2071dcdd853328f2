//! Bodies of deliveries, packed before they are sealed: GitHub's JSON repeats itself, and what is not written need not be
//! synced, logged twice and backed up.
//!
//! A packed body begins with a byte that no JSON object begins with, so that one that was kept as it came is told apart.
//! Should a body begin with such a byte by itself, another one is put before it.

use lz4_flex::block::{compress_into, decompress_into, get_maximum_output_size};
use zeroize::{Zeroize, Zeroizing};

use super::SealingError;

/// First byte of a packed body; its size before follows in four bytes, the least significant first.
const PACKED: u8 = 1;

/// Put before a body that begins with this or with [`PACKED`].
const AS_IT_CAME: u8 = 2;

const HEAD_BYTES: usize = 5;

/// Below this there is nothing to gain.
const SMALLEST_BYTES: usize = 512;

/// Above this a second buffer beside the first costs more memory than the space saved is worth.
const LARGEST_BYTES: usize = 256 * 1024;

/// Packs `body` where that makes it smaller; `spare_bytes` of capacity are left for what comes on top. The body as it came
/// is wiped then.
pub(super) fn pack(mut body: Vec<u8>, spare_bytes: usize) -> Vec<u8> {
    if matches!(body.first(), Some(&(PACKED | AS_IT_CAME))) {
        let mut marked = Vec::with_capacity(1 + body.len() + spare_bytes);
        marked.push(AS_IT_CAME);
        marked.extend_from_slice(&body);
        body.zeroize();
        return marked;
    }
    if !(SMALLEST_BYTES..=LARGEST_BYTES).contains(&body.len()) {
        return body;
    }
    let mut packed = Vec::with_capacity(HEAD_BYTES + get_maximum_output_size(body.len()) + spare_bytes);
    packed.resize(HEAD_BYTES + get_maximum_output_size(body.len()), 0);
    packed[0] = PACKED;
    // In bounds: a body of this size fits into 32 bits.
    packed[1..HEAD_BYTES].copy_from_slice(&(body.len() as u32).to_le_bytes());
    match compress_into(&body, &mut packed[HEAD_BYTES..]) {
        Ok(size) if HEAD_BYTES + size < body.len() => {
            packed.truncate(HEAD_BYTES + size);
            body.zeroize();
            packed
        }
        _ => body,
    }
}

/// The body as it came.
///
/// # Errors
/// [`SealingError::Malformed`] where a packed body does not unpack to the size that it names.
pub(super) fn unpack(mut opened: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, SealingError> {
    match opened.first() {
        Some(&PACKED) => {}
        Some(&AS_IT_CAME) => {
            opened.remove(0);
            return Ok(opened);
        }
        _ => return Ok(opened),
    }
    let size = opened[1..].first_chunk().map(|size| u32::from_le_bytes(*size) as usize);
    let size = size.filter(|size| *size <= LARGEST_BYTES).ok_or(SealingError::Malformed)?;
    let mut body = Zeroizing::new(vec![0; size]);
    match decompress_into(&opened[HEAD_BYTES..], &mut body) {
        Ok(written) if written == size => Ok(body),
        _ => Err(SealingError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn there_and_back(body: &[u8]) -> Vec<u8> {
        unpack(Zeroizing::new(pack(body.to_vec(), 0))).expect("it unpacks").to_vec()
    }

    #[test]
    fn what_repeats_itself_gets_small_and_comes_back() {
        let body = br#"{"url":"https://api.github.com/repos/acme/framework/issues"}"#.repeat(100);
        let packed = pack(body.clone(), 150);
        assert!(packed.len() * 10 < body.len(), "{} bytes", packed.len());
        assert!(packed.capacity() >= packed.len() + 150);
        assert_eq!(there_and_back(&body), body);
    }

    #[test]
    fn small_and_large_bodies_stay_as_they_are() {
        for size in [0, 1, SMALLEST_BYTES - 1, LARGEST_BYTES + 1] {
            let body = vec![b'{'; size];
            assert_eq!(pack(body.clone(), 0), body);
        }
    }

    #[test]
    fn a_body_that_begins_like_a_packed_one_comes_back() {
        for first in [PACKED, AS_IT_CAME] {
            for size in [1, 4, 2_000] {
                assert_eq!(there_and_back(&vec![first; size]), vec![first; size]);
            }
        }
    }

    #[test]
    fn a_packed_body_that_lies_is_refused() {
        let body = vec![b'{'; 2_000];
        let packed = pack(body, 0);
        let with_size = |size: u32| {
            let mut lying = packed.clone();
            lying[1..HEAD_BYTES].copy_from_slice(&size.to_le_bytes());
            unpack(Zeroizing::new(lying)).map(|body| body.len())
        };
        assert_eq!(with_size(2_000), Ok(2_000));
        for size in [0, 1_999, 2_001, LARGEST_BYTES as u32 + 1, u32::MAX] {
            assert_eq!(with_size(size), Err(SealingError::Malformed), "{size}");
        }
        for end in 1..packed.len() {
            let cut = Zeroizing::new(packed[..end].to_vec());
            assert_eq!(unpack(cut).map(|body| body.len()), Err(SealingError::Malformed), "cut at {end}");
        }
    }

    proptest! {
        #[test]
        fn every_body_comes_back(body in proptest::collection::vec(any::<u8>(), 0..5_000)) {
            prop_assert_eq!(there_and_back(&body), body);
        }

        #[test]
        fn nothing_that_is_opened_makes_it_break_down(mut bytes in proptest::collection::vec(any::<u8>(), 1..2_000)) {
            bytes[0] = PACKED;
            let _ = unpack(Zeroizing::new(bytes));
        }
    }
}
