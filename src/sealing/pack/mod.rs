//! Bodies of deliveries, packed before they are sealed: GitHub's JSON repeats itself, and what is not written need not be
//! synced, logged twice and backed up.
//!
//! What repeats itself between payloads, the names of their members and the addresses in them, stands in a text that is
//! known beforehand ([`KNOWN`]): a packed body refers to it, and takes about half the space that it would take by itself.
//!
//! A packed body begins with a byte that no JSON object begins with, so that one that was kept as it came is told apart.
//! Should a body begin with such a byte by itself, another one is put before it.

use lz4_flex::block::{compress_into_with_dict, decompress_into, decompress_into_with_dict, get_maximum_output_size};
use zeroize::{Zeroize, Zeroizing};

use super::SealingError;

/// First byte of a body that was packed by itself, as it was done earlier; its size before follows in four bytes, the
/// least significant first.
const PACKED: u8 = 1;

/// Put before a body that begins with this or one of its neighbours.
const AS_IT_CAME: u8 = 2;

/// First byte of a body that was packed with [`KNOWN`]; its size follows as above.
const PACKED_WITH_KNOWN: u8 = 3;

/// The shape of GitHub's payloads: members in their order, addresses with `o/r` for the repository, no content of anybody's.
/// What repeats itself most stands last. Never to be changed: bodies that were packed with it could not be read any more.
/// Another one would get a file and a first byte of its own.
const KNOWN: &[u8] = include_bytes!("payloads-1.txt");

const HEAD_BYTES: usize = 5;

/// Below this there is nothing to gain.
const SMALLEST_BYTES: usize = 512;

/// Above this a second buffer beside the first costs more memory than the space saved is worth.
const LARGEST_BYTES: usize = 256 * 1024;

/// Packs `body` where that makes it smaller; `spare_bytes` of capacity are left for what comes on top. The body as it came
/// is wiped then.
pub(super) fn pack(mut body: Vec<u8>, spare_bytes: usize) -> Vec<u8> {
    if matches!(body.first(), Some(&(PACKED | AS_IT_CAME | PACKED_WITH_KNOWN))) {
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
    packed[0] = PACKED_WITH_KNOWN;
    // In bounds: a body of this size fits into 32 bits.
    packed[1..HEAD_BYTES].copy_from_slice(&(body.len() as u32).to_le_bytes());
    match compress_into_with_dict(&body, &mut packed[HEAD_BYTES..], KNOWN) {
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
    let known: &[u8] = match opened.first() {
        Some(&PACKED_WITH_KNOWN) => KNOWN,
        Some(&PACKED) => &[],
        Some(&AS_IT_CAME) => {
            opened.remove(0);
            return Ok(opened);
        }
        _ => return Ok(opened),
    };
    let size = opened[1..].first_chunk().map(|size| u32::from_le_bytes(*size) as usize);
    let size = size.filter(|size| *size <= LARGEST_BYTES).ok_or(SealingError::Malformed)?;
    let mut body = Zeroizing::new(vec![0; size]);
    let unpacked = match known {
        [] => decompress_into(&opened[HEAD_BYTES..], &mut body),
        known => decompress_into_with_dict(&opened[HEAD_BYTES..], &mut body, known),
    };
    match unpacked {
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
    fn what_was_packed_by_itself_still_comes_back() {
        let body = br#"{"url":"https://api.github.com/repos/acme/framework/issues"}"#.repeat(100);
        let mut packed = vec![PACKED];
        packed.extend_from_slice(&(body.len() as u32).to_le_bytes());
        packed.extend_from_slice(&lz4_flex::block::compress(&body));
        assert_eq!(*unpack(Zeroizing::new(packed)).expect("it unpacks"), body);
    }

    #[test]
    fn what_is_known_beforehand_takes_no_room() {
        let members =
            ["archive", "assignees", "branches", "blobs", "contributors", "deployments", "downloads", "events"];
        let address = |name| format!(r#""{name}_url":"https://api.github.com/repos/acme/framework/{name}","#);
        let body = format!(r#"{{"action":"opened","repository":{{{}"#, members.map(address).concat()).into_bytes();
        let alone = lz4_flex::block::compress(&body).len();
        let packed = pack(body.clone(), 0).len();
        assert!(packed * 4 < alone * 3, "{packed} of {alone}");
        assert_eq!(there_and_back(&body), body);
    }

    #[test]
    fn what_is_known_beforehand_never_changes() {
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, KNOWN);
        assert_eq!(
            hex::encode(hash),
            "1962247e456227dc0916b6248f8d7e9e0a90fb495521fb8d09ce47c0455adc81",
            "add another file instead"
        );
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
        for first in [PACKED, AS_IT_CAME, PACKED_WITH_KNOWN] {
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
            for first in [PACKED, PACKED_WITH_KNOWN] {
                bytes[0] = first;
                let _ = unpack(Zeroizing::new(bytes.clone()));
            }
        }
    }
}
